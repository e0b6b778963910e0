//! What an engine server does when a session begins, says something, or ends.

use super::{EngineServer, EngineSocket, Message};
use crate::config::ServerBuilder;
use crate::conn::Conn;
use crate::http::RequestHead;
use crate::server::Upper;
use sockeye_proto::engine::CloseReason;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

type OnConnect = Box<dyn Fn(&EngineSocket) + Send + Sync>;
type OnClose = Box<dyn Fn(&EngineSocket, CloseReason) + Send + Sync>;
type OnMessage = Box<dyn Fn(&EngineSocket, Message) + Send + Sync>;
type OnMessageOfRequest = Box<dyn Fn(&EngineSocket, Message, Option<&RequestHead>) + Send + Sync>;

/// Called inside the task of a session; a panic costs the call and nothing else.
#[derive(Default)]
pub(crate) struct EngineHandlers {
    connect: Option<OnConnect>,
    message: Listening,
    close: Option<OnClose>,
}

#[derive(Default)]
enum Listening {
    #[default]
    Nobody,
    Messages(OnMessage),
    /// With the request that carried each.
    Requests(OnMessageOfRequest),
}

impl EngineHandlers {
    /// Whether the heads of requests must be kept for their messages.
    pub(crate) fn want_requests(&self) -> bool {
        matches!(self.message, Listening::Requests(_))
    }

    pub(crate) fn connected(&self, conn: &Arc<Conn>) {
        if let Some(on_connect) = &self.connect {
            call(conn, |socket| on_connect(socket));
        }
    }

    pub(crate) fn message(&self, conn: &Arc<Conn>, message: Message, request: Option<&RequestHead>) {
        match &self.message {
            Listening::Nobody => {}
            Listening::Messages(on_message) => call(conn, |socket| on_message(socket, message)),
            Listening::Requests(on_message) => call(conn, |socket| on_message(socket, message, request)),
        }
    }

    pub(crate) fn closed(&self, conn: &Arc<Conn>, reason: CloseReason) {
        if let Some(on_close) = &self.close {
            call(conn, |socket| on_close(socket, reason));
        }
    }
}

fn call(conn: &Arc<Conn>, handler: impl FnOnce(&EngineSocket)) {
    let socket = EngineSocket::new(conn.clone());
    if catch_unwind(AssertUnwindSafe(|| handler(&socket))).is_err() {
        tracing::error!("engine_handler_panicked");
    }
}

/// Collects what an [`EngineServer`] does with its sessions. Calls of one session come one after another, in its
/// task, and must not block; one that panics costs the session nothing.
///
/// ```
/// use sockeye::Server;
/// use sockeye::engine::{EngineServer, Message};
///
/// let server = EngineServer::builder(Server::builder().path("/engine.io"))
///     .on_connect(|socket| {
///         let _ = socket.send(Message::Text("hi".to_owned()));
///     })
///     .on_message(|socket, message| {
///         let _ = socket.send(message);
///     })
///     .on_close(|_, reason| println!("closed: {reason}"))
///     .build();
/// ```
///
/// Source: the events `connection`, `message` and `close` of the engine in Node.
#[must_use = "a builder makes a server with build()"]
pub struct EngineBuilder {
    options: ServerBuilder,
    handlers: EngineHandlers,
}

impl EngineBuilder {
    pub(super) fn new(options: ServerBuilder) -> Self {
        Self { options, handlers: EngineHandlers::default() }
    }

    /// Called when a session begins, before its first message.
    pub fn on_connect(mut self, handler: impl Fn(&EngineSocket) + Send + Sync + 'static) -> Self {
        self.handlers.connect = Some(Box::new(handler));
        self
    }

    /// Called for each message, in order of arrival within a session.
    pub fn on_message(mut self, handler: impl Fn(&EngineSocket, Message) + Send + Sync + 'static) -> Self {
        self.handlers.message = Listening::Messages(Box::new(handler));
        self
    }

    /// [`on_message`](Self::on_message) with the head of the POST that carried the message; `None` for one that came by
    /// WebSocket. It replaces `on_message`, and costs a copy of the head for each request.
    pub fn on_message_of_request(
        mut self,
        handler: impl Fn(&EngineSocket, Message, Option<&RequestHead>) + Send + Sync + 'static,
    ) -> Self {
        self.handlers.message = Listening::Requests(Box::new(handler));
        self
    }

    /// Called when a session has ended, with the reason. What is sent then goes nowhere.
    pub fn on_close(mut self, handler: impl Fn(&EngineSocket, CloseReason) + Send + Sync + 'static) -> Self {
        self.handlers.close = Some(Box::new(handler));
        self
    }

    /// Makes the server; see [`ServerBuilder::build`] for options that contradict each other.
    pub fn build(self) -> EngineServer {
        EngineServer(self.options.into_engine(Upper::Engine(self.handlers)))
    }
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder").finish_non_exhaustive()
    }
}
