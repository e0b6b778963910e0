//! One client in one namespace: the handle that handlers get.

mod compress;
mod emit;
mod listen;
mod outgoing;
mod protocol;
mod queue;
mod recovery;
mod request;

pub use queue::Queue;

use crate::ack::{AckTable, Collector, Settled};
use crate::conn::Conn;
use crate::goodbye::Goodbye;
use crate::handler::ListenerTable;
use crate::handshake::Handshake;
use crate::namespace::{ErrorHandler, Namespace, NamespaceInner};
use crate::operator::BroadcastOperator;
use crate::outgoing::OutgoingListeners;
use crate::recovery::Life;
use crate::server::{Server, Shared};
use crate::session::control::Control;
use crate::session::mailbox::{Delivery, Push};
use http::Extensions;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sockeye_adapter::{JoinError, Member, Packet, Prepared, SocketKey};
use sockeye_proto::SocketId;
use sockeye_proto::engine::{CloseReason, Transport};
use sockeye_proto::socket::{ArgError, DisconnectReason, encode_disconnect};
use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};
use tokio::sync::Notify;

/// One client in one namespace. Cheap to clone; all clones are the same socket.
///
/// Source: mirrors `Socket` of the Node server.
#[derive(Clone)]
pub struct Socket(Arc<SocketInner>);

pub(crate) struct SocketInner {
    /// For the wait for a broadcast's answers, which keeps its receivers.
    me: Weak<SocketInner>,
    id: SocketId,
    namespace: Arc<NamespaceInner>,
    conn: Arc<Conn>,
    /// The `auth` object of the CONNECT packet, as JSON.
    auth: Option<Box<str>>,
    /// Given by the adapter when the socket joins.
    key: OnceLock<SocketKey>,
    phase: AtomicU8,
    acks: AckTable<Socket>,
    /// Bits of `LISTENS` and `CHECKS`.
    uses: AtomicU8,
    /// In a namespace whose sockets can be recovered.
    life: Option<Arc<Life>>,
    /// What most sockets never use.
    store: Mutex<Option<Box<Store>>>,
}

#[derive(Default)]
struct Store {
    listeners: ListenerTable,
    outgoing: OutgoingListeners,
    on_error: Option<Arc<ErrorHandler>>,
    data: serde_json::Map<String, serde_json::Value>,
    extensions: Extensions,
    /// For the `closed()` futures; made by the first of them.
    ended: Option<Arc<Notify>>,
    reason: Option<DisconnectReason>,
    /// The rooms as they were when the socket ended, while `disconnecting` listeners run.
    last_rooms: Vec<Arc<str>>,
}

/// The socket has listeners of its own, or had.
const LISTENS: u8 = 1;
/// The socket has middleware of its own, or had.
const CHECKS: u8 = 2;

const JOINING: u8 = 0;
const CONNECTED: u8 = 1;
const DISCONNECTED: u8 = 2;

/// What [`Socket::disconnect`] ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// This namespace only: `disconnect()` in Node.
    Namespace,
    /// The client's whole connection, all its namespaces: `disconnect(true)` in Node.
    Connection,
    /// The transport, without a word of Socket.IO, so that the client reconnects: `socket.conn.close()` in Node. All
    /// namespaces end with `forced close`.
    Transport,
}

impl Socket {
    pub(crate) fn new(
        namespace: Arc<NamespaceInner>,
        conn: Arc<Conn>,
        id: SocketId,
        auth: Option<&str>,
    ) -> Self {
        Self::make(namespace, conn, id, auth, None)
    }

    fn make(
        namespace: Arc<NamespaceInner>,
        conn: Arc<Conn>,
        id: SocketId,
        auth: Option<&str>,
        life: Option<Arc<Life>>,
    ) -> Self {
        Self(Arc::new_cyclic(|me| SocketInner {
            me: me.clone(),
            id,
            namespace,
            conn,
            auth: auth.map(Into::into),
            key: OnceLock::new(),
            phase: AtomicU8::new(JOINING),
            acks: AckTable::new(),
            uses: AtomicU8::new(0),
            life,
            store: Mutex::new(None),
        }))
    }

