//! Engine.IO v3 (engine.io-protocol v3), as clients of Socket.IO 2 speak it: what differs from v4 in bytes.
//!
//! - [`decode_text`], [`decode_binary`], [`encode_base64`]: one packet
//! - [`decode_packet`], [`decode_payload`], [`PayloadEncoder`]: the polling payload in its two encodings
//!
//! The heartbeat, in which the client pings, is [`ServerSession::of_v3`](super::ServerSession::of_v3). Handshake,
//! upgrade and packet types are those of v4. JSONP is absent.

mod codec;
mod payload;

pub use codec::{BINARY_MESSAGE, decode_binary, decode_text, encode_base64};
pub use payload::{Binary, MAX_LENGTH_DIGITS, PayloadEncoder, PayloadPackets, decode_packet, decode_payload};

pub use super::payload::MAX_PAYLOAD_PACKETS;
