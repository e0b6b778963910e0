//! While a handler is pending, the events behind it wait; when too many do, the client is not read any further. The bounds,
//! and that back-pressure is not mistaken for a dead client.

use crate::client::{Clock, Frame, Host, Reasons, echo_with, patiently, text};
use sockeye::{AckError, Data, RawArguments, Server, ServerBuilder, Socket};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// A server whose `wait` handler waits for the gate, with a namespace `/other` beside.
fn gated(options: ServerBuilder) -> (Server, Arc<Notify>) {
    let io = echo_with(options);
    let gate = Arc::new(Notify::new());
    let opened = gate.clone();
    io.on("wait", async move || opened.notified().await);
    io.on("ask", async |socket: Socket| {
        let answer: String = socket.emit_with_ack("question", ()).await?;
        socket.emit("asked", &answer)?;
        Ok::<_, AckError>(())
    });
    io.of("/other")
        .on("echo", async |socket: Socket, args: RawArguments| socket.emit("echo", args.as_args()));
    (io, gate)
}

/// Events that wait behind `first`, then one of the other namespace.
fn flight(first: &str, waiting: usize) -> Vec<u8> {
    let mut bytes = text(format!("42[\"{first}\"]"));
    (0..waiting).for_each(|n| bytes.extend(text(format!("42[\"echo\",{n}]"))));
    bytes.extend(text("42/other,[\"echo\",\"other\"]"));
    bytes
}

#[tokio::test]
async fn a_client_is_not_read_any_further_when_1024_events_wait() {
    for (waiting, goes_on) in [(1023, true), (1024, false), (1025, false)] {
        let (io, gate) = gated(Server::builder());
        let host = Host::start(io).await;
        let mut ws = host.client().await;
        ws.join_namespace("/other").await;
        ws.write(flight("wait", waiting)).await;
        host.settle().await;
        assert_eq!(ws.has_frame(), goes_on, "{waiting}");
        if goes_on {
            ws.expect("42/other,[\"echo\",\"other\"]").await;
        }
        gate.notify_one();
        // Events of one socket keep their order; those of two may overtake each other.
        let mut echoes = 0;
        let mut others = usize::from(goes_on);
        while echoes + others < waiting + 1 {
            match ws.text().await {
                other if other.starts_with("42/other,") => others += 1,
                echo => {
                    assert_eq!(echo, format!("42[\"echo\",{echoes}]"));
                    echoes += 1;
                }
            }
        }
        assert_eq!((echoes, others), (waiting, 1));
    }
}

#[tokio::test]
async fn a_client_is_not_read_any_further_when_max_payload_bytes_wait() {
    let (io, gate) = gated(Server::builder().max_payload_bytes(100_000));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.join_namespace("/other").await;
    let big = text(format!("42[\"echo\",\"{}\"]", "x".repeat(60_000)));
    let other = text("42/other,[\"echo\",\"other\"]");
    ws.write([&text("42[\"wait\"]"), &big, &other].map(Vec::as_slice).concat()).await;
    ws.expect("42/other,[\"echo\",\"other\"]").await;
    ws.write([&big, &other].map(Vec::as_slice).concat()).await;
    host.settle().await;
    assert!(!ws.has_frame());
    gate.notify_one();
    let mut frames = [ws.text().await.len(), ws.text().await.len(), ws.text().await.len()];
    frames.sort_unstable();
    assert!(frames[0] < 100 && frames[1] > 60_000 && frames[2] > 60_000);
}

#[tokio::test]
async fn a_post_is_held_while_1024_events_wait() {
    let (io, gate) = gated(Server::builder());
    let host = Host::start(io).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let mut packets = vec!["42[\"wait\"]".to_owned()];
    packets.extend((0..3000).map(|n| format!("42[\"echo\",{n}]")));
    poller.begin_post(packets.join("\x1e")).await;
    host.settle().await;
    assert!(!poller.posts.has_answer());
    gate.notify_one();
    poller.posts.response().await.is(200, "ok");
    let answer = poller.get().await.body;
    assert!(answer.split('\x1e').eq(packets.iter().skip(1)));
}

