//! Keeps a client from filling the log: a budget for warnings that strangers can cause.

use sockeye_proto::Timestamp;
use std::sync::Mutex;
use std::time::Duration;

/// Warnings that share a budget and may be written in a second.
const WARNINGS_PER_SECOND: u32 = 10;

/// Counts the warnings of the present second.
#[derive(Default)]
pub(crate) struct WarningBudget(Mutex<Second>);

#[derive(Default)]
struct Second {
    ends: Timestamp,
    written: u32,
}

impl WarningBudget {
    /// Whether one more may be written; it counts as written then.
    pub(crate) fn allow(&self, now: Timestamp) -> bool {
        let mut second = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if second.ends <= now {
            *second = Second { ends: now + Duration::from_secs(1), written: 0 };
        }
        let allowed = second.written < WARNINGS_PER_SECOND;
        second.written += u32::from(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_warning_of_a_second_is_not_written() {
        let budget = WarningBudget::default();
        let at = |millis: u64| Timestamp::from_millis(5_000 + millis);
        assert!((0..10).all(|_| budget.allow(at(0))));
        assert!(!budget.allow(at(999)));
        assert!(budget.allow(at(1000)));
    }
}
