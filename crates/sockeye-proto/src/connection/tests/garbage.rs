//! What no table thinks of: drawn bytes, texts of the protocol's own characters, and conversations with a
//! fault in them, the same in every run.

use super::link::{Frame, Socket};
use super::talk::Incoming;
use crate::connection::{ClientConnection, ClientEvent, ServerConnection, ServerEvent};
use crate::engine::*;
use crate::socket::{ClientMux, MuxLimits, ServerMux};
use crate::testing::{Random, at};
use crate::websocket::{Opcode, Role, encode_frame};
use bytes::Bytes;
use std::time::Duration;

/// A server and a client, each with a namespace to itself, that take what nobody sent.
struct Victims {
    server: ServerConnection<()>,
    client: ClientConnection<()>,
    /// Messages that meant something to a socket, of all that were taken.
    events: usize,
    errors: usize,
}

impl Victims {
    fn new() -> Self {
        let session =
            ServerSession::new(Transport::WebSocket, Heartbeat::default(), Duration::from_secs(10), at(0));
        let mut server = ServerConnection::new(session, ServerMux::new(MuxLimits::default()));
        server.handle_text("40", at(0)).unwrap();
        server.mux().unwrap().accept("/", ()).unwrap();

        let session = ClientSession::new(Transport::WebSocket, ClientTimeouts::default(), at(0));
        let mut client = ClientConnection::new(session, ClientMux::new(MuxLimits::default()));
        client.handle_text(OPEN, at(0)).unwrap();
        client.mux().unwrap().connect("/", (), None::<&()>, 0).unwrap();
        client.handle_text("40{\"sid\":\"a\"}", at(0)).unwrap();
        Self { server, client, events: 0, errors: 0 }
    }

    fn take(&mut self, incoming: Incoming<'_>) {
        let server = match incoming {
            Incoming::Text(text) => self.server.handle_text(text, at(1)),
            Incoming::Packet(packet) => self.server.handle_packet(packet, at(1)),
        };
        let client = match incoming {
            Incoming::Text(text) => self.client.handle_text(text, at(1)),
            Incoming::Packet(packet) => self.client.handle_packet(packet, at(1)),
        };
        match server {
            Ok(event) => self.events += usize::from(matches!(event, ServerEvent::Socket(_))),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                self.errors += 1;
            }
        }
        match client {
            Ok(event) => self.events += usize::from(matches!(event, ClientEvent::Socket(_))),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(self.client.session().is_closed());
                self.errors += 1;
            }
        }
    }

    fn take_frame(&mut self, frame: &Frame) {
        match frame {
            Frame::Text(text) => self.take(Incoming::Text(text)),
            Frame::Binary(data) => self.take(Incoming::Packet(Packet::Binary(data))),
            Frame::Close => {}
        }
    }
}

const OPEN: &str = r#"0{"sid":"s","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#;

/// Feeds `count` inputs, each to new victims, and returns how many brought an event and how many an error.
fn feed(count: usize, mut input: impl FnMut(&mut Victims)) -> (usize, usize) {
    let mut sums = (0, 0);
    for _ in 0..count {
        let mut victims = Victims::new();
        input(&mut victims);
        sums.0 += usize::from(victims.events > 0);
        sums.1 += usize::from(victims.errors > 0);
    }
    sums
}

/// Bytes at random, as a stream, as a body and as an attachment.
#[test]
fn random_bytes_never_panic_the_connection() {
    let mut random = Random::new(1);
    let (events, errors) = feed(40_000, |victims| {
        let bytes: Vec<u8> = (0..random.below(60)).map(|_| (random.next() >> 32) as u8).collect();
        for role in [Role::Server, Role::Client] {
            match Socket::new(role).feed(&bytes) {
                Ok(frames) => frames.iter().for_each(|frame| victims.take_frame(frame)),
                Err(_) => victims.errors += 1,
            }
        }
        match decode_payload(&bytes) {
            Ok(packets) => {
                for packet in packets.flatten() {
                    victims.take(Incoming::Packet(packet.as_packet()));
                }
            }
            Err(_) => victims.errors += 1,
        }
        let two = "452-[\"a\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]";
        victims.take_frame(&Frame::Text(two.into()));
        victims.take_frame(&Frame::Binary(bytes.into()));
    });
    assert!(events > 1_000, "{events}");
    assert!(errors > 30_000, "{errors}");
}

