//! The server's heartbeat: a ping every interval, and a pong within the timeout (engine.io-protocol v4
//! § Heartbeat); or, in version 3, a ping of the client within both together. The client's end is one deadline in
//! `client.rs`.

use super::NEVER;
use crate::Timestamp;
use std::time::Duration;

/// The rhythm of pings and how long a pong is awaited. Durations count in whole milliseconds, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// From the handshake, or the last pong, to the next ping; 25 s by default.
    pub interval: Duration,
    /// From a ping to the end of the session unless its pong comes; 20 s by default.
    pub timeout: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { interval: Duration::from_secs(25), timeout: Duration::from_secs(20) }
    }
}

/// A ping that is sent no later than this counts as sent when it was due.
const TIMER_SLACK: Duration = Duration::from_millis(10);

/// Where the heartbeat of one session stands.
#[derive(Debug)]
pub(super) struct Pulse {
    /// The next ping. Unused while its predecessor's pong is awaited by a session that reads; never in version 3.
    ping_due: Timestamp,
    wait: Wait,
    interval_ms: u32,
    timeout_ms: u32,
}

#[derive(Debug)]
enum Wait {
    /// No pong is awaited.
    Idle,
    /// A pong is awaited until `pong_due`; `refreshed` once another packet has renewed the wait.
    Pong { pong_due: Timestamp, refreshed: bool },
    /// The shell does not read, so no pong can be seen. Pings go on, or the client would give up; `left_ms`
    /// is what remains of the wait for a pong, if one is awaited.
    Paused { left_ms: Option<u32>, refreshed: bool },
    /// The session is over.
    Stopped,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Ping,
    Missed,
}

impl Pulse {
    pub(super) fn new(heartbeat: Heartbeat, now: Timestamp) -> Self {
        let interval_ms = whole_millis(heartbeat.interval);
        let timeout_ms = whole_millis(heartbeat.timeout);
        Self { ping_due: now + millis(interval_ms), wait: Wait::Idle, interval_ms, timeout_ms }
    }

    /// The pulse of a session of version 3: pings come from the client, so it is for ever in the state in which
    /// version 4 awaits a pong, with the interval in the wait and no ping of its own.
    pub(super) fn of_v3(heartbeat: Heartbeat, now: Timestamp) -> Self {
        let timeout_ms = whole_millis(heartbeat.interval.saturating_add(heartbeat.timeout));
        // Other packets do not renew the wait, as with the official server.
        let wait = Wait::Pong { pong_due: now + millis(timeout_ms), refreshed: true };
        Self { ping_due: NEVER, wait, interval_ms: u32::MAX, timeout_ms }
    }

    /// A ping came, in a session of version 3.
    pub(super) fn handle_ping(&mut self, now: Timestamp) {
        match &mut self.wait {
            Wait::Pong { pong_due, .. } => *pong_due = now + millis(self.timeout_ms),
            Wait::Paused { left_ms, .. } => *left_ms = Some(self.timeout_ms),
            Wait::Idle | Wait::Stopped => {}
        }
    }

    /// A pong came. `false` if none was awaited; then it changes nothing.
    pub(super) fn handle_pong(&mut self, now: Timestamp) -> bool {
        match &mut self.wait {
            Wait::Pong { .. } => self.wait = Wait::Idle,
            Wait::Paused { left_ms: left_ms @ Some(_), .. } => *left_ms = None,
            Wait::Idle | Wait::Paused { left_ms: None, .. } | Wait::Stopped => return false,
        }
        self.ping_due = now + millis(self.interval_ms);
        true
    }

    /// Some other packet came: the peer lives, so it gets the whole timeout once more, but once per ping.
    #[inline]
    pub(super) fn handle_other(&mut self, now: Timestamp) {
        match &mut self.wait {
            Wait::Pong { pong_due, refreshed: refreshed @ false } => {
                *pong_due = now + millis(self.timeout_ms);
                *refreshed = true;
            }
            Wait::Paused { left_ms: Some(left_ms), refreshed: refreshed @ false } => {
                *left_ms = self.timeout_ms;
                *refreshed = true;
            }
            _ => {}
        }
    }

    pub(super) fn deadline(&self) -> Timestamp {
        match self.wait {
            Wait::Idle | Wait::Paused { .. } => self.ping_due,
            Wait::Pong { pong_due, .. } => pong_due,
            Wait::Stopped => NEVER,
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) -> Option<Beat> {
        if now < self.deadline() {
            return None;
        }
        match &mut self.wait {
            Wait::Pong { .. } => {
                self.wait = Wait::Stopped;
                return Some(Beat::Missed);
            }
            Wait::Idle => {
                // Timers fire a little late; that must not add up over a ping and its pong.
                let late = now.since(self.ping_due) > TIMER_SLACK;
                let sent = if late { now } else { self.ping_due };
                self.wait = Wait::Pong { pong_due: sent + millis(self.timeout_ms), refreshed: false };
            }
            Wait::Paused { left_ms: left_ms @ None, refreshed } => {
                *left_ms = Some(self.timeout_ms);
                *refreshed = false;
            }
            Wait::Paused { left_ms: Some(_), .. } => {}
            Wait::Stopped => return None,
        }
        self.ping_due = now + millis(self.interval_ms);
        Some(Beat::Ping)
    }

    pub(super) fn pause(&mut self, now: Timestamp) {
        match self.wait {
            Wait::Idle => self.wait = Wait::Paused { left_ms: None, refreshed: false },
            Wait::Pong { pong_due, refreshed } => {
                let left_ms = Some(whole_millis(pong_due.since(now)));
                self.wait = Wait::Paused { left_ms, refreshed };
            }
            Wait::Paused { .. } | Wait::Stopped => {}
        }
    }

    pub(super) fn resume(&mut self, now: Timestamp) {
        if let Wait::Paused { left_ms, refreshed } = self.wait {
            self.wait = match left_ms {
                Some(left_ms) => Wait::Pong { pong_due: now + millis(left_ms), refreshed },
                None => Wait::Idle,
            };
        }
    }

    pub(super) fn stop(&mut self) {
        self.wait = Wait::Stopped;
    }

    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.wait, Wait::Stopped)
    }
}

/// Milliseconds in four bytes instead of a duration's sixteen: there is one for each idle session.
/// Never zero, or a deadline could come due again at the very moment it was met.
pub(super) fn whole_millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX).max(1)
}

pub(super) const fn millis(millis: u32) -> Duration {
    Duration::from_millis(millis as u64)
}
