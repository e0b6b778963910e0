//! The server: its namespaces and the sessions of all its clients.

mod shutdown;

pub use shutdown::Shutdown;

use crate::config::{Config, ConfigError, ServerBuilder};
use crate::conn::Conn;
use crate::engine::EngineHandlers;
use crate::goodbye::Goodbye;
use crate::http::{BadSids, CorsPolicy};
use crate::listen::Admission;
use crate::namespace::{Namespace, NamespaceInner, Namespaces};
use crate::quiet::WarningBudget;
use crate::registry::Registry;
use sockeye_proto::Timestamp;
use sockeye_proto::engine::{CloseReason, Transport};
use std::any::{Any, TypeId};
use std::ops::Deref;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use tokio::sync::Notify;
use tokio::time::Instant;

/// A Socket.IO server. Cheap to clone; all clones are the same server.
///
/// It derefs to its main namespace `/`, so `io.on_connect(..)` and `io.emit(..)` speak of that one.
///
/// ```no_run
/// use sockeye::{Data, EmitError, Server, Socket};
///
/// #[tokio::main]
/// async fn main() -> std::io::Result<()> {
///     let io = Server::new();
///     io.on("chat message", async |socket: Socket, Data(text): Data<String>| {
///         socket.broadcast().emit("chat message", &text)?;
///         Ok::<_, EmitError>(())
///     });
///     io.listen("[::]:3000").await
/// }
/// ```
///
/// Source: mirrors `Server` of Node's `socket.io`.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
    main: Namespace,
}

/// What all connections of a server share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) upper: Upper,
    pub(crate) registry: Registry,
    pub(crate) bad_sids: BadSids,
    /// The connections of all listeners of this server.
    pub(crate) admission: Arc<Admission>,
    /// For warnings that clients can cause.
    pub(crate) warnings: WarningBudget,
    /// How pages of other origins are treated, or why no request can be answered at all.
    pub(crate) cors: Result<CorsPolicy, ConfigError>,
    /// Where this server's time starts.
    origin: Instant,
    /// Sessions that are in no namespace yet.
    unjoined: AtomicUsize,
    tasks: AtomicUsize,
    direct: AtomicUsize,
    refused: AtomicU64,
    repaired: AtomicU64,
    phase: AtomicU8,
    /// What clients are told that come while the server leaves, in seconds.
    retry_after: OnceLock<u64>,
    /// A session task ended, or the phase changed.
    changed: Notify,
}

/// How far the end of a server has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Phase {
    Open = 0,
    /// New sessions are refused; the others go one after another.
    Draining = 1,
    /// All sessions are to end at once.
    Closing = 2,
    /// They have.
    Closed = 3,
}

/// What stands on top of the engine sessions.
pub(crate) enum Upper {
    SocketIo(Namespaces),
    Engine(EngineHandlers),
}

/// What a server holds at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Engine.IO sessions.
    pub clients: usize,
    /// Those of them that are on polling.
    pub polling: usize,
    /// Those of them that are on a WebSocket.
    pub websocket: usize,
    /// Sockets: clients counted once for each namespace they joined.
    pub sockets: usize,
    /// Rooms with a member, the own-id room of each socket included: `adapter.rooms.size` in Node.
    pub rooms: usize,
    /// Tasks that drive a session.
    pub tasks: usize,
    /// WebSockets that were taken back from the HTTP server as plain TCP, the fast path.
    pub direct: usize,
    /// Broadcasts that a receiver did not get because it reads too slowly, since the server was made.
    pub refused: u64,
    /// Events and acknowledgements in which a lone surrogate (`"\ud800"`, legal in JavaScript, no character) was
    /// replaced by U+FFFD, since the server was made.
    pub repaired: u64,
}

