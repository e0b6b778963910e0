//! Connection state recovery: whether clients that lose their connection may come back to their sockets, and what the
//! server keeps for them.

use super::{Config, ServerBuilder};
use crate::recovery::Recovery;
use std::time::Duration;

/// What is kept for clients that lost their connection, in the memory of this process. The limits hold for each
/// namespace.
///
/// ```
/// use sockeye::{ConnectionStateRecovery, Server};
/// use std::time::Duration;
///
/// let recovery = ConnectionStateRecovery::default().max_disconnection_duration(Duration::from_secs(30));
/// let io = Server::builder().connection_state_recovery(recovery).build();
/// ```
#[derive(Clone, Debug)]
pub struct ConnectionStateRecovery {
    pub(crate) max_disconnection_duration: Duration,
    pub(crate) skip_middlewares: bool,
    pub(crate) max_sessions: usize,
    pub(crate) max_log_bytes: usize,
}

impl ConnectionStateRecovery {
    /// How long a client may stay away: 2 minutes by default, a year at most. Source: `maxDisconnectionDuration` in Node.
    #[must_use]
    pub fn max_disconnection_duration(mut self, duration: Duration) -> Self {
        self.max_disconnection_duration = duration.min(LONGEST);
        self
    }

    /// Lets a client that comes back in without asking the namespace's middleware. By default it runs, unlike in Node:
    /// who was allowed two minutes ago may not be any more. Source: `skipMiddlewares` in Node.
    #[must_use]
    pub fn skip_middlewares(mut self) -> Self {
        self.skip_middlewares = true;
        self
    }

    /// How many disconnected clients are waited for: 10 000 by default. Beyond it the one that has been away for
    /// longest is given up.
    #[must_use]
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// How many bytes of events are kept, what is needed to keep them included: 64 MiB by default. Beyond it the
    /// oldest go, and a client that missed one of those begins a new session.
    #[must_use]
    pub fn max_log_bytes(mut self, bytes: usize) -> Self {
        self.max_log_bytes = bytes;
        self
    }
}

/// More would not fit a clock everywhere.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

impl Default for ConnectionStateRecovery {
    fn default() -> Self {
        Self {
            max_disconnection_duration: Duration::from_secs(120),
            skip_middlewares: false,
            max_sessions: 10_000,
            max_log_bytes: 64 * 1024 * 1024,
        }
    }
}

impl ServerBuilder {
    /// Lets clients that lose their connection come back to the sockets they had: the same id, rooms and data, and
    /// the events they missed. Off by default. See [`Socket::recovered`](crate::Socket::recovered).
    /// Source: `connectionStateRecovery` in Node.
    pub fn connection_state_recovery(mut self, options: ConnectionStateRecovery) -> Self {
        self.0.recovery = Some(options);
        self
    }
}

/// What the recovery of a new namespace begins with.
#[derive(Clone)]
pub(crate) struct NewRecovery {
    options: ConnectionStateRecovery,
    /// How long a broken connection may look alive.
    detection: Duration,
}

impl Config {
    pub(crate) fn new_recovery(&self) -> Option<Box<NewRecovery>> {
        let detection = self.heartbeat.interval.saturating_add(self.heartbeat.timeout);
        self.recovery.clone().map(|options| Box::new(NewRecovery { options, detection }))
    }
}

impl NewRecovery {
    pub(crate) fn make(self) -> Recovery {
        Recovery::new(self.options, self.detection)
    }
}
