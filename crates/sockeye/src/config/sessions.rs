//! How many sessions there may be that have not shown what they want.

use super::ServerBuilder;

/// A fifth of the connections that a listener takes by default.
pub(crate) const MAX_UNJOINED_SESSIONS: usize = 65_536 / 5;

impl ServerBuilder {
    /// The most sessions at a time that are in no namespace yet: 13 107 by default; 0 is no limit. A handshake on top
    /// gets 503 with `Retry-After`. Each has [`connect_timeout`](Self::connect_timeout) to join one, and on polling it
    /// needs no connection meanwhile, so no limit on connections holds it.
    pub fn max_unjoined_sessions(mut self, count: usize) -> Self {
        self.0.max_unjoined_sessions = count;
        self
    }
}
