//! From one message to the packet in it. Nothing is allocated by a length that was only announced, and containers are
//! a stack with a limit, so what a message costs is set by its own bytes: placeholders aside, its JSON is at most six times as long.

use super::super::json::scan::MAX_DEPTH;
use super::super::json::text;
use super::super::mux::MuxError;
use super::super::packet::{MAX_ACK_ID_DIGITS, PacketType};
use super::super::parser::PacketBuf;
use super::date;
use bytes::Bytes;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::io::Write;

/// Reads a packet.
pub(super) fn packet(data: &[u8], max_attachments: usize) -> Result<PacketBuf, MuxError> {
    let head = Head::read(data)?;
    let packet_type = head.packet_type()?;
    let namespace = head.namespace.ok_or_else(|| fault("no namespace"))?.into();
    let ack_id = head.ack_id()?;
    let mut json = Json::new(data.len(), packet_type, max_attachments);
    if let Some(at) = head.data {
        let mut reader = Reader { data, at };
        json.value(&mut reader)?;
    }
    let Json { out, attachments, .. } = json;
    if !fits(packet_type, out.first().copied()) {
        return Err(MuxError::BadPayload { packet_type });
    }
    let payload = String::from_utf8(out).map_err(|_| fault("text that is not UTF-8"))?;
    Ok(PacketBuf { packet_type, namespace, ack_id, payload: payload.into_boxed_str(), attachments })
}

/// Whether a payload that begins so belongs to this type. The default form lets an event come without one.
fn fits(packet_type: PacketType, first: Option<u8>) -> bool {
    match packet_type {
        PacketType::Connect => matches!(first, None | Some(b'{')),
        PacketType::Disconnect => first.is_none(),
        PacketType::ConnectError => matches!(first, Some(b'{' | b'"')),
        _ => first == Some(b'['),
    }
}

/// What stands in the outer map. Of a member that comes twice the last counts, as in JavaScript.
#[derive(Default)]
struct Head<'a> {
    packet_type: Option<Item<'a>>,
    namespace: Option<&'a str>,
    id: Option<Item<'a>>,
    /// Where the data is; `None` for `undefined`, too.
    data: Option<usize>,
}

impl<'a> Head<'a> {
    fn read(data: &'a [u8]) -> Result<Self, MuxError> {
        let mut reader = Reader { data, at: 0 };
        let Item::Map(members) = reader.item()? else { return Err(fault("no map")) };
        let mut head = Self::default();
        for _ in 0..members {
            let key = reader.item()?;
            let at = reader.at;
            match key {
                Item::Str("type") => head.packet_type = Some(reader.item()?),
                Item::Str("id") => head.id = Some(reader.item()?).filter(|id| !matches!(id, Item::Undefined)),
                Item::Str("nsp") => match reader.item()? {
                    Item::Str(name) => head.namespace = Some(name),
                    _ => return Err(fault("a namespace that is no string")),
                },
                Item::Str("data") => head.data = (!reader.skip_undefined()).then_some(at),
                Item::Map(_) | Item::Array(_) => return Err(fault("a member whose name is no string")),
                _ => {}
            }
            // What was read above is no container, or is refused later: one way past it suits all.
            reader.at = at;
            reader.skip()?;
        }
        if reader.at == data.len() { Ok(head) } else { Err(fault("bytes behind the packet")) }
    }

    fn packet_type(&self) -> Result<PacketType, MuxError> {
        match self.packet_type.as_ref().and_then(Item::as_integer) {
            Some(0) => Ok(PacketType::Connect),
            Some(1) => Ok(PacketType::Disconnect),
            Some(2) => Ok(PacketType::Event),
            Some(3) => Ok(PacketType::Ack),
            Some(4) => Ok(PacketType::ConnectError),
            _ => Err(fault("the type is none of 0 to 4")),
        }
    }

    /// As long as the default form can say it.
    fn ack_id(&self) -> Result<Option<u64>, MuxError> {
        let Some(id) = &self.id else { return Ok(None) };
        let limit = 10_u64.saturating_pow(u32::try_from(MAX_ACK_ID_DIGITS).unwrap_or(0));
        let id = id.as_integer().and_then(|id| u64::try_from(id).ok()).filter(|id| *id < limit);
        id.map(Some).ok_or_else(|| fault("an ack id that is no whole number of at most 19 digits"))
    }
}

