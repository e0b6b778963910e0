//! Acknowledgements in both directions: the answers a handler gives, and the answers it waits for.
//! Every wait ends exactly once: with a value, by its time limit, or with the socket.

mod table;
mod wait;

pub(crate) use table::{AckTable, Collector, MAX_OUTSTANDING, Refused, Settled};

pub use wait::{AckAnswer, AckFuture, BroadcastAckError, BroadcastAckFuture};

use crate::error::EmitError;
use crate::socket::Socket;
use sockeye_proto::socket::{EventArgs, encode_ack};

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
/// Source: socket.io-protocol v5 § Acknowledgement.
#[derive(Debug)]
pub struct Ack {
    socket: Socket,
    id: u64,
}

impl Ack {
    pub(crate) fn new(socket: Socket, id: u64) -> Self {
        Self { socket, id }
    }

    /// Answers. The arguments are as in [`Socket::emit`].
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn send(self, args: impl EventArgs) -> Result<(), EmitError> {
        self.socket.send_packet(|namespace, room| encode_ack(namespace, self.id, args, room))
    }
}
