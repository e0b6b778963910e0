//! What is written can be read, and is the shortest form.

use super::{Link, MASK, hex};
use crate::websocket::{CloseCode, MAX_HEADER_LEN, Opcode, Role, encode_close, encode_frame, server_header};
use serde_json::json;

fn lengths() -> impl Iterator<Item = usize> {
    (0..=200).chain(65_534..=65_537)
}

fn payload_of(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31) as u8).collect()
}

#[test]
fn a_masked_frame_of_any_length_reaches_the_server() {
    for len in lengths() {
        let payload = payload_of(len);
        let mut frame = Vec::new();
        encode_frame(&mut frame, Opcode::Binary, &payload, Some(MASK));
        let mut link = Link::server();
        assert_eq!(link.feed(&frame).messages, [json!({ "binary": hex(&payload) })], "{len} bytes");
        assert!(link.buffer.is_empty(), "{len} bytes");
    }
}

#[test]
fn an_unmasked_frame_of_any_length_reaches_the_client() {
    for len in lengths() {
        let payload = payload_of(len);
        let mut frame = Vec::new();
        encode_frame(&mut frame, Opcode::Binary, &payload, None);
        let mut link = Link::new(Role::Client, 1_000_000);
        assert_eq!(link.feed(&frame).messages, [json!({ "binary": hex(&payload) })], "{len} bytes");
    }
}

#[test]
fn a_header_takes_the_shortest_length() {
    let cases: [(usize, &[u8]); 7] = [
        (0, &[0x82, 0]),
        (125, &[0x82, 125]),
        (126, &[0x82, 126, 0, 126]),
        (65_535, &[0x82, 126, 0xff, 0xff]),
        (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        (16 << 20, &[0x82, 127, 0, 0, 0, 0, 1, 0, 0, 0]),
        (u32::MAX as usize, &[0x82, 127, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
    ];
    for (payload_len, expected) in cases {
        let (bytes, len) = server_header(Opcode::Binary, payload_len);
        assert_eq!(&bytes[..len], expected, "{payload_len}");
        assert!(len <= MAX_HEADER_LEN);
    }
}

#[test]
fn every_opcode_is_written_with_fin() {
    let all = [Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong];
    let firsts = all.map(|opcode| server_header(opcode, 0).0[0]);
    assert_eq!(firsts, [0x80, 0x81, 0x82, 0x88, 0x89, 0x8a]);
}

#[test]
fn a_frame_is_appended_to_what_is_there() {
    let mut out = b"before".to_vec();
    encode_frame(&mut out, Opcode::Text, b"Hello", Some(MASK));
    assert_eq!(out, b"before\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
}

#[test]
fn a_control_payload_is_cut_to_125_bytes() {
    for (len, kept) in [(124, 124), (125, 125), (126, 125), (100_000, 125)] {
        let mut out = Vec::new();
        encode_frame(&mut out, Opcode::Ping, &vec![7; len], None);
        assert_eq!((out[1], out.len()), (kept, 2 + usize::from(kept)), "{len}");
    }
}

#[test]
fn a_close_carries_code_and_reason() {
    let mut out = Vec::new();
    encode_close(&mut out, CloseCode::MESSAGE_TOO_BIG, "too big", Some(MASK));
    let expected = json!({ "close": { "code": 1009, "reason": "too big" } });
    assert_eq!(Link::server().feed(&out).messages, [expected]);
}

#[test]
fn a_close_reason_is_cut_to_123_bytes_at_a_character_boundary() {
    let a = |n| "a".repeat(n);
    let cases = [
        (a(122), a(122)),
        (a(123), a(123)),
        (a(124), a(123)),
        (a(5000), a(123)),
        (a(121) + "é", a(121) + "é"),
        (a(122) + "é", a(122)),
        (a(120) + "€", a(120) + "€"),
        (a(121) + "€", a(121)),
        (a(119) + "😀", a(119) + "😀"),
        (a(120) + "😀", a(120)),
        (a(122) + "😀", a(122)),
        ("😀".repeat(40), "😀".repeat(30)),
    ];
    for (reason, kept) in cases {
        let mut out = Vec::new();
        encode_close(&mut out, CloseCode::NORMAL, &reason, Some(MASK));
        let expected = json!({ "close": { "code": 1000, "reason": kept } });
        assert_eq!(Link::server().feed(&out).outcome(), (&[expected][..], None), "{reason}");
    }
}
