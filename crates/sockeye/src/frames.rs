//! From an encoded packet to the run of WebSocket frames that queues hold: the text frame, then a binary
//! frame for each attachment, in one piece, so that nothing can come between them.

use bytes::Bytes;
use sockeye_proto::socket::{Encoded, Room};
use sockeye_proto::websocket::{MAX_HEADER_LEN, Opcode, encode_frame, server_header};
use std::cell::Cell;

/// What an encoder leaves free in front of the text for the frame's header.
pub(crate) const HEADROOM: usize = MAX_HEADER_LEN;

/// A larger buffer is not kept for the next packet.
const KEPT_BYTES: usize = 64 * 1024;

thread_local! {
    /// What one packet was written in serves the next one of this thread: its receiver has copied it.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Room for a packet that [`with_frames`] will take.
pub(crate) fn room() -> Room {
    Room::new(HEADROOM, BUFFER.try_with(Cell::take).unwrap_or_default())
}

/// The frames of `packet` for one receiver, which copies them.
pub(crate) fn with_frames<R>(packet: Encoded, with: impl FnOnce(&[u8]) -> R) -> R {
    let (frames, start) = assemble(packet);
    let result = with(frames.get(start..).unwrap_or_default());
    if frames.capacity() <= KEPT_BYTES {
        let _ = BUFFER.try_with(|buffer| buffer.set(frames));
    }
    result
}

/// The frames of `packet` for many receivers, which share them.
pub(crate) fn shared_frames(packet: Encoded) -> Bytes {
    let (frames, start) = assemble(packet);
    Bytes::from(frames).slice(start..)
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

/// The frames, and where they start.
pub(crate) fn assemble(packet: Encoded) -> (Vec<u8>, usize) {
    let Encoded { text: mut frames, attachments } = packet;
    let (header, len) = server_header(Opcode::Text, frames.len() - HEADROOM);
    let start = HEADROOM - len;
    frames[start..HEADROOM].copy_from_slice(&header[..len]);
    for attachment in &attachments {
        encode_frame(&mut frames, Opcode::Binary, attachment, None);
    }
    (frames, start)
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
