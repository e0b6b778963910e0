//! The engine alone: Engine.IO sessions without Socket.IO on top, for gateways and for protocols of your own.
//! It is the server's own session task; only what a message means is left to you. Source: engine.io-protocol v4.

use crate::config::ServerBuilder;
use crate::conn::Conn;
use crate::error::EmitError;
use crate::handshake::Handshake;
use crate::http::{NotFound, RequestHead, SockeyeService};
use crate::server::{Shared, Upper};
use crate::session::mailbox::Delivery;
use bytes::Bytes;
use sockeye_proto::SessionId;
pub use sockeye_proto::engine::CloseReason;
use sockeye_proto::engine::{Protocol, Transport};
use sockeye_proto::websocket::{Opcode, encode_frame};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
}

/// What an [`EngineServer`] calls: at the beginning of each session, for each of its messages, at its end. All
/// of it runs in the session's task, so it must not block; a panic is caught and costs that call alone.
///
/// ```
/// use sockeye::Server;
/// use sockeye::engine::{EngineHandlers, EngineServer, Message};
///
/// let handlers = EngineHandlers::new()
///     .on_connect(|socket| {
///         let _ = socket.send(Message::Text("welcome".to_owned()));
///     })
///     .on_message(|socket, message| {
///         let _ = socket.send(message);
///     })
///     .on_close(|_, reason| println!("gone: {reason}"));
/// let engine = EngineServer::with_handlers(Server::builder().path("/engine.io"), handlers);
/// # drop(engine);
/// ```
///
/// Source: the events `connection` of the engine, `message` and `close` of its sockets in Node.
#[derive(Default)]
pub struct EngineHandlers {
    connect: Option<Box<dyn Fn(&EngineSocket) + Send + Sync>>,
    message: Option<OnMessage>,
    close: Option<Box<dyn Fn(&EngineSocket, CloseReason) + Send + Sync>>,
}

/// What wants the request beside a message costs a copy of its head, so the two are kept apart.
enum OnMessage {
    Alone(Box<dyn Fn(&EngineSocket, Message) + Send + Sync>),
    WithRequest(Box<dyn Fn(&EngineSocket, Message, Option<&RequestHead>) + Send + Sync>),
}

impl EngineHandlers {
    /// Handlers that do nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Called when a session has begun, before its first message.
    pub fn on_connect(mut self, handler: impl Fn(&EngineSocket) + Send + Sync + 'static) -> Self {
        self.connect = Some(Box::new(handler));
        self
    }

    /// Called for each message, in order of arrival within a session.
    pub fn on_message(mut self, handler: impl Fn(&EngineSocket, Message) + Send + Sync + 'static) -> Self {
        self.message = Some(OnMessage::Alone(Box::new(handler)));
        self
    }

    /// As [`on_message`](Self::on_message), with the POST that carried the message: `None` on a WebSocket. The head
    /// of each POST is copied for it. Replaces `on_message`. Source: `socket.transport.dataReq` in Node.
    pub fn on_message_with_request(
        mut self,
        handler: impl Fn(&EngineSocket, Message, Option<&RequestHead>) + Send + Sync + 'static,
    ) -> Self {
        self.message = Some(OnMessage::WithRequest(Box::new(handler)));
        self
    }

    /// Called once when a session ends, with the reason. What is sent from here is not sent any more.
    pub fn on_close(mut self, handler: impl Fn(&EngineSocket, CloseReason) + Send + Sync + 'static) -> Self {
        self.close = Some(Box::new(handler));
        self
    }

    /// Whether messages are shown with the request that carried them.
    pub(crate) fn want_requests(&self) -> bool {
        matches!(self.message, Some(OnMessage::WithRequest(_)))
    }

    pub(crate) fn connected(&self, conn: &Arc<Conn>) {
        if let Some(handler) = &self.connect {
            guarded("on_connect", || handler(&EngineSocket(conn.clone())));
        }
    }

    pub(crate) fn message(&self, conn: &Arc<Conn>, message: Message, request: Option<&RequestHead>) {
        let socket = EngineSocket(conn.clone());
        match &self.message {
            Some(OnMessage::Alone(handler)) => guarded("on_message", || handler(&socket, message)),
            Some(OnMessage::WithRequest(handler)) => {
                guarded("on_message", || handler(&socket, message, request));
            }
            None => {}
        }
    }

    pub(crate) fn closed(&self, conn: &Arc<Conn>, reason: CloseReason) {
        if let Some(handler) = &self.close {
            guarded("on_close", || handler(&EngineSocket(conn.clone()), reason));
        }
    }
}

/// Calls code of the user's: a panic ends here.
fn guarded(handler: &'static str, call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        tracing::error!(handler, "engine_handler_panicked");
    }
}

impl fmt::Debug for EngineHandlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineHandlers")
            .field("connect", &self.connect.is_some())
            .field("message", &self.message.is_some())
            .field("close", &self.close.is_some())
            .finish()
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
    /// not block: it runs in the session's task.
    pub fn new(
        options: ServerBuilder,
        on_message: impl Fn(&EngineSocket, Message) + Send + Sync + 'static,
    ) -> Self {
        Self::with_handlers(options, EngineHandlers::new().on_message(on_message))
    }

    /// A server that calls `handlers`, for those who look at more than messages.
    pub fn with_handlers(options: ServerBuilder, handlers: EngineHandlers) -> Self {
        Self(options.into_engine(Upper::Engine(Box::new(handlers))))
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
    /// The id of the session: a secret between it and its client. Source: `socket.id` of the engine in Node.
    pub fn id(&self) -> &SessionId {
        &self.0.sid
    }

    /// What the session is on at the moment. Source: `socket.transport.name` in Node.
    pub fn transport(&self) -> Transport {
        self.0.transport()
    }

    /// The request that opened the session.
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
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
        let mut frame = Vec::new();
        message.encode(&mut frame);
        self.0.push(&frame, Delivery::Reliable).outcome()
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
