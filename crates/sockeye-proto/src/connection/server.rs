//! The server's end of a connection.

use crate::Timestamp;
use crate::engine::{CloseReason, Input, Packet, PacketError, ServerSession, SessionError};
use crate::socket::{self, MuxError, ServerMux};
use std::fmt;

/// An Engine.IO session and, unless the engine runs alone, the namespaces on it. `S` is what the shell keeps
/// for each joined namespace.
#[derive(Debug)]
pub struct ServerConnection<S> {
    session: ServerSession,
    mux: Option<ServerMux<S>>,
}

/// What a message of the client came to.
#[derive(Debug)]
pub enum ServerEvent<'a, S> {
    /// It concerned the session only.
    Nothing,
    /// The client ended the session.
    Closed,
    /// A ping, to be answered with `3`: only in version 3.
    Ping,
    /// Text for a layer of the shell's own.
    Text(&'a str),
    /// Bytes for a layer of the shell's own.
    Binary(&'a [u8]),
    /// Something about a namespace.
    Socket(socket::ServerEvent<'a, S>),
}

impl<S> ServerConnection<S> {
    /// A session with Socket.IO on it.
    pub fn new(session: ServerSession, mux: ServerMux<S>) -> Self {
        Self { session, mux: Some(mux) }
    }

    /// A session whose messages the shell takes as they are.
    pub fn engine_only(session: ServerSession) -> Self {
        Self { session, mux: None }
    }

    /// Takes the text of a WebSocket message.
    ///
    /// # Errors
    /// The client broke the protocol; the session must be closed with [`ConnectionError::reason`].
    #[inline]
    pub fn handle_text<'a>(
        &'a mut self,
        text: &'a str,
        now: Timestamp,
    ) -> Result<ServerEvent<'a, S>, ConnectionError> {
        self.handle_packet(Packet::decode_text(text)?, now)
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
    ) -> Result<ServerEvent<'a, S>, ConnectionError> {
        match (self.session.handle_packet(packet, now)?, &mut self.mux) {
            (Input::Text(text), Some(mux)) => Ok(ServerEvent::Socket(mux.handle_text(text)?)),
            (Input::Binary(data), Some(mux)) => Ok(ServerEvent::Socket(mux.handle_binary(data)?)),
            (Input::Text(text), None) => Ok(ServerEvent::Text(text)),
            (Input::Binary(data), None) => Ok(ServerEvent::Binary(data)),
            (Input::Closed, _) => Ok(ServerEvent::Closed),
            (Input::Ping, _) => Ok(ServerEvent::Ping),
            (Input::Nothing | Input::Pong, _) => Ok(ServerEvent::Nothing),
        }
    }

    /// The engine session: heartbeat, upgrade, deadlines.
    pub fn session(&mut self) -> &mut ServerSession {
        &mut self.session
    }

    /// The namespaces, unless the engine runs alone.
    pub fn mux(&mut self) -> Option<&mut ServerMux<S>> {
        self.mux.as_mut()
    }
}

/// Why a connection must be closed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConnectionError {
    /// A message that is no Engine.IO packet.
    Packet(PacketError),
    /// A packet that the session does not allow.
    Session(SessionError),
    /// A Socket.IO packet that is malformed or out of place.
    Mux(MuxError),
}

impl ConnectionError {
    /// The reason that both ends' events name.
    pub fn reason(&self) -> CloseReason {
        match self {
            ConnectionError::Packet(_) => CloseReason::ParseError,
            ConnectionError::Session(error) => error.reason(),
            // The official server closes by its own decision here, whatever was wrong with the packet.
            ConnectionError::Mux(_) => CloseReason::ForcedClose,
        }
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectionError::Packet(error) => error.fmt(f),
            ConnectionError::Session(error) => error.fmt(f),
            ConnectionError::Mux(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConnectionError {}

impl From<PacketError> for ConnectionError {
    fn from(error: PacketError) -> Self {
        ConnectionError::Packet(error)
    }
}

impl From<SessionError> for ConnectionError {
    fn from(error: SessionError) -> Self {
        ConnectionError::Session(error)
    }
}

impl From<MuxError> for ConnectionError {
    fn from(error: MuxError) -> Self {
        ConnectionError::Mux(error)
    }
}
