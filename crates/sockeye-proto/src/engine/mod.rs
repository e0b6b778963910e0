//! Engine.IO v4 (engine.io-protocol v4): the transport under Socket.IO, for both ends.
//!
//! - [`Packet`] and the polling payload ([`decode_payload`], [`PayloadEncoder`]): bytes only
//! - [`classify`]: what a request asks for, or which error it is answered with
//! - [`Open`], [`OwnedOpen`]: the handshake
//! - [`ServerSession`], [`ClientSession`]: heartbeat and upgrade as machines over [`crate::Timestamp`]
//!
//! HTTP, WebSocket frames, the send queue and the timers belong to the shell. WebTransport, JSONP and the
//! older protocol version 3 are absent.

mod handshake;
mod packet;
mod payload;
mod reason;
mod request;
mod session;
mod transport;

#[cfg(test)]
mod tests;

pub use handshake::{Open, OpenError, OwnedOpen};
pub use packet::{Packet, PacketError};
pub use payload::{
    MAX_PAYLOAD_PACKETS, PayloadEncoder, PayloadError, PayloadPacket, PayloadPackets, SEPARATOR,
    decode_payload,
};
pub use reason::CloseReason;
pub use request::{Ask, Method, Query, RequestError, classify};
pub use session::{
    ClientSession, ClientTimeouts, Heartbeat, Input, Output, ProbeError, ProbeStep, ServerSession,
    SessionError, Timeout,
};
pub use transport::Transport;
