//! A namespace: the sockets that joined it, its rooms, its middleware, and the listeners they share.

mod find;
mod lineage;
mod listen;
mod params;
pub(crate) mod parent;
mod pattern;
mod server_side;
mod table;

pub use params::Params;
pub use parent::NamespaceRequest;
pub use pattern::PatternError;
pub(crate) use table::Namespaces;

use crate::config::{ConnectionStateRecovery, Emitting};
use crate::error::{EmitError, HandlerError};
use crate::frames::Encoding;
use crate::handler::{Handler, ListenerTable, Listeners, On};
use crate::middleware::{ErasedMiddleware, IntoVerdict, erase_middleware};
use crate::operator::BroadcastOperator;
use crate::outgoing::OutgoingListeners;
use crate::recovery::{Clients, Recovery};
use crate::socket::Socket;
use parent::Parent;
use sockeye_adapter::{Adapter, Limits, LocalAdapter, RoomWatcher};
use sockeye_proto::SocketId;
use sockeye_proto::socket::{Encoded, EventArgs, encode_event};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, RwLock};
use std::time::Duration;
use tokio::sync::Notify;

/// A namespace. Cheap to clone; all clones are the same namespace.
///
/// Source: socket.io-protocol v5 § Namespace; mirrors `Namespace` of the Node server.
#[derive(Clone)]
pub struct Namespace(Arc<NamespaceInner>);

pub(crate) struct NamespaceInner {
    name: Arc<str>,
    /// Always empty in a parent.
    adapter: Arc<dyn Adapter>,
    middleware: RwLock<Vec<Arc<dyn ErasedMiddleware>>>,
    listeners: RwLock<ListenerTable>,
    on_error: RwLock<Option<Arc<ErrorHandler>>>,
    concurrent: AtomicBool,
    next_ack_id: AtomicU64,
    recovery: Option<Box<Recovery>>,
    /// Made by the first event that is to be processed once.
    clients: OnceLock<Box<Clients>>,
    pub(crate) ack_timeout: Duration,
    pub(crate) encoding: Encoding,
    kind: Kind,
    outgoing: RwLock<OutgoingListeners>,
    /// How many catch-all listeners on the way out there are, those of its sockets included.
    hears_outgoing: AtomicUsize,
    /// The hooks for new namespaces have seen it, so a client may join.
    announced: AtomicBool,
    on_announced: Notify,
    /// It was taken away while somebody was on the way into it.
    closed: AtomicBool,
}

enum Kind {
    /// Made by its name.
    Plain,
    Parent(Parent),
    Child {
        parent: Arc<NamespaceInner>,
        /// Clients in it and on the way into it.
        clients: AtomicUsize,
        /// The program asked for it by name.
        kept: AtomicBool,
    },
}

pub(crate) type ErrorHandler = dyn Fn(&Socket, &HandlerError) + Send + Sync;

impl NamespaceInner {
    pub(crate) fn new(name: &str, emitting: Emitting) -> Self {
        Self {
            name: name.into(),
            adapter: Arc::new(LocalAdapter::new(Limits::default())),
            middleware: RwLock::default(),
            listeners: RwLock::default(),
            on_error: RwLock::default(),
            concurrent: AtomicBool::new(false),
            next_ack_id: AtomicU64::new(0),
            recovery: emitting.recovery.map(|new| Box::new(new.make())),
            clients: OnceLock::new(),
            ack_timeout: emitting.ack_timeout,
            encoding: emitting.encoding,
            outgoing: RwLock::default(),
            hears_outgoing: AtomicUsize::new(0),
            kind: Kind::Plain,
            announced: AtomicBool::new(name == "/"),
            on_announced: Notify::new(),
            closed: AtomicBool::new(false),
        }
    }

    fn into_parent(self, parent: Parent) -> Self {
        Self { kind: Kind::Parent(parent), ..self }
    }

