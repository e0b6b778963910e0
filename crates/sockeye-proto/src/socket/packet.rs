//! The head of a Socket.IO packet: type, attachment count, namespace, ack id (socket.io-protocol v5
//! § Packet encoding). What follows it, the JSON payload, is only delimited here and checked by
//! [`scan`](super::json::scan).

use std::fmt;

/// The packet types, as the table of the protocol numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PacketType {
    /// Asks for a namespace, or grants it.
    Connect = 0,
    /// Leaves a namespace.
    Disconnect = 1,
    /// An event with JSON arguments.
    Event = 2,
    /// The answer to an event with an ack id.
    Ack = 3,
    /// Refuses a namespace.
    ConnectError = 4,
    /// An event whose arguments refer to attachments.
    BinaryEvent = 5,
    /// An ack whose arguments refer to attachments.
    BinaryAck = 6,
}

impl PacketType {
    fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            b'0' => Self::Connect,
            b'1' => Self::Disconnect,
            b'2' => Self::Event,
            b'3' => Self::Ack,
            b'4' => Self::ConnectError,
            b'5' => Self::BinaryEvent,
            b'6' => Self::BinaryAck,
            _ => return None,
        })
    }

    /// The type of the same packet with attachments or without; `None` for one that cannot have any.
    pub(crate) fn with_attachments(self, count: usize) -> Option<Self> {
        match (self, count) {
            (Self::Event | Self::BinaryEvent, 0) => Some(Self::Event),
            (Self::Event | Self::BinaryEvent, _) => Some(Self::BinaryEvent),
            (Self::Ack | Self::BinaryAck, 0) => Some(Self::Ack),
            (Self::Ack | Self::BinaryAck, _) => Some(Self::BinaryAck),
            (other, 0) => Some(other),
            _ => None,
        }
    }

    /// Whether binary frames follow the text of this packet.
    #[inline]
    pub fn is_binary(self) -> bool {
        matches!(self, Self::BinaryEvent | Self::BinaryAck)
    }
}

/// Event names with a meaning of their own. They are refused in both directions, since a peer could
/// otherwise fake the life cycle of a socket.
pub const RESERVED_EVENTS: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// The entry of [`RESERVED_EVENTS`] that `name` is.
#[inline]
pub(crate) fn reserved(name: &str) -> Option<&'static str> {
    // The shortest and the longest reserved name; most names are settled by their length or first letter.
    if !(7..=14).contains(&name.len()) || !matches!(name.as_bytes().first(), Some(b'c' | b'd' | b'n' | b'r'))
    {
        return None;
    }
    RESERVED_EVENTS.into_iter().find(|reserved| *reserved == name)
}

/// Digits of the longest ack id that is understood; every such number fits in a `u64`.
pub const MAX_ACK_ID_DIGITS: usize = 19;

/// Digits of the longest attachment count that is read; limits are far below it.
const MAX_COUNT_DIGITS: usize = 9;

/// The head of a packet, borrowed from its text.
///
/// ```
/// use sockeye_proto::socket::{Header, PacketType};
///
/// let header = Header::decode("51-/admin,12[\"avatar\",{\"_placeholder\":true,\"num\":0}]").unwrap();
/// assert_eq!(header.packet_type, PacketType::BinaryEvent);
/// assert_eq!((header.attachments, header.namespace, header.ack_id), (1, "/admin", Some(12)));
/// assert!(header.payload.starts_with("[\"avatar\""));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// What the packet is.
    pub packet_type: PacketType,
    /// Binary frames that follow: at least 1 for the binary types, else 0. Not yet held against a limit.
    pub attachments: usize,
    /// The namespace, `/` when the packet names none.
    pub namespace: &'a str,
    /// What the namespace carries behind a `?`, still encoded; empty when there is none. Only the CONNECT of a
    /// client of Socket.IO 2 gives it a meaning.
    pub query: &'a str,
    /// The ack id: what an event asks to be answered with, or what an ack answers.
    pub ack_id: Option<u64>,
    /// The rest, unchecked. Empty when there is none.
    pub payload: &'a str,
}

