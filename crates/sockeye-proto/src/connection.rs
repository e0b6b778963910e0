//! One Engine.IO session with its Socket.IO namespaces: what the shells drive.
//!
//! A message goes in, at most one event comes out; the shell asks the session for its deadlines and the mux
//! for its namespaces. Either half can do without the other: a server may run the engine alone.

mod client;
mod server;

#[cfg(test)]
mod tests;

pub use client::{ClientConnection, ClientConnectionError, ClientEvent};
pub use server::{ConnectionError, ServerConnection, ServerEvent};
