//! Whom a broadcast reaches, and what can be done with them.

use crate::ack::{BroadcastAckFuture, Collector};
use crate::error::{AckError, EmitError};
use crate::frames::{HEADROOM, readdressed};
use crate::goodbye::Goodbye;
use crate::namespace::NamespaceInner;
use crate::session::mailbox::Delivery;
use crate::socket::{Close, Socket, SocketInner};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use sockeye_adapter::{Packet, Target};
use sockeye_proto::socket::{EncodeError, Encoded, EventArgs};
use std::sync::Arc;
use std::time::Duration;

/// A choice of sockets in one namespace: the union of its rooms (everyone, if there is none), without the
/// sockets in any excepted room. Nothing happens until one of its verbs is called.
///
/// ```
/// # use sockeye::{EmitError, Server};
/// # fn example(io: &Server) -> Result<(), EmitError> {
/// io.to("lobby").to("kitchen").except("asleep").emit("dinner", "at eight")?;
/// # Ok(())
/// # }
/// ```
///
/// Source: mirrors `BroadcastOperator` of the Node server.
#[derive(Clone)]
#[must_use = "an operator does nothing until one of its verbs is called"]
pub struct BroadcastOperator {
    namespace: Arc<NamespaceInner>,
    target: Target,
    volatile: bool,
    uncompressed: bool,
    timeout: Duration,
}

impl BroadcastOperator {
    pub(crate) fn new(namespace: Arc<NamespaceInner>) -> Self {
        let timeout = namespace.ack_timeout;
        Self { namespace, target: Target::everyone(), volatile: false, uncompressed: false, timeout }
    }

    /// Adds the sockets in `room`. A socket's id is its own room.
    pub fn to(mut self, room: &str) -> Self {
        self.target.rooms.push(self.namespace.unqualified(room));
        self
    }

    /// Another word for [`BroadcastOperator::to`]: `in` is taken in Rust.
    pub fn within(self, room: &str) -> Self {
        self.to(room)
    }

    /// Leaves out the sockets in `room`.
    pub fn except(mut self, room: &str) -> Self {
        self.target.except.push(self.namespace.unqualified(room));
        self
    }

    /// Only the sockets of this node. Source: mirrors `io.local` in Node.
    pub fn local(self) -> Self {
        // With the local adapter every socket is one of this node.
        self
    }

    /// A receiver that cannot take the event at once does not get it: its transport holds back bytes already, or
    /// it is between two polls. Broadcasts that await answers are never dropped. Source: mirrors `io.volatile`.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// The event is sent as it is where it would be compressed, see [`Socket::emit_uncompressed`].
    /// Source: mirrors `io.compress(false)` in Node.
    pub fn uncompressed(mut self) -> Self {
        self.uncompressed = true;
        self
    }

    /// How long [`BroadcastOperator::emit_with_ack`] waits: `ServerBuilder::ack_timeout` if not said.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends an event to the chosen sockets. It is encoded once; every receiver sees concurrent broadcasts
    /// of the namespace in the same order. The arguments are as in [`Socket::emit`].
    ///
    /// # Errors
    /// The event cannot be encoded. A receiver that is too slow is disconnected, which its own
    /// `on_disconnect` tells, or left out (see `ServerBuilder::slow_reader`); it is no error here.
    pub fn emit(&self, event: &str, args: impl EventArgs) -> Result<(), EmitError> {
        let encoded = self.namespace.encode(event, None, args)?;
        self.each(encoded, |namespace, encoded| match namespace.recovery() {
            Some(recovery) => {
                let delivery = if self.volatile { Delivery::Volatile } else { Delivery::Reliable };
                recovery.broadcast(namespace, &self.target, encoded, delivery)
            }
            None => {
                let packet = self.pack(namespace.encoding.shared_frames(encoded)?);
                let packet = if self.volatile { packet.into_volatile() } else { packet };
                Ok(namespace.adapter().broadcast(&self.target, &packet))
            }
        })?;
        Ok(())
    }

    /// [`BroadcastOperator::emit`] of an event called `message`. Source: mirrors `io.send` and `io.write` in Node.
    ///
    /// # Errors
    /// As [`BroadcastOperator::emit`].
    pub fn send(&self, args: impl EventArgs) -> Result<(), EmitError> {
        self.emit("message", args)
    }

    /// How many sockets are chosen.
    pub fn count(&self) -> usize {
        let count = |namespace: &NamespaceInner| namespace.adapter().members(&self.target).len();
        match self.namespace.as_parent() {
            None => count(&self.namespace),
            Some(parent) => parent.children().iter().map(|child| count(child)).sum(),
        }
    }

