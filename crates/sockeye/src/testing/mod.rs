//! Clients for the tests of an application (feature `testing`): each is connected to a [`Server`] in memory, without a
//! network and, on a paused clock, without waiting.
//!
//! A client goes the whole way of a real one (HTTP, WebSocket, Engine.IO, Socket.IO), so what its test sees is what
//! clients will see: options, middleware, limits and heartbeat included. It is made for tests: a method panics where the
//! test has failed, and says what arrived instead.
//!
//! Use a paused clock, `#[tokio::test(start_paused = true)]`. Time then stands still while anything can happen and leaps
//! when nothing can: a limit that passes costs no time, and "nothing comes" is a certainty instead of a guess.
//!
//! # A chat and its test
//! ```
//! use sockeye::testing::Client;
//! use sockeye::{Ack, Auth, BoxError, ConnectError, Data, Server, Socket};
//! use std::time::Duration;
//!
//! #[derive(serde::Deserialize)]
//! struct Login {
//!     name: String,
//! }
//!
//! /// A chat with rooms. Nobody is called `admin`, and whoever is silent for a minute is reminded.
//! fn chat() -> Server {
//!     let io = Server::new();
//!     io.middleware(async |Auth(login): Auth<Login>| match login.name.as_str() {
//!         "admin" => Err(ConnectError::new("the name is taken")),
//!         _ => Ok(()),
//!     });
//!     io.on_connect(async |socket: Socket, Auth(login): Auth<Login>| {
//!         socket.set_data("name", &login.name)?;
//!         tokio::spawn(async move {
//!             tokio::time::sleep(Duration::from_secs(60)).await;
//!             let _ = socket.emit("still there?", ());
//!         });
//!         Ok::<_, BoxError>(())
//!     });
//!     io.on("enter", async |socket: Socket, Data(room): Data<String>, ack: Ack<bool>| {
//!         socket.join(&room)?;
//!         ack.send(&true)?;
//!         Ok::<_, BoxError>(())
//!     });
//!     io.on("say", async |socket: Socket, Data(room): Data<String>, Data(text): Data<String>| {
//!         let name: Option<String> = socket.data("name");
//!         socket.to(&room).emit("said", (name, text))
//!     });
//!     io
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let io = chat();
//! let login = |name: &str| serde_json::json!({ "name": name });
//! let mut ada = Client::builder(&io).auth(&login("ada")).connect().await;
//! let mut bob = Client::builder(&io).auth(&login("bob")).connect().await;
//! let refusal = Client::builder(&io).auth(&login("admin")).try_connect().await.unwrap_err();
//! assert_eq!(refusal.message(), "the name is taken");
//!
//! assert!(ada.emit_with_ack::<bool>("enter", "kitchen").await);
//! assert!(bob.emit_with_ack::<bool>("enter", "kitchen").await);
//! ada.emit("say", ("kitchen", "dinner?"));
//! assert_eq!(bob.expect_event("said").await.args::<(String, String)>(), ("ada".into(), "dinner?".into()));
//! ada.expect_nothing().await;
//!
//! ada.advance(Duration::from_secs(60)).await;
//! ada.expect::<()>("still there?").await;
//!
//! drop(ada);
//! bob.settle().await;
//! assert_eq!(io.counts().clients, 1);
//! # }
//! ```

#![allow(clippy::panic, reason = "a test fails so")]

mod connection;
mod wire;

use crate::error::ConnectError;
use crate::server::Server;
use connection::{Command, Incoming, Seat};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sockeye_proto::socket::{
    ArgsBuf, ClientDisconnectReason, EncodeError, EventArgs, Parser, encode_ack, encode_event,
};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

pub use sockeye_proto::socket::{ClientDisconnectReason as DisconnectReason, Message};
pub use wire::RawClient;

/// How long an answer is awaited if nothing else is said.
const LIMIT: Duration = Duration::from_secs(5);

/// A client in one namespace. Dropping it, and all that [`Client::join`] made of it, drops its connection.
///
/// Of the events that arrive, those that are not asked for are kept until they are.
pub struct Client {
    namespace: Arc<str>,
    id: String,
    commands: mpsc::UnboundedSender<Command>,
    incoming: mpsc::UnboundedReceiver<Incoming>,
    /// What came while something else was awaited.
    kept: VecDeque<Incoming>,
    next_ack_id: AtomicU64,
    limit: Duration,
}

impl Client {
    /// A client in the main namespace, with neither auth nor headers of its own.
    ///
    /// # Panics
    /// The server refuses it.
    pub async fn connect(io: &Server) -> Self {
        Self::builder(io).connect().await
    }

    /// A client to be described.
    pub fn builder(io: &Server) -> ClientBuilder {
        ClientBuilder {
            io: io.clone(),
            namespace: "/".into(),
            auth: None,
            headers: Vec::new(),
            query: String::new(),
            parser: None,
            limit: LIMIT,
        }
    }

