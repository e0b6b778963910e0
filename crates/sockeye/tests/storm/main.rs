//! Storms over loopback: many clients do everything at once on several threads, and order and exactly-once
//! still hold for whoever stayed. What one client may rely on is tested beside `it`, one rule at a time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod client;
mod recovery;
mod rooms;
mod upgrades;

use sockeye::{Server, ServerBuilder};
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A storm that takes longer stands still.
const DEADLOCK: Duration = Duration::from_secs(600);

/// Runs a storm on a runtime like that of a server with four workers.
fn storm(storm: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(DEADLOCK, storm).await.expect("the storm stands still") });
}

/// Options under which no ping wakes a session that should have been woken before.
fn quiet() -> ServerBuilder {
    Server::builder().ping_interval(Duration::from_secs(60 * 60))
}

async fn listen(io: &Server) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let io = io.clone();
    (address, tokio::spawn(async move { io.listen_on(listener).await.unwrap() }))
}

/// Waits until the server holds nothing any more, and closes it.
async fn assert_nothing_is_left(io: &Server, listening: JoinHandle<()>) {
    loop {
        let counts = io.counts();
        if (counts.clients, counts.sockets, counts.rooms, counts.tasks, counts.direct) == (0, 0, 0, 0, 0) {
            break;
        }
        tokio::task::yield_now().await;
    }
    io.close().await;
    listening.await.unwrap();
}
