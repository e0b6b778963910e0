//! The body of a polling request in Engine.IO v3 (engine.io-protocol v3 § Payload): packets with their lengths in
//! front, in one of two encodings that cannot be mistaken for one another.
//!
//! ```text
//! string   6:4hello10:b4AQIDBA==              lengths in UTF-16 code units, as JavaScript counts
//! binary   00 06 ff 4hello  01 05 ff 04 01 02 03 04   lengths in bytes, a byte for each decimal digit
//! ```
//!
//! Decoding is lazy, and every step takes at least two bytes of the body: nothing is collected, and a body of
//! empty packets ends at the limit of packets. The size of a body is the HTTP layer's limit, not this module's.

use super::super::packet::base64_len;
use super::super::{PacketError, PayloadError, PayloadPacket};
use super::MAX_PAYLOAD_PACKETS;
use super::codec::{BINARY_MESSAGE, decode_binary, decode_text, encode_base64};

/// Digits of the longest length that is read; no body is so large.
pub const MAX_LENGTH_DIGITS: usize = 10;

/// In front of a string, and of a binary message, in the binary encoding.
const STRING: u8 = 0;
const BINARY: u8 = 1;

/// Ends a length in the binary encoding.
const LENGTH_END: u8 = 0xff;

/// Decodes the packet that begins at byte `at` of a body, and tells where the next one begins. `None` at the end.
///
/// ```
/// use sockeye_proto::engine::{Packet, PayloadPacket, v3};
///
/// let hello = PayloadPacket::Text(Packet::Message("h\u{e9}llo"));
/// assert_eq!(v3::decode_packet("6:4h\u{e9}llo1:2".as_bytes(), 0), Ok(Some((hello, 9))));
/// ```
///
/// # Errors
/// The body is malformed from there on, or the packet is; [`PayloadError::InvalidUtf8`] for a string.
pub fn decode_packet(body: &[u8], at: usize) -> Result<Option<(PayloadPacket<'_>, usize)>, PayloadError> {
    let rest = body.get(at..).unwrap_or_default();
    let Some((&first, tail)) = rest.split_first() else { return Ok(None) };
    // The first byte says how all of the body is encoded.
    let split = match (body.first(), first) {
        (Some(&(STRING | BINARY)), STRING | BINARY) => split_bytes(tail),
        (Some(&(STRING | BINARY)), _) => None,
        _ => split_units(rest),
    };
    let (content, behind) = split.ok_or(PayloadError::BadLength { at })?;
    let next = body.len().saturating_sub(behind.len());
    let packet = if first == BINARY {
        // What the iterator of the other versions hands out borrows texts only.
        decode_binary(content).map(|packet| match packet {
            super::super::Packet::Binary(data) => PayloadPacket::Binary(data.to_vec()),
            other => PayloadPacket::Text(other),
        })
    } else {
        let text = simdutf8::basic::from_utf8(content);
        decode_text(text.map_err(|_| PayloadError::InvalidUtf8 { len: content.len() })?)
    };
    Ok(Some((packet.map_err(PayloadError::Packet)?, next)))
}

/// `len:content` in front of `rest`: the content, and what is behind it.
fn split_units(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = rest.iter().take(MAX_LENGTH_DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
    let (length, tail) = rest.split_at_checked(digits)?;
    let tail = tail.strip_prefix(b":")?;
    let units = number(length.iter().map(|digit| digit.wrapping_sub(b'0')))?;
    tail.split_at_checked(bytes_of_units(tail, units)?)
}

/// A byte for each digit, 255, the content: the content, and what is behind it.
fn split_bytes(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = rest.iter().take(MAX_LENGTH_DIGITS).take_while(|byte| **byte <= 9).count();
    let (length, tail) = rest.split_at_checked(digits)?;
    let tail = tail.strip_prefix(&[LENGTH_END])?;
    tail.split_at_checked(number(length.iter().copied())?)
}

/// `None` without digits.
fn number(digits: impl Iterator<Item = u8>) -> Option<usize> {
    digits.fold(None, |number: Option<usize>, digit| {
        Some(number.unwrap_or(0).saturating_mul(10).saturating_add(usize::from(digit)))
    })
}

/// Bytes of the first `units` UTF-16 code units of a UTF-8 text. `None` when it is shorter, or when a character
/// would be cut in two. Bytes that are not UTF-8 are counted somehow; whoever reads the text notices.
fn bytes_of_units(text: &[u8], units: usize) -> Option<usize> {
    let mut left = units;
    for (at, &byte) in text.iter().enumerate() {
        // A character counts where it begins; one of four bytes is two units.
        let counts = match byte {
            0x80..=0xbf => continue,
            0xf0..=0xff => 2,
            _ => 1,
        };
        if left == 0 {
            return Some(at);
        }
        left = left.checked_sub(counts)?;
    }
    (left == 0).then_some(text.len())
}

/// The packets of a body, in order. After an error there is nothing more.
///
/// ```
/// use sockeye_proto::engine::{Packet, PayloadPacket, v3};
///
/// let mut packets = v3::decode_payload(b"\0\x06\xff4hello\x01\x05\xff\x04\x01\x02\x03\x04");
/// assert_eq!(packets.next(), Some(Ok(PayloadPacket::Text(Packet::Message("hello")))));
/// assert_eq!(packets.next(), Some(Ok(PayloadPacket::Binary(vec![1, 2, 3, 4]))));
/// assert_eq!(packets.next(), None);
/// ```
pub fn decode_payload(body: &[u8]) -> PayloadPackets<'_> {
    PayloadPackets { body, next: Some(0), taken: 0 }
}

