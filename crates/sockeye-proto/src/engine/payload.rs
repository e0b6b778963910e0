//! The body of a polling request: packets joined by U+001E (engine.io-protocol v4 § Packet encoding).
//! Splitting is lazy: nothing is collected, and the first bad packet ends it, so that a body of separators
//! costs no more than one of text. The size of a body is the HTTP layer's limit, not this module's.

use super::packet::{base64_len, decode_base64, encode_base64};
use super::{Packet, PacketError};
use std::fmt;

/// Stands between two packets of a payload (record separator, U+001E).
pub const SEPARATOR: u8 = 0x1e;

/// Packets taken from one payload, and put into one.
pub const MAX_PAYLOAD_PACKETS: usize = 16_384;

/// Checks that the body is UTF-8 and returns its packets, decoded one by one as they are asked for.
///
/// ```
/// use sockeye_proto::engine::{Packet, PayloadPacket, decode_payload};
///
/// let mut packets = decode_payload(b"4hello\x1ebAQID")?;
/// assert_eq!(packets.next(), Some(Ok(PayloadPacket::Text(Packet::Message("hello")))));
/// assert_eq!(packets.next(), Some(Ok(PayloadPacket::Binary(vec![1, 2, 3]))));
/// assert_eq!(packets.next(), None);
/// # Ok::<(), sockeye_proto::engine::PayloadError>(())
/// ```
///
/// # Errors
/// [`PayloadError::InvalidUtf8`]; everything else is found while iterating.
pub fn decode_payload(body: &[u8]) -> Result<PayloadPackets<'_>, PayloadError> {
    let text = simdutf8::basic::from_utf8(body).map_err(|_| PayloadError::InvalidUtf8 { len: body.len() })?;
    Ok(PayloadPackets { rest: Some(text), taken: 0 })
}

/// The packets of one payload, in order. An empty packet (so also an empty body, or a separator at either
/// end) is an error; after an error there is nothing more.
#[derive(Clone, Debug)]
pub struct PayloadPackets<'a> {
    /// `None` once the last packet is taken or one was bad.
    rest: Option<&'a str>,
    taken: usize,
}

impl<'a> PayloadPackets<'a> {
    fn split(&mut self) -> Option<&'a str> {
        let rest = self.rest.take()?;
        let Some(end) = memchr::memchr(SEPARATOR, rest.as_bytes()) else { return Some(rest) };
        // The separator is ASCII, so both sides are whole characters.
        let (packet, tail) = rest.split_at_checked(end)?;
        self.rest = tail.get(1..);
        Some(packet)
    }
}

impl<'a> Iterator for PayloadPackets<'a> {
    type Item = Result<PayloadPacket<'a>, PayloadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.split()?;
        let packet = if self.taken < MAX_PAYLOAD_PACKETS {
            PayloadPacket::decode_text(text).map_err(PayloadError::Packet)
        } else {
            Err(PayloadError::TooManyPackets { limit: MAX_PAYLOAD_PACKETS })
        };
        self.taken = self.taken.saturating_add(1);
        if packet.is_err() {
            self.rest = None;
        }
        Some(packet)
    }
}

impl std::iter::FusedIterator for PayloadPackets<'_> {}

/// A packet out of a text: binary had to be decoded, so it is owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayloadPacket<'a> {
    /// A packet that borrows from the payload. Never [`Packet::Binary`].
    Text(Packet<'a>),
    /// The bytes behind `b`.
    Binary(Vec<u8>),
}

impl<'a> PayloadPacket<'a> {
    /// Decodes one packet of a payload. A WebSocket text frame is decoded by this, too: a client that is
    /// told to avoid binary frames sends `b…` there.
    ///
    /// # Errors
    /// [`PacketError`] if the text is no packet.
    #[inline]
    pub fn decode_text(text: &'a str) -> Result<PayloadPacket<'a>, PacketError> {
        match text.strip_prefix('b') {
            Some(base64) => decode_base64(base64).map(PayloadPacket::Binary),
            None => Packet::decode_text(text).map(PayloadPacket::Text),
        }
    }

    /// The packet in its borrowed form, as [`ServerSession::handle_packet`] takes it.
    ///
    /// [`ServerSession::handle_packet`]: super::ServerSession::handle_packet
    #[inline]
    pub fn as_packet(&self) -> Packet<'_> {
        match self {
            PayloadPacket::Text(packet) => *packet,
            PayloadPacket::Binary(data) => Packet::Binary(data),
        }
    }
}

