//! The namespaces of one connection, on the server. It knows which are joined and what the client may
//! therefore send; whether a CONNECT is welcome, and every deadline, is the shell's to decide.
//!
//! Source: socket.io-protocol v5 § Connection to a namespace, § Disconnection from a namespace.

use super::{Limits, MuxError, MuxLimits, Name};
use crate::socket::args::{Args, Event};
use crate::socket::attachments::{Fate, Packet, Receiver};
use crate::socket::incoming::Body;
use crate::socket::packet::PacketType;
use crate::socket::parser::Parser;
use smallvec::SmallVec;

/// The namespaces of one connection. `S` is what the shell keeps per joined namespace.
///
/// ```
/// use sockeye_proto::socket::{MuxLimits, ServerEvent, ServerMux};
///
/// let mut mux = ServerMux::new(MuxLimits::default());
/// let Ok(ServerEvent::Connect { namespace: "/", auth, .. }) = mux.handle_text("0{\"token\":1}") else {
///     panic!()
/// };
/// assert_eq!(auth, Some("{\"token\":1}"));
/// mux.accept("/", "socket 1").unwrap();
///
/// let Ok(ServerEvent::Event { socket, event }) = mux.handle_text("2[\"greet\",\"hello\"]") else { panic!() };
/// assert_eq!((*socket, &*event.name), ("socket 1", "greet"));
/// assert_eq!(event.args.decode::<String>(0).unwrap(), "hello");
/// ```
#[derive(Debug)]
pub struct ServerMux<S> {
    limits: Limits,
    receiver: Receiver,
    table: Table<S>,
}

/// What a message of the client means. An error of the mux, in contrast, closes the connection.
#[derive(Debug)]
pub enum ServerEvent<'a, S> {
    /// The client asks for a namespace: answer with [`accept`](ServerMux::accept) or
    /// [`refuse`](ServerMux::refuse), now or later.
    Connect {
        /// The namespace.
        namespace: &'a str,
        /// The JSON text of an object, if the client sent one.
        auth: Option<&'a str>,
        /// What stood behind the namespace's `?`, for [`auth_of_query`](crate::socket::v4::auth_of_query).
        query: &'a str,
    },
    /// An event for a joined namespace.
    Event {
        /// Its socket.
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
    /// The client left a namespace.
    Disconnect {
        /// The namespace.
        namespace: Box<str>,
        /// Its socket, no longer in the table.
        socket: S,
    },
    /// Nothing to do: attachments are awaited, or the packet concerns nobody.
    Nothing,
}

#[derive(Debug)]
struct Table<S> {
    /// In the order of joining. A client with one namespace, the rule, costs no allocation.
    entries: SmallVec<[Entry<S>; 1]>,
    failures: u32,
}

#[derive(Debug)]
struct Entry<S> {
    name: Name,
    state: State<S>,
}

#[derive(Debug)]
enum State<S> {
    /// The shell has yet to answer the CONNECT.
    Connecting,
    /// The client left before the shell has answered, which it will still do.
    Abandoned,
    Joined(S),
    /// The server disconnected it; what the client sent before it knew is ignored.
    Left,
}

impl<S> ServerMux<S> {
    /// A connection without any namespace.
    pub fn new(limits: MuxLimits) -> Self {
        Self {
            limits: limits.into(),
            receiver: Receiver::default(),
            table: Table { entries: SmallVec::new(), failures: 0 },
        }
    }

    /// A connection whose packets have another form than the default one.
    pub fn with_parser(limits: MuxLimits, parser: &dyn Parser) -> Self {
        Self { receiver: Receiver::foreign(parser.decoder(&limits)), ..Self::new(limits) }
    }

    /// Takes a text message, without its Engine.IO type.
    ///
    /// # Errors
    /// The client broke the protocol or a limit; the connection must be closed.
    #[inline]
    pub fn handle_text<'a>(&'a mut self, text: &'a str) -> Result<ServerEvent<'a, S>, MuxError> {
        let table = &mut self.table;
        let fate = |namespace: &str, packet_type| table.fate(namespace, packet_type);
        match self.receiver.text(text, &self.limits, fate)? {
            Some(packet) => self.table.dispatch(packet, &self.limits),
            None => Ok(ServerEvent::Nothing),
        }
    }