impl<'a> Header<'a> {
    /// Reads the head of a packet from its text (without the Engine.IO message type). Linear in the
    /// length of the head, no allocation.
    ///
    /// # Errors
    /// The text is empty, its type is not one of the protocol, a binary packet announces no count of at
    /// least 1, or the ack id is longer than [`MAX_ACK_ID_DIGITS`].
    ///
    /// Source: socket.io-protocol v5 § Packet encoding.
    #[inline]
    pub fn decode(text: &'a str) -> Result<Header<'a>, DecodeError> {
        let byte = *text.as_bytes().first().ok_or(DecodeError::Empty)?;
        let packet_type = PacketType::from_byte(byte).ok_or(DecodeError::UnknownType { byte })?;
        // The type is ASCII, so this is a character boundary.
        let mut rest = text.get(1..).unwrap_or_default();

        let mut attachments = 0;
        if packet_type.is_binary() {
            let (count, after) = leading_number(rest, MAX_COUNT_DIGITS);
            let count = count.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
            let (Some(count), Some(after)) = (count, after.strip_prefix('-')) else {
                return Err(DecodeError::BadAttachmentCount);
            };
            (attachments, rest) = (count, after);
        }

        let (mut namespace, mut query) = ("/", "");
        if rest.starts_with('/') {
            let (path, after) = rest.split_once(',').unwrap_or((rest, ""));
            (namespace, query) = path.split_once('?').unwrap_or((path, ""));
            rest = after;
        }

        let mut ack_id = None;
        if rest.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            let (id, after) = leading_number(rest, MAX_ACK_ID_DIGITS);
            if id.is_none() {
                return Err(DecodeError::AckIdTooLong { limit: MAX_ACK_ID_DIGITS });
            }
            (ack_id, rest) = (id, after);
        }

        Ok(Header { packet_type, attachments, namespace, query, ack_id, payload: rest })
    }
}

/// The packet as the default form has it, its payload included.
impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.packet_type as u8)?;
        if self.packet_type.is_binary() {
            write!(f, "{}-", self.attachments)?;
        }
        match (self.namespace, self.query) {
            ("/", "") => {}
            (namespace, "") => write!(f, "{namespace},")?,
            (namespace, query) => write!(f, "{namespace}?{query},")?,
        }
        if let Some(id) = self.ack_id {
            write!(f, "{id}")?;
        }
        f.write_str(self.payload)
    }
}

/// The decimal number in front of `text`, and what follows it. `None` without digits or with more than
/// `max_digits` (at most 19, which cannot overflow).
fn leading_number(text: &str, max_digits: usize) -> (Option<u64>, &str) {
    let digits = text.bytes().take(max_digits.saturating_add(1)).take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > max_digits {
        return (None, text);
    }
    let (number, rest) = text.split_at_checked(digits).unwrap_or((text, ""));
    let number = number.bytes().fold(0_u64, |number, digit| {
        number.saturating_mul(10).saturating_add(u64::from(digit.wrapping_sub(b'0')))
    });
    (Some(number), rest)
}

/// A text that is not the head of a Socket.IO packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// No text at all.
    Empty,
    /// The first byte is not the digit of a packet type.
    UnknownType {
        /// The byte that arrived.
        byte: u8,
    },
    /// A binary packet whose count of attachments is missing, zero, not decimal or absurdly long.
    BadAttachmentCount,
    /// An ack id of more digits than fit in a `u64`.
    AckIdTooLong {
        /// The most digits that are read.
        limit: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty packet"),
            Self::UnknownType { byte } => {
                write!(f, "unknown packet type '{}', expected 0 to 6", byte.escape_ascii())
            }
            Self::BadAttachmentCount => f.write_str("a binary packet needs a count of attachments from 1 up"),
            Self::AckIdTooLong { limit } => write!(f, "ack id longer than {limit} digits"),
        }
    }
}

