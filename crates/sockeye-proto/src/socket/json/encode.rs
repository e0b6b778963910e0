//! Packets on the way out: one allocation that holds room for a WebSocket header, the Engine.IO message
//! type, and the packet (socket.io-protocol v5 § Packet encoding). Bytes among the arguments leave as
//! attachments and turn the packet into its binary form.

use super::super::args::{Args, Event, SpanVec};
use super::super::incoming;
use super::super::packet::{PacketType, reserved};
use super::argument::Argument;
use super::scan::{self, MAX_DEPTH};
use super::text;
use crate::{PrivateSessionId, SocketId};
use bytes::Bytes;
use serde::Serialize;
use std::fmt;
use std::io;

/// Attachments that one packet may carry unless its [`Room`] says another number. Official clients disconnect when they
/// receive more.
pub const MAX_ATTACHMENTS: usize = 10;

/// An encoded packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// `headroom` zero bytes, the Engine.IO message type `4`, then the text of the packet.
    pub text: Vec<u8>,
    /// The binary messages that must follow the text, in order. Empty without allocation as a rule.
    pub attachments: Vec<Bytes>,
}

impl Encoded {
    /// The event that was encoded with this headroom, for whoever wants to see what leaves; `None` for another packet.
    ///
    /// ```
    /// use sockeye_proto::socket::encode_event;
    ///
    /// let encoded = encode_event("/chat", "message", None, ("hello", 42), 8).unwrap();
    /// let event = encoded.event(8).unwrap();
    /// assert_eq!((&*event.name, event.args.get(1)), ("message", Some("42")));
    /// ```
    pub fn event(&self, headroom: usize) -> Option<Event<'_>> {
        let text = std::str::from_utf8(self.text.get(headroom..)?).ok()?;
        incoming::reread(text.strip_prefix('4')?, &self.attachments)
    }
}

/// Where a packet is written: behind `headroom` free bytes, in a buffer that may have served before.
/// A number alone is a headroom in a new buffer.
#[derive(Debug)]
pub struct Room {
    headroom: usize,
    text: Vec<u8>,
    max_attachments: usize,
}

impl Room {
    /// `headroom` free bytes at the front of `buffer`, whose content is dropped and whose memory is used.
    #[inline]
    pub fn new(headroom: usize, buffer: Vec<u8>) -> Self {
        Self { headroom, text: buffer, max_attachments: MAX_ATTACHMENTS }
    }

    /// How many attachments the packet may carry: [`MAX_ATTACHMENTS`] if not said.
    #[inline]
    pub fn max_attachments(self, limit: usize) -> Self {
        Self { max_attachments: limit, ..self }
    }
}

impl From<usize> for Room {
    #[inline]
    fn from(headroom: usize) -> Self {
        Self::new(headroom, Vec::new())
    }
}

/// Encodes an event: `2`, or `5<n>-` when the arguments hold bytes. `room` says how many bytes stay free in front.
///
/// ```
/// use sockeye_proto::socket::encode_event;
///
/// let event = encode_event("/chat", "message", Some(7), ("hello", 42), 0).unwrap();
/// assert_eq!(event.text, br#"42/chat,7["message","hello",42]"#);
///
/// let binary = encode_event("/", "file", None, &bytes::Bytes::from_static(b"\x01\x02"), 0).unwrap();
/// assert_eq!(binary.text, br#"451-["file",{"_placeholder":true,"num":0}]"#);
/// assert_eq!(binary.attachments, ["\x01\x02"]);
/// ```
///
/// # Errors
/// See [`EncodeError`].
#[inline]
pub fn encode_event(
    namespace: &str,
    name: &str,
    ack_id: Option<u64>,
    args: impl EventArgs,
    room: impl Into<Room>,
) -> Result<Encoded, EncodeError> {
    if let Some(name) = reserved(name) {
        return Err(EncodeError::Reserved { name });
    }
    let room = room.into();
    let Room { headroom, max_attachments, .. } = room;
    let mut text = begin(PacketType::Event, namespace, ack_id, room, name.len());
    text.push(b'[');
    text::write_string(&mut text, name);
    let array = Array { binary: PacketType::BinaryEvent, headroom, max_attachments, first: false };
    array.finish(text, args)
}

