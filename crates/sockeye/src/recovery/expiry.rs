//! The end of sessions whose client did not come back: who waits how long, and who is told.

use super::{Owner, State};
use crate::namespace::{Namespace, NamespaceInner};
use crate::server::Shared;
use crate::socket::Socket;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sockeye_proto::SocketId;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use tokio::time::Instant;

/// A session whose client did not come back in time, or gave way to others.
#[derive(Clone, Debug)]
pub struct ExpiredSession {
    pub(super) id: SocketId,
    pub(super) rooms: Vec<Arc<str>>,
    pub(super) data: Map<String, Value>,
}

impl ExpiredSession {
    /// The id of its sockets.
    pub fn id(&self) -> &SocketId {
        &self.id
    }

    /// The rooms it was in at the disconnection, its own id among them, in no order.
    pub fn rooms(&self) -> &[Arc<str>] {
        &self.rooms
    }

    /// What was kept for it under `key`; `None` if there is nothing or if it is no `T`.
    pub fn data<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_value(self.data.get(key)?.clone()).ok()
    }
}

impl Namespace {
    /// Hears of each client that lost its connection and did not come back within
    /// [`ConnectionStateRecovery::max_disconnection_duration`](crate::ConnectionStateRecovery): it comes once for such
    /// a session, after the `disconnect` of its last socket, and never for one that was recovered.
    /// A hook of a parent hears of the sessions of all its children, before their own.
    /// Without connection state recovery nothing outlives its socket, and the hook is not called.
    ///
    /// ```
    /// use sockeye::{ConnectionStateRecovery, Server};
    ///
    /// let io = Server::builder().connection_state_recovery(ConnectionStateRecovery::default()).build();
    /// io.on_session_expired(|session| println!("{} is gone for good", session.id()));
    /// ```
    pub fn on_session_expired(&self, hook: impl Fn(&ExpiredSession) + Send + Sync + 'static) {
        if let Some(recovery) = self.inner().recovery() {
            recovery.hooks.add(Arc::new(hook));
        }
    }
}

type Hook = dyn Fn(&ExpiredSession) + Send + Sync;

#[derive(Default)]
pub(super) struct Hooks(RwLock<Vec<Arc<Hook>>>);

impl Hooks {
    fn add(&self, hook: Arc<Hook>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(hook);
    }

    fn all(&self) -> Vec<Arc<Hook>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Called without a lock.
pub(super) fn tell(namespace: &NamespaceInner, expired: &[ExpiredSession]) {
    if expired.is_empty() {
        return;
    }
    let of_both = [namespace.ancestor().map(|parent| &**parent), Some(namespace)];
    let recoveries = of_both.into_iter().flatten().filter_map(NamespaceInner::recovery);
    let hooks: Vec<_> = recoveries.flat_map(|recovery| recovery.hooks.all()).collect();
    for session in expired {
        for hook in &hooks {
            if catch_unwind(AssertUnwindSafe(|| hook(session))).is_err() {
                tracing::error!(socket = %session.id, "expiry_hook_panicked");
            }
        }
    }
}

/// Who waits for a client, the first to expire in front.
#[derive(Default)]
pub(super) struct Dormancy {
    /// Also of sessions that were woken since.
    waiting: VecDeque<(Instant, SocketId)>,
    /// How many really wait.
    count: usize,
    has_timer: bool,
}

impl Dormancy {
    pub(super) fn push(&mut self, until: Instant, id: SocketId) {
        self.waiting.push_back((until, id));
        self.count += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// One session fewer waits.
    pub(super) fn woken(&mut self) {
        self.count -= 1;
    }

    /// True for the one caller that has to start the timer.
    pub(super) fn claim_timer(&mut self) -> bool {
        !std::mem::replace(&mut self.has_timer, true)
    }
}

impl State {
    /// Ends the session that has waited longest.
    pub(super) fn expire_oldest(&mut self) -> Option<ExpiredSession> {
        while let Some((until, id)) = self.dormancy.waiting.pop_front() {
            if self.waits(&id, until) {
                return self.end_waiting(&id);
            }
        }
        None
    }

    /// Ends a session that waits for its client.
    pub(super) fn end_waiting(&mut self, id: &SocketId) -> Option<ExpiredSession> {
        let rooms = self.current_rooms(id);
        match self.forget(id)?.owner {
            Owner::Nobody { data, .. } => Some(ExpiredSession { id: *id, rooms, data }),
            Owner::Socket(_) => None,
        }
    }

    /// Ends the sessions whose time is over, and says when the next one's is.
    fn expire(&mut self, now: Instant) -> (Vec<ExpiredSession>, Option<Instant>) {
        let mut expired = Vec::new();
        self.log.trim(now);
        while let Some(&(until, id)) = self.dormancy.waiting.front() {
            if !self.waits(&id, until) {
                self.dormancy.waiting.pop_front();
            } else if until <= now {
                expired.extend(self.expire_oldest());
            } else {
                return (expired, Some(until));
            }
        }
        self.dormancy.waiting = VecDeque::new();
        self.dormancy.has_timer = false;
        (expired, None)
    }

    fn waits(&self, id: &SocketId, until: Instant) -> bool {
        let owner = self.sessions.get(id).map(|session| &session.owner);
        matches!(owner, Some(Owner::Nobody { until: its, .. }) if *its == until)
    }

    /// Many short absences leave more notes than there are sessions.
    pub(super) fn tidy_dormancy(&mut self) {
        if self.dormancy.waiting.len() > 64 + 2 * self.dormancy.count {
            let mut waiting = std::mem::take(&mut self.dormancy.waiting);
            waiting.retain(|(until, id)| self.waits(id, *until));
            self.dormancy.waiting = waiting;
        }
    }
}

/// Ends what is over in a namespace; gives when to look again.
fn expire(namespace: &Weak<NamespaceInner>, shared: &Weak<Shared>) -> Option<Instant> {
    let namespace = namespace.upgrade()?;
    let (expired, next) = namespace.recovery()?.lock().expire(Instant::now());
    tell(&namespace, &expired);
    if next.is_none()
        && let Some(shared) = shared.upgrade()
        && let Some(namespaces) = shared.namespaces()
    {
        namespaces.clean_up(&namespace);
    }
    next
}

/// Ends all sessions that wait: the namespace is taken away.
pub(crate) fn expire_all(namespace: &NamespaceInner) {
    let Some(recovery) = namespace.recovery() else { return };
    let mut state = recovery.lock();
    let expired: Vec<_> = std::iter::from_fn(|| state.expire_oldest()).collect();
    drop(state);
    tell(namespace, &expired);
}

/// One task for each namespace in which somebody is waited for.
pub(super) fn start_timer(socket: &Socket) {
    let (namespace, shared) = (Arc::downgrade(socket.inner_namespace()), Arc::downgrade(socket.shared()));
    // Without a runtime everything is going away.
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        while let Some(until) = expire(&namespace, &shared) {
            tokio::time::sleep_until(until).await;
        }
    });
}
