//! From a packet to its message. The payload is scanned twice, for the lengths and for the values; each number takes the
//! shortest form there is for it, as in `notepack.io`.

use super::super::json::encode::EncodeError;
use super::super::json::scan::{self, Fault, Watch};
use super::super::json::text;
use super::super::packet::{Header, PacketType};
use super::shape::{Shape, Shapes};
use bytes::Bytes;
use std::borrow::Cow;

/// Writes a packet.
pub(super) fn packet(packet: &Header<'_>, attachments: &[Bytes]) -> Result<Vec<u8>, EncodeError> {
    let &Header { packet_type, namespace, ack_id, payload, .. } = packet;
    let members =
        2_u32.saturating_add(u32::from(ack_id.is_some())).saturating_add(u32::from(!payload.is_empty()));
    let binary_bytes: usize = attachments.iter().map(Bytes::len).sum();
    let mut out = Vec::with_capacity(payload.len().saturating_add(binary_bytes).saturating_add(64));
    write_head(&mut out, &MAP, members);
    write_str(&mut out, "type");
    write_unsigned(&mut out, plain_type(packet_type));
    if !payload.is_empty() {
        write_str(&mut out, "data");
        write_json(&mut out, payload, attachments)?;
    }
    write_str(&mut out, "nsp");
    write_str(&mut out, namespace);
    if let Some(id) = ack_id {
        write_str(&mut out, "id");
        write_unsigned(&mut out, id);
    }
    Ok(out)
}

/// Bytes stand in the message itself, so there are no binary types.
fn plain_type(packet_type: PacketType) -> u64 {
    match packet_type {
        PacketType::BinaryEvent => PacketType::Event as u64,
        PacketType::BinaryAck => PacketType::Ack as u64,
        other => other as u64,
    }
}

fn write_json(out: &mut Vec<u8>, json: &str, attachments: &[Bytes]) -> Result<(), EncodeError> {
    let mut shapes = Shapes::new(json, attachments.len());
    let scanned = scan::watch(json, &mut shapes).and_then(|()| {
        let shapes = shapes.found.into_iter();
        scan::watch(json, &mut Values { json, out, attachments, shapes, replaced: false })
    });
    scanned.map_err(|fault| match fault {
        Fault::TooDeep => EncodeError::TooDeep { limit: scan::MAX_DEPTH },
        _ => EncodeError::Parser("msgpack: the payload is no JSON".to_owned()),
    })
}

/// Writes each value as the scan meets it.
struct Values<'a> {
    json: &'a str,
    out: &'a mut Vec<u8>,
    attachments: &'a [Bytes],
    shapes: std::vec::IntoIter<Shape>,
    /// Within a placeholder, whose attachment is written already.
    replaced: bool,
}

impl Values<'_> {
    fn begin(&mut self) {
        match self.shapes.next() {
            Some(Shape::Array(len)) => write_head(self.out, &ARRAY, len),
            Some(Shape::Map(len)) => write_head(self.out, &MAP, len),
            Some(Shape::Attachment(num)) => {
                self.replaced = true;
                write_bytes(self.out, self.attachments.get(num).map(Bytes::as_ref).unwrap_or_default());
            }
            None => {}
        }
    }
}

impl Watch for Values<'_> {
    fn open_object(&mut self, _at: usize) -> Result<(), Fault> {
        self.begin();
        Ok(())
    }

    fn open_array(&mut self, _at: usize) -> Result<(), Fault> {
        self.begin();
        Ok(())
    }

    fn key(&mut self, start: usize, end: usize) {
        self.scalar(start, end);
    }

    fn scalar(&mut self, start: usize, end: usize) {
        if self.replaced {
            return;
        }
        let json = self.json.get(start..end).unwrap_or_default();
        match json.as_bytes().first() {
            Some(b'"') => write_str(self.out, &unescaped(json)),
            Some(b't') => self.out.push(0xc3),
            Some(b'f') => self.out.push(0xc2),
            Some(b'n') | None => self.out.push(0xc0),
            Some(_) => write_number(self.out, json),
        }
    }

    fn close_object(&mut self, _at: usize) -> Result<(), Fault> {
        self.replaced = false;
        Ok(())
    }
}

