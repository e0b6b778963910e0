//! The machines' notion of time: a number that the shell reads off a monotonic clock of its choice.

use std::ops::Add;
use std::time::Duration;

/// Milliseconds since an origin that the shell chose; it never goes backwards.
///
/// A wall clock must not feed it: a jump would end every session at once.
///
/// ```
/// use sockeye_proto::Timestamp;
/// use std::time::Duration;
///
/// let ping_due = Timestamp::from_millis(1_000) + Duration::from_secs(25);
/// assert_eq!(ping_due.as_millis(), 26_000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The instant `millis` milliseconds after the shell's origin.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the shell's origin.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this instant, zero if `earlier` is later.
    pub const fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    /// Saturates far beyond any session's life.
    fn add(self, duration: Duration) -> Timestamp {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.0.saturating_add(millis))
    }
}