    /// Takes a binary message: an attachment, copied. The last one of a packet completes it.
    ///
    /// # Errors
    /// As [`handle_text`](Self::handle_text).
    pub fn handle_binary(&mut self, data: &[u8]) -> Result<ServerEvent<'_, S>, MuxError> {
        match self.receiver.binary(data, &self.limits)? {
            Some(packet) => self.table.dispatch(packet, &self.limits),
            None => Ok(ServerEvent::Nothing),
        }
    }

    /// Asks for a namespace in the client's name, as a server does for the `/` of Socket.IO 2 clients: answer as
    /// if a CONNECT had come.
    ///
    /// # Errors
    /// As a CONNECT of the client.
    pub fn connect(&mut self, namespace: &str) -> Result<(), MuxError> {
        self.table.connect(namespace, self.limits.max_namespaces())
    }

    /// Frees the memory of the last packet, if it was binary or had to be repaired. The next text does so
    /// too; call it when a connection may now stay idle.
    pub fn release(&mut self) {
        // An open packet is not the last one yet.
        let _ = self.receiver.release();
    }

    /// Whether the client waits for an answer to its CONNECT. When it does, [`accept`](Self::accept) succeeds.
    pub fn is_connecting(&self, namespace: &str) -> bool {
        self.table.entry(namespace).is_some_and(|entry| matches!(entry.state, State::Connecting))
    }

    /// Joins a namespace that the client asked for.
    ///
    /// # Errors
    /// Gives `socket` back when the client has left meanwhile; nothing must be sent then.
    pub fn accept(&mut self, namespace: &str, socket: S) -> Result<(), S> {
        match self.table.position(namespace) {
            Some(index) => self.table.accept(index, socket),
            None => Err(socket),
        }
    }

    /// Refuses a namespace that the client asked for.
    ///
    /// # Errors
    /// The client has been refused too often; close the connection instead of answering.
    pub fn refuse(&mut self, namespace: &str) -> Result<(), MuxError> {
        let table = &mut self.table;
        if let Some(index) = table.position(namespace)
            && table.entries.get(index).is_some_and(|entry| entry.state.is_pending())
        {
            table.entries.remove(index);
        }
        table.failures = table.failures.saturating_add(1);
        if table.failures > self.limits.max_failures {
            return Err(MuxError::TooManyFailures { limit: self.limits.max_failures as usize });
        }
        Ok(())
    }

    /// Disconnects a joined namespace from the server's side, and gives its socket back. Packets that the
    /// client sent before it knew are ignored, until it asks for the namespace again.
    pub fn remove(&mut self, namespace: &str) -> Option<S> {
        self.table.remove(namespace, self.limits.max_namespaces())
    }

    /// The joined namespaces with their sockets, in the order of joining.
    pub fn sockets(&self) -> impl Iterator<Item = (&str, &S)> {
        self.table.entries.iter().filter_map(|entry| match &entry.state {
            State::Joined(socket) => Some((entry.name.as_str(), socket)),
            _ => None,
        })
    }

    /// The socket of a joined namespace.
    #[inline]
    pub fn socket(&self, namespace: &str) -> Option<&S> {
        self.table.socket(namespace)
    }

    /// Whether the namespace is joined.
    #[inline]
    pub fn is_joined(&self, namespace: &str) -> bool {
        self.socket(namespace).is_some()
    }

    /// How many namespaces are joined.
    pub fn joined(&self) -> usize {
        self.sockets().count()
    }

    /// Ends the connection: the joined namespaces with their sockets, in the order of joining.
    pub fn into_sockets(self) -> impl Iterator<Item = (Box<str>, S)> {
        self.table.entries.into_iter().filter_map(|entry| match entry.state {
            State::Joined(socket) => Some((entry.name.into_box(), socket)),
            _ => None,
        })
    }
}

impl<S> State<S> {
    fn is_pending(&self) -> bool {
        matches!(self, Self::Connecting | Self::Abandoned)
    }
}

