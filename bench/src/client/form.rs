//! What a feature of the server changes about the bytes, so that the scenarios need not know: compressed messages, the
//! offset that recovery appends to an event, packets in MessagePack, another namespace.

use flate2::{Decompress, FlushDecompress};

use crate::frame::{self, Layout};
use crate::options::Options;

/// The form of the messages that are exchanged. By default that of the protocol, and `/`.
#[derive(Debug)]
pub struct Form {
    inflater: Option<Decompress>,
    recovery: bool,
    /// A message as it would have come without the feature.
    plain: Vec<u8>,
}

/// What the client offers; each message then stands alone, in both directions.
pub const DEFLATE_OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";

impl Form {
    /// The form that the options ask for.
    pub fn new(options: &Options) -> Self {
        let inflater = options.deflate.then(|| Decompress::new(false));
        Form { inflater, recovery: options.recovery, plain: Vec::new() }
    }

    /// The payload as the contract says it. What cannot be inflated is empty, and so no right answer.
    #[inline]
    pub fn plain<'a>(&'a mut self, layout: Layout, payload: &'a [u8]) -> &'a [u8] {
        match &mut self.inflater {
            Some(inflater) if layout.compressed => {
                self.plain.clear();
                self.plain.reserve(MOST_INFLATED);
                inflater.reset(false);
                // The tail that RFC 7692 takes off each message.
                for part in [payload, &[0, 0, 0xff, 0xff]] {
                    if inflater.decompress_vec(part, &mut self.plain, FlushDecompress::Sync).is_err() {
                        return &[];
                    }
                }
                &self.plain
            }
            _ if self.recovery && payload.starts_with(b"42[") => {
                let offset = payload.iter().rposition(|byte| *byte == b',').unwrap_or(payload.len());
                self.plain.clear();
                self.plain.extend_from_slice(&payload[..offset]);
                self.plain.push(b']');
                &self.plain
            }
            _ => payload,
        }
    }
}

/// More than a scenario's message.
const MOST_INFLATED: usize = 64 * 1024;

/// The masked frame of the packet CONNECT.
pub fn connect(options: &Options) -> Vec<u8> {
    match options.namespace.as_str() {
        "/" if options.msgpack => frame::masked(frame::BINARY, b"\x82\xa4type\x00\xa3nsp\xa1/"),
        "/" => frame::masked(frame::TEXT, b"40"),
        namespace => frame::masked(frame::TEXT, format!("40{namespace},").as_bytes()),
    }
}

/// An event of one text, in MessagePack; of the namespace `/`.
pub fn msgpack_event(name: &str, text: &str) -> Vec<u8> {
    let mut packet = b"\x83\xa4type\x02\xa4data\x92".to_vec();
    for string in [name, text] {
        push_string(&mut packet, string);
    }
    packet.extend_from_slice(b"\xa3nsp\xa1/");
    packet
}

fn push_string(packet: &mut Vec<u8>, string: &str) {
    match string.len() {
        len @ 0..32 => packet.push(0xa0 | len as u8),
        len @ 32..256 => packet.extend([0xd9, len as u8]),
        len => {
            packet.push(0xda);
            packet.extend((len as u16).to_be_bytes());
        }
    }
    packet.extend_from_slice(string.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(compressed: bool, payload: usize) -> Layout {
        Layout { opcode: frame::TEXT, compressed, header: 2, payload }
    }

    #[test]
    fn the_offset_of_recovery_is_taken_off() {
        let mut form = Form::new(&Options { recovery: true, ..Options::default() });
        for (came, plain) in
            [("42[\"echo\",\"x\",\"o1\"]", "42[\"echo\",\"x\"]"), ("431[\"x\"]", "431[\"x\"]")]
        {
            assert_eq!(form.plain(text(false, came.len()), came.as_bytes()), plain.as_bytes());
        }
    }

    #[test]
    fn each_compressed_message_is_inflated_alone() {
        let mut form = Form::new(&Options { deflate: true, ..Options::default() });
        // "Hello" of RFC 7692 § 7.2.3.1.
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        for _ in 0..2 {
            assert_eq!(form.plain(text(true, hello.len()), &hello), b"Hello");
        }
        assert_eq!(form.plain(text(true, 3), &[0xff, 0xff, 0xff]), b"");
        assert_eq!(form.plain(text(false, 2), b"42"), b"42");
    }

    #[test]
    fn strings_have_a_head_of_their_length() {
        for (len, head) in [(31, vec![0xbf]), (32, vec![0xd9, 32]), (256, vec![0xda, 1, 0])] {
            let mut packet = Vec::new();
            push_string(&mut packet, &"x".repeat(len));
            assert_eq!((packet.len(), &packet[..head.len()]), (len + head.len(), &head[..]));
        }
    }
}
