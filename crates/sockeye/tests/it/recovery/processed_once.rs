//! Events that a client sends again are processed once, and answered again.

use super::guest::Hall;
use crate::client::Host;
use sockeye::{Ack, BoxError, ConnectionStateRecovery, Data, DuplicateError, Server, Socket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// `add` counts its runs and answers with the count; `fail` fails the first time; `slow` waits for the gate.
fn server(builder: sockeye::ServerBuilder) -> (Server, Arc<AtomicUsize>, Arc<Notify>) {
    let io = builder.build();
    let (runs, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (counter, waiting) = (runs.clone(), gate.clone());
    io.on("add", async move |socket: Socket, Data(offset): Data<String>, ack: Ack| {
        let work = async { Ok::<_, BoxError>(counter.fetch_add(1, Ordering::SeqCst)) };
        let count = socket.process_once(&offset, work).await?;
        ack.send(&count)?;
        Ok::<_, BoxError>(())
    });
    let counter = runs.clone();
    io.on("fail", async move |socket: Socket, Data(offset): Data<String>, ack: Ack| {
        let work = async {
            match counter.fetch_add(1, Ordering::SeqCst) {
                0 => Err("no disk".into()),
                count => Ok::<_, BoxError>(count),
            }
        };
        let answer = socket.process_once(&offset, work).await.map_err(|error| error.to_string());
        ack.send(&answer)?;
        Ok::<_, BoxError>(())
    });
    let counter = runs.clone();
    io.on("slow", async move |socket: Socket, Data(offset): Data<String>, ack: Ack| {
        let work = async {
            waiting.notified().await;
            Ok::<_, BoxError>(counter.fetch_add(1, Ordering::SeqCst))
        };
        ack.send(&socket.process_once(&offset, work).await?)?;
        Ok::<_, BoxError>(())
    });
    io.on("refused", async |socket: Socket, Data(offset): Data<String>, ack: Ack| {
        let outcome = socket.process_once::<(), DuplicateError>(&offset, async { Ok(()) }).await;
        ack.send(&outcome.map_err(|error| error.to_string()))
    });
    (io, runs, gate)
}

#[tokio::test]
async fn a_retried_event_runs_once_and_gets_the_same_answer() {
    let (io, runs, _) = server(Server::builder());
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    for (id, offset, answer) in [(0, "a-0", 0), (1, "a-0", 0), (2, "a-1", 1), (3, "a-0", 0), (4, "b-0", 2)] {
        ws.send(format!(r#"42{id}["add","{offset}"]"#)).await;
        ws.expect(&format!("43{id}[{answer}]")).await;
    }
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_retry_is_known_on_another_connection_recovered_or_not() {
    let builder = Server::builder().connection_state_recovery(ConnectionStateRecovery::default());
    let (io, runs, _) = server(builder);
    let mut hall = Hall::serving(io).await;
    let mut guest = hall.guest().await;
    guest.ws.send(r#"420["add","a-0"]"#).await;
    guest.ws.expect("430[0]").await;
    let ticket = hall.lose(guest).await;
    let mut guest = hall.recover(&ticket, &[]).await;
    guest.ws.send(r#"420["add","a-0"]"#).await;
    guest.ws.expect("430[0]").await;
    let mut stranger = hall.guest().await;
    stranger.ws.send(r#"420["add","a-0"]"#).await;
    stranger.ws.expect("430[0]").await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn work_that_failed_is_done_again() {
    let (io, runs, _) = server(Server::builder());
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    for (id, answer) in [(0, r#"{"Err":"no disk"}"#), (1, r#"{"Ok":1}"#), (2, r#"{"Ok":1}"#)] {
        ws.send(format!(r#"42{id}["fail","a-0"]"#)).await;
        ws.expect(&format!("43{id}[{answer}]")).await;
    }
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_retry_waits_for_work_that_goes_on() {
    let (io, runs, gate) = server(Server::builder());
    let host = Host::start(io).await;
    let (mut first, mut second) = (host.client().await, host.client().await);
    first.send(r#"420["slow","a-0"]"#).await;
    host.settle().await;
    second.send(r#"420["slow","a-0"]"#).await;
    host.settle().await;
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    gate.notify_one();
    first.expect("430[0]").await;
    second.expect("430[0]").await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_offset_that_is_none_and_one_too_old_are_errors() {
    let (io, ..) = server(Server::builder());
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send(r#"420["refused","nonsense"]"#).await;
    ws.expect(r#"430[{"Err":"the offset of an event must be <name>-<number>"}]"#).await;
    ws.send(r#"421["refused","a-10000"]"#).await;
    ws.expect(r#"431[{"Ok":null}]"#).await;
    ws.send(r#"422["refused","a-1"]"#).await;
    ws.expect(r#"432[{"Ok":null}]"#).await;
    ws.send(r#"423["refused","a-0"]"#).await;
    ws.expect(r#"433[{"Err":"the event is 10000 or more behind the latest of its client"}]"#).await;
}