/// The iterator of [`decode_payload`]. An empty body is an error, as an empty packet is.
#[derive(Clone, Debug)]
pub struct PayloadPackets<'a> {
    body: &'a [u8],
    /// `None` at the end and after an error.
    next: Option<usize>,
    taken: usize,
}

impl<'a> Iterator for PayloadPackets<'a> {
    type Item = Result<PayloadPacket<'a>, PayloadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.next.take()?;
        let decoded = match decode_packet(self.body, at) {
            Ok(None) if self.taken == 0 => Err(PayloadError::Packet(PacketError::Empty)),
            Ok(None) => return None,
            Ok(Some(_)) if self.taken >= MAX_PAYLOAD_PACKETS => {
                Err(PayloadError::TooManyPackets { limit: MAX_PAYLOAD_PACKETS })
            }
            Ok(Some((packet, next))) => {
                self.next = Some(next);
                Ok(packet)
            }
            Err(error) => Err(error),
        };
        self.taken = self.taken.saturating_add(1);
        Some(decoded)
    }
}

impl std::iter::FusedIterator for PayloadPackets<'_> {}

/// Whether a client takes binary, or said `b64=1` in its handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// A payload with a binary message in it is sent in the binary encoding, whole.
    Raw,
    /// Binary messages are sent as base64, in the string encoding.
    Base64,
}

/// Puts packets into one body of at most `max_payload_bytes`: the caller asks `fits_*`, pushes, and leaves what does
/// not fit for the next body. They are borrowed to the end, because one binary among them decides how all are
/// encoded. One packet above the limit goes alone, as with the official server.
///
/// ```
/// use sockeye_proto::engine::v3::{Binary, PayloadEncoder};
///
/// let mut body = PayloadEncoder::new(Binary::Base64, 1_000_000);
/// body.push_text(b"4hello");
/// body.push_binary(&[1, 2, 3, 4]);
/// assert_eq!(body.finish(), b"6:4hello10:b4AQIDBA==");
/// ```
#[derive(Clone, Debug)]
pub struct PayloadEncoder<'a> {
    packets: Vec<(Kind, &'a [u8])>,
    binary: Binary,
    /// Bytes of the body, in the encoding that takes more.
    size_bytes: usize,
    max_payload_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

impl<'a> PayloadEncoder<'a> {
    /// An empty body.
    pub const fn new(binary: Binary, max_payload_bytes: usize) -> Self {
        Self { packets: Vec::new(), binary, size_bytes: 0, max_payload_bytes }
    }

    /// Whether an encoded packet of `len` bytes still fits. True while empty.
    pub fn fits_text(&self, len: usize) -> bool {
        self.is_empty()
            || (self.packets.len() < MAX_PAYLOAD_PACKETS && self.with(len) <= self.max_payload_bytes)
    }

    /// Whether a binary message of `len` bytes still fits, its type not counted. True while empty.
    pub fn fits_binary(&self, len: usize) -> bool {
        self.fits_text(self.binary_len(len))
    }

    /// Appends a packet that is encoded already, such as `42["news"]`.
    pub fn push_text(&mut self, packet: &'a [u8]) {
        self.size_bytes = self.with(packet.len());
        self.packets.push((Kind::Text, packet));
    }

    /// Appends a binary message, given without its type.
    pub fn push_binary(&mut self, data: &'a [u8]) {
        self.size_bytes = self.with(self.binary_len(data.len()));
        self.packets.push((Kind::Binary, data));
    }

    fn binary_len(&self, len: usize) -> usize {
        match self.binary {
            Binary::Raw => len.saturating_add(1),
            Binary::Base64 => base64_len(len).saturating_add(2),
        }
    }

    /// Bytes of the body with one more packet of `len`.
    fn with(&self, len: usize) -> usize {
        let around = match self.binary {
            Binary::Raw => 2,
            Binary::Base64 => 1,
        };
        [len, digits(len), around].into_iter().fold(self.size_bytes, usize::saturating_add)
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// The body.
    pub fn finish(self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.size_bytes);
        let has_binary = self.packets.iter().any(|(kind, _)| *kind == Kind::Binary);
        let raw = has_binary && self.binary == Binary::Raw;
        for (kind, packet) in self.packets {
            match (raw, kind) {
                (true, Kind::Text) => push_bytes(&mut body, STRING, &[], packet),
                (true, Kind::Binary) => push_bytes(&mut body, BINARY, &[BINARY_MESSAGE], packet),
                (false, Kind::Text) => {
                    body.extend_from_slice(units_of(packet).to_string().as_bytes());
                    body.push(b':');
                    body.extend_from_slice(packet);
                }
                (false, Kind::Binary) => {
                    let len = base64_len(packet.len()).saturating_add(2);
                    body.extend_from_slice(len.to_string().as_bytes());
                    body.push(b':');
                    encode_base64(packet, &mut body);
                }
            }
        }
        body
    }
}

/// One packet of the binary encoding.
fn push_bytes(body: &mut Vec<u8>, marker: u8, prefix: &[u8], content: &[u8]) {
    body.push(marker);
    let len = prefix.len().saturating_add(content.len());
    body.extend(len.to_string().bytes().map(|digit| digit.wrapping_sub(b'0')));
    body.push(LENGTH_END);
    body.extend_from_slice(prefix);
    body.extend_from_slice(content);
}

/// UTF-16 code units of a UTF-8 text.
fn units_of(text: &[u8]) -> usize {
    let begins = text.iter().filter(|byte| !matches!(byte, 0x80..=0xbf)).count();
    let of_four_bytes = text.iter().filter(|byte| matches!(byte, 0xf0..=0xff)).count();
    begins.saturating_add(of_four_bytes)
}

fn digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| usize::try_from(log).unwrap_or(0).saturating_add(1))
}