/// Encodes the answer to the event that carried `id`: `3`, or `6<n>-` when the arguments hold bytes.
///
/// # Errors
/// See [`EncodeError`].
#[inline]
pub fn encode_ack(
    namespace: &str,
    id: u64,
    args: impl EventArgs,
    room: impl Into<Room>,
) -> Result<Encoded, EncodeError> {
    let room = room.into();
    let Room { headroom, max_attachments, .. } = room;
    let mut text = begin(PacketType::Ack, namespace, Some(id), room, 0);
    text.push(b'[');
    Array { binary: PacketType::BinaryAck, headroom, max_attachments, first: true }.finish(text, args)
}

/// Encodes the server's consent to a CONNECT, with the `pid` for a client that may recover its socket later.
pub fn encode_connect(
    namespace: &str,
    sid: &SocketId,
    pid: Option<&PrivateSessionId>,
    room: impl Into<Room>,
) -> Encoded {
    let mut text = begin(PacketType::Connect, namespace, None, room.into(), 0);
    text.extend_from_slice(b"{\"sid\":");
    text::write_string(&mut text, sid.as_str());
    if let Some(pid) = pid {
        text.extend_from_slice(b",\"pid\":");
        text::write_string(&mut text, pid.as_str());
    }
    text.push(b'}');
    Encoded { text, attachments: Vec::new() }
}

/// Encodes the server's refusal of a CONNECT, with `data` for the application if there is any.
///
/// # Errors
/// [`EncodeError::Json`] when `data` does not serialize.
pub fn encode_connect_error(
    namespace: &str,
    message: &str,
    data: Option<&(impl Serialize + ?Sized)>,
    room: impl Into<Room>,
) -> Result<Encoded, EncodeError> {
    let mut text = begin(PacketType::ConnectError, namespace, None, room.into(), message.len());
    text.extend_from_slice(b"{\"message\":");
    text::write_string(&mut text, message);
    if let Some(data) = data {
        text.extend_from_slice(b",\"data\":");
        serde_json::to_writer(&mut text, data).map_err(|error| EncodeError::Json(error.to_string()))?;
    }
    text.push(b'}');
    Ok(Encoded { text, attachments: Vec::new() })
}

/// Encodes either side's leaving of a namespace.
pub fn encode_disconnect(namespace: &str, room: impl Into<Room>) -> Encoded {
    Encoded { text: begin(PacketType::Disconnect, namespace, None, room.into(), 0), attachments: Vec::new() }
}

/// Encodes a client's CONNECT. `auth` must serialize to a JSON object.
///
/// # Errors
/// [`EncodeError::AuthNotAnObject`], or [`EncodeError::Json`] when `auth` does not serialize.
pub fn encode_connect_request(
    namespace: &str,
    auth: Option<&(impl Serialize + ?Sized)>,
    room: impl Into<Room>,
) -> Result<Encoded, EncodeError> {
    let mut text = begin(PacketType::Connect, namespace, None, room.into(), 0);
    if let Some(auth) = auth {
        let start = text.len();
        serde_json::to_writer(&mut text, auth).map_err(|error| EncodeError::Json(error.to_string()))?;
        if text.get(start) != Some(&b'{') {
            return Err(EncodeError::AuthNotAnObject);
        }
    }
    Ok(Encoded { text, attachments: Vec::new() })
}

/// Room for the numbers, punctuation and short arguments of a packet, so that it stays one allocation.
const SMALL_PACKET: usize = 96;

/// Everything in front of the payload. `more` bytes are expected besides.
#[inline]
pub(crate) fn begin(
    packet_type: PacketType,
    namespace: &str,
    ack_id: Option<u64>,
    room: Room,
    more: usize,
) -> Vec<u8> {
    let Room { headroom, mut text, .. } = room;
    let expected = [headroom, namespace.len(), more, SMALL_PACKET].into_iter().fold(0, usize::saturating_add);
    text.clear();
    text.reserve(expected);
    text.resize(headroom, 0);
    text.extend_from_slice(&[b'4', b'0' | packet_type as u8]);
    if namespace != "/" {
        text.extend_from_slice(namespace.as_bytes());
        text.push(b',');
    }
    if let Some(id) = ack_id {
        push_number(&mut text, id);
    }
    text
}

fn push_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        start = start.saturating_sub(1);
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// The array of a packet that has begun.
struct Array {
    /// What the packet becomes with attachments.
    binary: PacketType,
    headroom: usize,
    max_attachments: usize,
    /// Nothing stands in it yet.
    first: bool,
}

