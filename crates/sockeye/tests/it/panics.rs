//! A panic in user code costs one event, and nobody else notices.

use crate::client::{Host, echo, patiently};
use sockeye::{Ack, ConnectError, Data, HandlerError, Server, Socket, concurrent};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;

fn fail() {
    panic!("on purpose");
}

#[tokio::test]
async fn a_thousand_panics_of_handlers_cost_a_thousand_events_and_nothing_else() {
    let panics = Arc::new(AtomicUsize::new(0));
    let count = panics.clone();
    let io = echo();
    io.on_error(move |_, error| {
        if matches!(error, HandlerError::Panicked(message) if message == "on purpose") {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    io.on("at once", async |_ack: Option<Ack>| fail());
    io.on("later", async || {
        tokio::task::yield_now().await;
        fail();
    });
    io.on("apart", concurrent(async || fail()));
    let host = Host::start(io).await;
    let mut neighbour = host.client().await;
    let mut ws = host.client().await;
    for round in 0..334 {
        for event in ["at once", "later", "apart"] {
            ws.send(format!("42[\"{event}\"]")).await;
        }
        ws.expect_echo(&format!("after round {round}")).await;
        neighbour.expect_echo(&format!("beside round {round}")).await;
    }
    assert_eq!(panics.load(Ordering::SeqCst), 3 * 334);
    assert_eq!((host.io.counts().clients, host.io.counts().tasks), (2, 2));
}

#[tokio::test]
async fn a_panic_at_the_beginning_or_the_end_of_a_socket_leaves_the_server_whole() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let io = echo();
    io.on_connect(async || fail());
    io.on_disconnecting(async || fail());
    io.on_disconnect(async || fail());
    io.on_disconnect(async move || {
        let _ = tell.send(());
    });
    let host = Host::start(io).await;
    for _ in 0..10 {
        let mut ws = host.client().await;
        ws.expect_echo("joined all the same").await;
        drop(ws);
        patiently("the second listener", told.recv()).await.unwrap();
    }
    assert_eq!(host.io.counts().clients, 0);
}

#[tokio::test]
async fn a_panic_in_middleware_refuses_that_client() {
    let io = echo();
    io.of("/broken").middleware(async || -> Result<(), ConnectError> { panic!("on purpose") });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("40/broken,").await;
    ws.expect("44/broken,{\"message\":\"internal error\"}").await;
    ws.expect_echo("still here").await;
}

#[tokio::test]
async fn a_panic_while_arguments_are_taken_apart_costs_that_event() {
    struct Fragile;
    impl<'de> serde::Deserialize<'de> for Fragile {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("on purpose")
        }
    }
    impl serde::Serialize for Fragile {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("on purpose")
        }
    }
    let io = echo();
    io.on("in", async |Data(_fragile): Data<Fragile>| {});
    io.on("out", async |socket: Socket| socket.emit("out", &Fragile));
    io.on("ask", async |socket: Socket| drop(socket.emit_with_ack::<()>("ask", &Fragile).await));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    for event in ["in", "out", "ask"] {
        ws.send(format!("42[\"{event}\",1]")).await;
        ws.expect_echo(event).await;
    }
}

#[tokio::test]
async fn an_error_of_a_handler_is_reported_with_its_socket_and_costs_nothing() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let io: Server = echo();
    io.on_error(move |socket, error| {
        let _ = tell.send((*socket.id(), error.to_string()));
    });
    io.on("fails", async || Err::<(), _>("out of paper"));
    io.on("wants a number", async |Data(_n): Data<u32>| {});
    io.on("wants an ack", async |_ack: Ack| {});
    let host = Host::start(io).await;
    let mut ws = host.session().await;
    let id = ws.join().await;
    for (event, error) in [
        ("[\"fails\"]", "the handler failed: out of paper"),
        ("[\"wants a number\",\"x\"]", "the event does not fit the handler: argument 0 does not fit: "),
        ("[\"wants a number\"]", "the event does not fit the handler: argument 0 is missing"),
        ("[\"wants an ack\"]", "the event does not fit the handler: the client asked for no acknowledgement"),
    ] {
        ws.send(format!("42{event}")).await;
        let (socket, told) = patiently("a report", told.recv()).await.unwrap();
        assert_eq!(socket.as_str(), id);
        assert!(told.starts_with(error), "{told}");
    }
    ws.expect_echo("still here").await;
}
