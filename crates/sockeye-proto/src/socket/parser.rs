//! The edge where packets become messages of a connection, for those who want other bytes than the default ones:
//! a [`Parser`] sees whole packets and knows nothing of namespaces, handlers or acks, which in turn never learn which
//! parser it is. The default form (text with attachments) is none of these: it is built in, and costs no call through
//! a trait.
//!
//! What a decoder yields is checked again like a packet of the default form, so that depth, names, sizes and attachments
//! are limited whoever wrote it.

use super::json::encode::Encoded;
use super::mux::{MuxError, MuxLimits};
use super::packet::{Header, PacketType};
use bytes::Bytes;
use std::fmt;

/// How packets are written as messages, and read from them. Both ends of a connection must use the same one.
///
/// ```
/// use sockeye_proto::socket::{
///     Decoder, EncodeError, Header, Message, MuxError, MuxLimits, PacketBuf, Parser, ServerEvent, ServerMux,
/// };
///
/// /// The default packets without attachments, behind one byte `#`.
/// #[derive(Debug)]
/// struct Hash;
///
/// impl Parser for Hash {
///     fn decoder(&self, _limits: &MuxLimits) -> Box<dyn Decoder> {
///         Box::new(Hash)
///     }
///
///     fn encode(&self, packet: &Header<'_>, attachments: &[bytes::Bytes]) -> Result<Vec<Message>, EncodeError> {
///         if !attachments.is_empty() {
///             return Err(EncodeError::Parser("this parser carries no binary".into()));
///         }
///         Ok(vec![Message::Text(format!("#{packet}"))])
///     }
/// }
///
/// impl Decoder for Hash {
///     fn handle_text(&mut self, text: &str) -> Result<Option<PacketBuf>, MuxError> {
///         let packet = text.strip_prefix('#').ok_or_else(|| MuxError::Parser("no # in front".into()))?;
///         Ok(Some(PacketBuf::from(Header::decode(packet)?)))
///     }
///
///     fn handle_binary(&mut self, _data: &[u8]) -> Result<Option<PacketBuf>, MuxError> {
///         Err(MuxError::Parser("this parser carries no binary".into()))
///     }
/// }
///
/// let mut mux = ServerMux::with_parser(MuxLimits::default(), &Hash);
/// assert!(matches!(mux.handle_text("#0"), Ok(ServerEvent::Connect { namespace: "/", .. })));
/// mux.accept("/", "a socket").unwrap();
/// let Ok(ServerEvent::Event { event, .. }) = mux.handle_text("#2[\"greet\",1]") else { panic!() };
/// assert_eq!((&*event.name, event.args.decode::<u8>(0)), ("greet", Ok(1)));
/// ```
///
/// Source: the `parser` option of the official server and client.
pub trait Parser: Send + Sync + fmt::Debug + 'static {
    /// What reads the messages of one connection.
    fn decoder(&self, limits: &MuxLimits) -> Box<dyn Decoder>;

    /// The messages of one packet, in order. `packet.payload` is JSON text in which placeholders stand for
    /// `attachments`.
    ///
    /// # Errors
    /// [`EncodeError::Parser`](super::EncodeError::Parser) when this form cannot carry the packet; whoever emits
    /// gets it.
    fn encode(&self, packet: &Header<'_>, attachments: &[Bytes]) -> Result<Vec<Message>, super::EncodeError>;
}

/// Puts the messages of one connection together to packets.
///
/// It reads what anybody may have sent: it must not panic, nor keep more than it was given. What comes before a packet is
/// complete counts towards [`MuxLimits::max_packet_bytes`]; the packet itself is checked by the caller.
pub trait Decoder: Send + fmt::Debug {
    /// Takes a text message. `None` when the packet goes on in further messages.
    ///
    /// # Errors
    /// It is no packet; the connection ends.
    fn handle_text(&mut self, text: &str) -> Result<Option<PacketBuf>, MuxError>;

    /// Takes a binary message, as [`handle_text`](Self::handle_text) does a text.
    ///
    /// # Errors
    /// As [`handle_text`](Self::handle_text).
    fn handle_binary(&mut self, data: &[u8]) -> Result<Option<PacketBuf>, MuxError>;
}

/// A packet that a [`Decoder`] read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketBuf {
    /// What the packet is. Whether it is a binary type is told by `attachments`.
    pub packet_type: PacketType,
    /// The namespace: `/` and a name without `,` or `?`, which the default form could not say.
    pub namespace: Box<str>,
    /// The ack id, at most [`MAX_ACK_ID_DIGITS`](super::MAX_ACK_ID_DIGITS) long.
    pub ack_id: Option<u64>,
    /// JSON: an array of name and arguments, an array of arguments, an object, or nothing, as the type wants it.
    pub payload: Box<str>,
    /// What the placeholders `{"_placeholder":true,"num":n}` in the payload refer to.
    pub attachments: Vec<Bytes>,
}

/// A packet without attachments.
impl From<Header<'_>> for PacketBuf {
    fn from(header: Header<'_>) -> Self {
        Self {
            packet_type: header.packet_type,
            namespace: header.namespace.into(),
            ack_id: header.ack_id,
            payload: header.payload.into(),
            attachments: Vec::new(),
        }
    }
}

/// A message of the layer below, without its Engine.IO type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

impl Encoded {
    /// What `parser` makes of this packet, which was encoded with `headroom`.
    ///
    /// # Errors
    /// The parser's own.
    pub fn into_messages(
        self,
        headroom: usize,
        parser: &dyn Parser,
    ) -> Result<Vec<Message>, super::EncodeError> {
        // In front of the packet stands the Engine.IO message type.
        let packet = self.text.get(headroom.saturating_add(1)..).unwrap_or_default();
        let text = std::str::from_utf8(packet).unwrap_or_default();
        let header = Header::decode(text).map_err(|error| super::EncodeError::Parser(error.to_string()))?;
        parser.encode(&header, &self.attachments)
    }
}

/// Whether the default form can say this name.
pub(crate) fn is_namespace(name: &str) -> bool {
    name.starts_with('/') && !name.contains([',', '?'])
}