impl Array {
    /// Appends the arguments and the closing bracket; with attachments, rewrites the type before them.
    #[inline]
    fn finish(&self, mut text: Vec<u8>, args: impl EventArgs) -> Result<Encoded, EncodeError> {
        let &Self { max_attachments, first, .. } = self;
        let mut attachments = Vec::new();
        let mut encoder =
            ArgsEncoder { out: &mut text, attachments: &mut attachments, max_attachments, count: 0, first };
        args.serialize_args(&mut encoder)?;
        let count = encoder.count;
        text.push(b']');
        if count > 0 {
            self.announce_attachments(&mut text, count)?;
        }
        Ok(Encoded { text, attachments })
    }

    /// The count is known only now, so the packet moves by two or three bytes: dear for nobody but those
    /// who copy whole attachments anyway.
    #[cold]
    fn announce_attachments(&self, text: &mut Vec<u8>, count: usize) -> Result<(), EncodeError> {
        if count > self.max_attachments {
            return Err(EncodeError::TooManyAttachments { count, limit: self.max_attachments });
        }
        let type_at = self.headroom.saturating_add(1);
        let head = format!("{}{count}-", self.binary as u8);
        text.splice(type_at..type_at.saturating_add(1), head.into_bytes());
        Ok(())
    }
}

/// What an emit carries. A reference is one argument, a tuple is one per field, `()` is none:
///
/// ```
/// use sockeye_proto::socket::{EventArgs, encode_event};
///
/// let text = |event: Result<sockeye_proto::socket::Encoded, _>| String::from_utf8(event.unwrap().text).unwrap();
/// assert_eq!(text(encode_event("/", "e", None, (), 0)), r#"42["e"]"#);
/// assert_eq!(text(encode_event("/", "e", None, &[1, 2], 0)), r#"42["e",[1,2]]"#);
/// assert_eq!(text(encode_event("/", "e", None, (1, "two"), 0)), r#"42["e",1,"two"]"#);
/// ```
pub trait EventArgs {
    /// Writes the arguments.
    ///
    /// # Errors
    /// See [`EncodeError`].
    fn serialize_args(&self, out: &mut ArgsEncoder<'_>) -> Result<(), EncodeError>;
}

impl<T: Serialize + ?Sized> EventArgs for &T {
    #[inline]
    fn serialize_args(&self, out: &mut ArgsEncoder<'_>) -> Result<(), EncodeError> {
        out.arg(*self)
    }
}

/// Arguments as they arrived, for an echo or a relay: neither decoded nor checked again.
impl EventArgs for Args<'_> {
    fn serialize_args(&self, out: &mut ArgsEncoder<'_>) -> Result<(), EncodeError> {
        out.forward(self);
        Ok(())
    }
}

impl EventArgs for &Args<'_> {
    fn serialize_args(&self, out: &mut ArgsEncoder<'_>) -> Result<(), EncodeError> {
        out.forward(self);
        Ok(())
    }
}

macro_rules! tuple_args {
    ($($field:ident)*) => {
        impl<$($field: Serialize),*> EventArgs for ($($field,)*) {
            #[inline]
            #[allow(non_snake_case, reason = "the type parameters name the fields too")]
            fn serialize_args(&self, out: &mut ArgsEncoder<'_>) -> Result<(), EncodeError> {
                let ($($field,)*) = self;
                let _ = &out;
                $(out.arg($field)?;)*
                Ok(())
            }
        }
    };
}

tuple_args!();
tuple_args!(A);
tuple_args!(A B);
tuple_args!(A B C);
tuple_args!(A B C D);
tuple_args!(A B C D E);
tuple_args!(A B C D E F);
tuple_args!(A B C D E F G);
tuple_args!(A B C D E F G H);

/// Where [`EventArgs`] writes: the array of a packet that is being encoded.
#[derive(Debug)]
pub struct ArgsEncoder<'a> {
    out: &'a mut Vec<u8>,
    attachments: &'a mut Vec<Bytes>,
    max_attachments: usize,
    /// Attachments met, kept or not.
    count: usize,
    /// Nothing stands in the array yet.
    first: bool,
}

