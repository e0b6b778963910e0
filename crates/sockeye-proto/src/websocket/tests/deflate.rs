//! Compressed messages through frames: round trips however they are cut, bombs, limits and memory. What a line
//! of hex can say stands in the vectors, what was negotiated in `deflate/tests.rs`.

use super::{Link, MASK, hex};
use crate::testing::Random;
use crate::websocket::{
    Deflater, FrameError, Message, Opcode, Role, WindowBits, encode_deflated_frame, encode_frame,
};
use serde_json::{Value, json};

/// The payload as DEFLATE blocks without compression, each of at most `block` bytes: how data looks that cannot
/// be compressed.
fn stored(payload: &[u8], block: usize) -> Vec<u8> {
    let mut deflated = Vec::new();
    for chunk in payload.chunks(block) {
        let len = (chunk.len() as u16).to_le_bytes();
        deflated.extend([0, len[0], len[1], !len[0], !len[1]]);
        deflated.extend(chunk);
    }
    deflated.push(0);
    deflated
}

fn compressed_frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let deflated = Deflater::new(WindowBits::Fifteen, 9).deflate(payload).unwrap();
    let mut frame = Vec::new();
    encode_deflated_frame(&mut frame, opcode, &deflated, Some(MASK));
    frame
}

/// Words repeat, so that there is something to compress.
fn text(random: &mut Random, len: usize) -> String {
    const WORDS: [&str; 8] = ["tick", "tock", "{\"id\":", "}", "größe", "🐟", " ", "0"];
    let mut text = String::new();
    while text.len() < len {
        text += WORDS[random.index(WORDS.len())];
    }
    text
}

/// Cuts a payload into a first frame and continuations, at drawn places, with pings between some of them.
fn fragmented(random: &mut Random, first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = payload;
    let mut lead = first;
    loop {
        let cut = if random.below(3) == 0 { rest.len() } else { random.index(rest.len() + 1) };
        let (now, later) = rest.split_at(cut);
        let start = out.len();
        encode_frame(&mut out, Opcode::Binary, now, mask);
        out[start] = lead | if later.is_empty() { 0x80 } else { 0 };
        if later.is_empty() {
            return out;
        }
        if random.below(2) == 0 {
            encode_frame(&mut out, Opcode::Ping, b"", mask);
        }
        (rest, lead) = (later, 0);
    }
}

#[test]
fn every_message_comes_back_however_it_was_compressed_fragmented_and_cut() {
    let mut random = Random::new(7);
    let mut compressed = 0;
    for round in 0..300 {
        let window = WindowBits::ALL[round % WindowBits::ALL.len()];
        let mut deflater = Deflater::new(window, (round % 12) as u8);
        let (role, mask) = if round % 2 == 0 { (Role::Server, Some(MASK)) } else { (Role::Client, None) };
        let mut bytes = Vec::new();
        let mut expected: Vec<Value> = Vec::new();
        for _ in 0..=random.index(4) {
            let len = random.index(if round % 10 == 0 { 50_000 } else { 3_000 });
            let text = text(&mut random, len);
            let is_text = random.below(2) == 0;
            let opcode = if is_text { 0x01 } else { 0x02 };
            expected.push(if is_text {
                json!({ "text": text })
            } else {
                json!({ "binary": hex(text.as_bytes()) })
            });
            match deflater.deflate(text.as_bytes()) {
                Some(deflated) => {
                    compressed += 1;
                    bytes.extend(fragmented(&mut random, opcode | 0x40, &deflated, mask));
                }
                None => bytes.extend(fragmented(&mut random, opcode, text.as_bytes(), mask)),
            }
        }
        let mut link = Link::deflating(role, 1_000_000);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(1 + random.index(rest.len().min(20_000)));
            link.feed(now);
            rest = later;
        }
        link.messages.retain(|message| message.get("ping").is_none());
        assert_eq!(link.outcome(), (expected.as_slice(), None), "round {round}");
    }
    assert!(compressed > 450, "{compressed} messages were compressed");
}

#[test]
fn inflated_bytes_count_and_not_those_on_the_wire() {
    for len in [999, 1000, 1001] {
        let text = "x".repeat(len);
        let mut link = Link::deflating(Role::Server, 1000);
        link.feed(&compressed_frame(Opcode::Text, text.as_bytes()));
        if len <= 1000 {
            assert_eq!(link.outcome(), (&[json!({ "text": text })][..], None), "{len}");
        } else {
            let error = FrameError::MessageTooBig { len: 1001, limit: 1000 };
            assert_eq!(link.outcome(), (&[][..], Some(error)), "{len}");
        }
    }
}

