//! WebSocket frames at both ends, with and without compression: nothing panics, memory stays within the limit, and
//! how the bytes were cut on their way makes no difference.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockeye_proto::websocket::{Decoder, FrameError, Message, Role};

const LIMIT: usize = 2048;

fuzz_target!(|data: &[u8]| {
    let Some((&control, input)) = data.split_first() else { return };
    let role = if control & 1 == 0 { Role::Server } else { Role::Client };
    let deflate = control & 2 != 0;
    let whole = decode(role, deflate, input, usize::MAX);
    let cut = decode(role, deflate, input, usize::from(control >> 2) + 1);
    assert_eq!(whole, cut, "the way the bytes were cut changed what they say");
});

/// What a decoder makes of the input when at most `step` bytes come at once.
fn decode(role: Role, deflate: bool, input: &[u8], step: usize) -> (Vec<String>, Option<FrameError>) {
    let mut decoder = Decoder::new(role, LIMIT);
    if deflate {
        decoder = decoder.deflate();
    }
    let mut messages = Vec::new();
    let mut held: Vec<u8> = Vec::new();
    for piece in input.chunks(step.min(input.len()).max(1)) {
        held.extend_from_slice(piece);
        loop {
            let decoded = match decoder.decode(&mut held) {
                Ok(decoded) => decoded,
                Err(error) => return (messages, Some(error)),
            };
            let consumed = decoded.consumed;
            let Some(message) = decoded.message else {
                held.drain(..consumed);
                break;
            };
            let len = match message {
                Message::Text(text) => text.len(),
                Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => data.len(),
                Message::Close(_) => 0,
            };
            assert!(len <= LIMIT);
            let closed = matches!(message, Message::Close(_));
            messages.push(format!("{message:?}"));
            held.drain(..consumed);
            if closed {
                return (messages, None);
            }
        }
    }
    (messages, None)
}