impl std::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(
        packet_type: PacketType,
        attachments: usize,
        namespace: &'static str,
        ack_id: Option<u64>,
        payload: &'static str,
    ) -> Result<Header<'static>, DecodeError> {
        let (namespace, query) = namespace.split_once('?').unwrap_or((namespace, ""));
        Ok(Header { packet_type, attachments, namespace, query, ack_id, payload })
    }

    #[test]
    fn the_head_is_type_count_namespace_and_ack_id() {
        use PacketType::*;
        for (text, expected) in [
            ("0", header(Connect, 0, "/", None, "")),
            ("0{\"a\":1}", header(Connect, 0, "/", None, "{\"a\":1}")),
            ("0/admin,{}", header(Connect, 0, "/admin", None, "{}")),
            ("0/admin", header(Connect, 0, "/admin", None, "")),
            ("0/admin?token=1,2,{}", header(Connect, 0, "/admin?token=1", Some(2), ",{}")),
            ("0/admin?token=1,{}", header(Connect, 0, "/admin?token=1", None, "{}")),
            ("0/?,", header(Connect, 0, "/", None, "")),
            ("1", header(Disconnect, 0, "/", None, "")),
            ("1/admin,", header(Disconnect, 0, "/admin", None, "")),
            ("2[\"a\"]", header(Event, 0, "/", None, "[\"a\"]")),
            ("27[\"a\"]", header(Event, 0, "/", Some(7), "[\"a\"]")),
            ("2/a/b,0[\"a\"]", header(Event, 0, "/a/b", Some(0), "[\"a\"]")),
            ("2/\u{e9},007[]", header(Event, 0, "/\u{e9}", Some(7), "[]")),
            ("31-[]", header(Ack, 0, "/", Some(1), "-[]")),
            ("4\"no\"", header(ConnectError, 0, "/", None, "\"no\"")),
            ("51-[]", header(BinaryEvent, 1, "/", None, "[]")),
            ("510-/n,12[]", header(BinaryEvent, 10, "/n", Some(12), "[]")),
            ("6999999999-3[]", header(BinaryAck, 999_999_999, "/", Some(3), "[]")),
        ] {
            assert_eq!(Header::decode(text), expected, "{text}");
        }
    }

    #[test]
    fn a_packet_is_written_as_it_was_read() {
        for text in [
            "0",
            "0/admin,{}",
            "0/admin?a=1,{}",
            "0/?a=1,",
            "1/admin,",
            "27[\"a\"]",
            "510-/n,12[]",
            "31[]",
            "4\"no\"",
        ] {
            assert_eq!(Header::decode(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_head_that_the_protocol_does_not_know_is_refused() {
        let unknown = |byte| DecodeError::UnknownType { byte };
        for (text, expected) in [
            ("", DecodeError::Empty),
            ("7", unknown(b'7')),
            ("-", unknown(b'-')),
            ("a[]", unknown(b'a')),
            ("\u{e9}", unknown(0xc3)),
            ("5", DecodeError::BadAttachmentCount),
            ("5[]", DecodeError::BadAttachmentCount),
            ("5-[]", DecodeError::BadAttachmentCount),
            ("50-[]", DecodeError::BadAttachmentCount),
            ("51[]", DecodeError::BadAttachmentCount),
            ("5-1-[]", DecodeError::BadAttachmentCount),
            ("51.5-[]", DecodeError::BadAttachmentCount),
            ("51e1-[]", DecodeError::BadAttachmentCount),
            ("6splice-[]", DecodeError::BadAttachmentCount),
            ("51000000000-[]", DecodeError::BadAttachmentCount),
        ] {
            assert_eq!(Header::decode(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn an_ack_id_has_at_most_nineteen_digits() {
        for (digits, understood) in [(18, true), (19, true), (20, false), (900_000, false)] {
            let text = format!("2{}[]", "9".repeat(digits));
            let decoded = Header::decode(&text).map(|header| header.ack_id);
            let expected = if understood {
                Ok(Some(10_u64.pow(digits as u32 - 1) * 9 + (10_u64.pow(digits as u32 - 1) - 1)))
            } else {
                Err(DecodeError::AckIdTooLong { limit: 19 })
            };
            assert_eq!(decoded, expected, "{digits}");
        }
    }

    #[test]
    fn an_attachment_count_of_any_length_is_refused_at_once() {
        let text = format!("5{}-[]", "1".repeat(900_000));
        assert_eq!(Header::decode(&text), Err(DecodeError::BadAttachmentCount));
    }

    #[test]
    fn reserved_names_are_found_and_only_they() {
        for name in RESERVED_EVENTS {
            assert_eq!(reserved(name), Some(name));
            assert_eq!(reserved(&name[1..]), None);
            assert_eq!(reserved(&format!("{name}s")), None);
            assert_eq!(reserved(&name.to_uppercase()), None);
        }
        assert_eq!(reserved("error"), None);
        assert_eq!(reserved(""), None);
    }
}
