//! How packets look on the wires of one connection. Queues hold the frames of Engine.IO 4, whole and unmasked; when a
//! transport takes them they are taken apart here: into payloads, and for clients of version 3 into other frames.

use super::mailbox::Runs;
use sockeye_proto::engine::v3::{self, Binary};
use sockeye_proto::engine::{PayloadEncoder, Protocol, Query};
use sockeye_proto::websocket::{Opcode, encode_frame, server_header};

/// What a client speaks, said in its first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    V4,
    V3(Binary),
}

impl Dialect {
    pub(crate) fn of(query: &Query<'_>) -> Self {
        match query.protocol() {
            Protocol::V4 => Dialect::V4,
            Protocol::V3 if query.wants_base64() => Dialect::V3(Binary::Base64),
            Protocol::V3 => Dialect::V3(Binary::Raw),
        }
    }

    /// Of the request that opens a session; `query` is what its target has behind the `?`.
    pub(crate) fn of_request(query: &str) -> Self {
        // Where the clients of that version put it, so that it need not be looked for.
        if query.starts_with("EIO=4&") { Dialect::V4 } else { Self::of(&Query::parse(query)) }
    }

    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Dialect::V4 => Protocol::V4,
            Dialect::V3(_) => Protocol::V3,
        }
    }

    /// The frames of `runs` as they leave by WebSocket, and how many bytes in front have left already.
    #[inline]
    pub(super) fn frames(self, runs: Runs, sent: usize) -> (Runs, usize) {
        match self {
            Dialect::V4 => (runs, sent),
            Dialect::V3(binary) => with_types(runs, sent, binary),
        }
    }

    /// An empty payload of at most `max_bytes`.
    pub(crate) fn payload<'a>(self, max_bytes: usize) -> Payload<'a> {
        match self {
            Dialect::V4 => Payload::V4(PayloadEncoder::new(max_bytes)),
            Dialect::V3(binary) => Payload::V3(v3::PayloadEncoder::new(binary, max_bytes)),
        }
    }
}

/// A payload under construction.
pub(crate) enum Payload<'a> {
    V4(PayloadEncoder),
    V3(v3::PayloadEncoder<'a>),
}

/// What one of our frames holds.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    /// A packet.
    Text(&'a [u8]),
    /// The data of a binary message.
    Binary(&'a [u8]),
}

impl<'a> Payload<'a> {
    pub(super) fn fits(&self, content: Content<'_>) -> bool {
        match (self, content) {
            (Payload::V4(payload), Content::Text(packet)) => payload.fits_text(packet.len()),
            (Payload::V4(payload), Content::Binary(data)) => payload.fits_binary(data.len()),
            (Payload::V3(payload), Content::Text(packet)) => payload.fits_text(packet.len()),
            (Payload::V3(payload), Content::Binary(data)) => payload.fits_binary(data.len()),
        }
    }

    pub(crate) fn push(&mut self, content: Content<'a>) {
        match (self, content) {
            (Payload::V4(payload), Content::Text(packet)) => payload.push_text(packet),
            (Payload::V4(payload), Content::Binary(data)) => payload.push_binary(data),
            (Payload::V3(payload), Content::Text(packet)) => payload.push_text(packet),
            (Payload::V3(payload), Content::Binary(data)) => payload.push_binary(data),
        }
    }

    /// The body; `None` when nothing was pushed.
    pub(crate) fn finish(self) -> Option<Vec<u8>> {
        match self {
            Payload::V4(payload) => (!payload.is_empty()).then(|| payload.finish()),
            Payload::V3(payload) => (!payload.is_empty()).then(|| payload.finish()),
        }
    }
}

/// Gives binary messages their type. Runs without any are not copied.
fn with_types(runs: Runs, sent: usize, binary: Binary) -> (Runs, usize) {
    if frames_of(&runs, sent).all(|frame| matches!(frame.content, Content::Text(_))) {
        return (runs, sent);
    }
    let mut typed = Vec::new();
    for frame in frames_of(&runs, sent) {
        match (frame.content, binary) {
            (Content::Text(_), _) => typed.extend_from_slice(frame.bytes),
            (Content::Binary(data), Binary::Raw) => {
                let (header, len) = server_header(Opcode::Binary, data.len() + 1);
                typed.extend_from_slice(header.get(..len).unwrap_or_default());
                typed.push(v3::BINARY_MESSAGE);
                typed.extend_from_slice(data);
            }
            (Content::Binary(data), Binary::Base64) => {
                let mut text = Vec::new();
                v3::encode_base64(data, &mut text);
                encode_frame(&mut typed, Opcode::Text, &text, None);
            }
        }
    }
    (Runs::from(typed), 0)
}

/// One of our own frames, not compressed.
pub(crate) struct Frame<'a> {
    /// The whole of it.
    pub(crate) bytes: &'a [u8],
    pub(crate) content: Content<'a>,
}

/// The frames behind the first `sent` bytes, which are whole frames too.
pub(super) fn frames_of(runs: &Runs, sent: usize) -> impl Iterator<Item = Frame<'_>> {
    let mut skip = sent;
    runs.iter().flat_map(move |run| {
        let mut rest = run.get(skip..).unwrap_or_default();
        skip = skip.saturating_sub(run.len());
        std::iter::from_fn(move || {
            let frame = first_frame(rest)?;
            rest = rest.get(frame.bytes.len()..).unwrap_or_default();
            Some(frame)
        })
    })
}

/// Takes one of our own frames apart.
pub(crate) fn first_frame(run: &[u8]) -> Option<Frame<'_>> {
    let (&[head, len], _) = run.split_first_chunk::<2>()?;
    let (header, len) = match len {
        126 => (4, usize::from(u16::from_be_bytes(run.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(run.get(2..10)?.try_into().ok()?)).ok()?),
        len => (2, usize::from(len)),
    };
    let bytes = run.get(..header + len)?;
    let content = bytes.get(header..)?;
    let content = if head & 0x0f == 1 { Content::Text(content) } else { Content::Binary(content) };
    Some(Frame { bytes, content })
}
