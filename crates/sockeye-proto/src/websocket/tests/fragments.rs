//! Messages in many frames, and what may come between them (RFC 6455 § 5.4, § 5.5, § 8.1).

use super::{Link, client_frame, hex};
use crate::websocket::{Decoded, Decoder, FrameError, Message, Role};
use serde_json::json;

/// A message in fragments of `size` bytes.
fn in_fragments(opcode: u8, payload: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = client_frame(opcode, &[]);
    for part in payload.chunks(size) {
        bytes.extend(client_frame(0x00, part));
    }
    bytes.extend(client_frame(0x80, &[]));
    bytes
}

#[test]
fn a_non_final_fragment_is_consumed_without_a_message() {
    let mut decoder = Decoder::new(Role::Server, 100);
    let mut input = client_frame(0x01, b"abc");
    let len = input.len();
    let expected = Decoded { consumed: len, message: None, missing: 0 };
    assert_eq!(decoder.decode(&mut input), Ok(expected));
}

#[test]
fn one_call_takes_in_all_fragments_up_to_the_message() {
    let mut decoder = Decoder::new(Role::Server, 100);
    let mut input = in_fragments(0x01, b"abc", 1);
    let len = input.len();
    input.extend(client_frame(0x81, b"next"));
    let expected = Decoded { consumed: len, message: Some(Message::Text("abc")), missing: 0 };
    assert_eq!(decoder.decode(&mut input), Ok(expected));
}

#[test]
fn bytes_behind_the_message_are_left_as_they_came() {
    let mut decoder = Decoder::new(Role::Server, 100);
    let mut input = client_frame(0x81, b"first");
    let rest = client_frame(0x81, b"second, incomplete");
    input.extend(&rest[..12]);
    let consumed = decoder.decode(&mut input).unwrap().consumed;
    assert_eq!(input[consumed..], rest[..12]);
    let decoded = decoder.decode(&mut input[consumed..]).unwrap();
    assert_eq!((decoded.consumed, decoded.missing), (0, rest.len() - 12));
    assert_eq!(input[consumed..], rest[..12]);
}

#[test]
fn every_fragment_is_unmasked_with_its_own_key() {
    let mut bytes = Vec::new();
    let mut expected = Vec::new();
    for i in 0..=20_u8 {
        let key = [i, i ^ 0x55, 0xff - i, i.wrapping_mul(7)];
        let payload = vec![i; usize::from(i)];
        let start = bytes.len();
        crate::websocket::encode_frame(&mut bytes, crate::websocket::Opcode::Binary, &payload, Some(key));
        bytes[start] = match i {
            0 => 0x02,
            20 => 0x80,
            _ => 0x00,
        };
        expected.extend(payload);
    }
    assert_eq!(Link::server().feed(&bytes).messages, [json!({ "binary": hex(&expected) })]);
}

#[test]
fn a_message_does_not_depend_on_the_size_of_its_fragments() {
    let text = "κόσμε, 𐀀 and ASCII. ".repeat(60);
    for size in (1..=70).chain([127, 1300, 5000]) {
        let mut link = Link::server();
        link.feed(&in_fragments(0x01, text.as_bytes(), size));
        assert_eq!(link.outcome(), (&[json!({ "text": text })][..], None), "{size}");
    }
}

#[test]
fn text_and_binary_of_megabytes_arrive_in_fragments_of_64_bytes() {
    let payload = vec![b'*'; 4 << 20];
    for opcode in [0x01, 0x02] {
        let mut link = Link::new(Role::Server, 16 << 20);
        link.feed(&in_fragments(opcode, &payload, 64));
        assert_eq!((link.messages.len(), link.error), (1, None));
    }
}

#[test]
fn a_long_message_arrives_in_reads_of_any_size() {
    for (len, read) in [(65_536, 1300), (65_535, 1), (1 << 20, 4096), (1 << 20, 64)] {
        let frame = client_frame(0x81, &vec![b'*'; len]);
        let mut decoder = Decoder::new(Role::Server, 16 << 20);
        let mut buffer = Vec::new();
        for chunk in frame.chunks(read) {
            buffer.extend_from_slice(chunk);
            let left = frame.len() - buffer.len();
            let decoded = decoder.decode(&mut buffer).unwrap();
            assert_eq!(decoded.message.is_some(), left == 0, "{len} by {read}");
            assert!(decoded.missing == left || buffer.len() < 14, "{len} by {read}");
        }
    }
}

