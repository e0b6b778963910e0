//! A session after its handshake: heartbeat and upgrade, one machine for each end.
//!
//! Both are driven alike: hand over one input (`handle_*`), take what it asks for, wait until `deadline()`
//! and tell with `handle_timeout`. Queues, requests, sockets and timers are the shell's.

mod client;
mod heartbeat;
mod server;

pub use client::{ClientSession, ClientTimeouts, Output};
pub use heartbeat::Heartbeat;
pub use server::{ProbeStep, ServerSession, Timeout};

use super::{CloseReason, PacketError, PayloadError};
use crate::Timestamp;
use std::fmt;

/// What a packet means to the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// Nothing to do.
    Nothing,
    /// Text for the layer above.
    Text(&'a str),
    /// Bytes for the layer above.
    Binary(&'a [u8]),
    /// The pong that was awaited (at a client: a ping, whose pong is in the outputs).
    Pong,
    /// A ping, to be answered with `3`. Only at a server, in version 3.
    Ping,
    /// The peer said `1`: the session is over, [`CloseReason::TransportClose`]. At a server only on polling.
    Closed,
}

/// A packet that ends the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// A client sent the half of the heartbeat that is the server's: a ping, in version 3 a pong.
    InvalidHeartbeatDirection,
    /// A packet that this peer may not send, or not now: an open packet, or anything before it.
    UnexpectedPacket,
    /// No packet at all.
    Packet(PacketError),
    /// No payload at all.
    Payload(PayloadError),
}

impl SessionError {
    /// The reason that the layer above reports.
    pub const fn reason(&self) -> CloseReason {
        match self {
            SessionError::InvalidHeartbeatDirection => CloseReason::TransportError,
            SessionError::UnexpectedPacket | SessionError::Packet(_) | SessionError::Payload(_) => {
                CloseReason::ParseError
            }
        }
    }
}

impl From<PacketError> for SessionError {
    fn from(error: PacketError) -> Self {
        SessionError::Packet(error)
    }
}

impl From<PayloadError> for SessionError {
    fn from(error: PayloadError) -> Self {
        SessionError::Payload(error)
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionError::InvalidHeartbeatDirection => f.write_str("invalid heartbeat direction"),
            SessionError::UnexpectedPacket => f.write_str("this packet is not the peer's to send now"),
            SessionError::Packet(error) => error.fmt(f),
            SessionError::Payload(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SessionError {}

/// A WebSocket that may not take over the session: it is closed, and polling lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProbeError {
    /// The session is not on polling, or over.
    NotPolling,
    /// Another WebSocket probes already.
    AlreadyProbing,
    /// No WebSocket probes.
    NotProbing,
    /// The server did not offer a WebSocket.
    NotOffered,
    /// Not the packet that the upgrade asks for next.
    UnexpectedPacket,
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProbeError::NotPolling => "only an open session on polling can be upgraded",
            ProbeError::AlreadyProbing => "another WebSocket probes for this session already",
            ProbeError::NotProbing => "no WebSocket probes for this session",
            ProbeError::NotOffered => "the server offers no upgrade to WebSocket",
            ProbeError::UnexpectedPacket => "not the packet that the upgrade asks for next",
        })
    }
}

impl std::error::Error for ProbeError {}

/// The text of the ping and the pong that try a WebSocket out.
const PROBE: &str = "probe";

/// A deadline that never comes.
const NEVER: Timestamp = Timestamp::from_millis(u64::MAX);
