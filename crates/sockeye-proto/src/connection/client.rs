//! The client's end of a connection. It reads; what is written, and when, the session and the mux say.

use crate::Timestamp;
use crate::engine::{
    ClientSession, CloseReason, Input, OpenError, OwnedOpen, Packet, PacketError, SessionError,
};
use crate::socket::{self, ClientMux, MuxError};
use std::fmt;

/// An Engine.IO session and, unless the engine runs alone, the namespaces on it. `S` is what the driver keeps
/// for each namespace.
///
/// After every input, take the session's outputs ([`ClientSession::poll_output`]): the pong for a ping and
/// the end of the session are there, not among the events.
///
/// ```
/// use sockeye_proto::Timestamp;
/// use sockeye_proto::connection::{ClientConnection, ClientEvent};
/// use sockeye_proto::engine::{ClientSession, ClientTimeouts, Transport};
/// use sockeye_proto::socket::{self, ClientMux, MuxLimits};
///
/// let now = Timestamp::from_millis(0);
/// let session = ClientSession::new(Transport::WebSocket, ClientTimeouts::default(), now);
/// let mut connection = ClientConnection::new(session, ClientMux::new(MuxLimits::default()));
///
/// let open = r#"0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
/// let Ok(ClientEvent::Opened(open)) = connection.handle_text(open, now) else { panic!() };
/// assert_eq!(open.sid(), "abc");
///
/// let mux = connection.mux().unwrap();
/// assert_eq!(mux.connect("/", "socket 1", None::<&()>, 0).unwrap().text, b"40"); // the driver sends it
/// let Ok(ClientEvent::Socket(event)) = connection.handle_text(r#"40{"sid":"def"}"#, now) else { panic!() };
/// let socket::ClientEvent::Connected { socket, sid, .. } = event else { panic!() };
/// assert_eq!((*socket, sid), ("socket 1", "def"));
/// ```
#[derive(Debug)]
pub struct ClientConnection<S> {
    session: ClientSession,
    mux: Option<ClientMux<S>>,
}

/// What a message of the server came to.
#[derive(Debug)]
pub enum ClientEvent<'a, S> {
    /// It concerned the session only; a pong may be in its outputs.
    Nothing,
    /// The session is open: namespaces may be asked for. The id goes into every further request.
    Opened(OwnedOpen),
    /// The server ended the session.
    Closed,
    /// Text for a layer of the driver's own.
    Text(&'a str),
    /// Bytes for a layer of the driver's own.
    Binary(&'a [u8]),
    /// Something about a namespace.
    Socket(socket::ClientEvent<'a, S>),
}

impl<S> ClientConnection<S> {
    /// A session with Socket.IO on it.
    pub fn new(session: ClientSession, mux: ClientMux<S>) -> Self {
        Self { session, mux: Some(mux) }
    }

    /// A session whose messages the driver takes as they are.
    pub fn engine_only(session: ClientSession) -> Self {
        Self { session, mux: None }
    }

    /// Takes the text of a WebSocket message. After the end of the session, whatever it was, there is nothing
    /// to do for it.
    ///
    /// # Errors
    /// The server broke the protocol. The session is over for [`ClientConnectionError::reason`]; its outputs
    /// tell how to leave.
    #[inline]
    pub fn handle_text<'a>(
        &'a mut self,
        text: &'a str,
        now: Timestamp,
    ) -> Result<ClientEvent<'a, S>, ClientConnectionError> {
        match Packet::decode_text(text) {
            Ok(packet) => self.handle_packet(packet, now),
            Err(_) if self.session.is_closed() => Ok(ClientEvent::Nothing),
            Err(error) => Err(fail(&mut self.session, error)),
        }
    }

    /// Takes one packet, of a WebSocket message or out of a payload.
    ///
    /// # Errors
    /// As [`handle_text`](Self::handle_text).
    #[inline]
    pub fn handle_packet<'a>(
        &'a mut self,
        packet: Packet<'a>,
        now: Timestamp,
    ) -> Result<ClientEvent<'a, S>, ClientConnectionError> {
        if let Packet::Open(json) = packet
            && !self.session.is_closed()
        {
            return self.handle_open(json, now).map(ClientEvent::Opened);
        }
        let Self { session, mux } = self;
        let event = match (session.handle_packet(packet, now)?, mux) {
            (Input::Text(text), Some(mux)) => mux.handle_text(text).map(ClientEvent::Socket),
            (Input::Binary(data), Some(mux)) => mux.handle_binary(data).map(ClientEvent::Socket),
            (Input::Text(text), None) => Ok(ClientEvent::Text(text)),
            (Input::Binary(data), None) => Ok(ClientEvent::Binary(data)),
            (Input::Closed, _) => Ok(ClientEvent::Closed),
            (Input::Nothing | Input::Pong | Input::Ping, _) => Ok(ClientEvent::Nothing),
        };
        event.map_err(|error| fail(session, error))
    }

    /// Takes the JSON of the open packet, as [`handle_packet`](Self::handle_packet) does when it meets one.
    /// After the end of the session it opens nothing.
    ///
    /// # Errors
    /// As [`handle_text`](Self::handle_text); also when there was an open packet before.
    pub fn handle_open(&mut self, json: &str, now: Timestamp) -> Result<OwnedOpen, ClientConnectionError> {
        let open = OwnedOpen::decode(json).map_err(|error| fail(&mut self.session, error))?;
        self.session.handle_open(&open, now)?;
        Ok(open)
    }

    /// The engine session: outputs, upgrade, deadlines.
    pub fn session(&mut self) -> &mut ClientSession {
        &mut self.session
    }

    /// The namespaces, unless the engine runs alone.
    pub fn mux(&mut self) -> Option<&mut ClientMux<S>> {
        self.mux.as_mut()
    }
}

/// Ends the session for an error that it did not find itself.
#[cold]
fn fail(session: &mut ClientSession, error: impl Into<ClientConnectionError>) -> ClientConnectionError {
    let error = error.into();
    session.close_for(error.reason());
    error
}

/// What the server did that ended the connection.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ClientConnectionError {
    /// A message that is no Engine.IO packet.
    Packet(PacketError),
    /// An open packet that tells too little.
    Open(OpenError),
    /// A packet that the session does not allow.
    Session(SessionError),
    /// A Socket.IO packet that is malformed.
    Mux(MuxError),
}

impl ClientConnectionError {
    /// The reason that the events of the client name.
    pub fn reason(&self) -> CloseReason {
        match self {
            ClientConnectionError::Session(error) => error.reason(),
            // Unlike the official server, the official client says so of a bad Socket.IO packet, too.
            ClientConnectionError::Packet(_)
            | ClientConnectionError::Open(_)
            | ClientConnectionError::Mux(_) => CloseReason::ParseError,
        }
    }
}

impl fmt::Display for ClientConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientConnectionError::Packet(error) => error.fmt(f),
            ClientConnectionError::Open(error) => error.fmt(f),
            ClientConnectionError::Session(error) => error.fmt(f),
            ClientConnectionError::Mux(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ClientConnectionError {}

impl From<PacketError> for ClientConnectionError {
    fn from(error: PacketError) -> Self {
        ClientConnectionError::Packet(error)
    }
}

impl From<OpenError> for ClientConnectionError {
    fn from(error: OpenError) -> Self {
        ClientConnectionError::Open(error)
    }
}

impl From<SessionError> for ClientConnectionError {
    fn from(error: SessionError) -> Self {
        ClientConnectionError::Session(error)
    }
}

impl From<MuxError> for ClientConnectionError {
    fn from(error: MuxError) -> Self {
        ClientConnectionError::Mux(error)
    }
}
