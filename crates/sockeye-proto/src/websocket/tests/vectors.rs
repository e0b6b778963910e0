//! The shared vectors, whole and in pieces.

use super::{Link, unhex};
use crate::websocket::{FrameError, Role};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    role: String,
    hex: String,
    expect: Vec<Value>,
    error: Option<u16>,
    #[serde(default)]
    deflate: bool,
    #[serde(default)]
    missing: usize,
    #[serde(default = "default_limit")]
    max_message_bytes: usize,
}

fn default_limit() -> usize {
    1000
}

impl Vector {
    fn link(&self) -> Link {
        let role = match self.role.as_str() {
            "server" => Role::Server,
            "client" => Role::Client,
            other => panic!("{other} is no role"),
        };
        if self.deflate {
            Link::deflating(role, self.max_message_bytes)
        } else {
            Link::new(role, self.max_message_bytes)
        }
    }

    fn check(&self, link: &Link, how: &str) {
        let Vector { name, .. } = self;
        assert_eq!(link.messages, self.expect, "{name}, {how}");
        let code = link.error.map(|error| error.close_code().as_u16());
        assert_eq!(code, self.error, "{name}, {how}: {:?}", link.error);
        if self.error.is_none() {
            assert_eq!(link.missing, self.missing, "{name}, {how}");
        }
    }
}

fn vectors() -> Vec<Vector> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/vectors/websocket.json");
    let file: File = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(file.vectors.len() >= 197, "vectors have gone missing");
    file.vectors
}

#[test]
fn every_vector_gives_its_messages_and_its_end() {
    for vector in vectors() {
        let mut link = vector.link();
        vector.check(link.feed(&unhex(&vector.hex)), "whole");
    }
}

#[test]
fn a_cut_at_any_byte_changes_nothing() {
    for vector in vectors() {
        let bytes = unhex(&vector.hex);
        for cut in 0..=bytes.len() {
            let mut link = vector.link();
            link.feed(&bytes[..cut]).feed(&bytes[cut..]);
            vector.check(&link, &format!("cut at {cut}"));
        }
    }
}

#[test]
fn bytes_that_come_one_at_a_time_change_nothing() {
    for vector in vectors() {
        let mut link = vector.link();
        for byte in unhex(&vector.hex) {
            link.feed(&[byte]);
        }
        vector.check(&link, "byte by byte");
    }
}

#[test]
fn missing_is_exactly_what_the_frame_in_front_lacks() {
    for vector in vectors() {
        let bytes = unhex(&vector.hex);
        for cut in 0..bytes.len() {
            let mut link = vector.link();
            let seen = link.feed(&bytes[..cut]).messages.len();
            let (held, missing) = (link.buffer.len(), link.missing);
            if link.error.is_some() || missing == 0 || cut + missing > bytes.len() {
                continue;
            }
            link.feed(&bytes[cut..cut + missing - 1]);
            let short = (link.messages.len(), link.buffer.len(), link.missing, link.error);
            assert_eq!(short, (seen, held + missing - 1, 1, None), "{} at {cut}", vector.name);
            link.feed(&bytes[cut + missing - 1..cut + missing]);
            assert!(link.buffer.is_empty() || link.error.is_some(), "{} at {cut}", vector.name);
        }
    }
}

/// The error itself, where the code alone could come from another rule.
#[test]
fn each_rule_has_its_own_error() {
    use crate::websocket::Opcode;
    let cases = [
        ("91 80", FrameError::ReservedBits { bits: 1 }),
        ("f1 80", FrameError::ReservedBits { bits: 7 }),
        ("83 80", FrameError::UnknownOpcode { opcode: 3 }),
        ("0f 80", FrameError::UnknownOpcode { opcode: 15 }),
        ("81 00", FrameError::Unmasked),
        ("09 80", FrameError::FragmentedControl { opcode: Opcode::Ping }),
        ("8a fe", FrameError::ControlTooLong { opcode: Opcode::Pong }),
        ("88 ff", FrameError::ControlTooLong { opcode: Opcode::Close }),
        ("80 80", FrameError::UnexpectedContinuation),
        ("01 80 00000000 82 80", FrameError::ExpectedContinuation { opcode: Opcode::Binary }),
        ("82 ff 8000000000000000", FrameError::LengthOverflow { len: 1 << 63 }),
        ("82 ff 7fffffffffffffff", FrameError::MessageTooBig { len: (1 << 63) - 1, limit: 1000 }),
        ("02 81 00000000 00 80fe 03e8", FrameError::MessageTooBig { len: 1001, limit: 1000 }),
        ("81 83 00000000 61c361", FrameError::InvalidUtf8 { valid_up_to: 1 }),
        ("01 82 00000000 61c3 80 81 00000000 61", FrameError::InvalidUtf8 { valid_up_to: 1 }),
        ("88 81 00000000 03", FrameError::ShortClose),
        ("88 82 00000000 03ed", FrameError::InvalidCloseCode { code: 1005 }),
    ];
    for (bytes, error) in cases {
        let mut link = Link::new(Role::Server, 1000);
        assert_eq!(link.feed(&unhex(bytes)).error, Some(error), "{bytes}");
    }
    assert_eq!(Link::new(Role::Client, 1000).feed(&unhex("81 80")).error, Some(FrameError::Masked));
}
