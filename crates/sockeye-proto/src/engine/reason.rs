//! Why a session ended, in the words that the official server reports.

use std::fmt;

/// The reason of a close. The first five are the official ones; the others are this implementation's own
/// limits and its shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer broke a rule of the transport, or a request failed half way.
    TransportError,
    /// The connection under the session ended, or the peer said that it leaves.
    TransportClose,
    /// This side closed the session.
    ForcedClose,
    /// No pong came within the heartbeat's timeout (at a client: no ping).
    PingTimeout,
    /// The peer sent something that is no packet.
    ParseError,
    /// The peer did not read, and its outgoing queue was full.
    SlowConsumer,
    /// The peer sent faster than its handlers could work, past the hard limit.
    InboxOverflow,
    /// The server stops.
    ServerShuttingDown,
}

impl CloseReason {
    /// The text that a `disconnect` handler sees.
    pub const fn as_str(self) -> &'static str {
        match self {
            CloseReason::TransportError => "transport error",
            CloseReason::TransportClose => "transport close",
            CloseReason::ForcedClose => "forced close",
            CloseReason::PingTimeout => "ping timeout",
            CloseReason::ParseError => "parse error",
            CloseReason::SlowConsumer => "slow consumer",
            CloseReason::InboxOverflow => "inbox overflow",
            CloseReason::ServerShuttingDown => "server shutting down",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
