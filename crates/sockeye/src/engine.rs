//! The engine alone: Engine.IO sessions without Socket.IO on top, for gateways and for protocols of your own.
//! It is the server's own session task; only what a message means is left to you. Source: engine.io-protocol v4.

mod handlers;

pub use handlers::EngineBuilder;
pub(crate) use handlers::EngineHandlers;
pub use sockeye_proto::engine::CloseReason;

use crate::config::ServerBuilder;
use crate::conn::Conn;
use crate::error::EmitError;
use crate::handshake::Handshake;
use crate::http::{NotFound, SockeyeService};
use crate::server::Shared;
use crate::session::mailbox::Delivery;
use bytes::Bytes;
use sockeye_proto::SessionId;
use sockeye_proto::engine::{Protocol, Transport};
use sockeye_proto::websocket::{Opcode, encode_frame};
use std::fmt;
use std::sync::Arc;

/// A message of an engine session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl Message {
    /// Appends the frame that carries it on a WebSocket.
    pub(crate) fn encode(&self, frames: &mut Vec<u8>) {
        match self {
            Message::Text(text) => {
                let payload = [b"4", text.as_bytes()].concat();
                encode_frame(frames, Opcode::Text, &payload, None);
            }
            Message::Binary(data) => encode_frame(frames, Opcode::Binary, data, None),
        }
    }

    fn frame(&self) -> Vec<u8> {
        let mut frame = Vec::new();
        self.encode(&mut frame);
        frame
    }
}

/// An Engine.IO server without Socket.IO.
///
/// ```
/// use sockeye::engine::EngineServer;
/// use sockeye::Server;
///
/// // Sends every message back.
/// let echo = EngineServer::new(Server::builder().path("/engine.io"), |socket, message| {
///     let _ = socket.send(message);
/// });
/// let service = echo.service();
/// # drop(service);
/// ```
#[derive(Clone)]
pub struct EngineServer(Arc<Shared>);

impl EngineServer {
    /// A server that calls `on_message` for each message, in order of arrival within a session. The call must
    /// not block: it runs in the session's task. A server that does more is made with [`EngineServer::builder`].
    pub fn new(
        options: ServerBuilder,
        on_message: impl Fn(&EngineSocket, Message) + Send + Sync + 'static,
    ) -> Self {
        Self::builder(options).on_message(on_message).build()
    }

    /// Collects what the server does with its sessions. All options about requests and transports hold as for a
    /// [`Server`](crate::Server).
    pub fn builder(options: ServerBuilder) -> EngineBuilder {
        EngineBuilder::new(options)
    }

    /// How many sessions there are. Source: `engine.clientsCount` in Node.
    pub fn clients_count(&self) -> usize {
        self.0.registry.len()
    }

    /// The tower service to mount.
    pub fn service(&self) -> SockeyeService<NotFound> {
        SockeyeService::alone(self.0.clone())
    }

    /// Ends all sessions; see [`Server::close`](crate::Server::close).
    ///
    /// # Cancel safety
    /// The closing goes on when the future is dropped.
    pub async fn close(&self) {
        crate::server::Server::from(self.0.clone()).close().await;
    }

    /// Ends all sessions one after another; see [`Server::shutdown`](crate::Server::shutdown).
    ///
    /// # Cancel safety
    /// The closing goes on when the future is dropped.
    pub async fn shutdown(&self, plan: crate::Shutdown) {
        self.0.shutdown(plan).await;
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl fmt::Debug for EngineServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineServer").field("path", &self.0.config.path).finish_non_exhaustive()
    }
}

/// One session of an [`EngineServer`]. Cheap to clone.
#[derive(Clone)]
pub struct EngineSocket(Arc<Conn>);

impl EngineSocket {
    pub(crate) fn new(conn: Arc<Conn>) -> Self {
        Self(conn)
    }

    /// The request that opened the session.
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// The id of the session, a secret: whoever knows it may speak for the client. Source: `socket.id` of the engine.
    pub fn id(&self) -> &SessionId {
        &self.0.sid
    }

    /// How the client is connected at this moment. Source: `socket.transport.name` of the engine.
    pub fn transport(&self) -> Transport {
        self.0.transport()
    }

    /// The version of Engine.IO that the client speaks.
    pub fn protocol(&self) -> Protocol {
        self.0.handshake.protocol()
    }

    /// Sends a message, in the order of the calls.
    ///
    /// # Errors
    /// `Refused` when the client reads too slowly, `Closed` when the session has ended.
    pub fn send(&self, message: Message) -> Result<(), EmitError> {
        self.0.push(&message.frame(), Delivery::Reliable).outcome()
    }

    /// [`EngineSocket::send`] of a message that is not to be compressed.
    ///
    /// # Errors
    /// As [`EngineSocket::send`].
    ///
    /// Source: mirrors `socket.send(data, { compress: false })` of the Node engine.
    pub fn send_uncompressed(&self, message: Message) -> Result<(), EmitError> {
        self.0.push_uncompressed(&message.frame(), Delivery::Reliable).outcome()
    }

    /// Ends the session: the client gets what was sent before, then the close.
    pub fn close(&self) {
        self.0.close(CloseReason::ForcedClose);
    }
}

impl fmt::Debug for EngineSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineSocket").field("handshake", &self.0.handshake).finish_non_exhaustive()
    }
}
