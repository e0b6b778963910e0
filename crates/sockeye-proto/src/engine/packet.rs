//! One Engine.IO packet: a type digit and its text (engine.io-protocol v4 § Packet encoding).
//! Text only. On a WebSocket a binary message is the frame itself; inside a text it is `b` and base64,
//! which [`PayloadPacket`](super::PayloadPacket) decodes.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::fmt;

/// A packet that borrows what it carries.
///
/// ```
/// use sockeye_proto::engine::Packet;
///
/// assert_eq!(Packet::decode_text("4hello"), Ok(Packet::Message("hello")));
/// let mut wire = Vec::new();
/// Packet::Ping("probe").encode_text(&mut wire);
/// assert_eq!(wire, b"2probe");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// `0`: the handshake as JSON, from the server.
    Open(&'a str),
    /// `1`: the sender leaves.
    Close,
    /// `2`: a heartbeat of the server, or `probe` while upgrading.
    Ping(&'a str),
    /// `3`: the answer to a ping, with its text.
    Pong(&'a str),
    /// `4`: text for the layer above.
    Message(&'a str),
    /// Bytes for the layer above: a binary frame, or `b` and base64.
    Binary(&'a [u8]),
    /// `5`: the client has moved to the probed transport.
    Upgrade,
    /// `6`: says nothing; it answers a parked poll so that it ends.
    Noop,
}

impl<'a> Packet<'a> {
    /// Decodes one packet that carries text. Text after the digit of `1`, `5` and `6` is ignored, as the
    /// official parser does.
    ///
    /// # Errors
    /// [`PacketError::Empty`] and [`PacketError::UnknownType`]; also [`PacketError::BinaryInText`] for
    /// `b…`, which [`PayloadPacket::decode_text`](super::PayloadPacket::decode_text) takes.
    #[inline]
    pub fn decode_text(text: &'a str) -> Result<Packet<'a>, PacketError> {
        let kind = *text.as_bytes().first().ok_or(PacketError::Empty)?;
        // `None` only where the first character is not ASCII, and no type is.
        let data = text.get(1..).unwrap_or_default();
        Ok(match kind {
            b'4' => Packet::Message(data),
            b'3' => Packet::Pong(data),
            b'2' => Packet::Ping(data),
            b'0' => Packet::Open(data),
            b'1' => Packet::Close,
            b'5' => Packet::Upgrade,
            b'6' => Packet::Noop,
            b'b' => return Err(PacketError::BinaryInText),
            other => return Err(PacketError::UnknownType(other)),
        })
    }

    /// Appends the packet as text; [`Packet::Binary`] becomes `b` and base64.
    pub fn encode_text(&self, out: &mut Vec<u8>) {
        let (kind, data) = match *self {
            Packet::Open(json) => (b'0', json),
            Packet::Close => (b'1', ""),
            Packet::Ping(text) => (b'2', text),
            Packet::Pong(text) => (b'3', text),
            Packet::Message(text) => (b'4', text),
            Packet::Upgrade => (b'5', ""),
            Packet::Noop => (b'6', ""),
            Packet::Binary(bytes) => return encode_base64(bytes, out),
        };
        out.reserve(data.len().saturating_add(1));
        out.push(kind);
        out.extend_from_slice(data.as_bytes());
    }
}

/// A text that is no packet: the peer's fault, and the end of the session ([`CloseReason::ParseError`]).
///
/// [`CloseReason::ParseError`]: super::CloseReason::ParseError
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketError {
    /// Not even a type.
    Empty,
    /// The first byte is none of `0`–`6` and `b`.
    UnknownType(u8),
    /// `b…` where only text is decoded.
    BinaryInText,
    /// What follows `b` is not base64 of the standard alphabet with its padding.
    InvalidBase64 {
        /// Length of the refused text in bytes, without the `b`.
        len: usize,
    },
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PacketError::Empty => f.write_str("packet is empty"),
            PacketError::UnknownType(byte) => {
                write!(f, "packet type '{}' is none of 0-6 and b", byte.escape_ascii())
            }
            PacketError::BinaryInText => f.write_str("base64 packet where only text packets are decoded"),
            PacketError::InvalidBase64 { len } => {
                write!(f, "{len} bytes after b are not padded standard base64")
            }
        }
    }
}

impl std::error::Error for PacketError {}

/// Appends `b` and the base64 of `bytes`.
pub(super) fn encode_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'b');
    append_base64(bytes, out);
}

/// Appends the base64 of `bytes`, in place: no text in between.
pub(super) fn append_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start.saturating_add(base64_len(bytes.len())), 0);
    if let Some(room) = out.get_mut(start..) {
        // The room is exactly as long as the text, so this cannot fail.
        let _ = BASE64_STANDARD.encode_slice(bytes, room);
    }
}

/// Decodes what follows a `b`.
pub(super) fn decode_base64(text: &str) -> Result<Vec<u8>, PacketError> {
    BASE64_STANDARD.decode(text).map_err(|_| PacketError::InvalidBase64 { len: text.len() })
}

/// Characters of the padded base64 of `len` bytes.
pub(super) const fn base64_len(len: usize) -> usize {
    len.div_ceil(3).saturating_mul(4)
}
