//! Socket.IO v5: packets, the JSON codec with binary attachments, and the namespaces of one connection.
//!
//! ```text
//! text   → packet::Header → json::scan (validates, finds arguments) → mux → ServerEvent / ClientEvent
//! binary → attachments (joined to the packet that announced them)   ↗
//! emit   → json::encode → Encoded { text, attachments }
//! ```
//!
//! A [`Parser`] of another form stands outside of that: its decoder yields the same packets, and its encoder takes
//! what was encoded. [`v4`] is what differs for clients of Socket.IO 2.
//!
//! Nothing here knows the Engine.IO layer below, except that an encoded text already carries its message
//! type `4`, so that a packet is written once into one allocation. Acks are matched by the shell, which
//! owns their deadlines.
//!
//! Source: socket.io-protocol v5.

mod args;
mod attachments;
mod incoming;
mod json;
mod msgpack;
mod mux;
mod packet;
mod parser;
mod reason;
#[cfg(test)]
mod tests;
pub mod v4;

pub use args::{ArgError, Args, ArgsBuf, Event, EventBuf};
pub use json::encode::{
    ArgsEncoder, EncodeError, Encoded, EventArgs, MAX_ATTACHMENTS, Room, encode_ack, encode_connect,
    encode_connect_error, encode_connect_request, encode_disconnect, encode_event,
};
pub use json::scan::MAX_DEPTH;
pub use msgpack::MsgpackParser;
pub use mux::client::{ClientConnectError, ClientEvent, ClientMux};
pub use mux::server::{ServerEvent, ServerMux};
pub use mux::{MAX_NAMESPACE_BYTES, MuxError, MuxLimits};
pub use packet::{DecodeError, Header, MAX_ACK_ID_DIGITS, PacketType, RESERVED_EVENTS};
pub use parser::{Decoder, Message, PacketBuf, Parser};
pub use reason::{ClientDisconnectReason, DisconnectReason};