#[test]
fn what_cannot_be_compressed_may_be_longer_on_the_wire() {
    let mut random = Random::new(3);
    for (limit, block) in [(100_000, 65_535), (100_000, 400), (5, 5), (0, 1)] {
        for len in [limit, limit + 1] {
            let payload: Vec<u8> = (0..len).map(|_| random.below(256) as u8).collect();
            let mut frame = Vec::new();
            encode_deflated_frame(&mut frame, Opcode::Binary, &stored(&payload, block), Some(MASK));
            let mut link = Link::deflating(Role::Server, limit);
            link.feed(&frame);
            match len > limit {
                false => assert_eq!(link.outcome(), (&[json!({ "binary": hex(&payload) })][..], None)),
                true => assert_eq!(
                    link.error,
                    Some(FrameError::MessageTooBig { len: len as u64, limit }),
                    "{len} in blocks of {block}"
                ),
            }
        }
    }
}

#[test]
fn the_wire_has_a_limit_too() {
    // Empty blocks for ever: nothing comes out, and the frame is refused by its header.
    let limit: u64 = 1000 + 1000 / 64 + 64;
    for (len, refused) in [(limit - 1, false), (limit, false), (limit + 1, true)] {
        let mut frame = vec![0xc2, 0xfe];
        frame.extend((len as u16).to_be_bytes());
        frame.extend(MASK);
        let mut link = Link::deflating(Role::Server, 1000);
        let error = link.feed(&frame).error;
        assert_eq!(error.is_some(), refused, "{len}: {error:?}");
        if refused {
            assert_eq!(error, Some(FrameError::MessageTooBig { len, limit: limit as usize }));
        }
    }
    // In fragments their sum counts.
    let mut link = Link::deflating(Role::Server, 1000);
    let mut fragments = Vec::new();
    for first in [0x42, 0x00] {
        let start = fragments.len();
        encode_frame(&mut fragments, Opcode::Binary, &[0; 540], Some(MASK));
        fragments[start] = first;
    }
    assert_eq!(
        link.feed(&fragments).error,
        Some(FrameError::MessageTooBig { len: 1080, limit: limit as usize })
    );
}

#[test]
fn a_bomb_is_refused_and_never_inflated_beyond_the_limit() {
    // 16 MB in 16 KB.
    let bomb = compressed_frame(Opcode::Binary, &vec![0; 16_000_000]);
    assert!(bomb.len() < 20_000);
    for limit in [0, 1, 20_000, 1_000_000, 15_999_999] {
        let mut link = Link::deflating(Role::Server, limit);
        link.feed(&bomb);
        let wire = super::super::deflate::max_deflated_bytes(limit);
        let error = match bomb.len() - 8 > wire {
            true => FrameError::MessageTooBig { len: bomb.len() as u64 - 8, limit: wire },
            false => FrameError::MessageTooBig { len: limit as u64 + 1, limit },
        };
        assert_eq!(link.outcome(), (&[][..], Some(error)), "{limit}");
    }
    assert_eq!(Link::deflating(Role::Server, 16_000_000).feed(&bomb).messages.len(), 1);
}

#[test]
fn inflating_never_allocates_more_than_the_limit_and_one() {
    use super::super::deflate::inflate;
    for len in [0, 1, 255, 256, 257, 4096, 99_999, 100_000] {
        let deflated = stored(&vec![7; len], 60_000);
        let message = inflate(&deflated, 100_000).unwrap();
        assert_eq!(message.len(), len);
        assert!(message.capacity() <= 100_001, "{} for {len}", message.capacity());
        let deflated = Deflater::new(WindowBits::Nine, 1).deflate(&vec![7; len]);
        if let Some(deflated) = deflated {
            let message = inflate(&deflated, 100_000).unwrap();
            assert!(message.capacity() <= 100_001.min(2 * len.max(256) + 4 * deflated.len()));
        }
    }
    assert_eq!(
        inflate(&stored(&vec![7; 100_001], 60_000), 100_000),
        Err(FrameError::MessageTooBig { len: 100_001, limit: 100_000 })
    );
}

#[test]
fn nothing_is_kept_between_two_messages() {
    let mut link = Link::deflating(Role::Server, 1_000_000);
    assert!(size_of_val(&link.decoder) <= 24);
    link.feed(&compressed_frame(Opcode::Text, "tick ".repeat(10_000).as_bytes()));
    assert_eq!((link.messages.len(), link.decoder.held()), (1, None));
}

#[test]
fn an_open_message_holds_what_arrived_and_is_not_inflated_yet() {
    let mut link = Link::deflating(Role::Server, 1_000_000);
    let deflated = Deflater::new(WindowBits::Fifteen, 9).deflate(&vec![0; 900_000]).unwrap();
    let mut frame = Vec::new();
    encode_deflated_frame(&mut frame, Opcode::Binary, &deflated, Some(MASK));
    frame[0] &= 0x7f;
    link.feed(&frame);
    let (len, capacity) = link.decoder.held().unwrap();
    assert_eq!((len, link.error), (deflated.len(), None));
    assert!(capacity <= 2 * deflated.len());
}