#[tokio::test]
async fn a_handler_that_awaits_its_client_is_read_on_for_up_to_four_times_as_much() {
    for (waiting, survives) in [(4095, true), (4096, true), (4097, false)] {
        let (io, _gate) = gated(Server::builder());
        let mut reasons = Reasons::of(&io);
        let host = Host::start(io).await;
        let mut ws = host.client().await;
        ws.join_namespace("/other").await;
        ws.write(flight("ask", waiting)).await;
        ws.expect("420[\"question\"]").await;
        if survives {
            ws.expect("42/other,[\"echo\",\"other\"]").await;
            ws.send("430[\"yes\"]").await;
            ws.expect("42[\"asked\",\"yes\"]").await;
            for n in 0..waiting {
                ws.expect(&format!("42[\"echo\",{n}]")).await;
            }
        } else {
            assert_eq!(reasons.next().await, "inbox overflow", "{waiting}");
            assert_eq!(ws.ended().await, Frame::Close(None));
        }
    }
}

#[tokio::test]
async fn an_inbox_of_events_that_awaits_its_client_by_polling_overflows_at_the_same_limit() {
    for (waiting, survives) in [(4096, true), (4097, false)] {
        let (io, _gate) = gated(Server::builder());
        let mut reasons = Reasons::of(&io);
        let host = Host::start(io).await;
        let mut poller = host.poller().await;
        poller.join().await;
        let mut packets = vec!["42[\"ask\"]".to_owned()];
        packets.extend((0..waiting).map(|n| format!("42[\"echo\",{n}]")));
        poller.send(packets.join("\x1e")).await;
        if survives {
            poller.expect("420[\"question\"]").await;
            poller.send("430[\"yes\"]").await;
            let answer = poller.get().await.body;
            assert!(answer.split('\x1e').skip(1).eq(packets.iter().skip(1)));
        } else {
            assert_eq!(reasons.next().await, "inbox overflow");
        }
    }
}

#[tokio::test]
async fn a_client_that_is_not_read_misses_no_pong_but_is_still_pinged() {
    let clock = Clock::hold();
    let (io, gate) = gated(Server::builder());
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.join_namespace("/other").await;
    ws.write(flight("wait", 2000)).await;
    host.settle().await;
    for _ in 0..10 {
        clock.advance(Duration::from_millis(25_001)).await;
        ws.expect("2").await;
        ws.send("3").await;
        host.settle().await;
    }
    gate.notify_one();
    for _ in 0..2001 {
        ws.text().await;
    }
    // The pongs were read at last; from now on one that is missing is missed.
    clock.advance(Duration::from_millis(25_001)).await;
    ws.expect("2").await;
    clock.advance(Duration::from_millis(20_001)).await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn an_ack_reaches_its_waiter_while_events_of_its_socket_wait() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let (io, _gate) = gated(Server::builder());
    io.on_connect(async move |socket: Socket| {
        let tell = tell.clone();
        tokio::spawn(async move {
            let _ = tell.send(socket.emit_with_ack::<u32>("outside", ()).await);
        });
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"wait\"]").await;
    ws.send("42[\"echo\",1]").await;
    ws.expect("420[\"outside\"]").await;
    ws.send("430[7]").await;
    assert_eq!(patiently("the answer", told.recv()).await, Some(Ok(7)));
}

#[tokio::test]
async fn events_of_two_namespaces_of_a_client_wait_for_their_own_handlers_only() {
    let (io, gate) = gated(Server::builder());
    let other = io.of("/other");
    other.on("n", async |socket: Socket, Data(n): Data<u32>| socket.emit("n", &n));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.join_namespace("/other").await;
    ws.send("42[\"wait\"]").await;
    ws.send("42[\"echo\",1]").await;
    for n in 0..100 {
        ws.send(format!("42/other,[\"n\",{n}]")).await;
        ws.expect(&format!("42/other,[\"n\",{n}]")).await;
    }
    gate.notify_one();
    ws.expect("42[\"echo\",1]").await;
}
