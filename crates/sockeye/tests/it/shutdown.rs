//! How a server leaves: spread over time, with what was under way, and with a word to its clients.

use crate::client::{Client, Clock, Frame, Host, POLLING, Reasons, Ws, echo, echo_with, patiently};
use sockeye::{Ack, Close, Goodbye, Server, Shutdown, Socket, Transport};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

const SECOND: Duration = Duration::from_secs(1);

/// Timers fire at whole milliseconds, a little after they are due.
const A_LITTLE: Duration = Duration::from_millis(5);

const GOODBYE: &str = "6{\"reason\":\"deploy\",\"reconnectAfter\":1500}";

fn deploy() -> Goodbye {
    Goodbye::new().reason("deploy").reconnect_after(Duration::from_millis(1500))
}

fn begin(host: &Host, plan: Shutdown) -> JoinHandle<()> {
    let io = host.io.clone();
    tokio::spawn(async move { io.shutdown(plan).await })
}

#[tokio::test]
async fn the_closes_are_spread_evenly_over_the_window() {
    const CLIENTS: usize = 10;
    let host = Host::start(echo()).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(host.client().await);
    }
    let clock = Clock::hold();
    let leaving = begin(&host, Shutdown::within(10 * SECOND));
    host.settle().await;
    clock.advance(A_LITTLE).await;
    for gone in 1..=CLIENTS {
        clock.advance(SECOND).await;
        host.settle().await;
        assert_eq!(host.io.counts().sockets, CLIENTS - gone);
    }
    for ws in &mut clients {
        ws.expect_closed().await;
    }
    drop(clients);
    patiently("the end of the shutdown", leaving).await.unwrap();
    patiently("the end of listen", host.running).await.unwrap();
}

#[tokio::test]
async fn each_client_is_told_why_and_when_to_come_back() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    let mut poller = host.poller().await;
    poller.join().await;
    let mut parked = host.poller().await;
    parked.join().await;
    parked.begin_get().await;
    host.settle().await;
    host.io.emit("last", ()).unwrap();
    parked.gets.response().await.is(200, "42[\"last\"]");
    parked.begin_get().await;
    host.settle().await;
    let leaving = begin(&host, Shutdown::within(Duration::ZERO).goodbye(deploy()));
    ws.expect("42[\"last\"]").await;
    ws.expect(GOODBYE).await;
    ws.expect_closed().await;
    parked.gets.response().await.is(200, &format!("{GOODBYE}\x1e1"));
    // Between two polls: what was queued, then the same.
    poller.expect(&format!("42[\"last\"]\x1e{GOODBYE}\x1e6\x1e1")).await;
    for _ in 0..3 {
        assert_eq!(reasons.next().await, "server shutting down");
    }
    drop(ws);
    patiently("the end of the shutdown", leaving).await.unwrap();
}

