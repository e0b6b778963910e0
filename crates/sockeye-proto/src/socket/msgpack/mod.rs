//! The packets of `socket.io-msgpack-parser`: one MessagePack map `{type, data, nsp, id?}` in one binary message, with
//! bytes where they stand instead of attachments, and therefore no binary packet types.
//!
//! Between here and the mux a packet is JSON text with attachments, as in the default form: `decode` and `encode`
//! translate, without a tree between them and without recursion. What JSON has no word for becomes what
//! `JSON.stringify` would have made of it: `undefined` is `null` in an array and nothing in an object, a `Date` its ISO
//! text, a number that is none `null`.
//!
//! Source: npm `socket.io-msgpack-parser` 3.0, whose encoder is `notepack.io` 2.2; the MessagePack specification.

mod date;
mod decode;
mod encode;
mod shape;
#[cfg(test)]
mod tests;

use super::json::encode::EncodeError;
use super::mux::{MuxError, MuxLimits};
use super::packet::Header;
use super::parser::{Decoder, Message, PacketBuf, Parser};
use bytes::Bytes;

/// The parser that clients get from npm as `socket.io-msgpack-parser`.
///
/// ```
/// use sockeye_proto::socket::{Message, MsgpackParser, encode_event};
///
/// let event = encode_event("/", "e", None, (1, true), 0).unwrap();
/// let messages = event.into_messages(0, &MsgpackParser).unwrap();
/// assert_eq!(messages, [Message::Binary(b"\x83\xa4type\x02\xa4data\x93\xa1e\x01\xc3\xa3nsp\xa1/".to_vec())]);
/// ```
///
/// It is stricter than the original where that lets through what nobody sends by mistake: reserved and missing
/// event names, negative ack ids, text that is not UTF-8.
#[derive(Clone, Copy, Debug, Default)]
pub struct MsgpackParser;

impl Parser for MsgpackParser {
    fn decoder(&self, limits: &MuxLimits) -> Box<dyn Decoder> {
        Box::new(MsgpackDecoder { max_attachments: limits.max_attachments })
    }

    fn encode(&self, packet: &Header<'_>, attachments: &[Bytes]) -> Result<Vec<Message>, EncodeError> {
        Ok(vec![Message::Binary(encode::packet(packet, attachments)?)])
    }
}

#[derive(Debug)]
struct MsgpackDecoder {
    max_attachments: usize,
}

impl Decoder for MsgpackDecoder {
    fn handle_text(&mut self, _text: &str) -> Result<Option<PacketBuf>, MuxError> {
        Err(MuxError::Parser("msgpack: a text message".into()))
    }

    fn handle_binary(&mut self, data: &[u8]) -> Result<Option<PacketBuf>, MuxError> {
        decode::packet(data, self.max_attachments).map(Some)
    }
}
