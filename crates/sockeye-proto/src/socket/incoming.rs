//! What a packet says once its payload is checked against its type (socket.io-protocol v5 § Packet
//! encoding). Both ends read packets by the same rules; what a packet *does* is the mux's.

use super::args::{Args, Event, SpanVec, Spans};
use super::json::scan::{self, Fault, Strings};
use super::mux::MuxError;
use super::packet::{Header, PacketType, reserved};
use bytes::Bytes;
use std::borrow::Cow;

/// The content of a packet.
pub(crate) enum Body<'a> {
    /// With the JSON text of an object, if any.
    Connect(Option<&'a str>),
    Disconnect,
    /// With the JSON text of an object or a string, if any.
    ConnectError(Option<&'a str>),
    /// `None` for an event without payload, which official servers let pass and nobody hears.
    Event(Option<Event<'a>>),
    Ack {
        id: Option<u64>,
        args: Args<'a>,
    },
}

impl Body<'_> {
    /// The same, telling that its text had to be repaired.
    #[cold]
    pub(crate) fn repaired(self) -> Self {
        match self {
            Self::Event(Some(Event { name, args, ack_id })) => {
                Self::Event(Some(Event { name, args: args.repaired(), ack_id }))
            }
            Self::Ack { id, args } => Self::Ack { id, args: args.repaired() },
            other => other,
        }
    }
}

/// Scans the payload of a packet, if it has one, and adds what its outer array holds to `elements`.
#[inline]
pub(crate) fn scan(header: &Header<'_>, elements: &mut SpanVec) -> Result<Strings, MuxError> {
    let &Header { packet_type, attachments, payload, .. } = header;
    let scanned = match packet_type {
        PacketType::BinaryEvent | PacketType::BinaryAck => scan::binary(payload, attachments, elements),
        _ if payload.is_empty() => Ok(Strings::Whole),
        PacketType::Connect | PacketType::ConnectError => scan::plain(payload, 1, elements),
        PacketType::Disconnect | PacketType::Event | PacketType::Ack => scan::plain(payload, 0, elements),
    };
    scanned.map_err(|fault| refuse(fault, attachments))
}

/// The event in a text that this side has encoded; `None` if it is another packet.
pub(crate) fn reread<'a>(text: &'a str, attachments: &'a [Bytes]) -> Option<Event<'a>> {
    let header = Header::decode(text).ok()?;
    let mut elements = SpanVec::new();
    scan(&header, &mut elements).ok()?;
    let Header { packet_type, ack_id, payload, .. } = header;
    match read(packet_type, ack_id, payload, Spans::Own(elements), attachments).ok()? {
        Body::Event(event) => event,
        _ => None,
    }
}

#[cold]
fn refuse(fault: Fault, attachments: usize) -> MuxError {
    match fault {
        Fault::Syntax { at } => MuxError::BadJson { at },
        Fault::TooDeep => MuxError::TooDeep { limit: scan::MAX_DEPTH },
        Fault::Placeholder { at } => MuxError::BadPlaceholder { at },
        Fault::Unplaced { found } => MuxError::PlaceholderCount { found, announced: attachments },
    }
}

/// Reads a payload that was scanned. `elements` are those of its outer array, if it is one.
///
/// Always inlined: the result is large, and returning it through memory is a tenth of the way in.
#[inline(always)]
pub(crate) fn read<'a>(
    packet_type: PacketType,
    ack_id: Option<u64>,
    payload: &'a str,
    elements: Spans<'a>,
    attachments: &'a [Bytes],
) -> Result<Body<'a>, MuxError> {
    let refused = Err(MuxError::BadPayload { packet_type });
    let first = payload.trim_ascii_start().as_bytes().first();
    match (packet_type, first) {
        (PacketType::Event, None) => Ok(Body::Event(None)),
        (PacketType::Event | PacketType::BinaryEvent, Some(b'[')) => {
            let all = Args::new(payload, elements, 0, attachments);
            let name = all.get(0).and_then(event_name).ok_or(MuxError::BadPayload { packet_type })?;
            if let Some(name) = reserved(&name) {
                return Err(MuxError::Reserved { name });
            }
            Ok(Body::Event(Some(Event { name, args: all.without_name(), ack_id })))
        }
        (PacketType::Ack | PacketType::BinaryAck, None | Some(b'[')) => {
            Ok(Body::Ack { id: ack_id, args: Args::new(payload, elements, 0, attachments) })
        }
        (PacketType::Connect, None) => Ok(Body::Connect(None)),
        (PacketType::Connect, Some(b'{')) => Ok(Body::Connect(Some(payload))),
        (PacketType::ConnectError, None) => Ok(Body::ConnectError(None)),
        (PacketType::ConnectError, Some(b'{' | b'"')) => Ok(Body::ConnectError(Some(payload))),
        (PacketType::Disconnect, None) => Ok(Body::Disconnect),
        _ => refused,
    }
}

/// The name of an event: a string, or the decimal text of a number.
#[inline]
fn event_name(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => {
            let inner = json.get(1..json.len().saturating_sub(1))?;
            if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
                return Some(Cow::Borrowed(inner));
            }
            serde_json::from_str(json).ok().map(Cow::Owned)
        }
        b'-' | b'0'..=b'9' => Some(numeric_name(json)),
        _ => None,
    }
}

/// `String(number)` of JavaScript for every number that anyone would name an event by.
fn numeric_name(json: &str) -> Cow<'_, str> {
    let exact_integer = json.len() <= 15 && json.bytes().all(|byte| byte.is_ascii_digit());
    match json.parse::<f64>() {
        Ok(0.0) => Cow::Borrowed("0"),
        Ok(number) if !exact_integer => Cow::Owned(number.to_string()),
        _ => Cow::Borrowed(json),
    }
}
