//! What no table thinks of: drawn bytes, broken streams and drawn conversations, the same in every run.

use super::{Link, client_frame, hex};
use crate::websocket::{CloseCode, FrameError};
use crate::websocket::{Opcode, Role, encode_close, encode_frame};
use serde_json::{Value, json};

/// The xorshift64* generator.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 33) as usize) % limit
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next() >> 56) as u8).collect()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Whole and cut anywhere, the bytes must mean the same.
fn check_bytes(random: &mut Random, role: Role, bytes: &[u8]) -> Option<FrameError> {
    let mut whole = Link::new(role, 48);
    whole.feed(bytes);
    let cut = random.below(bytes.len() + 1);
    let mut split = Link::new(role, 48);
    split.feed(&bytes[..cut]).feed(&bytes[cut..]);
    assert_eq!(split.outcome(), whole.outcome(), "{} cut at {cut}", hex(bytes));
    whole.error
}

#[test]
fn no_bytes_panic_or_depend_on_where_they_are_cut() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut failed = 0;
    for i in 0..100_000 {
        let len = random.below(40);
        let role = if i % 2 == 0 { Role::Server } else { Role::Client };
        let bytes = random.bytes(len);
        failed += usize::from(check_bytes(&mut random, role, &bytes).is_some());
    }
    assert!((50_000..100_000).contains(&failed), "{failed} of 100 000 fail");
}

/// Frames that are nearly right go deeper than noise does.
#[test]
fn no_nearly_valid_stream_panics_or_depends_on_where_it_is_cut() {
    let mut random = Random(0xdead_beef_cafe_f00d);
    let mut failed = 0;
    for _ in 0..100_000 {
        let mut bytes = Vec::new();
        for _ in 0..=random.below(5) {
            let first = random.pick(&[0x01, 0x02, 0x00, 0x00, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8a]);
            let len = random.below(12);
            let payload = if random.below(3) == 0 { random.bytes(len) } else { vec![b'a'; len] };
            bytes.extend(client_frame(first, &payload));
        }
        if random.below(2) == 0 {
            let position = random.below(bytes.len());
            bytes[position] ^= 1 << random.below(8);
        }
        failed += usize::from(check_bytes(&mut random, Role::Server, &bytes).is_some());
    }
    assert!((20_000..95_000).contains(&failed), "{failed} of 100 000 fail");
}

#[test]
fn text_in_drawn_fragments_is_judged_as_the_whole_text_would_be() {
    let mut random = Random(42);
    let alphabet: [&[u8]; 9] = [
        b"a",
        b"zz",
        "é".as_bytes(),
        "€".as_bytes(),
        "😀".as_bytes(),
        b"\xf0\x9f",
        b"\x80",
        b"\xed\xa0",
        b"\xc3",
    ];
    let (mut good, mut bad) = (0, 0);
    for _ in 0..20_000 {
        let mut payload = Vec::new();
        for _ in 0..random.below(8) {
            // Mostly the valid ones, or hardly any text would be.
            let kinds = if random.below(8) == 0 { 9 } else { 5 };
            payload.extend(random.pick(&alphabet[..kinds]));
        }
        let mut link = Link::server();
        let mut rest = &payload[..];
        let mut first = 0x01;
        while random.below(4) != 0 {
            let (part, behind) = rest.split_at(random.below(rest.len() + 1));
            link.feed(&client_frame(first, part));
            (first, rest) = (0x00, behind);
        }
        link.feed(&client_frame(first | 0x80, rest));
        match std::str::from_utf8(&payload) {
            Ok(text) => {
                assert_eq!(link.outcome(), (&[json!({ "text": text })][..], None));
                good += 1;
            }
            Err(error) => {
                let valid_up_to = error.valid_up_to();
                assert_eq!(link.outcome(), (&[][..], Some(FrameError::InvalidUtf8 { valid_up_to })));
                bad += 1;
            }
        }
    }
    assert!(good > 5000 && bad > 1000, "{good} good, {bad} bad");
}

/// A drawn message in the notation of the vectors, appended as frames with drawn masks.
fn say(random: &mut Random, out: &mut Vec<u8>, masked: bool) -> Value {
    let len = random.pick(&[0, 1, 5, 100, 125, 126, 127, 300]);
    let mask = masked.then(|| random.next().to_be_bytes()).and_then(|key| key.first_chunk().copied());
    let bytes = random.bytes(len);
    let control = &bytes[..len.min(125)];
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    match random.below(5) {
        0 => {
            encode_frame(out, Opcode::Text, text.as_bytes(), mask);
            json!({ "text": text })
        }
        1 => {
            encode_frame(out, Opcode::Binary, &bytes, mask);
            json!({ "binary": hex(&bytes) })
        }
        2 => {
            encode_frame(out, Opcode::Ping, control, mask);
            json!({ "ping": hex(control) })
        }
        3 => {
            encode_frame(out, Opcode::Pong, control, mask);
            json!({ "pong": hex(control) })
        }
        _ => {
            let code = random.pick(&[CloseCode::NORMAL, CloseCode::GOING_AWAY, CloseCode::INTERNAL]);
            encode_close(out, code, "drawn", mask);
            json!({ "close": { "code": code.as_u16(), "reason": "drawn" } })
        }
    }
}

#[test]
fn a_drawn_conversation_arrives_in_reads_of_drawn_sizes() {
    let mut random = Random(7);
    for round in 0..2000 {
        let (role, masked) = if round % 2 == 0 { (Role::Server, true) } else { (Role::Client, false) };
        let mut bytes = Vec::new();
        let said: Vec<Value> = (0..random.below(10)).map(|_| say(&mut random, &mut bytes, masked)).collect();
        let mut link = Link::new(role, 1_000_000);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (read, behind) = rest.split_at(1 + random.below(rest.len()));
            link.feed(read);
            rest = behind;
        }
        assert_eq!(link.outcome(), (&said[..], None));
        assert!(link.buffer.is_empty());
    }
}