    fn into_child(self, parent: Arc<NamespaceInner>) -> Self {
        let kind = Kind::Child { parent, clients: AtomicUsize::new(0), kept: AtomicBool::new(false) };
        Self { kind, ..self }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The own room of a socket where `room` is its qualified id, which the clients of Socket.IO 2 know it by.
    pub(crate) fn unqualified<'a>(&self, room: &'a str) -> &'a str {
        let id = room.strip_prefix(&*self.name).and_then(|rest| rest.strip_prefix('#'));
        id.filter(|id| id.parse::<SocketId>().is_ok()).unwrap_or(room)
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        self.name.clone()
    }

    pub(crate) fn adapter(&self) -> &Arc<dyn Adapter> {
        &self.adapter
    }

    /// If its sockets can be recovered.
    #[inline]
    pub(crate) fn recovery(&self) -> Option<&Recovery> {
        self.recovery.as_deref()
    }

    /// Tells `watcher` of the changes of its rooms, with no lock held.
    pub(crate) fn watch_rooms(&self, watcher: Arc<RoomWatcher>) {
        match self.recovery() {
            Some(recovery) => recovery.watch_rooms(&*self.adapter, watcher),
            None => self.adapter.watch_rooms(watcher),
        }
    }

    /// What is known of events that clients number.
    pub(crate) fn clients(&self) -> &Clients {
        self.clients.get_or_init(|| {
            let defaults = ConnectionStateRecovery::default();
            let options = self.recovery().map_or(&defaults, |recovery| &recovery.options);
            Box::new(Clients::new(options.max_sessions, options.max_disconnection_duration))
        })
    }

    /// Ids are counted per namespace, as in Node: the receivers of one broadcast share theirs. A broadcast through
    /// a parent has receivers in all its children, so these count together.
    pub(crate) fn next_ack_id(&self) -> u64 {
        match &self.kind {
            Kind::Child { parent, .. } => parent.next_ack_id(),
            _ => self.next_ack_id.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// An event for its sockets. One for the children of a parent is addressed to `/` first.
    pub(crate) fn encode(
        &self,
        event: &str,
        ack_id: Option<u64>,
        args: impl EventArgs,
    ) -> Result<Encoded, EmitError> {
        let name = if self.as_parent().is_some() { "/" } else { self.name() };
        Ok(encode_event(name, event, ack_id, args, self.encoding.shared_room())?)
    }

    pub(crate) fn is_concurrent(&self) -> bool {
        self.concurrent.load(Ordering::Relaxed)
            || self.ancestor().is_some_and(|parent| parent.is_concurrent())
    }

    /// The namespace's listeners for `on`, its parent's before its own; `once` ones used up.
    pub(crate) fn collect_listeners(&self, on: On<'_>, into: &mut Listeners) {
        if let Some(parent) = self.ancestor() {
            parent.collect_own_listeners(&[on], into);
        }
        self.collect_own_listeners(&[on], into);
    }

    /// The same for each of `on` in turn, without the parent's, under one lock.
    pub(crate) fn collect_own_listeners(&self, on: &[On<'_>], into: &mut Listeners) {
        let before = into.len();
        let used_up = {
            let listeners = read(&self.listeners);
            on.iter().fold(false, |used_up, &on| listeners.collect(on, into) || used_up)
        };
        if used_up {
            into.truncate(before);
            let mut listeners = write(&self.listeners);
            on.iter().for_each(|&on| listeners.take(on, into));
        }
    }

    pub(crate) fn has_middleware(&self) -> bool {
        !read(&self.middleware).is_empty() || self.ancestor().is_some_and(|parent| parent.has_middleware())
    }

    pub(crate) fn middleware(&self) -> Vec<Arc<dyn ErasedMiddleware>> {
        let mut chain = self.ancestor().map(|parent| parent.middleware()).unwrap_or_default();
        chain.extend_from_slice(&read(&self.middleware));
        chain
    }

    /// A handler did not end well: one log line, and the user's own hook. Neither that hook nor the user's
    /// error may bring down the session when it panics itself.
    pub(crate) fn report(&self, socket: &Socket, error: &HandlerError) {
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tracing::warn!(namespace = %self.name, socket = %socket.id(), error = %error.without_payload(), "handler_error");
            self.tell_error(socket, error);
        }));
        if told.is_err() {
            tracing::error!(namespace = %self.name, socket = %socket.id(), "error_hook_panicked");
        }
    }

    /// The client sent what is no packet. That is no fault of the program's, so the log has it from the session alone.
    pub(crate) fn raise(&self, socket: &Socket, error: &HandlerError) {
        let told = std::panic::AssertUnwindSafe(|| self.tell_error(socket, error));
        if std::panic::catch_unwind(told).is_err() {
            tracing::error!(namespace = %self.name, socket = %socket.id(), "error_hook_panicked");
        }
    }

    fn tell_error(&self, socket: &Socket, error: &HandlerError) {
        for hook in [socket.error_hook(), self.error_hook()].into_iter().flatten() {
            hook(socket, error);
        }
    }

    fn error_hook(&self) -> Option<Arc<ErrorHandler>> {
        let own = read(&self.on_error).clone();
        own.or_else(|| self.ancestor()?.error_hook())
    }
}

impl Namespace {
    /// The name, with its leading `/`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Runs before a client joins; the first middleware that fails refuses it with a `connect_error`.
    /// They run in the order of registration, each to its end.
    ///
    /// ```
    /// use sockeye::{Auth, ConnectError, Server};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Login {
    ///     token: String,
    /// }
    ///
    /// Server::new().middleware(async |Auth(login): Auth<Login>| {
    ///     if login.token == "sesame" { Ok(()) } else { Err(ConnectError::new("not authorized")) }
    /// });
    /// ```
    ///
    /// Source: mirrors `namespace.use` in Node.
    pub fn middleware<H, A: 'static>(&self, middleware: H)
    where
        H: Handler<A>,
        H::Output: IntoVerdict,
    {
        write(&self.0.middleware).push(erase_middleware(middleware));
    }

    /// Everyone in the namespace.
    pub fn broadcast(&self) -> BroadcastOperator {
        BroadcastOperator::new(self.0.clone())
    }

    /// The sockets in `room`; more rooms with [`BroadcastOperator::to`].
    pub fn to(&self, room: &str) -> BroadcastOperator {
        self.broadcast().to(room)
    }

    /// Another word for [`Namespace::to`].
    pub fn within(&self, room: &str) -> BroadcastOperator {
        self.broadcast().within(room)
    }

    /// Everyone but the sockets in `room`.
    pub fn except(&self, room: &str) -> BroadcastOperator {
        self.broadcast().except(room)
    }

    /// Sends an event to everyone in the namespace; see [`BroadcastOperator::emit`].
    ///
    /// # Errors
    /// The event cannot be encoded.
    pub fn emit(&self, event: &str, args: impl EventArgs) -> Result<(), EmitError> {
        self.broadcast().emit(event, args)
    }

    pub(crate) fn inner(&self) -> &Arc<NamespaceInner> {
        &self.0
    }
}

impl From<Arc<NamespaceInner>> for Namespace {
    fn from(inner: Arc<NamespaceInner>) -> Self {
        Self(inner)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Namespace").field(&self.0.name).finish()
    }
}

pub(crate) fn read<T: ?Sized>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub(crate) fn write<T: ?Sized>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(|poisoned| poisoned.into_inner())
}
