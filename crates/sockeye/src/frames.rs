//! From an encoded packet to the run of WebSocket frames that queues hold: the text frame, then a binary
//! frame for each attachment, in one piece, so that nothing can come between them.

use bytes::Bytes;
use sockeye_proto::socket::Encoded;
use sockeye_proto::websocket::{MAX_HEADER_LEN, Opcode, encode_frame, server_header};

/// What an encoder leaves free in front of the text for the frame's header.
pub(crate) const HEADROOM: usize = MAX_HEADER_LEN;

/// The frames of `packet` for one receiver, which copies them.
pub(crate) fn with_frames<R>(packet: Encoded, with: impl FnOnce(&[u8]) -> R) -> R {
    let (frames, start) = assemble(packet);
    with(frames.get(start..).unwrap_or_default())
}

/// The frames of `packet` for many receivers, which share them.
pub(crate) fn shared_frames(packet: Encoded) -> Bytes {
    let (frames, start) = assemble(packet);
    Bytes::from(frames).slice(start..)
}

/// The frames, and where they start.
fn assemble(packet: Encoded) -> (Vec<u8>, usize) {
    let Encoded { text: mut frames, attachments } = packet;
    let (header, len) = server_header(Opcode::Text, frames.len() - HEADROOM);
    let start = HEADROOM - len;
    frames[start..HEADROOM].copy_from_slice(&header[..len]);
    for attachment in &attachments {
        encode_frame(&mut frames, Opcode::Binary, attachment, None);
    }
    (frames, start)
}
