//! One frame (RFC 6455 § 5.2): its header read and written. Which frame may follow which is the decoder's.
//! Frames written here are always whole messages: nothing is fragmented on the way out.

use super::decoder::Role;
use super::{CloseCode, FrameError, apply_mask};

/// Longest header of a frame from server to client, in bytes; a client's mask adds 4.
pub const MAX_HEADER_LEN: usize = 10;

/// Longest payload of a ping, pong or close, in bytes (§ 5.5).
pub(super) const MAX_CONTROL_LEN: usize = 125;

const FIN: u8 = 0x80;
/// The reserved bits; an extension takes some of them out.
pub(super) const RESERVED: u8 = 0x70;
/// Of the first frame of a compressed message (RFC 7692 § 6).
pub(super) const RSV1: u8 = 0x40;
const MASKED: u8 = 0x80;

/// The kind of a frame, as the table of § 5.2 numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation = 0x0,
    /// A text message, or its first fragment.
    Text = 0x1,
    /// A binary message, or its first fragment.
    Binary = 0x2,
    /// The end of the connection.
    Close = 0x8,
    /// A sign of life that asks for one.
    Ping = 0x9,
    /// The answer to a ping.
    Pong = 0xa,
}

impl Opcode {
    #[inline]
    fn from_bits(bits: u8) -> Result<Opcode, FrameError> {
        match bits {
            0x0 => Ok(Opcode::Continuation),
            0x1 => Ok(Opcode::Text),
            0x2 => Ok(Opcode::Binary),
            0x8 => Ok(Opcode::Close),
            0x9 => Ok(Opcode::Ping),
            0xa => Ok(Opcode::Pong),
            opcode => Err(FrameError::UnknownOpcode { opcode }),
        }
    }

    /// Whether this is a ping, pong or close.
    #[inline]
    pub const fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

/// The first two bytes of a frame, checked for all that they can break on their own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lead {
    pub(super) fin: bool,
    /// Starts a compressed message.
    pub(super) deflated: bool,
    pub(super) opcode: Opcode,
    masked: bool,
    /// 0–125: the payload length; 126 and 127: it follows in 2 or 8 bytes.
    short_len: u8,
}

impl Lead {
    /// `None` if fewer than two bytes are there. `reserved` are the bits that no extension gave a meaning.
    #[inline]
    pub(super) fn read(role: Role, reserved: u8, input: &[u8]) -> Result<Option<Lead>, FrameError> {
        let [first, second, ..] = *input else { return Ok(None) };
        if first & reserved != 0 {
            return Err(FrameError::ReservedBits { bits: (first & RESERVED) >> 4 });
        }
        let lead = Lead {
            fin: first & FIN != 0,
            deflated: first & RSV1 != 0,
            opcode: Opcode::from_bits(first & 0x0f)?,
            masked: second & MASKED != 0,
            short_len: second & !MASKED,
        };
        if lead.deflated && !matches!(lead.opcode, Opcode::Text | Opcode::Binary) {
            return Err(FrameError::ReservedBits { bits: (first & RESERVED) >> 4 });
        }
        match role {
            Role::Server if !lead.masked => return Err(FrameError::Unmasked),
            Role::Client if lead.masked => return Err(FrameError::Masked),
            _ => {}
        }
        if lead.opcode.is_control() {
            if !lead.fin {
                return Err(FrameError::FragmentedControl { opcode: lead.opcode });
            }
            if usize::from(lead.short_len) > MAX_CONTROL_LEN {
                return Err(FrameError::ControlTooLong { opcode: lead.opcode });
            }
        }
        Ok(Some(lead))
    }

    /// The payload length in bytes and the offset at which the mask or payload begins; `None` if that part
    /// of the header is not there yet. A length longer spelt than needed is taken, as every peer does.
    #[inline]
    pub(super) fn payload_len(self, input: &[u8]) -> Result<Option<(u64, usize)>, FrameError> {
        match self.short_len {
            127 => {
                let Some(bytes) = input.get(2..).and_then(|rest| rest.first_chunk()) else { return Ok(None) };
                let len = u64::from_be_bytes(*bytes);
                if len >> 63 != 0 {
                    return Err(FrameError::LengthOverflow { len });
                }
                Ok(Some((len, 10)))
            }
            126 => {
                let Some(bytes) = input.get(2..).and_then(|rest| rest.first_chunk()) else { return Ok(None) };
                Ok(Some((u16::from_be_bytes(*bytes).into(), 4)))
            }
            len => Ok(Some((len.into(), 2))),
        }
    }

