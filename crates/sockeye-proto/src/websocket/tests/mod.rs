//! The rules of RFC 6455 as tests, by way of one [`Link`] that feeds a decoder as a shell would.
//! What the vectors of `conformance/vectors/websocket.json` can say in a line of hex stands there.

mod deflate;
mod encoding;
mod fragments;
mod limits;
mod random;
mod vectors;

use super::{Decoder, FrameError, Message, Role};
use serde_json::{Value, json};

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A decoder with the buffer in front of it: what arrives is appended, what is consumed goes away.
struct Link {
    decoder: Decoder,
    buffer: Vec<u8>,
    messages: Vec<Value>,
    /// As of the last short answer.
    missing: usize,
    error: Option<FrameError>,
}

impl Link {
    fn new(role: Role, max_message_bytes: usize) -> Link {
        let decoder = Decoder::new(role, max_message_bytes);
        Link { decoder, buffer: Vec::new(), messages: Vec::new(), missing: 0, error: None }
    }

    fn server() -> Link {
        Link::new(Role::Server, 1_000_000)
    }

    /// Of a connection that agreed on compression.
    fn deflating(role: Role, max_message_bytes: usize) -> Link {
        let mut link = Link::new(role, max_message_bytes);
        link.decoder = link.decoder.deflate();
        link
    }

    /// Decodes all that `bytes` complete. After an error nothing is taken any more.
    fn feed(&mut self, bytes: &[u8]) -> &mut Link {
        if self.error.is_some() {
            return self;
        }
        self.buffer.extend_from_slice(bytes);
        let mut start = 0;
        loop {
            let input = &mut self.buffer[start..];
            let len = input.len();
            match self.decoder.decode(input) {
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
                Ok(decoded) => {
                    assert!(decoded.consumed <= len, "more consumed than there was");
                    start += decoded.consumed;
                    match decoded.message {
                        Some(message) => self.messages.push(spell(&message)),
                        None => {
                            self.missing = decoded.missing;
                            break;
                        }
                    }
                }
            }
        }
        self.buffer.drain(..start);
        self
    }

    /// All that can be told apart from outside.
    fn outcome(&self) -> (&[Value], Option<FrameError>) {
        (&self.messages, self.error)
    }
}

/// A message in the notation of the vectors.
fn spell(message: &Message<'_>) -> Value {
    match message {
        Message::Text(text) => json!({ "text": text }),
        Message::Binary(bytes) => json!({ "binary": hex(bytes) }),
        Message::Ping(bytes) => json!({ "ping": hex(bytes) }),
        Message::Pong(bytes) => json!({ "pong": hex(bytes) }),
        Message::Close(None) => json!({ "close": null }),
        Message::Close(Some(frame)) => {
            json!({ "close": { "code": frame.code.as_u16(), "reason": frame.reason } })
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// A client's frame from its first byte (FIN, reserved bits, opcode) and payload.
fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    super::encode_frame(&mut frame, super::Opcode::Binary, payload, Some(MASK));
    frame[0] = first;
    frame
}
