//! The server: its namespaces and the sessions of all its clients.

use crate::config::{Config, ServerBuilder};
use crate::conn::Conn;
use crate::engine::EngineHandler;
use crate::http::BadSids;
use crate::namespace::{Namespace, NamespaceInner};
use crate::registry::Registry;
use sockeye_proto::Timestamp;
use sockeye_proto::engine::CloseReason;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock, Weak};
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
    /// Where this server's time starts.
    origin: Instant,
    tasks: AtomicUsize,
    direct: AtomicUsize,
    refused: AtomicU64,
    closing: AtomicBool,
    /// A session task ended, or the server began to close.
    changed: Notify,
}

/// What stands on top of the engine sessions.
pub(crate) enum Upper {
    SocketIo(Namespaces),
    Engine(EngineHandler),
}

pub(crate) struct Namespaces {
    main: Arc<NamespaceInner>,
    others: RwLock<HashMap<Box<str>, Arc<NamespaceInner>>>,
}

/// What a server holds at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Engine.IO sessions.
    pub clients: usize,
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
        let main = Arc::new(NamespaceInner::new("/", &config));
        let namespaces = Namespaces { main: main.clone(), others: RwLock::default() };
        Self { shared: Shared::new(config, Upper::SocketIo(namespaces)), main: Namespace::from(main) }
    }

    /// The namespace of this name, made if it is not there. The leading `/` may be left out.
    pub fn of(&self, name: &str) -> Namespace {
        let name = format!("/{}", name.trim_start_matches('/'));
        let Upper::SocketIo(namespaces) = &self.shared.upper else { return self.main.clone() };
        if name == "/" {
            return self.main.clone();
        }
        let mut others = namespaces.others.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        let made = || Arc::new(NamespaceInner::new(&name, &self.shared.config));
        Namespace::from(others.entry(name.as_str().into()).or_insert_with(made).clone())
    }

    /// What the server holds at this moment.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            clients: self.shared.registry.len(),
            sockets: 0,
            rooms: 0,
            tasks: self.shared.tasks.load(Ordering::Relaxed),
            direct: self.shared.direct.load(Ordering::Relaxed),
            refused: self.shared.refused.load(Ordering::Relaxed),
        };
        if let Upper::SocketIo(namespaces) = &self.shared.upper {
            let others = namespaces.others.read().unwrap_or_else(|poisoned| poisoned.into_inner());
            for namespace in others.values().chain([&namespaces.main]) {
                let held = namespace.adapter().counts();
                counts.sockets += held.sockets;
                counts.rooms += held.rooms;
            }
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
            Upper::SocketIo(namespaces) => namespaces.main.clone(),
            Upper::Engine(_) => Arc::new(NamespaceInner::new("/", &shared.config)),
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
        Arc::new(Self {
            config,
            upper,
            registry: Registry::default(),
            bad_sids: BadSids::default(),
            origin: Instant::now(),
            tasks: AtomicUsize::new(0),
            direct: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            changed: Notify::new(),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        self.origin + at.since(Timestamp::default())
    }

    pub(crate) fn namespace(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        let Upper::SocketIo(namespaces) = &self.upper else { return None };
        if name == "/" {
            return Some(namespaces.main.clone());
        }
        namespaces.others.read().unwrap_or_else(|poisoned| poisoned.into_inner()).get(name).cloned()
    }

    pub(crate) fn state<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let state: Arc<dyn Any + Send + Sync> = self.config.states.get(&TypeId::of::<T>())?.clone();
        state.downcast().ok()
    }

    pub(crate) fn task_started(self: &Arc<Self>) -> TaskGuard {
        self.tasks.fetch_add(1, Ordering::Relaxed);
        TaskGuard { shared: self.clone(), direct: false }
    }

    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Resolves when the server begins to close.
    pub(crate) async fn closing(&self) {
        self.until(|| self.is_closing()).await;
    }

    async fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
        let conns: Vec<Weak<Conn>> = self.registry.all().iter().map(Arc::downgrade).collect();
        for conn in conns.iter().filter_map(Weak::upgrade) {
            conn.close(CloseReason::ServerShuttingDown);
        }
        drop(conns);
        self.until(|| self.tasks.load(Ordering::SeqCst) == 0 && self.registry.len() == 0).await;
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
