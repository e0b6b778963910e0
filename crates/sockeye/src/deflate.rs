//! Plain frames to compressed ones, for connections that agreed on it. The compressors belong to the thread, so
//! that no connection holds one; what is queued stays a run of whole frames, and a frame that does not get
//! shorter stays as it is.

use crate::config::PerMessageDeflate;
use crate::session::dialect::{Content, Frame, first_frame};
use sockeye_proto::websocket::{Deflater, Opcode, WindowBits, encode_deflated_frame};
use std::cell::RefCell;

/// Whether packets are compressed on the way to a connection that agreed on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compress {
    Yes,
    No,
}

/// A run of our own frames with every frame from the threshold on compressed; `None` if that changes nothing.
pub(crate) fn deflate_frames(
    frames: &[u8],
    window: WindowBits,
    options: &PerMessageDeflate,
) -> Option<Vec<u8>> {
    // Shorter than what is worth it, whatever it is: the usual case.
    if frames.len() < options.threshold_bytes {
        return None;
    }
    let mut out = Vec::new();
    let mut changed = false;
    let mut rest = frames;
    while let Some(Frame { bytes, content }) = first_frame(rest) {
        let (opcode, payload) = match content {
            Content::Text(packet) => (Opcode::Text, packet),
            Content::Binary(data) => (Opcode::Binary, data),
        };
        match deflate_message(payload, window, options) {
            Some(deflated) => {
                encode_deflated_frame(&mut out, opcode, &deflated, None);
                changed = true;
            }
            None => out.extend_from_slice(bytes),
        }
        rest = rest.get(bytes.len()..).unwrap_or_default();
    }
    changed.then_some(out)
}

/// A message compressed, if it is worth it.
pub(crate) fn deflate_message(
    message: &[u8],
    window: WindowBits,
    options: &PerMessageDeflate,
) -> Option<Vec<u8>> {
    if message.len() < options.threshold_bytes {
        return None;
    }
    let deflated = DEFLATERS.try_with(|deflaters| {
        let mut deflaters = deflaters.borrow_mut();
        let place = deflaters.iter().position(|it| it.window() == window && it.level() == options.level);
        let place = place.unwrap_or_else(|| {
            // Servers with different levels in one thread take turns.
            deflaters.retain(|it| it.window() != window);
            deflaters.push(Deflater::new(window, options.level));
            deflaters.len() - 1
        });
        deflaters.get_mut(place)?.deflate(message)
    });
    // A thread that is going away compresses nothing.
    deflated.ok().flatten()
}

thread_local! {
    /// One for each window size in use.
    static DEFLATERS: RefCell<Vec<Deflater>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_proto::websocket::{Decoder, Message, Role, encode_frame};

    fn run(messages: &[(Opcode, &[u8])]) -> Vec<u8> {
        let mut frames = Vec::new();
        messages.iter().for_each(|(opcode, payload)| encode_frame(&mut frames, *opcode, payload, None));
        frames
    }

    /// The messages of a run, as a client that agreed on compression reads them, and which were compressed.
    fn read(mut frames: Vec<u8>) -> Vec<(Vec<u8>, bool)> {
        let mut decoder = Decoder::new(Role::Client, 1_000_000).deflate();
        let mut messages = Vec::new();
        let mut rest = frames.as_mut_slice();
        while !rest.is_empty() {
            let compressed = rest[0] & 0x40 != 0;
            let decoded = decoder.decode(rest).unwrap();
            match decoded.message.unwrap() {
                Message::Text(text) => messages.push((text.as_bytes().to_vec(), compressed)),
                Message::Binary(data) => messages.push((data.to_vec(), compressed)),
                other => panic!("{other:?}"),
            }
            let consumed = decoded.consumed;
            rest = &mut rest[consumed..];
        }
        messages
    }

    #[test]
    fn frames_from_the_threshold_on_are_compressed_and_others_stay() {
        let options = PerMessageDeflate::new().threshold(100);
        let (below, at) = (vec![b'a'; 99], vec![b'a'; 100]);
        let frames = run(&[
            (Opcode::Text, &below),
            (Opcode::Text, &at),
            (Opcode::Binary, &at),
            (Opcode::Binary, b"x"),
        ]);
        let deflated = deflate_frames(&frames, WindowBits::Fifteen, &options).unwrap();
        assert!(deflated.len() < frames.len());
        assert_eq!(read(deflated), [(below, false), (at.clone(), true), (at, true), (b"x".to_vec(), false)]);
    }

    #[test]
    fn a_run_that_does_not_change_is_not_copied() {
        let options = PerMessageDeflate::new().threshold(0);
        for payload in [&b""[..], b"4", b"42[\"a\"]", &std::array::from_fn::<u8, 200, _>(|i| (i * 167) as u8)]
        {
            let frames = run(&[(Opcode::Text, payload)]);
            assert_eq!(deflate_frames(&frames, WindowBits::Fifteen, &options), None, "{payload:?}");
        }
        let frames = run(&[(Opcode::Text, &[b'a'; 1023]), (Opcode::Binary, &[b'a'; 1023])]);
        assert_eq!(deflate_frames(&frames, WindowBits::Fifteen, &PerMessageDeflate::new()), None);
    }

    #[test]
    fn window_and_level_of_each_server_are_kept_apart() {
        let message = "tick tock ".repeat(200).into_bytes();
        let sizes: Vec<usize> = [1, 9, 1]
            .into_iter()
            .flat_map(|level| WindowBits::ALL.map(|window| (window, level)))
            .map(|(window, level)| {
                let options = PerMessageDeflate::new().level(level);
                deflate_message(&message, window, &options).unwrap().len()
            })
            .collect();
        assert_eq!(sizes[..7], sizes[14..]);
        assert!(DEFLATERS.with_borrow(|deflaters| deflaters.len() <= WindowBits::ALL.len()));
    }
}
