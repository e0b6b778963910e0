//! Joining and leaving namespaces: what is refused, how often, and what a hostile client gains from asking.

use crate::client::{Client, Clock, Host, Reasons, echo, echo_with, text};
use sockeye::{ConnectError, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

#[tokio::test]
async fn an_unknown_namespace_is_refused_and_the_connection_stays() {
    let host = Host::start(echo()).await;
    for mut client in Client::joined(&host).await {
        for (packet, reply) in [
            ("40/nobody,", "44/nobody,{\"message\":\"Invalid namespace\"}"),
            ("40/nobody", "44/nobody,{\"message\":\"Invalid namespace\"}"),
            ("40/nobody,{\"token\":1}", "44/nobody,{\"message\":\"Invalid namespace\"}"),
            ("40/nobody?token=1,{}", "44/nobody,{\"message\":\"Invalid namespace\"}"),
            ("40/%2e%2e,", "44/%2e%2e,{\"message\":\"Invalid namespace\"}"),
        ] {
            client.send(packet).await;
            client.expect(reply).await;
        }
        client.send("42[\"echo\"]").await;
        client.expect("42[\"echo\"]").await;
    }
}

#[tokio::test]
async fn a_hundred_refused_connects_are_answered_and_the_next_one_closes() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    for _ in 0..100 {
        ws.send("40/nobody,").await;
        ws.expect("44/nobody,{\"message\":\"Invalid namespace\"}").await;
    }
    ws.expect_echo("still here").await;
    ws.send("40/nobody,").await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn twenty_thousand_connects_at_once_end_at_the_limit() {
    let host = Host::start(echo()).await;
    let mut ws = host.session().await;
    ws.write(text("40/nobody,").repeat(20_000)).await;
    for _ in 0..100 {
        ws.expect("44/nobody,{\"message\":\"Invalid namespace\"}").await;
    }
    ws.expect_closed().await;
    host.client().await.expect_echo("hello").await;
}

#[tokio::test]
async fn a_refusal_by_middleware_counts_as_one_too() {
    let io = echo();
    io.of("/closed").middleware(async || Err::<(), _>(ConnectError::new("no")));
    let host = Host::start(io).await;
    let mut ws = host.session().await;
    for _ in 0..100 {
        ws.send("40/closed,").await;
        ws.expect("44/closed,{\"message\":\"no\"}").await;
    }
    ws.send("40/closed,").await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn a_hundred_namespaces_may_be_joined_and_one_more_closes() {
    let io = echo();
    (0..101).for_each(|n| drop(io.of(&format!("/{n}"))));
    let host = Host::start(io).await;
    let mut ws = host.session().await;
    for n in 0..100 {
        ws.join_namespace(&format!("/{n}")).await;
    }
    assert_eq!(host.io.counts().sockets, 100);
    // Who leaves one may join another.
    ws.send("41/0,").await;
    ws.join_namespace("/100").await;
    ws.send("40/0,").await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn the_name_of_a_namespace_has_up_to_255_bytes() {
    let host = Host::start(echo()).await;
    for len in [254, 255] {
        let name = format!("/{}", "a".repeat(len - 1));
        let mut ws = host.session().await;
        ws.send(format!("40{name},")).await;
        ws.expect(&format!("44{name},{{\"message\":\"Invalid namespace\"}}")).await;
    }
    let mut ws = host.session().await;
    ws.send(format!("40/{},", "a".repeat(255))).await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn a_second_connect_while_middleware_decides_joins_nobody() {
    let (decide, joined) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let io = Server::new();
    let slow = io.of("/slow");
    let (decided, count) = (decide.clone(), joined.clone());
    slow.middleware(async move || {
        decided.notified().await;
        Ok::<_, ConnectError>(())
    });
    slow.on_connect(async move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let host = Host::start(io).await;
    for again in ["40/slow,", "41/slow,"] {
        let mut ws = host.session().await;
        ws.write([text("40/slow,"), text(again), text("40/slow,")].concat()).await;
        ws.expect_closed().await;
        decide.notify_waiters();
        host.settle().await;
        assert_eq!((joined.load(Ordering::SeqCst), host.io.counts().sockets), (0, 0), "{again}");
    }
    // One CONNECT is one socket.
    let mut ws = host.session().await;
    ws.send("40/slow,").await;
    host.settle().await;
    decide.notify_waiters();
    assert!(ws.text().await.starts_with("40/slow,{\"sid\":"));
    host.settle().await;
    assert_eq!((joined.load(Ordering::SeqCst), host.io.counts().sockets), (1, 1));
}

#[tokio::test]
async fn a_client_that_leaves_while_middleware_decides_does_not_join() {
    let decide = Arc::new(Notify::new());
    let io = echo();
    let decided = decide.clone();
    io.of("/slow").middleware(async move || {
        decided.notified().await;
        Ok::<_, ConnectError>(())
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("40/slow,").await;
    ws.send("41/slow,").await;
    ws.expect_echo("left").await;
    decide.notify_waiters();
    ws.expect_echo("nothing came").await;
    assert_eq!(host.io.counts().sockets, 1);
}

#[tokio::test]
async fn a_namespace_may_be_left_and_joined_again_with_a_new_id() {
    let host = Host::start(echo()).await;
    for mut client in Client::sessions(&host).await {
        let first = client.join().await;
        client.send("41").await;
        let second = client.join().await;
        assert_ne!(first, second);
        client.send("42[\"echo\"]").await;
        client.expect("42[\"echo\"]").await;
    }
}

#[tokio::test]
async fn late_packets_for_a_namespace_that_the_server_left_are_ignored() {
    let io = echo();
    io.on("kick", async |socket: sockeye::Socket| socket.disconnect(sockeye::Close::Namespace));
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        let late = ["42[\"kick\"]", "42[\"echo\",1]", "430[]", "42[\"echo\",2]"].map(str::to_owned);
        client.send_all(&late).await;
        client.expect("41").await;
        client.skip_answer().await;
        client.join().await;
        client.send("42[\"echo\",3]").await;
        client.expect("42[\"echo\",3]").await;
    }
}

#[tokio::test]
async fn a_session_that_joins_nothing_within_connect_timeout_is_closed() {
    let clock = Clock::hold();
    let host = Host::start(echo_with(Server::builder().connect_timeout(Duration::from_secs(10)))).await;
    let mut joined = host.client().await;
    let mut silent = host.session().await;
    let mut refused = host.session().await;
    refused.send("40/nobody,").await;
    refused.expect("44/nobody,{\"message\":\"Invalid namespace\"}").await;
    let mut poller = host.poller().await;
    poller.begin_get().await;
    host.settle().await;
    clock.advance(Duration::from_millis(9_990)).await;
    host.settle().await;
    assert!(!silent.has_frame() && !refused.has_frame() && !poller.gets.has_answer());
    clock.advance(Duration::from_millis(20)).await;
    silent.expect_closed().await;
    refused.expect_closed().await;
    poller.gets.response().await.is(200, "1");
    joined.expect_echo("joined").await;
}

#[tokio::test]
async fn a_client_that_was_disconnected_has_left_all_its_namespaces() {
    let io = echo();
    let other = io.of("/other");
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    other.on_disconnect(async move |reason: sockeye::DisconnectReason| {
        let _ = tell.send(reason.as_str());
    });
    let mut reasons = Reasons::of(&io);
    io.on("kick", async |socket: sockeye::Socket| socket.disconnect(sockeye::Close::Connection));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.join_namespace("/other").await;
    ws.send("42[\"kick\"]").await;
    ws.expect("41").await;
    ws.expect("41/other,").await;
    ws.expect_closed().await;
    assert_eq!(reasons.next().await, "server namespace disconnect");
    assert_eq!(told.recv().await, Some("server namespace disconnect"));
}
