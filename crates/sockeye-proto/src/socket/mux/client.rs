//! The namespaces of one connection, on the client: what was asked for, what is connected, and the ids of
//! acks. Buffering of early emits, acks' deadlines and reconnection are the shell's.
//!
//! Source: socket.io-protocol v5 § Connection to a namespace, § Acknowledgement.

use super::{Limits, MuxError, MuxLimits, Name};
use crate::socket::args::{Args, Event};
use crate::socket::attachments::{Fate, Packet, Receiver};
use crate::socket::incoming::Body;
use crate::socket::json::encode::{EncodeError, Encoded, Room, encode_connect_request, encode_disconnect};
use crate::socket::packet::PacketType;
use crate::socket::parser::Parser;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt;

/// The namespaces of one connection. `S` is what the shell keeps per namespace.
///
/// ```
/// use sockeye_proto::socket::{ClientEvent, ClientMux, MuxLimits};
///
/// let mut mux = ClientMux::new(MuxLimits::default());
/// let request = mux.connect("/", "socket 1", None::<&()>, 0).unwrap();
/// assert_eq!(request.text, b"40");
///
/// let Ok(ClientEvent::Connected { sid, .. }) = mux.handle_text("0{\"sid\":\"abc\"}") else { panic!() };
/// assert_eq!(sid, "abc");
/// assert_eq!(mux.next_ack_id("/"), Some(0));
/// ```
#[derive(Debug)]
pub struct ClientMux<S> {
    limits: Limits,
    receiver: Receiver,
    table: Table<S>,
}

/// What a message of the server means. An error of the mux, in contrast, closes the connection with
/// `parse error`.
#[derive(Debug)]
pub enum ClientEvent<'a, S> {
    /// The server granted a namespace.
    Connected {
        /// The namespace.
        namespace: &'a str,
        /// Its socket.
        socket: &'a S,
        /// The public id that the server gave it.
        sid: &'a str,
        /// The private id for state recovery, if the server offers that.
        pid: Option<&'a str>,
    },
    /// The server refused a namespace.
    ConnectError {
        /// The namespace.
        namespace: Box<str>,
        /// Its socket, no longer in the table.
        socket: S,
        /// What the server says.
        message: Cow<'a, str>,
        /// Further data, as JSON text.
        data: Option<&'a str>,
    },
    /// An event. It may come before [`Connected`](Self::Connected), when a session is recovered.
    Event {
        /// The socket.
        socket: &'a S,
        /// The event.
        event: Event<'a>,
    },
    /// An answer to an event. Unknown ids are the shell's to ignore.
    Ack {
        /// The socket.
        socket: &'a S,
        /// The id that the event carried.
        id: u64,
        /// The answer.
        args: Args<'a>,
    },
    /// The server disconnected a namespace.
    Disconnected {
        /// The namespace.
        namespace: Box<str>,
        /// Its socket, no longer in the table.
        socket: S,
    },
    /// Nothing to do: attachments are awaited, or the packet concerns nobody.
    Nothing,
}

/// What a CONNECT_ERROR says when the server answers CONNECT with something else than an id.
const NO_SID: &str = "the server granted the namespace without a sid, as Socket.IO v2 servers do";

#[derive(Debug)]
struct Table<S> {
    entries: SmallVec<[Entry<S>; 1]>,
}

#[derive(Debug)]
struct Entry<S> {
    name: Name,
    socket: S,
    connected: bool,
    next_ack_id: u64,
}

impl<S> ClientMux<S> {
    /// A connection without any namespace. Of the limits, those of packets and of namespaces apply.
    pub fn new(limits: MuxLimits) -> Self {
        Self {
            limits: limits.into(),
            receiver: Receiver::default(),
            table: Table { entries: SmallVec::new() },
        }
    }

    /// A connection whose packets have another form than the default one. What this mux encodes has the default form
    /// still; [`Encoded::into_messages`] makes the messages of it.
    pub fn with_parser(limits: MuxLimits, parser: &dyn Parser) -> Self {
        Self { receiver: Receiver::foreign(parser.decoder(&limits)), ..Self::new(limits) }
    }