impl Server {
    /// A server with the default options.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A server with options of your choice.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    pub(crate) fn from_config(config: Config) -> Self {
        let namespaces = Namespaces::new(config.namespaces, config.emitting());
        let main = Namespace::from(namespaces.main().clone());
        Self { shared: Shared::new(config, Upper::SocketIo(namespaces)), main }
    }

    /// How many clients are connected: Engine.IO sessions, whatever namespaces they are in. One look at a
    /// counter. Source: `engine.clientsCount` in Node.
    pub fn clients_count(&self) -> usize {
        self.shared.registry.len()
    }

    /// What the server holds at this moment. It asks every namespace.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            clients: self.shared.registry.len(),
            polling: self.shared.registry.count(Transport::Polling),
            websocket: self.shared.registry.count(Transport::WebSocket),
            sockets: 0,
            rooms: 0,
            tasks: self.shared.tasks.load(Ordering::Relaxed),
            direct: self.shared.direct.load(Ordering::Relaxed),
            refused: self.shared.refused.load(Ordering::Relaxed),
            repaired: self.shared.repaired.load(Ordering::Relaxed),
        };
        for namespace in self.shared.namespaces().iter().flat_map(|namespaces| namespaces.all()) {
            let held = namespace.adapter().counts();
            counts.sockets += held.sockets;
            counts.rooms += held.rooms;
        }
        counts
    }

    /// Ends the server: refuses new clients, disconnects all with `server shutting down` once what was queued
    /// for them is written, and resolves when the last session has ended. `listen` returns then.
    ///
    /// # Cancel safety
    /// The closing goes on when the future is dropped.
    ///
    /// Source: mirrors `io.close()` in Node.
    pub async fn close(&self) {
        self.shared.close().await;
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Arc<Shared>> for Server {
    fn from(shared: Arc<Shared>) -> Self {
        let main = match &shared.upper {
            Upper::SocketIo(namespaces) => namespaces.main().clone(),
            Upper::Engine(_) => Arc::new(NamespaceInner::new("/", shared.config.emitting())),
        };
        Self { main: Namespace::from(main), shared }
    }
}

impl Deref for Server {
    type Target = Namespace;

    fn deref(&self) -> &Namespace {
        &self.main
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("path", &self.shared.config.path).finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(config: Config, upper: Upper) -> Arc<Self> {
        let cors = config.compile();
        if let Err(error) = &cors {
            tracing::error!(%error, "misconfigured");
        }
        Arc::new(Self {
            admission: Admission::new(config.capacity, config.trusted_proxies.clone()),
            config,
            upper,
            cors,
            registry: Registry::default(),
            bad_sids: BadSids::default(),
            warnings: WarningBudget::default(),
            origin: Instant::now(),
            unjoined: AtomicUsize::new(0),
            tasks: AtomicUsize::new(0),
            direct: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            repaired: AtomicU64::new(0),
            phase: AtomicU8::new(Phase::Open as u8),
            retry_after: OnceLock::new(),
            changed: Notify::new(),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        self.origin + at.since(Timestamp::default())
    }

    /// The table of namespaces; an engine alone has none.
    pub(crate) fn namespaces(&self) -> Option<&Namespaces> {
        match &self.upper {
            Upper::SocketIo(namespaces) => Some(namespaces),
            Upper::Engine(_) => None,
        }
    }

    pub(crate) fn state<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let state: Arc<dyn Any + Send + Sync> = self.config.states.get(&TypeId::of::<T>())?.clone();
        state.downcast().ok()
    }

    pub(crate) fn task_started(self: &Arc<Self>) -> TaskGuard {
        self.tasks.fetch_add(1, Ordering::Relaxed);
        TaskGuard { shared: self.clone(), direct: false }
    }

    /// One more session that is in no namespace yet, unless there are too many. Those of an engine alone never are.
    pub(crate) fn count_unjoined(&self) -> bool {
        let most = match self.config.max_unjoined_sessions {
            0 => usize::MAX,
            most => most,
        };
        let before = self.unjoined.fetch_add(1, Ordering::Relaxed);
        let fits = before < most || matches!(self.upper, Upper::Engine(_));
        if !fits {
            self.uncount_unjoined();
        }
        fits
    }

    pub(crate) fn uncount_unjoined(&self) {
        self.unjoined.fetch_sub(1, Ordering::Relaxed);
    }

    /// The session's id is unknown from now on.
    pub(crate) fn forget(&self, conn: &Arc<Conn>) {
        self.registry.remove(conn);
        if self.is_closing() {
            // Its end may be what the close waits for.
            self.changed.notify_waiters();
        }
    }

    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    #[cold]
    pub(crate) fn count_repaired(&self) {
        self.repaired.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether new sessions are refused.
    pub(crate) fn is_closing(&self) -> bool {
        self.has_reached(Phase::Draining)
    }

    /// When a client that is refused may come back, in seconds.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.retry_after.get().copied()
    }

    /// Resolves when no session needs the listener any more.
    pub(crate) async fn closing(&self) {
        self.until(|| self.has_reached(Phase::Closing)).await;
    }

    fn has_reached(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::SeqCst) >= phase as u8
    }

    fn set_phase(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// False when the end has begun before.
    fn begin_draining(&self, goodbye: &Goodbye) -> bool {
        let (open, draining) = (Phase::Open as u8, Phase::Draining as u8);
        if self.phase.compare_exchange(open, draining, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return false;
        }
        if let Some(seconds) = goodbye.retry_after_seconds() {
            let _ = self.retry_after.set(seconds);
        }
        true
    }

    async fn close(&self) {
        self.set_phase(Phase::Closing);
        let conns: Vec<Weak<Conn>> = self.registry.all().iter().map(Arc::downgrade).collect();
        for conn in conns.iter().filter_map(Weak::upgrade) {
            conn.close(CloseReason::ServerShuttingDown);
        }
        drop(conns);
        self.until_empty().await;
        self.set_phase(Phase::Closed);
    }

    async fn until_empty(&self) {
        self.until(|| self.tasks.load(Ordering::SeqCst) == 0 && self.registry.len() == 0).await;
    }

    async fn until_closed(&self) {
        self.until(|| self.has_reached(Phase::Closed)).await;
    }

    async fn until(&self, done: impl Fn() -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Enabled before the look, so that no change falls between look and wait.
            changed.as_mut().enable();
            if done() {
                return;
            }
            changed.await;
        }
    }
}

/// Counts a session task while it lives.
pub(crate) struct TaskGuard {
    shared: Arc<Shared>,
    direct: bool,
}

impl TaskGuard {
    /// The session's WebSocket is a plain TCP stream.
    pub(crate) fn set_direct(&mut self) {
        if !std::mem::replace(&mut self.direct, true) {
            self.shared.direct.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        if self.direct {
            self.shared.direct.fetch_sub(1, Ordering::Relaxed);
        }
        if self.shared.tasks.fetch_sub(1, Ordering::SeqCst) == 1 && self.shared.is_closing() {
            self.shared.changed.notify_waiters();
        }
    }
}