#[test]
fn many_last_blocks_make_one_message() {
    // An empty last block in two bytes, as often as fits, then five letters.
    let mut deflated = [3, 0].repeat(500);
    deflated.extend([0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    let mut frame = Vec::new();
    encode_deflated_frame(&mut frame, Opcode::Text, &deflated, Some(MASK));
    let mut link = Link::deflating(Role::Server, 1000);
    assert_eq!(link.feed(&frame).outcome(), (&[json!({ "text": "Hello" })][..], None));
}

#[test]
fn no_compressed_noise_panics_or_depends_on_where_it_is_cut() {
    let mut random = Random::new(11);
    let mut failed = 0;
    for round in 0..20_000 {
        let mut deflated = if round % 2 == 0 {
            Deflater::new(WindowBits::Nine, 6).deflate(text(&mut random, 60).as_bytes()).unwrap_or_default()
        } else {
            (0..random.index(40)).map(|_| random.below(256) as u8).collect()
        };
        if !deflated.is_empty() && random.below(2) == 0 {
            let at = random.index(deflated.len());
            deflated[at] ^= 1 << random.below(8);
        }
        let bytes = fragmented(&mut random, 0x42, &deflated, Some(MASK));
        let mut whole = Link::deflating(Role::Server, 100);
        whole.feed(&bytes);
        let cut = random.index(bytes.len() + 1);
        let mut split = Link::deflating(Role::Server, 100);
        split.feed(&bytes[..cut]).feed(&bytes[cut..]);
        assert_eq!(split.outcome(), whole.outcome(), "{}", hex(&bytes));
        failed += u32::from(whole.error.is_some());
    }
    assert!((8_000..19_000).contains(&failed), "{failed} of 20 000 fail");
}

#[test]
fn a_message_is_only_compressed_if_that_makes_it_shorter() {
    let mut random = Random::new(5);
    let noise: Vec<u8> = (0..5000).map(|_| random.below(256) as u8).collect();
    let mut deflater = Deflater::new(WindowBits::Fifteen, 6);
    assert_eq!(deflater.deflate(&noise), None);
    assert_eq!(deflater.deflate(b""), None);
    assert_eq!(deflater.deflate(b"Hello"), None);
    let deflated = deflater.deflate(&[b'a'; 100]).unwrap();
    assert!(deflated.len() < 20);
    // Each message for itself: what came before changes nothing.
    assert_eq!(deflater.deflate(&[b'a'; 100]), Some(deflated));
}

#[test]
fn a_message_refers_no_further_back_than_its_window() {
    // The second half repeats the first, 1 KiB before: only a window of that size sees it.
    let mut random = Random::new(9);
    let half: Vec<u8> = (0..1024).map(|_| random.below(256) as u8).collect();
    let twice = [half.as_slice(), half.as_slice()].concat();
    assert_eq!(Deflater::new(WindowBits::Nine, 9).deflate(&twice), None);
    assert!(Deflater::new(WindowBits::Twelve, 9).deflate(&twice).unwrap().len() < 1200);
}

#[test]
fn a_level_outside_its_range_is_the_nearest_one() {
    for (asked, level) in [(0, 1), (1, 1), (9, 9), (10, 9), (255, 9)] {
        let mut deflater = Deflater::new(WindowBits::Fifteen, asked);
        assert_eq!((deflater.level(), deflater.window()), (level, WindowBits::Fifteen));
        assert!(deflater.deflate(&[0; 1000]).is_some());
    }
}

#[test]
fn a_decoder_lends_out_inflated_text() {
    let mut decoder = crate::websocket::Decoder::new(Role::Server, 1000).deflate();
    let mut frame = compressed_frame(Opcode::Text, "größe ".repeat(20).as_bytes());
    let len = frame.len();
    let decoded = decoder.decode(&mut frame).unwrap();
    assert_eq!(decoded.consumed, len);
    assert_eq!(decoded.message, Some(Message::Text(&"größe ".repeat(20))));
}

#[test]
fn what_did_not_get_shorter_leaves_nothing_behind() {
    let mut random = Random::new(13);
    for level in [1, 2, 6, 9] {
        let mut deflater = Deflater::new(WindowBits::Fifteen, level);
        let mut given_up = 0;
        for round in 0..300 {
            let values = if round % 3 == 0 { 256 } else { 1 + random.below(255) };
            let payload: Vec<u8> = (0..random.below(20_000)).map(|_| random.below(values) as u8).collect();
            match deflater.deflate(&payload) {
                None => given_up += 1,
                Some(deflated) => {
                    let inflated = super::super::deflate::inflate(&deflated, payload.len());
                    assert!(inflated.as_deref() == Ok(payload.as_slice()), "{round} at level {level}");
                }
            }
        }
        assert!(given_up > 50, "{given_up} at level {level}");
    }
}
