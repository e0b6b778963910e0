//! A Socket.IO server for any tower, hyper or axum host, or by itself.
//!
//! Official clients (Engine.IO 4, Socket.IO 5) connect unchanged, over WebSocket or HTTP long-polling.
//!
//! ```no_run
//! use sockeye::{Data, EmitError, Server, Socket};
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let io = Server::new();
//!     io.on_connect(async |socket: Socket| {
//!         socket.on("chat message", async |socket: Socket, Data(text): Data<String>| {
//!             socket.broadcast().emit("chat message", &text)?;
//!             Ok::<_, EmitError>(())
//!         });
//!     });
//!     io.listen("[::]:3000").await
//! }
//! ```
//!
//! # Order
//! Events of one socket are handled one after another, in the order of their arrival: a handler that awaits
//! holds up the socket's later events, not its acknowledgements. [`concurrent`] lifts that for one handler.
//! A client that sends more than is handled is not read any further, which holds up its other namespaces too.
//!
//! # Binary
//! Types that serde knows as bytes ([`bytes::Bytes`], `serde_bytes`) travel as binary attachments, wherever
//! they stand in a value. A `Vec<u8>` is a JSON array of numbers.

mod ack;
mod config;
mod conn;
mod deflate;
pub mod engine;
mod error;
mod extract;
mod frames;
mod goodbye;
mod handler;
mod handshake;
mod http;
mod listen;
mod middleware;
#[cfg(feature = "__model")]
#[cfg(test)]
mod model;
mod namespace;
mod operator;
mod outgoing;
mod quiet;
mod random;
mod recovery;
mod registry;
mod server;
mod session;
mod socket;
#[cfg(feature = "testing")]
pub mod testing;
pub mod websocket;

pub use ack::{Ack, AckAnswer, AckFuture, AnyReply, BroadcastAckError, BroadcastAckFuture};
pub use config::{ConfigError, ConnectionStateRecovery, PerMessageDeflate, ServerBuilder, SlowReader};
pub use error::{AckError, BoxError, ConnectError, EmitError, ExtractError, HandlerError};
pub use extract::{Arguments, Auth, Data, EventName, EventParts, FromEvent, Rest, State};
pub use goodbye::Goodbye;
pub use handler::{Concurrent, Handler, IntoOutcome, Listener, concurrent};
pub use handshake::Handshake;
pub use http::{
    ConnectionError, Cookie, Cors, DeadlineBody, Encryption, ErrorContext, NotFound, PeerAddr, RequestHead,
    ResponseBody, ResponseFuture, SameSite, SockeyeLayer, SockeyeService,
};
#[cfg(feature = "tls")]
pub use listen::tls;
pub use listen::{Serve, serve};
pub use middleware::IntoVerdict;
pub use namespace::{Namespace, NamespaceRequest, Params, PatternError};
pub use operator::BroadcastOperator;
pub use recovery::{DuplicateError, ExpiredSession};
pub use regex::Regex;
pub use server::{Counts, Server, Shutdown};
pub use socket::{Close, Queue, Socket};
pub use sockeye_adapter::{JoinError, RoomEvent};
pub use sockeye_proto::engine::{Protocol, Transport};
pub use sockeye_proto::socket::ArgsBuf as RawArguments;
pub use sockeye_proto::socket::MuxError as PacketError;
pub use sockeye_proto::socket::{ArgError, Args, DisconnectReason, EncodeError, EventArgs};
/// How packets become messages, for [`ServerBuilder::parser`].
pub use sockeye_proto::socket::{
    Decoder, Header, Message, MsgpackParser, MuxError, MuxLimits, PacketBuf, PacketType, Parser,
};
pub use sockeye_proto::websocket::WindowBits;
pub use sockeye_proto::{SessionId, SocketId};

/// The README's examples are tested with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