/// One item, of a container only its head.
enum Item<'a> {
    Nil,
    Undefined,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Str(&'a str),
    Bin(&'a [u8]),
    /// Milliseconds since 1970.
    Date(i64),
    /// An extension that is none of `notepack.io`'s own.
    Ext(i8, &'a [u8]),
    Array(u32),
    Map(u32),
}

impl Item<'_> {
    /// The whole number that JavaScript sees.
    fn as_integer(&self) -> Option<i128> {
        match *self {
            Self::Unsigned(number) => Some(number.into()),
            Self::Signed(number) => Some(number.into()),
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => Some(number as i128),
            _ => None,
        }
    }
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], MuxError> {
        let end = self.at.saturating_add(len);
        let taken = self.data.get(self.at..end).ok_or_else(|| fault("the message ends within a value"))?;
        self.at = end;
        Ok(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], MuxError> {
        Ok(self.take(N)?.first_chunk().copied().unwrap_or([0; N]))
    }

    /// A length of as many bytes as the format has for it.
    fn len(&mut self, width: usize) -> Result<u32, MuxError> {
        Ok(self.take(width)?.iter().fold(0, |len, byte| len << 8 | u32::from(*byte)))
    }

    fn str(&mut self, len: u32) -> Result<Item<'a>, MuxError> {
        let text = self.take(len as usize)?;
        simdutf8::basic::from_utf8(text).map(Item::Str).map_err(|_| fault("text that is not UTF-8"))
    }

    /// `notepack.io` writes its own types as extension 0: one byte is `undefined`, eight are a date, and a length in
    /// front means bytes that were not a `Buffer`.
    fn ext(
        &mut self,
        len: u32,
        own: impl FnOnce(&'a [u8]) -> Option<Item<'a>>,
    ) -> Result<Item<'a>, MuxError> {
        let [kind] = self.bytes()?;
        let content = self.take(len as usize)?;
        let own = if kind == 0 { own(content) } else { None };
        Ok(own.unwrap_or(Item::Ext(kind.cast_signed(), content)))
    }

    fn item(&mut self) -> Result<Item<'a>, MuxError> {
        let [marker] = self.bytes()?;
        Ok(match marker {
            0x00..=0x7f => Item::Unsigned(marker.into()),
            0x80..=0x8f => Item::Map((marker & 0x0f).into()),
            0x90..=0x9f => Item::Array((marker & 0x0f).into()),
            0xa0..=0xbf => self.str((marker & 0x1f).into())?,
            0xc0 => Item::Nil,
            0xc1 => return Err(fault("the marker c1, which nothing has")),
            0xc2 => Item::Bool(false),
            0xc3 => Item::Bool(true),
            0xc4..=0xc6 => {
                let len = self.len(1 << (marker - 0xc4))?;
                Item::Bin(self.take(len as usize)?)
            }
            0xc7..=0xc9 => {
                let len = self.len(1 << (marker - 0xc7))?;
                self.ext(len, |content| Some(Item::Bin(content)))?
            }
            0xca => Item::Float(f32::from_be_bytes(self.bytes()?).into()),
            0xcb => Item::Float(f64::from_be_bytes(self.bytes()?)),
            0xcc => Item::Unsigned(u8::from_be_bytes(self.bytes()?).into()),
            0xcd => Item::Unsigned(u16::from_be_bytes(self.bytes()?).into()),
            0xce => Item::Unsigned(u32::from_be_bytes(self.bytes()?).into()),
            0xcf => Item::Unsigned(u64::from_be_bytes(self.bytes()?)),
            0xd0 => Item::Signed(i8::from_be_bytes(self.bytes()?).into()),
            0xd1 => Item::Signed(i16::from_be_bytes(self.bytes()?).into()),
            0xd2 => Item::Signed(i32::from_be_bytes(self.bytes()?).into()),
            0xd3 => Item::Signed(i64::from_be_bytes(self.bytes()?)),
            0xd4 => self.ext(1, |_| Some(Item::Undefined))?,
            0xd7 => self.ext(8, |content| Some(Item::Date(i64::from_be_bytes(*content.first_chunk()?))))?,
            0xd5 | 0xd6 | 0xd8 => self.ext(1 << (marker - 0xd4), |_| None)?,
            0xd9..=0xdb => {
                let len = self.len(1 << (marker - 0xd9))?;
                self.str(len)?
            }
            0xdc | 0xdd => Item::Array(self.len(2 << (marker - 0xdc))?),
            0xde | 0xdf => Item::Map(self.len(2 << (marker - 0xde))?),
            0xe0..=0xff => Item::Signed(marker.cast_signed().into()),
        })
    }

    /// Steps over `undefined`, if that is what comes.
    fn skip_undefined(&mut self) -> bool {
        let at = self.at;
        if self.data.get(at) == Some(&0xd4) && matches!(self.item(), Ok(Item::Undefined)) {
            return true;
        }
        self.at = at;
        false
    }

    /// Steps over one value, whatever it holds. Every step takes a byte, so a huge count only finds the end.
    fn skip(&mut self) -> Result<(), MuxError> {
        let mut left = 1_u64;
        while left > 0 {
            left = left.saturating_sub(1);
            left = left.saturating_add(match self.item()? {
                Item::Array(len) => len.into(),
                Item::Map(len) => u64::from(len).saturating_mul(2),
                _ => 0,
            });
        }
        Ok(())
    }

    /// A member name, as the property that JavaScript makes of it.
    fn key(&mut self) -> Result<Cow<'a, str>, MuxError> {
        Ok(match self.item()? {
            Item::Str(name) => Cow::Borrowed(name),
            Item::Unsigned(number) => Cow::Owned(number.to_string()),
            Item::Signed(number) => Cow::Owned(number.to_string()),
            Item::Bool(truth) => Cow::Borrowed(if truth { "true" } else { "false" }),
            Item::Nil => Cow::Borrowed("null"),
            _ => return Err(fault("a member whose name is no string")),
        })
    }
}