#[test]
fn a_ping_may_stand_between_any_two_fragments() {
    for position in 0..=4 {
        let mut link = Link::server();
        for (i, part) in ["a", "b", "c", "d"].iter().enumerate() {
            if position == i {
                link.feed(&client_frame(0x89, b"!"));
            }
            let first = [0x01, 0x00, 0x00, 0x80][i];
            link.feed(&client_frame(first, part.as_bytes()));
        }
        if position == 4 {
            link.feed(&client_frame(0x89, b"!"));
        }
        let (ping, text) = (json!({ "ping": "21" }), json!({ "text": "abcd" }));
        let expected = if position == 4 { [text, ping] } else { [ping, text] };
        assert_eq!(link.outcome(), (&expected[..], None), "{position}");
    }
}

#[test]
fn a_character_may_be_split_over_fragments_and_pings() {
    let mut link = Link::server();
    for (i, byte) in "😀".bytes().enumerate() {
        link.feed(&client_frame(if i == 0 { 0x01 } else { 0x00 }, &[byte]));
        link.feed(&client_frame(0x8a, &[0xff]));
    }
    link.feed(&client_frame(0x80, &[]));
    assert_eq!(link.error, None);
    assert_eq!(link.messages.last(), Some(&json!({ "text": "😀" })));
}

#[test]
fn a_fragment_of_text_is_looked_at_once_but_for_a_split_character() {
    let text = "a€😀".repeat(50);
    let mut link = Link::server();
    link.feed(&client_frame(0x01, &[]));
    for (i, byte) in text.bytes().enumerate() {
        link.feed(&client_frame(0x00, &[byte]));
        let whole = (0..=i + 1).rev().find(|end| text.is_char_boundary(*end)).unwrap();
        assert_eq!(link.decoder.unchecked(), Some(i + 1 - whole));
    }
}

#[test]
fn bad_text_fails_with_the_first_fragment_that_shows_it() {
    // f4 may begin a character, f4 90 cannot; the fragments after it never come.
    let mut link = Link::server();
    link.feed(&client_frame(0x01, "κόσμε".as_bytes())).feed(&client_frame(0x00, &[0xf4]));
    assert_eq!(link.error, None);
    link.feed(&client_frame(0x00, &[0x90]));
    assert_eq!(link.error, Some(FrameError::InvalidUtf8 { valid_up_to: "κόσμε".len() }));
}

#[test]
fn a_character_cut_off_by_the_end_of_the_message_is_bad_text() {
    for cut in 1..4 {
        let mut link = Link::server();
        link.feed(&client_frame(0x01, b"ok")).feed(&client_frame(0x00, &"😀".as_bytes()[..cut]));
        assert_eq!(link.error, None);
        link.feed(&client_frame(0x80, &[]));
        assert_eq!(link.error, Some(FrameError::InvalidUtf8 { valid_up_to: 2 }), "{cut}");
    }
}

#[test]
fn long_text_is_checked_to_its_last_byte() {
    for len in [63, 64, 65, 127, 128, 129, 1000, 65_536] {
        for bad in [0, len / 2, len - 1] {
            let mut payload = vec![b'a'; len];
            payload[bad] = 0xff;
            let mut whole = Link::server();
            whole.feed(&client_frame(0x81, &payload));
            let expected = Some(FrameError::InvalidUtf8 { valid_up_to: bad });
            assert_eq!(whole.error, expected, "{len}");
            let mut split = Link::server();
            split.feed(&in_fragments(0x01, &payload, 50));
            assert_eq!(split.error, expected, "{len} in fragments");
        }
    }
}

#[test]
fn a_mask_of_zeros_is_a_mask() {
    let mut link = Link::server();
    link.feed(b"\x81\x82\x00\x00\x00\x00hi");
    assert_eq!(link.messages, [json!({ "text": "hi" })]);
}