impl ArgsEncoder<'_> {
    /// Writes one argument. What serializes as bytes (`Bytes`, `serde_bytes`) becomes an attachment;
    /// `Vec<u8>` is an array of numbers.
    ///
    /// # Errors
    /// See [`EncodeError`].
    #[inline]
    pub fn arg<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.separate();
        let mut faults = Faults::default();
        let wire = Wire {
            attachments: &mut *self.attachments,
            max_attachments: self.max_attachments,
            count: &mut self.count,
            faults: &mut faults,
            // The array of the packet is the first level.
            depth: 1,
        };
        match value.serialize(Argument { out: &mut *self.out, wire, json: &mut None }) {
            Ok(()) => Ok(()),
            Err(error) => Err(faults.explain(&error)),
        }
    }

    #[inline]
    fn separate(&mut self) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
    }

    /// Copies received arguments. Their placeholders count from 0, as do ours, since nothing else is
    /// written into the same packet.
    fn forward(&mut self, args: &Args<'_>) {
        for json in (0..args.len()).filter_map(|index| args.get(index)) {
            self.separate();
            self.out.extend_from_slice(json.as_bytes());
        }
        self.attachments.extend_from_slice(args.attachments());
        self.count = self.attachments.len();
    }
}

/// `serde_json` carries only its own errors; ours wait here.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    too_deep: bool,
}

impl Faults {
    #[cold]
    fn explain(&self, error: &serde_json::Error) -> EncodeError {
        if self.too_deep {
            EncodeError::TooDeep { limit: MAX_DEPTH }
        } else {
            EncodeError::Json(error.to_string())
        }
    }
}

/// Compact JSON that counts its depth and puts bytes aside as attachments.
pub(crate) struct Wire<'a> {
    attachments: &'a mut Vec<Bytes>,
    max_attachments: usize,
    count: &'a mut usize,
    faults: &'a mut Faults,
    depth: usize,
}

impl Wire<'_> {
    #[inline]
    fn open<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        if self.depth >= MAX_DEPTH {
            self.faults.too_deep = true;
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.depth = self.depth.saturating_add(1);
        writer.write_all(bracket)
    }

    #[inline]
    fn close<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        writer.write_all(bracket)
    }

    /// Puts `bytes` aside and writes its placeholder.
    pub(crate) fn attach<W: ?Sized + io::Write>(&mut self, writer: &mut W, bytes: &[u8]) -> io::Result<()> {
        let num = *self.count;
        *self.count = num.saturating_add(1);
        // Past the limit the packet is lost; only the count is still wanted, for the error.
        if num < self.max_attachments {
            self.attachments.push(Bytes::copy_from_slice(bytes));
        }
        write!(writer, "{{\"_placeholder\":true,\"num\":{num}}}")
    }
}

impl serde_json::ser::Formatter for Wire<'_> {
    #[inline]
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    #[inline]
    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    #[inline]
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    #[inline]
    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn write_byte_array<W: ?Sized + io::Write>(&mut self, writer: &mut W, bytes: &[u8]) -> io::Result<()> {
        self.attach(writer, bytes)
    }

    /// A `RawValue`: valid JSON, but of any depth.
    fn write_raw_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, json: &str) -> io::Result<()> {
        if scan::plain(json, self.depth, &mut SpanVec::new()).is_err() {
            self.faults.too_deep = true;
            return Err(io::ErrorKind::InvalidInput.into());
        }
        writer.write_all(json.as_bytes())
    }
}

/// Why a packet cannot be sent. All of these are the caller's to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The event name has a meaning of its own.
    Reserved {
        /// The name.
        name: &'static str,
    },
    /// More bytes values than a packet may carry.
    TooManyAttachments {
        /// How many there are.
        count: usize,
        /// [`MAX_ATTACHMENTS`], unless the [`Room`] says another number.
        limit: usize,
    },
    /// The data nests deeper than either side would read.
    TooDeep {
        /// [`MAX_DEPTH`].
        limit: usize,
    },
    /// The auth of a CONNECT is something else than an object.
    AuthNotAnObject,
    /// A parser other than the default one cannot write the packet; what it says.
    Parser(String),
    /// The data does not serialize; what serde says.
    Json(String),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reserved { name } => write!(f, "\"{name}\" is a reserved event name"),
            Self::TooManyAttachments { count, limit } => {
                write!(f, "{count} attachments in one packet exceed the limit of {limit}")
            }
            Self::TooDeep { limit } => write!(f, "data nested deeper than {limit} levels"),
            Self::AuthNotAnObject => f.write_str("auth must serialize to a JSON object"),
            Self::Parser(reason) => write!(f, "the parser cannot write the packet: {reason}"),
            Self::Json(reason) => write!(f, "the data cannot be written as JSON: {reason}"),
        }
    }
}

impl std::error::Error for EncodeError {}