#[tokio::test]
async fn a_handler_under_way_answers_before_its_client_is_closed() {
    for transport in [Transport::WebSocket, Transport::Polling] {
        let gate = Arc::new(Notify::new());
        let opened = gate.clone();
        let io = echo();
        io.on("slow", async move |ack: Ack| {
            opened.notified().await;
            ack.send("done")
        });
        let host = Host::start(io).await;
        let mut client = Client::session(&host, transport).await;
        client.join().await;
        client.send_all(&["427[\"slow\"]".to_owned(), "42[\"echo\",\"behind\"]".to_owned()]).await;
        host.settle().await;
        let leaving = begin(&host, Shutdown::within(Duration::ZERO).goodbye(deploy()));
        host.settle().await;
        gate.notify_one();
        client.expect("437[\"done\"]").await;
        client.expect("42[\"echo\",\"behind\"]").await;
        client.expect(GOODBYE).await;
        drop(client);
        patiently("the end of the shutdown", leaving).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_the_server_waits_for_is_let_come() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let io = echo();
    io.on("ask me", async move |socket: Socket| {
        let _ = tell.send(socket.emit_with_ack::<u8>("well?", ()).await);
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"ask me\"]").await;
    ws.expect("420[\"well?\"]").await;
    let leaving = begin(&host, Shutdown::within(Duration::ZERO));
    host.settle().await;
    ws.send("430[7]").await;
    assert_eq!(patiently("the answer", told.recv()).await.unwrap(), Ok(7));
    ws.expect_closed().await;
    drop(ws);
    patiently("the end of the shutdown", leaving).await.unwrap();
}

#[tokio::test]
async fn what_takes_longer_than_the_grace_is_not_waited_for() {
    let io = echo();
    io.on("stuck", async || std::future::pending::<()>().await);
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"stuck\"]").await;
    host.settle().await;
    let clock = Clock::hold();
    let leaving = begin(&host, Shutdown::within(Duration::ZERO).grace(2 * SECOND));
    host.settle().await;
    clock.advance(2 * SECOND - A_LITTLE).await;
    host.settle().await;
    assert_eq!(host.io.counts().sockets, 1);
    clock.advance(2 * A_LITTLE).await;
    ws.expect_closed().await;
    drop(ws);
    patiently("the end of the shutdown", leaving).await.unwrap();
}

#[tokio::test]
async fn while_it_leaves_new_sessions_are_refused_and_old_ones_go_on() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let mut last = host.client().await;
    let clock = Clock::hold();
    let leaving = begin(&host, Shutdown::within(20 * SECOND).goodbye(deploy()));
    host.settle().await;
    let refused = host.http().await.get(POLLING).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("2")));
    last.expect_echo("still here").await;
    // Whoever's turn was first, the other one is still there.
    clock.advance(10 * SECOND + A_LITTLE).await;
    host.settle().await;
    assert_eq!(host.io.counts().sockets, 1);
    clock.advance(10 * SECOND).await;
    last.ended().await;
    drop(last);
    // Nobody comes for the rest of the polling session, so its time runs out.
    while !leaving.is_finished() {
        clock.advance(SECOND).await;
        tokio::task::yield_now().await;
    }
    patiently("the end of the shutdown", leaving).await.unwrap();
    patiently("the end of listen", host.running).await.unwrap();
}

#[tokio::test]
async fn close_cuts_a_shutdown_short() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    let leaving = begin(&host, Shutdown::within(Duration::from_secs(3600)).goodbye(deploy()));
    let second = begin(&host, Shutdown::within(Duration::from_secs(3600)));
    host.settle().await;
    ws.expect_echo("still here").await;
    let io = host.io.clone();
    let closing = tokio::spawn(async move { io.close().await });
    ws.expect_closed().await;
    drop(ws);
    for end in [closing, leaving, second] {
        patiently("the end", end).await.unwrap();
    }
}

#[tokio::test]
async fn a_disconnected_client_may_be_told_why() {
    let io = echo();
    io.on("leave", async |socket: Socket| {
        socket.disconnect_with(Close::Namespace, &Goodbye::new().reason("kicked"));
    });
    let host = Host::start(io).await;
    for mut client in Client::sessions(&host).await {
        client.join().await;
        client.send("42[\"leave\"]").await;
        client.expect("6{\"reason\":\"kicked\"}").await;
        client.expect("41").await;
        client.join().await;
        host.settle().await;
        host.io.broadcast().disconnect_with(Close::Connection, &deploy());
        client.expect(GOODBYE).await;
        client.expect("41").await;
    }
}

#[tokio::test]
async fn who_meets_a_limit_is_told_which() {
    let host = Host::start(echo_with(Server::builder().max_payload_bytes(1000))).await;
    let mut ws: Ws = host.client().await;
    ws.send("x".repeat(1001)).await;
    let told = ws.text().await;
    assert!(told.starts_with("6{\"reason\":\"") && told.contains("1001") && told.contains("1000"), "{told}");
    assert_eq!(ws.recv().await, Frame::Close(Some(1009)));
}
