//! The protocol core of Sockeye, without I/O: bytes, time and randomness come in; bytes, events and
//! deadlines go out.
//!
//! Three layers that never import each other, and the one module that sees them together:
//!
//! - [`websocket`]: RFC 6455 frames and handshake
//! - [`engine`]: Engine.IO v4 packets, payloads and sessions
//! - [`socket`]: Socket.IO v5 packets, codec, namespaces and acks
//! - [`connection`]: an engine session with its namespaces, which is what a server or a client drives
//!
//! Nothing here names a runtime, a socket, a thread, a clock or a random generator.

pub mod connection;
pub mod engine;
mod id;
mod percent;
pub mod socket;
#[cfg(test)]
mod testing;
mod time;
pub mod websocket;

pub use id::{InvalidId, PrivateSessionId, SessionId, SocketId};
pub use time::Timestamp;