impl<S> Table<S> {
    #[inline]
    fn position(&self, namespace: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name.as_str() == namespace)
    }

    #[inline]
    fn entry(&self, namespace: &str) -> Option<&Entry<S>> {
        self.entries.iter().find(|entry| entry.name.as_str() == namespace)
    }

    #[inline]
    fn socket(&self, namespace: &str) -> Option<&S> {
        match &self.entry(namespace)?.state {
            State::Joined(socket) => Some(socket),
            _ => None,
        }
    }

    /// Where an event or ack goes: `None` when it comes too late.
    #[inline]
    fn receiver(&self, namespace: &str, packet_type: PacketType) -> Result<Option<&S>, MuxError> {
        match self.entry(namespace).map(|entry| &entry.state) {
            Some(State::Joined(socket)) => Ok(Some(socket)),
            Some(State::Left) => Ok(None),
            Some(State::Connecting | State::Abandoned) | None => Err(not_joined(namespace, packet_type)),
        }
    }

    fn fate(&self, namespace: &str, packet_type: PacketType) -> Result<Fate, MuxError> {
        let socket = self.receiver(namespace, packet_type)?;
        Ok(if socket.is_some() { Fate::Collect } else { Fate::Discard })
    }

    #[inline(always)]
    fn dispatch<'a>(
        &'a mut self,
        packet: Packet<'a>,
        limits: &Limits,
    ) -> Result<ServerEvent<'a, S>, MuxError> {
        let Packet { namespace, query, body } = packet;
        Ok(match body {
            Body::Event(event) => match (self.receiver(namespace, PacketType::Event)?, event) {
                (Some(socket), Some(event)) => ServerEvent::Event { socket, event },
                _ => ServerEvent::Nothing,
            },
            Body::Ack { id, args } => match (self.receiver(namespace, PacketType::Ack)?, id) {
                (Some(socket), Some(id)) => ServerEvent::Ack { socket, id, args },
                _ => ServerEvent::Nothing,
            },
            Body::Connect(auth) => {
                self.connect(namespace, limits.max_namespaces())?;
                ServerEvent::Connect { namespace, auth, query }
            }
            Body::Disconnect => self.disconnect(namespace)?,
            Body::ConnectError(_) => return Err(MuxError::UnexpectedConnectError),
        })
    }

    fn connect(&mut self, namespace: &str, limit: usize) -> Result<(), MuxError> {
        let known = self.position(namespace);
        if let Some(entry) = known.and_then(|index| self.entries.get(index))
            && !matches!(entry.state, State::Left)
        {
            // Also while an abandoned CONNECT is unanswered: its answer could not be told from this one's.
            return Err(MuxError::DuplicateConnect { namespace: namespace.into() });
        }
        let held = self.entries.iter().filter(|entry| !matches!(entry.state, State::Left)).count();
        if held >= limit {
            return Err(MuxError::TooManyNamespaces { limit });
        }
        if let Some(index) = known {
            self.entries.remove(index);
        }
        self.entries.push(Entry { name: Name::new(namespace), state: State::Connecting });
        Ok(())
    }

    fn accept(&mut self, index: usize, socket: S) -> Result<(), S> {
        match self.entries.get_mut(index).map(|entry| &mut entry.state) {
            Some(state @ State::Connecting) => {
                *state = State::Joined(socket);
                Ok(())
            }
            Some(State::Abandoned) => {
                self.entries.remove(index);
                Err(socket)
            }
            _ => Err(socket),
        }
    }

    fn disconnect<'a>(&mut self, namespace: &str) -> Result<ServerEvent<'a, S>, MuxError> {
        let refused = || not_joined(namespace, PacketType::Disconnect);
        let index = self.position(namespace).ok_or_else(refused)?;
        match self.entries.get_mut(index).map(|entry| &mut entry.state) {
            Some(state @ State::Connecting) => {
                *state = State::Abandoned;
                Ok(ServerEvent::Nothing)
            }
            Some(State::Abandoned) | None => Err(refused()),
            Some(State::Joined(_) | State::Left) => {
                let Entry { name, state } = self.entries.remove(index);
                Ok(match state {
                    State::Joined(socket) => ServerEvent::Disconnect { namespace: name.into_box(), socket },
                    _ => ServerEvent::Nothing,
                })
            }
        }
    }

    fn remove(&mut self, namespace: &str, max_left: usize) -> Option<S> {
        let index = self.position(namespace)?;
        if !matches!(self.entries.get(index)?.state, State::Joined(_)) {
            return None;
        }
        let Entry { name, state } = self.entries.remove(index);
        // To the end, so that of those left the oldest come first; without a bound, a client that is
        // removed again and again would fill the table.
        self.entries.push(Entry { name, state: State::Left });
        let is_left = |entry: &Entry<S>| matches!(entry.state, State::Left);
        if self.entries.iter().filter(|entry| is_left(entry)).count() > max_left
            && let Some(oldest) = self.entries.iter().position(is_left)
        {
            self.entries.remove(oldest);
        }
        match state {
            State::Joined(socket) => Some(socket),
            _ => None,
        }
    }
}

#[cold]
fn not_joined(namespace: &str, packet_type: PacketType) -> MuxError {
    MuxError::NotJoined { namespace: namespace.into(), packet_type }
}