    /// Sends an event to the chosen sockets and resolves to the first argument of each one's answer, in the
    /// order of their arrival. The event leaves at the call.
    ///
    /// # Errors
    /// [`BroadcastAckError`](crate::BroadcastAckError) unless every socket answered: it holds the answers
    /// that did come, and says of each other socket whether it was late or gone.
    ///
    /// # Panics
    /// Outside a tokio runtime, whose timer the wait uses.
    ///
    /// # Cancel safety
    /// Dropping the future stops the waiting; the event is not unsent.
    ///
    /// Source: socket.io-protocol v5 § Acknowledgement; mirrors `io.timeout(ms).emitWithAck` in Node.
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: impl EventArgs,
    ) -> BroadcastAckFuture<T> {
        let id = self.namespace.next_ack_id();
        let encoded = match self.namespace.encode(event, Some(id), args) {
            Ok(encoded) => encoded,
            Err(error) => return BroadcastAckFuture::failed(AckError::Emit(error)),
        };
        let collector: Arc<Collector<Socket>> = Collector::new();
        let receivers = self.each(encoded, |namespace, encoded| {
            let frames = namespace.encoding.shared_frames(encoded)?;
            let packet = self.pack(frames).with_ack(id, collector.clone());
            Ok(match namespace.recovery() {
                Some(recovery) => recovery.broadcast_packet(namespace, &self.target, packet),
                None => namespace.adapter().broadcast(&self.target, &packet),
            })
        });
        match receivers {
            Ok(receivers) => collector.expect(receivers),
            Err(error) => return BroadcastAckFuture::failed(AckError::Emit(error.into())),
        }
        BroadcastAckFuture::new(id, collector, self.timeout)
    }

    fn pack(&self, frames: Bytes) -> Packet {
        let packet = Packet::new(frames);
        if self.uncompressed { packet.into_uncompressed() } else { packet }
    }

    /// Delivers to the namespace, or to each child of a parent; gives the number of receivers.
    fn each(
        &self,
        encoded: Encoded,
        deliver: impl Fn(&NamespaceInner, Encoded) -> Result<usize, EncodeError>,
    ) -> Result<usize, EncodeError> {
        let deliver = |namespace: &NamespaceInner, encoded: Encoded| {
            let shown = namespace.hears_outgoing().then(|| (self.sockets_in(namespace), encoded.clone()));
            let receivers = deliver(namespace, encoded)?;
            // Now that no lock is held.
            if let Some((sockets, encoded)) = shown
                && let Some(event) = encoded.event(HEADROOM)
            {
                sockets.for_each(|socket| socket.show_outgoing(&event.name, &event.args));
            }
            Ok(receivers)
        };
        match self.namespace.as_parent() {
            None => deliver(&self.namespace, encoded),
            Some(parent) => {
                let children = parent.children();
                children
                    .iter()
                    .map(|child| deliver(child, readdressed(&encoded, HEADROOM, child.name())))
                    .sum()
            }
        }
    }

    /// The chosen sockets, of all children where the namespace is a parent.
    ///
    /// Source: mirrors `fetchSockets` in Node, which throws on a parent.
    pub async fn fetch_sockets(&self) -> Vec<Socket> {
        self.sockets()
    }

    /// Lets the chosen sockets join rooms. Source: mirrors `socketsJoin` in Node.
    ///
    /// # Errors
    /// The first socket that could not join all of them; the others did.
    pub fn join(&self, rooms: &[&str]) -> Result<(), sockeye_adapter::JoinError> {
        let mut outcome = Ok(());
        for socket in self.sockets() {
            for room in rooms {
                outcome = outcome.and(socket.join(room));
            }
        }
        outcome
    }

    /// Lets the chosen sockets leave rooms. Source: mirrors `socketsLeave` in Node.
    pub fn leave(&self, rooms: &[&str]) {
        for socket in self.sockets() {
            rooms.iter().for_each(|room| socket.leave(room));
        }
    }

    /// Disconnects the chosen sockets. Source: mirrors `disconnectSockets` in Node.
    pub fn disconnect(&self, close: Close) {
        for socket in self.sockets() {
            socket.disconnect(close);
        }
    }

    /// [`BroadcastOperator::disconnect`], with a word about it; see [`Socket::disconnect_with`].
    pub fn disconnect_with(&self, close: Close, goodbye: &Goodbye) {
        for socket in self.sockets() {
            socket.disconnect_with(close, goodbye);
        }
    }

    fn sockets(&self) -> Vec<Socket> {
        match self.namespace.as_parent() {
            None => self.sockets_in(&self.namespace).collect(),
            Some(parent) => parent.children().iter().flat_map(|child| self.sockets_in(child)).collect(),
        }
    }

    fn sockets_in(&self, namespace: &NamespaceInner) -> impl Iterator<Item = Socket> + use<> {
        let members = namespace.adapter().members(&self.target);
        let members: Vec<_> = members.iter().cloned().collect();
        let sockets =
            members.into_iter().filter_map(|member| member.into_any().downcast::<SocketInner>().ok());
        sockets.map(Socket::from)
    }
}

impl std::fmt::Debug for BroadcastOperator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BroadcastOperator")
            .field("namespace", &self.namespace.name())
            .field("target", &self.target)
            .field("volatile", &self.volatile)
            .field("uncompressed", &self.uncompressed)
            .finish_non_exhaustive()
    }
}
