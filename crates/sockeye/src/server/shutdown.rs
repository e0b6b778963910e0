//! Leaving well: clients are sent away one after another, each with what it was owed, instead of all at once.

use super::{Phase, Server, Shared};
use crate::conn::Conn;
use crate::goodbye::Goodbye;
use crate::session::control::{Control, Retirement};
use bytes::Bytes;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// Clients whose turn comes within this time go together.
const STEP: Duration = Duration::from_millis(10);

/// The longest window.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How a server leaves.
///
/// ```no_run
/// use sockeye::{Goodbye, Server, Shutdown};
/// use std::time::Duration;
///
/// async fn stop(io: Server) {
///     let goodbye = Goodbye::new().reason("deploy").reconnect_after(Duration::from_secs(2));
///     io.shutdown(Shutdown::within(Duration::from_secs(20)).goodbye(goodbye)).await;
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Shutdown {
    window: Duration,
    grace: Duration,
    goodbye: Goodbye,
}

impl Shutdown {
    /// Spreads the closing of the connections evenly over `window` (a day at most), so that their clients do not all
    /// knock at the next server at once.
    pub fn within(window: Duration) -> Self {
        Self { window: window.min(LONGEST), grace: Duration::from_secs(5), goodbye: Goodbye::new() }
    }

    /// How long a connection whose turn has come may take to finish: 5 s by default. It is closed as soon as its
    /// handlers have returned and the acknowledgements that it and its client wait for are there.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// What each client is told: nothing by default. A client that asks for a new session meanwhile gets 503, with
    /// the time to come back as `Retry-After`.
    pub fn goodbye(mut self, goodbye: Goodbye) -> Self {
        self.goodbye = goodbye;
        self
    }
}

impl Server {
    /// Ends the server well: refuses new sessions, closes the connections one after another with
    /// `server shutting down`, and resolves when the last one has ended. `listen` returns then. A connection that
    /// is closed has written what was queued for it. [`Server::close`] cuts it short.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    ///
    /// # Cancel safety
    /// The closing goes on when the future is dropped.
    pub async fn shutdown(&self, plan: Shutdown) {
        self.shared.shutdown(plan).await;
    }
}

impl Shared {
    pub(crate) async fn shutdown(self: &Arc<Self>, plan: Shutdown) {
        if !self.begin_draining(&plan.goodbye) {
            // Somebody else has begun already.
            return self.until_closed().await;
        }
        let shared = self.clone();
        let retired = tokio::spawn(async move {
            retire_all(&shared, &plan).await;
            shared.until_empty().await;
            shared.set_phase(Phase::Closed);
        });
        // A panic in there is a bug, and the close that follows is what is left to do.
        if retired.await.is_err() {
            self.close().await;
        }
    }
}

/// Gives every session its turn. Nobody joins them: new ones are refused.
async fn retire_all(shared: &Arc<Shared>, plan: &Shutdown) {
    let retirement =
        Arc::new(Retirement { grace: plan.grace, goodbye: plan.goodbye.frame().map(Bytes::from) });
    // Weak, so that a session that ends before its turn is not kept.
    let conns: Vec<Weak<Conn>> = shared.registry.all().iter().map(Arc::downgrade).collect();
    let begin = Instant::now();
    let count = u32::try_from(conns.len()).unwrap_or(u32::MAX).max(1);
    let mut slept_until = begin;
    for (turn, conn) in (1_u32..).zip(conns) {
        let at = begin + plan.window / count * turn;
        if at >= slept_until + STEP {
            tokio::select! {
                () = tokio::time::sleep_until(at) => slept_until = at,
                () = shared.closing() => return,
            }
        }
        if let Some(conn) = conn.upgrade() {
            conn.control(Control::Retire(retirement.clone()));
        }
    }
}