    /// Bytes of the masking key: 4 or 0.
    #[inline]
    pub(super) fn mask_len(self) -> usize {
        if self.masked { 4 } else { 0 }
    }
}

/// The header of an unmasked, unfragmented frame, as a server sends it: its bytes, and how many they are.
///
/// A control frame's `payload_len` must not exceed 125, or the peer will refuse the frame.
///
/// ```
/// use sockeye_proto::websocket::{Opcode, server_header};
///
/// let (bytes, len) = server_header(Opcode::Text, 300);
/// assert_eq!(bytes[..len], [0x81, 126, 0x01, 0x2c]);
/// ```
#[inline]
pub fn server_header(opcode: Opcode, payload_len: usize) -> ([u8; MAX_HEADER_LEN], usize) {
    let first = FIN | opcode as u8;
    if let Ok(len @ 0..=125) = u8::try_from(payload_len) {
        ([first, len, 0, 0, 0, 0, 0, 0, 0, 0], 2)
    } else if let Ok(len) = u16::try_from(payload_len) {
        let [a, b] = len.to_be_bytes();
        ([first, 126, a, b, 0, 0, 0, 0, 0, 0], 4)
    } else {
        let [a, b, c, d, e, f, g, h] = (payload_len as u64).to_be_bytes();
        ([first, 127, a, b, c, d, e, f, g, h], 10)
    }
}

/// Appends a whole frame to `out`. A client must give a `mask` of four fresh random bytes, a server none.
///
/// The payload of a control frame is cut to the 125 bytes it may have.
///
/// ```
/// use sockeye_proto::websocket::{Opcode, encode_frame};
///
/// let mut out = Vec::new();
/// encode_frame(&mut out, Opcode::Text, b"Hello", None);
/// assert_eq!(out, b"\x81\x05Hello");
/// ```
#[inline]
pub fn encode_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>) {
    let limit = if opcode.is_control() { MAX_CONTROL_LEN } else { usize::MAX };
    let payload = payload.get(..limit).unwrap_or(payload);
    let (mut header, header_len) = server_header(opcode, payload.len());
    out.reserve(MAX_HEADER_LEN + 4 + payload.len());
    if mask.is_some() {
        header[1] |= MASKED;
    }
    out.extend_from_slice(header.get(..header_len).unwrap_or(&header));
    out.extend_from_slice(mask.as_ref().map_or(&[], |key| key));
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(key) = mask {
        apply_mask(out.get_mut(start..).unwrap_or_default(), key);
    }
}

/// Appends a whole frame with a compressed payload, made by [`Deflater::deflate`](super::Deflater::deflate) from
/// the payload of a text or binary message. Only for a peer that agreed to RFC 7692.
#[inline]
pub fn encode_deflated_frame(out: &mut Vec<u8>, opcode: Opcode, deflated: &[u8], mask: Option<[u8; 4]>) {
    let start = out.len();
    encode_frame(out, opcode, deflated, mask);
    if let Some(first) = out.get_mut(start) {
        *first |= RSV1;
    }
}

/// Appends a close frame to `out`. The reason is cut at a character boundary to the 123 bytes that fit.
/// A client must give a `mask` of four fresh random bytes, a server none.
///
/// A close without a code is `encode_frame(out, Opcode::Close, &[], mask)`.
///
/// ```
/// use sockeye_proto::websocket::{CloseCode, encode_close};
///
/// let mut out = Vec::new();
/// encode_close(&mut out, CloseCode::GOING_AWAY, "bye", None);
/// assert_eq!(out, b"\x88\x05\x03\xe9bye");
/// ```
pub fn encode_close(out: &mut Vec<u8>, code: CloseCode, reason: &str, mask: Option<[u8; 4]>) {
    let room = MAX_CONTROL_LEN - 2;
    // A character has at most four bytes, so one of these four ends is a boundary.
    let cut = (room - 3..=room).rev().find_map(|end| reason.get(..end)).unwrap_or(reason);
    let mut payload = Vec::with_capacity(2 + cut.len());
    payload.extend_from_slice(&code.as_u16().to_be_bytes());
    payload.extend_from_slice(cut.as_bytes());
    encode_frame(out, Opcode::Close, &payload, mask);
}
