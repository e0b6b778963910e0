//! From an encoded packet to the run of WebSocket frames that queues hold: the text frame, then a binary
//! frame for each attachment, in one piece, so that nothing can come between them. Where the server has a parser of its
//! own, that says which messages the packet becomes, and here alone is it asked.

use bytes::Bytes;
use sockeye_proto::socket::{EncodeError, Encoded, MAX_ATTACHMENTS, Message, Parser, Room};
use sockeye_proto::websocket::{MAX_HEADER_LEN, Opcode, encode_frame, server_header};
use std::cell::Cell;
use std::sync::Arc;

/// What an encoder leaves free in front of the text for the frame's header.
pub(crate) const HEADROOM: usize = MAX_HEADER_LEN;

/// A larger buffer is not kept for the next packet.
const KEPT_BYTES: usize = 64 * 1024;

thread_local! {
    /// What one packet was written in serves the next one of this thread: its receiver has copied it.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// How a server writes its packets.
#[derive(Clone)]
pub(crate) struct Encoding {
    pub(crate) max_attachments: usize,
    /// `None` for the default form.
    pub(crate) parser: Option<Arc<dyn Parser>>,
}

impl Default for Encoding {
    fn default() -> Self {
        Self { max_attachments: MAX_ATTACHMENTS, parser: None }
    }
}

impl Encoding {
    /// Room for a packet that [`Encoding::with_frames`] will take.
    pub(crate) fn room(&self) -> Room {
        self.room_in(BUFFER.try_with(Cell::take).unwrap_or_default())
    }

    /// Room for a packet that [`Encoding::shared_frames`] will take.
    pub(crate) fn shared_room(&self) -> Room {
        self.room_in(Vec::new())
    }

    fn room_in(&self, buffer: Vec<u8>) -> Room {
        Room::new(HEADROOM, buffer).max_attachments(self.max_attachments)
    }

    /// The frames of `packet` for one receiver, which copies them.
    ///
    /// # Errors
    /// The server's own parser cannot write it.
    pub(crate) fn with_frames<R>(
        &self,
        packet: Encoded,
        with: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, EncodeError> {
        let (frames, start) = self.assemble(packet)?;
        let result = with(frames.get(start..).unwrap_or_default());
        if frames.capacity() <= KEPT_BYTES {
            let _ = BUFFER.try_with(|buffer| buffer.set(frames));
        }
        Ok(result)
    }

    /// The frames of `packet` for many receivers, which share them.
    ///
    /// # Errors
    /// The server's own parser cannot write it.
    pub(crate) fn shared_frames(&self, packet: Encoded) -> Result<Bytes, EncodeError> {
        let (frames, start) = self.assemble(packet)?;
        Ok(Bytes::from(frames).slice(start..))
    }

    /// The frames, and where they start.
    #[inline]
    pub(crate) fn assemble(&self, packet: Encoded) -> Result<(Vec<u8>, usize), EncodeError> {
        if let Some(parser) = &self.parser {
            return foreign(packet, &**parser);
        }
        let Encoded { text: mut frames, attachments } = packet;
        let (header, len) = server_header(Opcode::Text, frames.len() - HEADROOM);
        let start = HEADROOM - len;
        frames[start..HEADROOM].copy_from_slice(&header[..len]);
        for attachment in &attachments {
            encode_frame(&mut frames, Opcode::Binary, attachment, None);
        }
        Ok((frames, start))
    }
}

/// A packet that was encoded for `/`, for another namespace: its name goes behind the types and the count of
/// attachments.
pub(crate) fn readdressed(packet: &Encoded, headroom: usize, namespace: &str) -> Encoded {
    let (types, rest) = packet.text.split_at(packet.text.len().min(headroom + 2));
    let is_binary = !packet.attachments.is_empty();
    let count =
        if is_binary { rest.iter().position(|&byte| byte == b'-').map_or(0, |dash| dash + 1) } else { 0 };
    let (count, rest) = rest.split_at(count);
    let text = [types, count, namespace.as_bytes(), b",", rest].concat();
    Encoded { text, attachments: packet.attachments.clone() }
}

/// The frames of a packet in another form. Of a packet of the protocol's own, which nobody emitted, a parser that
/// fails shows in the log only.
#[cold]
fn foreign(packet: Encoded, parser: &dyn Parser) -> Result<(Vec<u8>, usize), EncodeError> {
    let messages = packet.into_messages(HEADROOM, parser).inspect_err(|error| {
        tracing::debug!(%error, "parser_failed");
    })?;
    let mut frames = Vec::new();
    for message in messages {
        match message {
            // Behind the Engine.IO type of a message.
            Message::Text(text) => {
                encode_frame(&mut frames, Opcode::Text, format!("4{text}").as_bytes(), None)
            }
            Message::Binary(data) => encode_frame(&mut frames, Opcode::Binary, &data, None),
        }
    }
    Ok((frames, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_proto::socket::encode_event;

    #[test]
    fn a_packet_with_another_address_is_the_one_encoded_for_it() {
        let bytes = Bytes::from_static(b"-[");
        for id in [None, Some(12)] {
            let plain = |namespace| encode_event(namespace, "e-1", id, (1, "-"), HEADROOM).unwrap();
            assert_eq!(readdressed(&plain("/"), HEADROOM, "/child"), plain("/child"));
            let binary = |namespace| encode_event(namespace, "e-1", id, (1, &bytes), HEADROOM).unwrap();
            assert_eq!(readdressed(&binary("/"), HEADROOM, "/child"), binary("/child"));
        }
    }
}