/// Texts that are nearly packets go deeper than noise does.
#[test]
fn random_texts_of_the_protocols_characters_never_panic_the_connection() {
    const HEADS: [&str; 10] =
        ["", "4", "42", "42[\"a\"", "42/room,[\"a\"", "427[\"a\"", "437[1", "451-[\"a\"", "461-7[1", "40"];
    const TAILS: [&str; 4] = ["", "]", "]", "}"];
    const VALUES: [&str; 12] = [
        ",1",
        ",-0.5e9",
        ",null",
        ",true",
        ",\"é\"",
        ",\"\\ud800\"",
        ",[[]]",
        ",{\"k\":[]}",
        ",18446744073709551615",
        ",{\"_placeholder\":true,\"num\":0}",
        ",{\"_placeholder\":true,\"num\":1}",
        "{\"sid\":\"s\"}",
    ];
    const PIECES: [&str; 20] = [
        "2", "1", "5", "6", "-", ",", "/", "?", "[", "]", "{", "}", "\"", ":", "\\", "u", " ", "\u{1e}", "b",
        "AQID",
    ];
    let mut random = Random::new(2);
    let (events, errors) = feed(50_000, |victims| {
        for _ in 0..=random.below(3) {
            let mut text = String::from(HEADS[random.index(HEADS.len())]);
            for _ in 0..random.below(4) {
                text += match random.below(6) {
                    0 => PIECES[random.index(PIECES.len())],
                    _ => VALUES[random.index(VALUES.len())],
                };
            }
            text += TAILS[random.index(TAILS.len())];
            victims.take_frame(&Frame::Text(text));
            if random.below(3) == 0 {
                victims.take_frame(&Frame::Binary(Bytes::from_static(b"\x01\x02")));
            }
        }
    });
    assert!((10_000..45_000).contains(&events), "{events}");
    assert!((30_000..50_000).contains(&errors), "{errors}");
}

/// One byte of a good conversation is changed, lost or doubled before it is cut into pieces.
#[test]
fn a_fault_in_a_conversation_never_panics_the_connection() {
    let mut random = Random::new(3);
    let messages: [(Opcode, &[u8]); 9] = [
        (Opcode::Text, b"42[\"a\",1,\"x\"]"),
        (Opcode::Text, b"3"),
        (Opcode::Text, b"421[\"b\",{\"c\":[null,true,-1.5e3]}]"),
        (Opcode::Text, b"452-7[\"d\",{\"_placeholder\":true,\"num\":1},[{\"_placeholder\":true,\"num\":0}]]"),
        (Opcode::Binary, b"\x01\x02\x03"),
        (Opcode::Binary, b""),
        (Opcode::Text, b"461-12[{\"_placeholder\":true,\"num\":0}]"),
        (Opcode::Binary, b"\xff"),
        (Opcode::Text, b"430[\"\\u00e9\"]"),
    ];
    let (events, errors) = feed(50_000, |victims| {
        for (role, mask) in [(Role::Server, Some([1, 2, 3, 4])), (Role::Client, None)] {
            let mut bytes = Vec::new();
            for (opcode, payload) in messages {
                encode_frame(&mut bytes, opcode, payload, mask);
            }
            let at = random.index(bytes.len());
            match random.below(4) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = (random.next() >> 32) as u8,
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
            let mut socket = Socket::new(role);
            let (first, rest) = bytes.split_at(random.index(bytes.len()));
            for piece in [first, rest] {
                match socket.feed(piece) {
                    Ok(frames) => frames.iter().for_each(|frame| victims.take_frame(frame)),
                    Err(_) => {
                        victims.errors += 1;
                        break;
                    }
                }
            }
        }
    });
    assert!(events > 30_000, "{events}");
    assert!((30_000..50_000).contains(&errors), "{errors}");
}
