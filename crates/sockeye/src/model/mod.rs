//! Model checks of what several threads touch at once: the mailbox, the acknowledgements, the hand-over from
//! polling to WebSocket, the return to a session. A scheduler decides at every lock who goes on, and tries many
//! orders; a thread that waits for what never comes is found as a deadlock.
//!
//! The locks are swapped in `session::sync`, so these checks have a build of their own:
//! `cargo test -p sockeye --features __model --lib model::`. A failure prints its schedule, which
//! `shuttle::replay` runs again.

mod acks;
mod client;
mod mailbox;
mod recovery;
mod upgrade;

use crate::conn::Conn;
use crate::handshake::Handshake;
use crate::http::{Origin, RequestHead};
use crate::random;
use crate::server::Shared;
use sockeye_proto::SessionId;
use sockeye_proto::engine::Transport;
use std::sync::Arc;

/// Schedules drawn at random for each check.
const SCHEDULES: usize = 20_000;

/// Changes of priority in a schedule that prefers threads.
const PRIORITY_CHANGES: usize = 3;

/// Tries `schedules` random orders, and a quarter as many that starve threads.
fn explore(schedules: usize, check: impl Fn() + Clone + Send + Sync + 'static) {
    shuttle::check_random(check.clone(), schedules);
    shuttle::check_pct(check, schedules / 4, PRIORITY_CHANGES);
}

/// The clock of a model: it stands still unless a check moves it.
fn frozen_clock() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// A connection without a request behind it, of protocol version 4.
fn conn(shared: &Arc<Shared>, transport: Transport) -> Arc<Conn> {
    let (uri, headers) = (http::Uri::from_static("/?EIO=4"), http::HeaderMap::new());
    let origin = Origin { address: None, secure: false };
    let head = RequestHead::new(&http::Method::GET, &uri, &headers, http::Extensions::new(), origin);
    let handshake = Handshake::new(head);
    let sid = SessionId::from_entropy(random::entropy());
    Arc::new(Conn::new(sid, handshake, shared.clone(), transport))
}