    /// Asks for a namespace: the packet to send. `auth` must serialize to a JSON object.
    ///
    /// # Errors
    /// The namespace is in use, the limit is reached, or `auth` cannot be sent. Nothing is changed then.
    pub fn connect(
        &mut self,
        namespace: &str,
        socket: S,
        auth: Option<&(impl Serialize + ?Sized)>,
        room: impl Into<Room>,
    ) -> Result<Encoded, ClientConnectError> {
        if self.table.entry(namespace).is_some() {
            return Err(ClientConnectError::InUse);
        }
        let limit = self.limits.max_namespaces();
        if self.table.entries.len() >= limit {
            return Err(ClientConnectError::TooManyNamespaces { limit });
        }
        let request = encode_connect_request(namespace, auth, room)?;
        let name = Name::new(namespace);
        self.table.entries.push(Entry { name, socket, connected: false, next_ack_id: 0 });
        Ok(request)
    }

    /// Leaves a namespace: its socket, and the packet to send. What the server still sends for it is
    /// ignored.
    pub fn disconnect(&mut self, namespace: &str, room: impl Into<Room>) -> Option<(S, Encoded)> {
        let (_, socket) = self.table.take(namespace)?;
        Some((socket, encode_disconnect(namespace, room)))
    }

    /// Takes a text message, without its Engine.IO type.
    ///
    /// # Errors
    /// The server broke the protocol or a limit; the connection must be closed.
    #[inline]
    pub fn handle_text<'a>(&'a mut self, text: &'a str) -> Result<ClientEvent<'a, S>, MuxError> {
        let table = &mut self.table;
        let fate = |namespace: &str, _| Ok(table.fate(namespace));
        match self.receiver.text(text, &self.limits, fate)? {
            Some(packet) => self.table.dispatch(packet),
            None => Ok(ClientEvent::Nothing),
        }
    }

    /// Takes a binary message: an attachment, copied. The last one of a packet completes it.
    ///
    /// # Errors
    /// As [`handle_text`](Self::handle_text).
    pub fn handle_binary(&mut self, data: &[u8]) -> Result<ClientEvent<'_, S>, MuxError> {
        match self.receiver.binary(data, &self.limits)? {
            Some(packet) => self.table.dispatch(packet),
            None => Ok(ClientEvent::Nothing),
        }
    }

    /// Frees the memory of the last packet, if it was binary or had to be repaired. The next text does so
    /// too.
    pub fn release(&mut self) {
        // An open packet is not the last one yet.
        let _ = self.receiver.release();
    }

    /// A fresh ack id for an event in `namespace`, counted from 0. `None` when it is not in use.
    pub fn next_ack_id(&mut self, namespace: &str) -> Option<u64> {
        let entry = self.table.entries.iter_mut().find(|entry| entry.name.as_str() == namespace)?;
        let id = entry.next_ack_id;
        entry.next_ack_id = id.wrapping_add(1);
        Some(id)
    }

    /// The socket of a namespace that was asked for or is connected.
    pub fn socket(&self, namespace: &str) -> Option<&S> {
        self.table.entry(namespace).map(|entry| &entry.socket)
    }

    /// Whether the server has granted the namespace.
    pub fn is_connected(&self, namespace: &str) -> bool {
        self.table.entry(namespace).is_some_and(|entry| entry.connected)
    }

    /// The namespaces asked for or connected, with their sockets, in the order of asking.
    pub fn sockets(&self) -> impl Iterator<Item = (&str, &S)> {
        self.table.entries.iter().map(|entry| (entry.name.as_str(), &entry.socket))
    }

    /// Ends the connection: the namespaces with their sockets.
    pub fn into_sockets(self) -> impl Iterator<Item = (Box<str>, S)> {
        self.table.entries.into_iter().map(|entry| (entry.name.into_box(), entry.socket))
    }
}

impl<S> Table<S> {
    #[inline]
    fn entry(&self, namespace: &str) -> Option<&Entry<S>> {
        self.entries.iter().find(|entry| entry.name.as_str() == namespace)
    }

    fn take(&mut self, namespace: &str) -> Option<(Box<str>, S)> {
        let index = self.entries.iter().position(|entry| entry.name.as_str() == namespace)?;
        let Entry { name, socket, .. } = self.entries.remove(index);
        Some((name.into_box(), socket))
    }

    /// A namespace that is not ours any more costs the server nothing but the bytes.
    fn fate(&self, namespace: &str) -> Fate {
        if self.entry(namespace).is_some() { Fate::Collect } else { Fate::Discard }
    }