    /// The public id: 20 characters, unlike the session's secret one. It is also the socket's own room.
    pub fn id(&self) -> &SocketId {
        &self.0.id
    }

    /// The namespace this socket is in.
    pub fn namespace(&self) -> Namespace {
        Namespace::from(self.0.namespace.clone())
    }

    /// The server.
    pub fn server(&self) -> Server {
        Server::from(self.0.conn.shared.clone())
    }

    /// The request that opened the connection.
    pub fn handshake(&self) -> &Handshake {
        &self.0.conn.handshake
    }

    /// The `auth` payload that the client sent with its CONNECT packet; `{}` when it sent none.
    ///
    /// # Errors
    /// The payload is not a `T`.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, ArgError> {
        let auth = self.0.auth.as_deref().unwrap_or("{}");
        serde_json::from_str(auth).map_err(|error| ArgError::Invalid { index: 0, reason: error.to_string() })
    }

    /// The transport in use at this moment.
    pub fn transport(&self) -> Transport {
        self.0.conn.transport()
    }

    /// Whether it is over: after the disconnection, from either side. Neither this nor
    /// [`connected`](Socket::connected) is true while the middleware decides.
    ///
    /// Source: mirrors `socket.disconnected` in Node.
    pub fn disconnected(&self) -> bool {
        self.0.phase.load(Ordering::Acquire) == DISCONNECTED
    }

    /// Whether events reach the client: true from the CONNECT reply to the disconnection.
    pub fn connected(&self) -> bool {
        self.0.phase.load(Ordering::Acquire) == CONNECTED
    }

    /// Everyone in the namespace but this socket.
    pub fn broadcast(&self) -> BroadcastOperator {
        self.namespace().broadcast().except(self.0.id.as_str())
    }

    /// The sockets in `room`, but not this one; more rooms with [`BroadcastOperator::to`].
    pub fn to(&self, room: &str) -> BroadcastOperator {
        self.broadcast().to(room)
    }

    /// The sockets in `room`, this one too if it is in it. Source: mirrors `io.in(room)` in Node, where `in`
    /// of a socket leaves the socket out; use [`Socket::to`] for that.
    pub fn within(&self, room: &str) -> BroadcastOperator {
        self.namespace().broadcast().within(room)
    }

    /// Everyone in the namespace but this socket and the sockets in `room`.
    pub fn except(&self, room: &str) -> BroadcastOperator {
        self.broadcast().except(room)
    }

    /// Joins a room, which comes to be with its first member. After the disconnection nothing happens.
    ///
    /// # Errors
    /// Past 1 000 rooms of one socket, or 255 bytes of name.
    ///
    /// Source: mirrors `socket.join` in Node.
    pub fn join(&self, room: &str) -> Result<(), JoinError> {
        let Some(&key) = self.0.key.get() else { return Ok(()) };
        let join = || self.0.namespace.adapter().join(key, &[room]);
        match self.0.namespace.recovery() {
            Some(recovery) => recovery.join(self, join, room),
            None => join(),
        }
    }

    /// Leaves a room, which is gone with its last member.
    pub fn leave(&self, room: &str) {
        let Some(&key) = self.0.key.get() else { return };
        let leave = || self.0.namespace.adapter().leave(key, &[room]);
        match self.0.namespace.recovery() {
            Some(recovery) => recovery.leave(self, leave, room),
            None => leave(),
        }
    }

    /// The rooms of this socket, its own id first. In `on_disconnecting` they are as they were before.
    pub fn rooms(&self) -> Vec<Arc<str>> {
        match self.0.key.get() {
            Some(&key) if self.connected() => self.0.namespace.adapter().rooms(key),
            _ => self.store().as_ref().map(|store| store.last_rooms.clone()).unwrap_or_default(),
        }
    }

    /// Keeps a value for this socket under `key`, visible to whoever fetches the socket.
    ///
    /// # Errors
    /// The value does not serialize; nothing is changed then.
    ///
    /// Source: mirrors `socket.data` in Node.
    pub fn set_data<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), serde_json::Error> {
        let value = serde_json::to_value(value)?;
        self.with_store(|store| store.data.insert(key.to_owned(), value));
        Ok(())
    }

    /// The value kept under `key`; `None` if there is none or if it is no `T`.
    pub fn data<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let value = self.store().as_ref()?.data.get(key).cloned()?;
        serde_json::from_value(value).ok()
    }

    /// All that was kept with [`Socket::set_data`].
    pub fn all_data(&self) -> serde_json::Map<String, serde_json::Value> {
        self.store().as_ref().map(|store| store.data.clone()).unwrap_or_default()
    }

    /// Keeps a value of any type for this socket, visible on this node only. Returns the one it replaces.
    pub fn insert_extension<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        self.with_store(|store| store.extensions.insert(value))
    }

    /// The value of this type that was inserted.
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.store().as_ref()?.extensions.get().cloned()
    }

    /// Ends the socket from our side. The client gets all that was emitted before, then the disconnection,
    /// and does not reconnect by itself. With connection state recovery it ends the session: also a client that has
    /// lost its connection does not come back to it, and one that has come back is disconnected.
    ///
    /// Source: mirrors `socket.disconnect(close)` in Node.
    pub fn disconnect(&self, close: Close) {
        if close == Close::Transport {
            return self.0.conn.close(CloseReason::ForcedClose);
        }
        let phase = &self.0.phase;
        if phase.compare_exchange(CONNECTED, DISCONNECTED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            let encoding = &self.0.namespace.encoding;
            let packet = encode_disconnect(self.0.namespace.name(), encoding.room());
            // What its own parser cannot say the client learns from the end of the connection.
            let _ = encoding.with_frames(packet, |frames| self.0.conn.push(frames, Delivery::Protocol));
            let (namespace, reason) =
                (self.0.namespace.shared_name(), DisconnectReason::ServerNamespaceDisconnect);
            self.0.conn.control(Control::Leave(namespace, self.0.id, reason));
        } else if self.disconnected()
            && let Some(recovery) = self.0.namespace.recovery()
        {
            recovery.send_away(self, close);
        }
        if close == Close::Connection {
            self.0.conn.control(Control::Disconnect);
        }
    }

    /// [`Socket::disconnect`], with a word about it that clients of ours show in the details of `disconnect`.
    pub fn disconnect_with(&self, close: Close, goodbye: &Goodbye) {
        if let Some(frame) = goodbye.frame()
            && self.connected()
        {
            self.0.conn.push(&frame, Delivery::Protocol);
        }
        self.disconnect(close);
    }

    /// Resolves when the socket has ended, to the reason. At once if it has.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn closed(&self) -> DisconnectReason {
        let ended = self.with_store(|store| store.ended.get_or_insert_default().clone());
        loop {
            let mut notified = std::pin::pin!(ended.notified());
            // Enabled before the look, so that no end falls between look and wait.
            notified.as_mut().enable();
            if let Some(reason) = self.store().as_ref().and_then(|store| store.reason) {
                return reason;
            }
            notified.await;
        }
    }

    /// The CONNECT reply is queued: the socket can be reached from now on. `rooms` are those of a recovered session,
    /// none means its own-id room only.
    pub(crate) fn add_to(&self, rooms: &[Arc<str>]) {
        let member: Arc<dyn Member> = self.0.clone();
        let adapter = self.0.namespace.adapter();
        let key = adapter.add(member);
        let own = self.0.id.as_str();
        let others: Vec<&str> = rooms.iter().map(|room| &**room).filter(|room| *room != own).collect();
        if !others.is_empty() {
            // They were within the limits before.
            let _ = adapter.join(key, &others);
        }
        if !rooms.is_empty() && others.len() == rooms.len() {
            adapter.leave(key, &[own]);
        }
        let _ = self.0.key.set(key);
        self.0.phase.store(CONNECTED, Ordering::Release);
    }

    /// The socket has ended: rooms and acks end at once, `closed()` resolves.
    pub(crate) fn leave_namespace(&self, reason: DisconnectReason) {
        let rooms = match (self.0.namespace.recovery(), &self.0.life) {
            (Some(recovery), Some(life)) => recovery.end(self, life, reason),
            _ => {
                self.mark_disconnected();
                self.remove_from_adapter()
            }
        };
        self.0.acks.close(self.0.id);
        let ended = self.with_store(|store| {
            store.reason = Some(reason);
            // One that was taken over has left its rooms before.
            if !rooms.is_empty() {
                store.last_rooms = rooms;
            }
            store.ended.take()
        });
        if let Some(namespaces) = self.shared().namespaces() {
            namespaces.leave(&self.0.namespace);
        }
        if let Some(ended) = ended {
            ended.notify_waiters();
        }
    }

    /// After the `disconnecting` listeners: the rooms are gone.
    pub(crate) fn forget_rooms(&self) {
        self.with_store(|store| store.last_rooms = Vec::new());
    }

    /// After the `disconnect` listeners were called: nothing more will happen to listen to.
    pub(crate) fn forget_listeners(&self) {
        let forgotten = self.store().as_mut().map(|store| {
            let listeners = std::mem::take(&mut store.listeners);
            (listeners, std::mem::take(&mut store.outgoing), store.on_error.take())
        });
        if let Some((_, outgoing, _)) = &forgotten {
            self.0.namespace.fewer_outgoing(outgoing.len());
        }
        // What they captured may hold this socket, so it is dropped without the lock.
        drop(forgotten);
    }

    pub(crate) fn acks(&self) -> &AckTable<Socket> {
        &self.0.acks
    }

    pub(crate) fn conn(&self) -> &Arc<Conn> {
        &self.0.conn
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.conn.shared
    }

    pub(crate) fn inner_namespace(&self) -> &Arc<NamespaceInner> {
        &self.0.namespace
    }

    fn store(&self) -> MutexGuard<'_, Option<Box<Store>>> {
        self.0.store.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn with_store<R>(&self, change: impl FnOnce(&mut Store) -> R) -> R {
        change(self.store().get_or_insert_default())
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Socket {}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.0.id)
            .field("namespace", &self.0.namespace.name())
            .field("connected", &self.connected())
            .finish_non_exhaustive()
    }
}