/// A body that is no payload: the peer's fault, and the end of the session ([`CloseReason::ParseError`]).
///
/// [`CloseReason::ParseError`]: super::CloseReason::ParseError
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadError {
    /// The body is not UTF-8.
    InvalidUtf8 {
        /// Length of the body in bytes.
        len: usize,
    },
    /// More packets than one payload may hold.
    TooManyPackets {
        /// The limit, [`MAX_PAYLOAD_PACKETS`].
        limit: usize,
    },
    /// A length that is no number, or more than the body holds (version 3).
    BadLength {
        /// Where its packet begins, in bytes from the start of the body.
        at: usize,
    },
    /// One of the packets is bad; those before it were delivered.
    Packet(PacketError),
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PayloadError::InvalidUtf8 { len } => write!(f, "payload of {len} bytes is not UTF-8"),
            PayloadError::TooManyPackets { limit } => write!(f, "payload holds more than {limit} packets"),
            PayloadError::BadLength { at } => {
                write!(f, "packet at byte {at} of the payload has a bad length")
            }
            PayloadError::Packet(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PayloadError {}

/// Joins packets into one body of at most `max_payload_bytes`: the caller asks `fits_*`, pushes, and leaves
/// what does not fit for the next body. One packet above the limit goes alone, as with the official client.
///
/// ```
/// use sockeye_proto::engine::PayloadEncoder;
///
/// let mut body = PayloadEncoder::new(1_000_000);
/// body.push_text(b"4hello");
/// body.push_binary(&[1, 2, 3]);
/// assert_eq!(body.finish(), b"4hello\x1ebAQID");
/// ```
#[derive(Clone, Debug)]
pub struct PayloadEncoder {
    body: Vec<u8>,
    packets: usize,
    max_payload_bytes: usize,
}

impl PayloadEncoder {
    /// An empty body; it allocates with the first packet.
    pub const fn new(max_payload_bytes: usize) -> Self {
        Self { body: Vec::new(), packets: 0, max_payload_bytes }
    }

    /// Whether an encoded packet of `len` bytes still fits, its separator counted. True while empty.
    #[inline]
    pub fn fits_text(&self, len: usize) -> bool {
        if self.is_empty() {
            return true;
        }
        let total = self.body.len().saturating_add(1).saturating_add(len);
        self.packets < MAX_PAYLOAD_PACKETS && total <= self.max_payload_bytes
    }

    /// Whether `len` bytes still fit in their base64 form. True while empty.
    #[inline]
    pub fn fits_binary(&self, len: usize) -> bool {
        self.fits_text(base64_len(len).saturating_add(1))
    }

    /// Appends a packet that is encoded already, such as `42["news"]`.
    #[inline]
    pub fn push_text(&mut self, packet: &[u8]) {
        self.body.reserve(packet.len().saturating_add(1));
        self.separate();
        self.body.extend_from_slice(packet);
    }

    /// Appends a binary message as `b` and base64.
    pub fn push_binary(&mut self, data: &[u8]) {
        self.body.reserve(base64_len(data.len()).saturating_add(2));
        self.separate();
        encode_base64(data, &mut self.body);
    }

    /// Whether nothing was pushed.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.packets == 0
    }

    /// Bytes of the body so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// The body.
    pub fn finish(self) -> Vec<u8> {
        self.body
    }

    fn separate(&mut self) {
        if self.packets > 0 {
            self.body.push(SEPARATOR);
        }
        self.packets = self.packets.saturating_add(1);
    }
}