    #[inline(always)]
    fn dispatch<'a>(&'a mut self, packet: Packet<'a>) -> Result<ClientEvent<'a, S>, MuxError> {
        let Packet { namespace, body, .. } = packet;
        Ok(match body {
            Body::Event(event) => match (self.entry(namespace), event) {
                (Some(entry), Some(event)) => ClientEvent::Event { socket: &entry.socket, event },
                _ => ClientEvent::Nothing,
            },
            Body::Ack { id, args } => match (self.entry(namespace), id) {
                (Some(entry), Some(id)) => ClientEvent::Ack { socket: &entry.socket, id, args },
                _ => ClientEvent::Nothing,
            },
            Body::Connect(granted) => match granted.map(Granted::read).transpose()?.flatten() {
                Some(granted) => self.connected(namespace, granted),
                None => self.refused(namespace, Cow::Borrowed(NO_SID), None),
            },
            Body::ConnectError(refusal) => {
                let Refusal { message, data } = refusal.map(Refusal::read).unwrap_or_default();
                self.refused(namespace, message, data.map(RawValue::get))
            }
            Body::Disconnect => match self.take(namespace) {
                Some((namespace, socket)) => ClientEvent::Disconnected { namespace, socket },
                None => ClientEvent::Nothing,
            },
        })
    }

    fn connected<'a>(&'a mut self, namespace: &'a str, granted: Granted<'a>) -> ClientEvent<'a, S> {
        let entry = self.entries.iter_mut().find(|entry| entry.name.as_str() == namespace);
        let Some(entry) = entry.filter(|entry| !entry.connected) else { return ClientEvent::Nothing };
        entry.connected = true;
        let Granted { sid, pid } = granted;
        ClientEvent::Connected { namespace, socket: &entry.socket, sid, pid }
    }

    fn refused<'a>(
        &mut self,
        namespace: &str,
        message: Cow<'a, str>,
        data: Option<&'a str>,
    ) -> ClientEvent<'a, S> {
        match self.take(namespace) {
            Some((namespace, socket)) => ClientEvent::ConnectError { namespace, socket, message, data },
            None => ClientEvent::Nothing,
        }
    }
}

/// The payload of the server's CONNECT.
struct Granted<'a> {
    sid: &'a str,
    pid: Option<&'a str>,
}

impl<'a> Granted<'a> {
    /// `None` without a sid.
    fn read(payload: &'a str) -> Result<Option<Self>, MuxError> {
        #[derive(Deserialize)]
        struct Payload<'a> {
            sid: Option<&'a str>,
            pid: Option<&'a str>,
        }

        let payload: Payload<'a> = serde_json::from_str(payload)
            .map_err(|_| MuxError::BadPayload { packet_type: PacketType::Connect })?;
        Ok(payload.sid.map(|sid| Self { sid, pid: payload.pid }))
    }
}

/// The payload of a CONNECT_ERROR: an object, or in older versions only the message.
#[derive(Default)]
struct Refusal<'a> {
    message: Cow<'a, str>,
    data: Option<&'a RawValue>,
}

impl<'a> Refusal<'a> {
    fn read(payload: &'a str) -> Self {
        #[derive(Deserialize)]
        struct Object<'a> {
            #[serde(borrow)]
            message: Option<Cow<'a, str>>,
            #[serde(borrow)]
            data: Option<&'a RawValue>,
        }

        if let Ok(object) = serde_json::from_str::<Object<'a>>(payload) {
            return Self { message: object.message.unwrap_or_default(), data: object.data };
        }
        Self { message: serde_json::from_str(payload).map(Cow::Owned).unwrap_or_default(), data: None }
    }
}

/// Why a CONNECT was not encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientConnectError {
    /// The namespace was asked for already.
    InUse,
    /// The connection holds as many namespaces as it may.
    TooManyNamespaces {
        /// [`MuxLimits::max_namespaces`].
        limit: usize,
    },
    /// The auth cannot be sent.
    Encode(EncodeError),
}

impl From<EncodeError> for ClientConnectError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl fmt::Display for ClientConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str("the namespace is in use on this connection"),
            Self::TooManyNamespaces { limit } => write!(f, "CONNECT beyond max_namespaces ({limit})"),
            Self::Encode(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ClientConnectError {}