    /// Joins another namespace over the same connection; `auth` as in [`ClientBuilder::auth`].
    ///
    /// # Errors
    /// The server refuses it.
    pub async fn join<T: Serialize + ?Sized>(&self, namespace: &str, auth: &T) -> Result<Self, ConnectError> {
        let auth = to_value(auth);
        Self::enter(namespace.into(), Some(auth), self.commands.clone(), self.limit).await
    }

    async fn enter(
        namespace: Arc<str>,
        auth: Option<serde_json::Value>,
        commands: mpsc::UnboundedSender<Command>,
        limit: Duration,
    ) -> Result<Self, ConnectError> {
        let (seat, incoming, granted) = Seat::new(&namespace);
        let _ = commands.send(Command::Join { namespace: namespace.clone(), auth, seat });
        let granted = tokio::time::timeout(limit, granted).await;
        let id = match granted {
            Ok(Ok(granted)) => granted?,
            Ok(Err(_)) => return Err(ConnectError::new("the connection ended")),
            Err(_) => panic!("no answer to the CONNECT for {namespace} within {limit:?}"),
        };
        Ok(Self {
            namespace,
            id,
            commands,
            incoming,
            kept: VecDeque::new(),
            next_ack_id: AtomicU64::new(0),
            limit,
        })
    }

    /// The id that the server gave this client's socket.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sends an event; the arguments are as in [`Socket::emit`](crate::Socket::emit).
    pub fn emit(&self, event: &str, args: impl EventArgs) {
        let packet = encoded(encode_event(&self.namespace, event, None, args, 0));
        let _ = self.commands.send(Command::Send(packet));
    }

    /// Sends an event and gives the first argument of the answer.
    ///
    /// # Panics
    /// None comes in time, or it is no `T`.
    pub async fn emit_with_ack<T: DeserializeOwned>(&self, event: &str, args: impl EventArgs) -> T {
        let id = self.next_ack_id.fetch_add(1, Ordering::Relaxed);
        let packet = encoded(encode_event(&self.namespace, event, Some(id), args, 0));
        let (answer, answered) = oneshot::channel();
        let _ = self.commands.send(Command::Ask { namespace: self.namespace.clone(), id, packet, answer });
        let limit = self.limit;
        match tokio::time::timeout(limit, answered).await {
            Ok(Ok(args)) => {
                let decoded = args.as_args().decode(0);
                decoded.unwrap_or_else(|error| panic!("the answer to \"{event}\": {error}"))
            }
            Ok(Err(_)) => panic!("the socket ended before \"{event}\" was answered"),
            Err(_) => panic!("no answer to \"{event}\" within {limit:?}"),
        }
    }

    /// The first argument of the next event of this name, whether it has arrived or is to come; `()` for none.
    ///
    /// # Panics
    /// None comes in time, or it is no `T`.
    pub async fn expect<T: DeserializeOwned>(&mut self, event: &str) -> T {
        let received = self.expect_event(event).await;
        let decoded = received.args.as_args().decode(0);
        decoded.unwrap_or_else(|error| panic!("\"{event}\": {error}"))
    }

    /// The next event of this name with all its arguments, and its acknowledgement if the server asked for one.
    ///
    /// # Panics
    /// None comes in time.
    pub async fn expect_event(&mut self, event: &str) -> Received {
        let wanted =
            |incoming: &Incoming| matches!(incoming, Incoming::Event(received) if received.name == event);
        let what = format!("\"{event}\"");
        match self.wait_for(&what, wanted).await {
            Incoming::Event(received) => received,
            Incoming::Disconnected(reason) => panic!("{reason} instead of {what}"),
        }
    }

    /// Why the socket ends.
    ///
    /// # Panics
    /// It does not in time.
    pub async fn expect_disconnect(&mut self) -> ClientDisconnectReason {
        let wanted = |incoming: &Incoming| matches!(incoming, Incoming::Disconnected(_));
        match self.wait_for("the end of the socket", wanted).await {
            Incoming::Disconnected(reason) => reason,
            Incoming::Event(received) => panic!("{received:?} instead of the end of the socket"),
        }
    }

    /// Nothing has arrived that was not asked for, and nothing will until somebody acts or time passes.
    ///
    /// # Panics
    /// Something did.
    pub async fn expect_nothing(&mut self) {
        self.settle().await;
        while let Ok(incoming) = self.incoming.try_recv() {
            self.kept.push_back(incoming);
        }
        assert!(self.kept.is_empty(), "nothing was expected, but there is {:?}", self.kept);
    }

    /// Lets everything happen that can happen now. On a paused clock this takes a millisecond of its time.
    pub async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Lets time pass; what falls due meanwhile happens at its moment. On a paused clock it takes no real time.
    pub async fn advance(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }

