//! One packet of Engine.IO v3 (engine.io-protocol v3 § Packet). Texts are those of v4; a binary message carries
//! its type, as a byte in front of the data or as a digit between `b` and the base64.

use super::super::packet::{append_base64, decode_base64};
use super::super::{Packet, PacketError, PayloadPacket};

/// The byte in front of a binary message.
pub const BINARY_MESSAGE: u8 = 4;

/// Decodes a packet that came as text: in a text frame, or as a string of a payload.
///
/// ```
/// use sockeye_proto::engine::{Packet, PayloadPacket, v3};
///
/// assert_eq!(v3::decode_text("4hello"), Ok(PayloadPacket::Text(Packet::Message("hello"))));
/// assert_eq!(v3::decode_text("b4AQID"), Ok(PayloadPacket::Binary(vec![1, 2, 3])));
/// ```
///
/// # Errors
/// [`PacketError`] if the text is no packet; of the binary ones only messages are taken.
pub fn decode_text(text: &str) -> Result<PayloadPacket<'_>, PacketError> {
    let Some(binary) = text.strip_prefix('b') else {
        return Packet::decode_text(text).map(PayloadPacket::Text);
    };
    match binary.strip_prefix('4') {
        Some(base64) => decode_base64(base64).map(PayloadPacket::Binary),
        None => Err(binary.bytes().next().map_or(PacketError::Empty, PacketError::UnknownType)),
    }
}

/// Decodes a packet that came as bytes: in a binary frame, or as a binary part of a payload.
///
/// ```
/// use sockeye_proto::engine::{Packet, v3};
///
/// assert_eq!(v3::decode_binary(&[4, 1, 2, 3]), Ok(Packet::Binary(&[1, 2, 3])));
/// ```
///
/// # Errors
/// The bytes are empty, or their first is not the type of a message: nothing else is ever sent so.
pub fn decode_binary(data: &[u8]) -> Result<Packet<'_>, PacketError> {
    match data.split_first() {
        Some((&BINARY_MESSAGE, data)) => Ok(Packet::Binary(data)),
        Some((&other, _)) => Err(PacketError::UnknownType(other)),
        None => Err(PacketError::Empty),
    }
}

/// Appends a binary message as text, for a client that takes no binary: `b4` and base64.
pub fn encode_base64(data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"b4");
    append_base64(data, out);
}
