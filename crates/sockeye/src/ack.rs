//! Acknowledgements in both directions: the answers a handler gives, and the answers it waits for.
//! Every wait ends exactly once: with a value, by its time limit, or with the socket.

mod table;
mod wait;

pub(crate) use table::{AckTable, Collector, MAX_OUTSTANDING, Refused, Settled};

pub use wait::{AckAnswer, AckFuture, BroadcastAckError, BroadcastAckFuture};

use crate::error::EmitError;
use crate::socket::Socket;
use serde::Serialize;
use sockeye_proto::socket::{EventArgs, encode_ack};
use std::marker::PhantomData;

/// The client's request for an acknowledgement. Sending it uses it up; dropping it leaves the client to its
/// own time limit, as in Node.
///
/// ```
/// use sockeye::{Ack, Data, EmitError, Server};
///
/// Server::new().on("double", async |Data(n): Data<i64>, ack: Ack| {
///     ack.send(&(n * 2))?;
///     Ok::<_, EmitError>(())
/// });
/// ```
///
/// An `Ack<T>` takes one `T` and nothing else, so that the compiler holds a handler to what its clients expect:
///
/// ```
/// use sockeye::{Ack, Data, Server};
///
/// Server::new().on("double", async |Data(n): Data<i64>, ack: Ack<i64>| ack.send(&(n * 2)));
/// ```
///
/// ```compile_fail
/// # use sockeye::{Ack, Server};
/// Server::new().on("double", async |ack: Ack<i64>| ack.send("a text"));
/// ```
///
/// Source: socket.io-protocol v5 § Acknowledgement.
#[derive(Debug)]
pub struct Ack<T: ?Sized = AnyReply> {
    socket: Socket,
    id: u64,
    reply: PhantomData<fn(&T)>,
}

/// The reply of an [`Ack`] that takes whatever can be emitted.
#[derive(Debug)]
pub enum AnyReply {}

impl<T: ?Sized> Ack<T> {
    pub(crate) fn new(socket: Socket, id: u64) -> Self {
        Self { socket, id, reply: PhantomData }
    }
}

impl<T: Serialize + ?Sized> Ack<T> {
    /// Answers with one argument.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn send(self, reply: &T) -> Result<(), EmitError> {
        self.socket.send_packet(|namespace, room| encode_ack(namespace, self.id, reply, room))
    }
}

impl Ack {
    /// Answers. The arguments are as in [`Socket::emit`].
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn send(self, args: impl EventArgs) -> Result<(), EmitError> {
        self.socket.send_packet(|namespace, room| encode_ack(namespace, self.id, args, room))
    }
}
