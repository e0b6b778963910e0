//! Where two lives of a socket, or a socket and its end, come close to each other.

use crate::client::{Frame, Host, echo, frame, text};
use sockeye::{Close, ConnectError, Data, DisconnectReason, Server, Socket, concurrent};
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};

fn texts(packets: &[&str]) -> Vec<u8> {
    packets.iter().flat_map(text).collect()
}

#[tokio::test]
async fn a_socket_that_joined_again_outlives_the_disconnection_of_the_one_before() {
    let io = echo();
    io.on("bye", async |socket: Socket| socket.disconnect(Close::Namespace));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.write(texts(&["42[\"bye\"]", "41", "40"])).await;
    ws.expect("41").await;
    assert!(ws.text().await.starts_with("40{\"sid\":"));
    ws.expect_echo("still here").await;
}

#[tokio::test]
async fn an_answer_leaves_before_the_reply_to_a_close_that_came_with_the_question() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    let mut bytes = text("42[\"echo\",\"last words\"]");
    bytes.extend(frame(0x88, &1000_u16.to_be_bytes()));
    ws.write(bytes).await;
    ws.expect("42[\"echo\",\"last words\"]").await;
    assert!(matches!(ws.recv().await, Frame::Close(_)));
}

/// A server whose handler of `slow` holds every event until the gate opens, in its inbox or in a task.
fn gated(overlap: bool) -> (Server, Arc<Semaphore>) {
    let (io, gate) = (echo(), Arc::new(Semaphore::new(0)));
    let held = gate.clone();
    let slow = async move || {
        let _ = held.acquire().await;
    };
    if overlap {
        io.on("slow", concurrent(slow))
    } else {
        io.on("slow", slow)
    };
    (io, gate)
}

#[tokio::test]
async fn events_left_behind_by_leaving_count_as_those_that_wait() {
    let (io, gate) = gated(false);
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    for _ in 0..3 {
        ws.write(texts(&["42[\"slow\"]"; 500])).await;
        ws.write(texts(&["41", "40"])).await;
    }
    ws.send("42[\"echo\",\"read at last\"]").await;
    // Two lives are let go, 1 000 events; the third brings the connection to its limit.
    for _ in 0..2 {
        assert!(ws.text().await.starts_with("40{"));
    }
    host.settle().await;
    assert!(!ws.has_frame());
    gate.add_permits(10_000);
    assert!(ws.text().await.starts_with("40{"));
    ws.expect("42[\"echo\",\"read at last\"]").await;
}

#[tokio::test]
async fn overlapping_handlers_of_one_client_are_bounded_too() {
    let (io, gate) = gated(true);
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.write(texts(&["42[\"slow\"]"; 1024])).await;
    ws.send("42[\"echo\",\"read at last\"]").await;
    host.settle().await;
    assert!(!ws.has_frame());
    gate.add_permits(10_000);
    ws.expect("42[\"echo\",\"read at last\"]").await;
}

#[tokio::test]
async fn an_overlapping_handler_may_await_its_own_client_behind_a_thousand_others() {
    let io = Server::new();
    let asks = async |socket: Socket, Data(n): Data<u32>| {
        let answer = socket.emit_with_ack::<u32>("question", &n).await?;
        socket.emit("answered", &answer)?;
        Ok::<_, sockeye::BoxError>(())
    };
    io.on("ask", concurrent(asks));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    let questions: Vec<u8> = (0..2000).flat_map(|n| text(format!("42[\"ask\",{n}]"))).collect();
    ws.write(questions).await;
    for n in 0..2000 {
        ws.expect(&format!("42{n}[\"question\",{n}]")).await;
    }
    ws.send("431999[7]").await;
    ws.expect("42[\"answered\",7]").await;
}

#[tokio::test]
async fn a_broadcast_that_asks_its_own_client_is_answered_behind_two_thousand_events() {
    let io = echo();
    io.on("ask all", async |io: Server, socket: Socket| {
        let answers = io.broadcast().emit_with_ack::<u32>("question", ()).await;
        socket.emit("answered", &answers.map(|answers| answers.len()).unwrap_or(0))?;
        Ok::<_, sockeye::EmitError>(())
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"ask all\"]").await;
    ws.expect("420[\"question\"]").await;
    ws.write(texts(&["42[\"nobody hears\"]"; 2000])).await;
    ws.send("430[1]").await;
    ws.expect("42[\"answered\",1]").await;
}

#[tokio::test]
async fn an_error_hook_that_panics_costs_nothing() {
    let io = echo();
    io.on_error(|_, error| panic!("{error}"));
    io.on("fail", async || Err::<(), _>("no"));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"fail\"]").await;
    ws.expect_echo("all well").await;
}

#[tokio::test]
async fn a_socket_that_middleware_refuses_ends_with_what_was_registered_on_it() {
    let io = Server::new();
    let (tell, mut refused) = mpsc::unbounded_channel();
    let kept = Arc::new(());
    let captured = kept.clone();
    io.middleware(async move |socket: Socket| {
        let (own, captured) = (socket.clone(), captured.clone());
        socket.on("never", async move || drop((own, captured)));
        let _ = tell.send(socket);
        Err::<(), _>(ConnectError::new("no"))
    });
    let host = Host::start(io).await;
    let mut ws = host.session().await;
    ws.send("40").await;
    ws.expect("44{\"message\":\"no\"}").await;
    let socket = refused.recv().await.unwrap();
    assert_eq!(socket.closed().await, DisconnectReason::ServerNamespaceDisconnect);
    // One is ours, one the middleware's; the listener's copy is gone.
    assert_eq!(Arc::strong_count(&kept), 2);
}
