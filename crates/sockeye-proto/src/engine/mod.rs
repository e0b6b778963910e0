//! Engine.IO v4 (engine.io-protocol v4): the transport under Socket.IO, for both ends. Of v3 the server's end.
//!
//! - [`Packet`] and the polling payload ([`decode_payload`], [`PayloadEncoder`]): bytes only
//! - [`classify`]: what a request asks for, or which error it is answered with
//! - [`Open`], [`OwnedOpen`]: the handshake
//! - [`ServerSession`], [`ClientSession`]: heartbeat and upgrade as machines over [`crate::Timestamp`]
//!
//! - [`v3`]: what differs in the older version, which clients of Socket.IO 2 speak
//!
//! HTTP, WebSocket frames, the send queue and the timers belong to the shell. WebTransport and JSONP are absent.

mod handshake;
mod packet;
mod payload;
mod protocol;
mod reason;
mod request;
mod session;
mod transport;
pub mod v3;

#[cfg(test)]
mod tests;

pub use handshake::{Open, OpenError, OwnedOpen};
pub use packet::{Packet, PacketError};
pub use payload::{
    MAX_PAYLOAD_PACKETS, PayloadEncoder, PayloadError, PayloadPacket, PayloadPackets, SEPARATOR,
    decode_payload,
};
pub use protocol::{Accepts, Protocol};
pub use reason::CloseReason;
pub use request::{Ask, Method, Query, RequestError, classify};
pub use session::{
    ClientSession, ClientTimeouts, Heartbeat, Input, Output, ProbeError, ProbeStep, ServerSession,
    SessionError, Timeout,
};
pub use transport::Transport;