fn unescaped(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    let read = |json: &str| serde_json::from_str::<String>(json).ok();
    let text = read(quoted).or_else(|| read(&text::repair_surrogates(quoted)));
    Cow::Owned(text.unwrap_or_default())
}

/// A whole number stays one while 64 bits hold it; anything else is what JavaScript would make of it.
fn write_number(out: &mut Vec<u8>, json: &str) {
    if let Ok(number) = json.parse::<u64>() {
        write_unsigned(out, number);
    } else if let Ok(number) = json.parse::<i64>()
        && number < 0
    {
        write_negative(out, number);
    } else {
        out.push(0xcb);
        out.extend_from_slice(&json.parse::<f64>().unwrap_or_default().to_be_bytes());
    }
}

fn write_unsigned(out: &mut Vec<u8>, number: u64) {
    let bytes = number.to_be_bytes();
    match number {
        0..0x80 => out.extend_from_slice(tail(&bytes, 1)),
        0x80..0x100 => write_marked(out, 0xcc, tail(&bytes, 1)),
        0x100..0x1_0000 => write_marked(out, 0xcd, tail(&bytes, 2)),
        0x1_0000..0x1_0000_0000 => write_marked(out, 0xce, tail(&bytes, 4)),
        _ => write_marked(out, 0xcf, &bytes),
    }
}

fn write_negative(out: &mut Vec<u8>, number: i64) {
    let bytes = number.to_be_bytes();
    match number {
        -0x20.. => out.extend_from_slice(tail(&bytes, 1)),
        -0x80.. => write_marked(out, 0xd0, tail(&bytes, 1)),
        -0x8000.. => write_marked(out, 0xd1, tail(&bytes, 2)),
        -0x8000_0000.. => write_marked(out, 0xd2, tail(&bytes, 4)),
        _ => write_marked(out, 0xd3, &bytes),
    }
}

fn write_str(out: &mut Vec<u8>, text: &str) {
    write_head(out, &STR, u32::try_from(text.len()).unwrap_or(u32::MAX));
    out.extend_from_slice(text.as_bytes());
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_head(out, &BIN, u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.extend_from_slice(bytes);
}

/// The markers of something with a length.
struct Markers {
    /// The marker that holds the length itself, and the first length that is too long for it.
    fix: Option<(u8, u32)>,
    one: Option<u8>,
    two: u8,
    four: u8,
}

const MAP: Markers = Markers { fix: Some((0x80, 0x10)), one: None, two: 0xde, four: 0xdf };
const ARRAY: Markers = Markers { fix: Some((0x90, 0x10)), one: None, two: 0xdc, four: 0xdd };
const STR: Markers = Markers { fix: Some((0xa0, 0x20)), one: Some(0xd9), two: 0xda, four: 0xdb };
const BIN: Markers = Markers { fix: None, one: Some(0xc4), two: 0xc5, four: 0xc6 };

fn write_head(out: &mut Vec<u8>, markers: &Markers, len: u32) {
    let bytes = len.to_be_bytes();
    let low = bytes[3];
    match *markers {
        Markers { fix: Some((marker, end)), .. } if len < end => out.push(marker | low),
        Markers { one: Some(marker), .. } if len < 0x100 => out.extend_from_slice(&[marker, low]),
        Markers { two, .. } if len < 0x1_0000 => write_marked(out, two, tail(&bytes, 2)),
        Markers { four, .. } => write_marked(out, four, &bytes),
    }
}

fn write_marked(out: &mut Vec<u8>, marker: u8, bytes: &[u8]) {
    out.push(marker);
    out.extend_from_slice(bytes);
}

fn tail(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(len)..).unwrap_or_default()
}
