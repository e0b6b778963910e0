//! What connection state recovery needs of a socket, and what it shows of it.

use super::{CONNECTED, DISCONNECTED, JOINING, Socket};
use crate::conn::Conn;
use crate::namespace::NamespaceInner;
use crate::recovery::{Claim, Farewell, Life, Lost, ends_in_a_string};
use crate::session::control::Control;
use crate::session::joining;
use crate::session::mailbox::Delivery;
use sockeye_proto::socket::{DisconnectReason, Encoded, encode_disconnect};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Socket {
    /// Whether this socket goes on with the session of an earlier one, whose id, rooms and data it has: the client lost
    /// its connection and was sent what it missed. Listeners that were registered on the earlier socket are gone, so
    /// `on_connect` registers them again. Always false without
    /// [`ServerBuilder::connection_state_recovery`](crate::ServerBuilder::connection_state_recovery).
    ///
    /// ```
    /// use sockeye::{BoxError, Server, Socket};
    ///
    /// Server::new().on_connect(async |socket: Socket| {
    ///     if !socket.recovered() {
    ///         socket.join("lobby")?;
    ///     }
    ///     Ok::<_, BoxError>(())
    /// });
    /// ```
    ///
    /// Source: mirrors `socket.recovered` in Node.
    pub fn recovered(&self) -> bool {
        self.0.life.as_ref().is_some_and(|life| life.recovered())
    }

    /// A socket for a CONNECT to a namespace with recovery.
    pub(crate) fn of_claim(
        namespace: Arc<NamespaceInner>,
        conn: Arc<Conn>,
        auth: Option<&str>,
        claim: Claim,
    ) -> Self {
        let (id, data, life) = claim.into_parts();
        let socket = Self::make(namespace, conn, id, auth, Some(life));
        if !data.is_empty() {
            socket.with_store(|store| store.data = data);
        }
        socket
    }

    /// The same CONNECT, without the session that was lost meanwhile.
    pub(crate) fn begin_anew(&self, namespace: Arc<NamespaceInner>) -> Option<Self> {
        let claim = Claim::lost(self.life()?);
        Some(Self::of_claim(namespace, self.0.conn.clone(), self.0.auth.as_deref(), claim))
    }

    /// Queues the CONNECT reply, behind what a recovered client missed, and lets events reach the socket.
    pub(crate) fn enter(&self) -> Result<Option<Farewell>, Lost> {
        let encoding = &self.0.namespace.encoding;
        let reply = joining::consent(self, &self.0.conn);
        let mut entered = None;
        let _ = encoding.with_frames(reply, |reply| entered = Some(self.enter_with(reply)));
        // A parser of the server's own may fail to say it.
        entered.unwrap_or_else(|| self.enter_with(&[]))
    }

    fn enter_with(&self, reply: &[u8]) -> Result<Option<Farewell>, Lost> {
        if let (Some(recovery), Some(_)) = (self.0.namespace.recovery(), &self.0.life) {
            return recovery.enter(self, reply);
        }
        // Before anybody can reach the socket, so it is the first packet.
        self.0.conn.push(reply, Delivery::Protocol);
        self.add_to(&[]);
        Ok(None)
    }

    /// Another socket goes on with the session: the client of this one hears that it is disconnected, and stays away.
    pub(crate) fn tell_taken_over(&self) {
        let encoding = &self.0.namespace.encoding;
        let packet = encode_disconnect(self.0.namespace.name(), encoding.room());
        let _ = encoding.with_frames(packet, |frames| self.0.conn.push(frames, Delivery::Protocol));
        let (namespace, reason) = (self.0.namespace.shared_name(), DisconnectReason::TakenOver);
        self.0.conn.control(Control::Leave(namespace, self.0.id, reason));
    }

    /// Whether an event is kept for a client that comes back, or would at least be taken for an offset.
    pub(crate) fn wants_offset(&self, event: &Encoded, delivery: Delivery) -> bool {
        let kept = delivery == Delivery::Reliable && !self.is_joining();
        kept || ends_in_a_string(event)
    }

    /// The client was let in before, and that is enough here.
    pub(crate) fn skips_middleware(&self) -> bool {
        let skip = self.0.namespace.recovery().is_some_and(|recovery| recovery.options.skip_middlewares);
        skip && self.recovered()
    }

    /// True for who ended the connected socket.
    pub(crate) fn mark_disconnected(&self) -> bool {
        self.0.phase.swap(DISCONNECTED, Ordering::AcqRel) == CONNECTED
    }

    pub(crate) fn is_joining(&self) -> bool {
        self.0.phase.load(Ordering::Acquire) == JOINING
    }

    pub(crate) fn remove_from_adapter(&self) -> Vec<Arc<str>> {
        self.0.key.get().map(|&key| self.0.namespace.adapter().remove(key)).unwrap_or_default()
    }

    pub(crate) fn keep_last_rooms(&self, rooms: Vec<Arc<str>>) {
        self.with_store(|store| store.last_rooms = rooms);
    }

    pub(crate) fn life(&self) -> Option<&Arc<Life>> {
        self.0.life.as_ref()
    }
}
