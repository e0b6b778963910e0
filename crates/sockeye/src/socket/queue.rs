//! What a socket's connection holds back, for whoever sends faster than a client reads. All namespaces of a
//! client share one connection, so they share these figures.

use super::Socket;
use crate::error::EmitError;
use crate::handler::{Handler, IntoOutcome, Listener, On};
use crate::namespace::Namespace;

/// The outgoing queue of a connection at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queue {
    /// Bytes that were emitted and that the kernel, or a poll, has not taken.
    pub bytes: usize,
    /// How many there may be: `ServerBuilder::max_buffered_bytes`.
    pub limit_bytes: usize,
    /// Whether [`Socket::ready`] would wait: a quarter of the limit was passed, and it is not yet down to a
    /// sixteenth again.
    pub backed_up: bool,
}

impl Socket {
    /// What the connection holds back at this moment.
    ///
    /// Source: `socket.conn.writeBuffer` in Node, in bytes.
    pub fn queue(&self) -> Queue {
        let mailbox = &self.0.conn.mailbox;
        let held = mailbox.held();
        Queue { bytes: held.bytes, limit_bytes: mailbox.limits().buffered, backed_up: held.backed_up }
    }

    /// Resolves when the client has read enough to be sent more: at once while less than a quarter of
    /// `ServerBuilder::max_buffered_bytes` is queued, and otherwise when that is down to a sixteenth.
    ///
    /// ```
    /// use sockeye::{EmitError, Socket};
    ///
    /// async fn export(socket: Socket, rows: Vec<String>) -> Result<(), EmitError> {
    ///     for row in rows {
    ///         socket.ready().await?;
    ///         socket.emit("row", &row)?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// `Closed`: the connection has ended.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn ready(&self) -> Result<(), EmitError> {
        if self.0.conn.mailbox.ready().await { Ok(()) } else { Err(EmitError::Closed) }
    }

    /// Called each time that the connection was backed up and is not any more, beside the events: it does not
    /// wait for a handler that may be waiting for it. See [`Socket::ready`].
    ///
    /// Source: mirrors the `drain` event of `socket.conn` in Node.
    pub fn on_drain<H, A: 'static>(&self, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Drain, handler, false)
    }
}

impl Namespace {
    /// [`Socket::on_drain`] for every socket of the namespace.
    pub fn on_drain<H, A: 'static>(&self, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Drain, handler, false)
    }
}