/// Bytes within the data.
enum Binary {
    /// They become attachments.
    Attached,
    /// The packet has none, so they become arrays of numbers, which types that ask serde for bytes accept as well.
    Spelled,
}

/// The JSON that is written.
struct Json {
    out: Vec<u8>,
    attachments: Vec<Bytes>,
    max_attachments: usize,
    binary: Binary,
}

/// A container whose end is still to come.
struct Open {
    close: u8,
    left: u32,
    first: bool,
}

impl Json {
    fn new(message_bytes: usize, packet_type: PacketType, max_attachments: usize) -> Self {
        let binary = match packet_type {
            PacketType::Event | PacketType::Ack => Binary::Attached,
            _ => Binary::Spelled,
        };
        Self { out: Vec::with_capacity(message_bytes), attachments: Vec::new(), max_attachments, binary }
    }

    /// Writes the value that comes.
    fn value(&mut self, reader: &mut Reader<'_>) -> Result<(), MuxError> {
        let mut open = SmallVec::<[Open; 8]>::new();
        loop {
            match reader.item()? {
                Item::Array(left) => self.open(&mut open, b"[]", left)?,
                Item::Map(left) => self.open(&mut open, b"{}", left)?,
                scalar => self.scalar(&scalar)?,
            }
            // Whatever is complete now is closed; then comes the next element of what is not.
            loop {
                let Some(container) = open.last_mut() else { return Ok(()) };
                if container.left == 0 {
                    self.out.push(container.close);
                    open.pop();
                    continue;
                }
                container.left = container.left.saturating_sub(1);
                let key = if container.close == b'}' { Some(reader.key()?) } else { None };
                if key.is_some() && reader.skip_undefined() {
                    continue;
                }
                if !std::mem::replace(&mut container.first, false) {
                    self.out.push(b',');
                }
                if let Some(key) = key {
                    text::write_string(&mut self.out, &key);
                    self.out.push(b':');
                }
                break;
            }
        }
    }

    fn open(
        &mut self,
        open: &mut SmallVec<[Open; 8]>,
        &[bracket, close]: &[u8; 2],
        left: u32,
    ) -> Result<(), MuxError> {
        if open.len() >= MAX_DEPTH {
            return Err(MuxError::TooDeep { limit: MAX_DEPTH });
        }
        self.out.push(bracket);
        open.push(Open { close, left, first: true });
        Ok(())
    }

    fn scalar(&mut self, item: &Item<'_>) -> Result<(), MuxError> {
        match *item {
            Item::Bool(true) => self.out.extend_from_slice(b"true"),
            Item::Bool(false) => self.out.extend_from_slice(b"false"),
            Item::Unsigned(number) => self.number(format_args!("{number}")),
            Item::Signed(number) => self.number(format_args!("{number}")),
            // What is no number is `null` to `serde_json` and to `JSON.stringify`.
            Item::Float(number) => drop(serde_json::to_writer(&mut self.out, &number)),
            Item::Str(text) => text::write_string(&mut self.out, text),
            Item::Bin(bytes) => self.bytes(bytes)?,
            Item::Date(millis) => match date::iso_text(millis) {
                Some(text) => text::write_string(&mut self.out, &text),
                None => self.out.extend_from_slice(b"null"),
            },
            // As `notepack.io` gives an extension that it does not know.
            Item::Ext(kind, content) => {
                self.number(format_args!("[{kind},"));
                self.bytes(content)?;
                self.out.push(b']');
            }
            Item::Nil | Item::Undefined | Item::Array(_) | Item::Map(_) => {
                self.out.extend_from_slice(b"null")
            }
        }
        Ok(())
    }

    fn number(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing into memory does not fail.
        let _ = self.out.write_fmt(text);
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), MuxError> {
        match self.binary {
            Binary::Attached => {
                let (num, limit) = (self.attachments.len(), self.max_attachments);
                if num >= limit {
                    return Err(MuxError::TooManyAttachments { count: num.saturating_add(1), limit });
                }
                self.attachments.push(Bytes::copy_from_slice(bytes));
                self.number(format_args!("{{\"_placeholder\":true,\"num\":{num}}}"));
            }
            Binary::Spelled => drop(serde_json::to_writer(&mut self.out, bytes)),
        }
        Ok(())
    }
}

#[cold]
fn fault(what: &str) -> MuxError {
    MuxError::Parser(format!("msgpack: {what}"))
}