impl Member for SocketInner {
    fn id(&self) -> &SocketId {
        &self.id
    }

    fn prepare(&self, packet: &Packet) -> Prepared {
        self.compress(packet)
    }

    fn deliver(&self, packet: &Packet) -> bool {
        if let Some((id, collector)) = packet.ack() {
            self.expect_ack(id, collector);
        }
        let delivery = if packet.is_volatile() { Delivery::Volatile } else { Delivery::Reliable };
        let deflated = self.conn.deflate_window().and_then(|window| packet.deflated(window));
        match self.conn.push_shared(deflated.unwrap_or(packet.frames()), delivery) {
            Push::Queued { wake } => {
                self.reached(packet);
                wake
            }
            Push::Refused { wake, .. } => {
                self.conn.shared.count_refused();
                wake
            }
            Push::Closed => {
                self.reached(packet);
                false
            }
            Push::Dropped => false,
        }
    }

    fn wake(&self) {
        self.conn.wake();
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl SocketInner {
    /// The packet was for this socket, also if it comes too late for its connection.
    #[inline]
    fn reached(&self, packet: &Packet) {
        if let (Some(life), Some(place)) = (&self.life, packet.position()) {
            life.reached(place);
        }
    }

    /// One answer of a broadcast is due from this socket, or is settled now.
    fn expect_ack(&self, id: u64, collector: &Arc<dyn Any + Send + Sync>) {
        let Ok(collector) = collector.clone().downcast::<Collector<Socket>>() else { return };
        let Some(me) = self.me.upgrade() else { return };
        match self.acks.expect(id, collector.clone()) {
            Ok(()) => collector.add_receiver(Socket(me)),
            Err(_) => collector.settle(Settled::Disconnected(self.id)),
        }
    }
}

impl From<Arc<SocketInner>> for Socket {
    fn from(inner: Arc<SocketInner>) -> Self {
        Self(inner)
    }
}