    /// Leaves the namespace, as `disconnect()` of the official client does.
    pub async fn disconnect(self) {
        let _ = self.commands.send(Command::Leave(self.namespace.clone()));
        self.settle().await;
    }

    /// Sends a message as it is, behind the Engine.IO type `4`, for what no well-behaved client would send.
    pub fn send_raw(&self, message: Message) {
        let _ = self.commands.send(Command::Raw(message));
    }

    async fn wait_for(&mut self, what: &str, wanted: impl Fn(&Incoming) -> bool) -> Incoming {
        if let Some(at) = self.kept.iter().position(&wanted)
            && let Some(incoming) = self.kept.remove(at)
        {
            return incoming;
        }
        let until = Instant::now() + self.limit;
        loop {
            match tokio::time::timeout_at(until, self.incoming.recv()).await {
                Ok(Some(incoming)) if wanted(&incoming) => return incoming,
                Ok(Some(incoming)) => self.kept.push_back(incoming),
                Ok(None) => panic!("the socket ended without {what}; there is {:?}", self.kept),
                Err(_) => panic!("{:?} passed without {what}; there is {:?}", self.limit, self.kept),
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("namespace", &self.namespace)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// An event that a [`Client`] received.
pub struct Received {
    name: String,
    args: ArgsBuf,
    namespace: Arc<str>,
    ack_id: Option<u64>,
    commands: mpsc::WeakUnboundedSender<Command>,
}

impl Received {
    /// The arguments as a tuple or a sequence.
    ///
    /// # Panics
    /// They are none.
    pub fn args<T: DeserializeOwned>(&self) -> T {
        let decoded = self.args.as_args().decode_all();
        decoded.unwrap_or_else(|error| panic!("\"{}\": {error}", self.name))
    }

    /// Whether the server waits for an answer.
    pub fn wants_ack(&self) -> bool {
        self.ack_id.is_some()
    }

    /// Answers.
    ///
    /// # Panics
    /// The server asked for no answer.
    pub fn ack(self, args: impl EventArgs) {
        let Some(id) = self.ack_id else { panic!("\"{}\" asks for no answer", self.name) };
        let packet = encoded(encode_ack(&self.namespace, id, args, 0));
        if let Some(commands) = self.commands.upgrade() {
            let _ = commands.send(Command::Send(packet));
        }
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let args = self.args.as_args();
        let args: Vec<_> = (0..args.len()).filter_map(|index| args.get(index)).collect();
        write!(f, "\"{}\" with [{}]", self.name, args.join(", "))
    }
}

/// Describes a [`Client`].
#[must_use = "a builder does nothing until it connects"]
pub struct ClientBuilder {
    io: Server,
    namespace: Arc<str>,
    auth: Option<serde_json::Value>,
    headers: Vec<(String, String)>,
    query: String,
    parser: Option<Arc<dyn Parser>>,
    limit: Duration,
}

impl ClientBuilder {
    /// The namespace, `/` if not said.
    pub fn namespace(self, name: &str) -> Self {
        Self { namespace: name.into(), ..self }
    }

    /// What [`Auth`](crate::Auth) takes: anything that serializes to an object.
    pub fn auth<T: Serialize + ?Sized>(self, auth: &T) -> Self {
        Self { auth: Some(to_value(auth)), ..self }
    }

    /// A header of the request that opens the connection, such as a cookie.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A parameter of that request, as it stands in a URL.
    pub fn query(mut self, key: &str, value: &str) -> Self {
        self.query.push_str(&format!("&{key}={value}"));
        self
    }

    /// The parser of [`ServerBuilder::parser`](crate::ServerBuilder::parser).
    pub fn parser(self, parser: impl Parser) -> Self {
        Self { parser: Some(Arc::new(parser)), ..self }
    }

    /// How long the client waits for what its test expects: 5 s if not said.
    pub fn limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Connects.
    ///
    /// # Panics
    /// The server refuses the client.
    pub async fn connect(self) -> Client {
        let connected = self.try_connect().await;
        connected.unwrap_or_else(|refusal| panic!("the client was refused: {refusal}"))
    }

    /// Connects, or tells what the client would get as `connect_error`.
    ///
    /// # Errors
    /// The refusal: of the middleware, or the status and body of the HTTP response.
    pub async fn try_connect(self) -> Result<Client, ConnectError> {
        let raw = RawClient::open(&self.io, &self.query, &self.headers, self.limit).await?;
        let commands = connection::start(raw, self.parser);
        Client::enter(self.namespace, self.auth, commands, self.limit).await
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

fn to_value<T: Serialize + ?Sized>(auth: &T) -> serde_json::Value {
    serde_json::to_value(auth).unwrap_or_else(|error| panic!("the auth does not serialize: {error}"))
}

fn encoded<T>(packet: Result<T, EncodeError>) -> T {
    packet.unwrap_or_else(|error| panic!("the client cannot send this: {error}"))
}
