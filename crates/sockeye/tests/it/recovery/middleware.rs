//! Middleware between a client that comes back and its session.

use super::guest::{Guest, Hall};
use crate::client::patiently;
use serde_json::{Value, json};
use sockeye::{ConnectError, ConnectionStateRecovery, Server, Socket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc::unbounded_channel};

fn server(options: ConnectionStateRecovery) -> Server {
    Server::builder().connection_state_recovery(options).build()
}

/// Counts its runs.
fn counted(io: &Server) -> Arc<AtomicUsize> {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    io.middleware(async move || {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok::<_, ConnectError>(())
    });
    runs
}

#[tokio::test]
async fn middleware_runs_again_unless_told_to_skip() {
    for (options, runs) in
        [(ConnectionStateRecovery::default(), 2), (ConnectionStateRecovery::default().skip_middlewares(), 1)]
    {
        let io = server(options);
        let counter = counted(&io);
        let mut hall = Hall::serving(io).await;
        let guest = hall.guest().await;
        let ticket = hall.lose(guest).await;
        hall.io.emit("e", ()).unwrap();
        let _guest = hall.recover(&ticket, &[json!(["e"])]).await;
        assert_eq!(counter.load(Ordering::SeqCst), runs);
    }
}

#[tokio::test]
async fn middleware_is_not_skipped_by_who_is_not_recovered() {
    let io = server(ConnectionStateRecovery::default().skip_middlewares());
    let counter = counted(&io);
    let mut hall = Hall::serving(io).await;
    let guest = hall.guest().await;
    let ticket = hall.lose(guest).await;
    let _guest = hall.not_recover(&ticket.with_offset("nonsense")).await;
    assert_eq!(counter.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn middleware_sees_the_socket_as_it_will_be() {
    let io = server(ConnectionStateRecovery::default());
    let (tell, mut told) = unbounded_channel();
    io.middleware(async move |socket: Socket| {
        let _ = tell.send((socket.recovered(), socket.id().to_string(), socket.data::<u8>("n")));
        if socket.recovered() {
            socket.set_data("m", &2)?;
        }
        Ok::<_, sockeye::BoxError>(())
    });
    let mut hall = Hall::serving(io).await;
    let guest = hall.guest().await;
    let sid = guest.ticket.sid.clone();
    assert_eq!(told.recv().await.unwrap(), (false, sid.clone(), None));
    hall.socket(&guest.ticket).await.set_data("n", &1).unwrap();
    let ticket = hall.lose(guest).await;
    let guest = hall.recover(&ticket, &[]).await;
    assert_eq!(told.recv().await.unwrap(), (true, sid, Some(1)));
    let socket = hall.socket(&guest.ticket).await;
    assert_eq!((socket.data::<u8>("n"), socket.data::<u8>("m")), (Some(1), Some(2)));
}

#[tokio::test]
async fn who_is_refused_keeps_the_session_for_another_attempt() {
    let io = server(ConnectionStateRecovery::default());
    let refuses = Arc::new(AtomicBool::new(false));
    let refusing = refuses.clone();
    io.middleware(async move || match refusing.load(Ordering::SeqCst) {
        true => Err(ConnectError::new("not now")),
        false => Ok(()),
    });
    let mut hall = Hall::serving(io).await;
    let guest = hall.guest().await;
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &1).unwrap();
    refuses.store(true, Ordering::SeqCst);
    let mut ws = hall.host.session().await;
    ws.send(ticket.connect()).await;
    ws.expect(r#"44{"message":"not now"}"#).await;
    refuses.store(false, Ordering::SeqCst);
    let _guest = hall.recover(&ticket, &[json!(["e", 1])]).await;
}

#[tokio::test]
async fn who_is_refused_does_not_close_the_owner() {
    let io = server(ConnectionStateRecovery::default());
    io.middleware(async |socket: Socket| match socket.auth::<Value>()?["pid"].is_string() {
        true => Err(sockeye::BoxError::from("a thief")),
        false => Ok(()),
    });
    let mut hall = Hall::serving(io).await;
    let mut guest = hall.guest().await;
    let mut ws = hall.host.session().await;
    ws.send(guest.ticket.connect()).await;
    ws.expect(r#"44{"message":"a thief"}"#).await;
    hall.io.emit("e", &1).unwrap();
    guest.expect(json!(["e", 1])).await;
    hall.happenings.none();
}

/// A server whose middleware lets recovered clients wait at a gate.
async fn gated() -> (Hall, Arc<Notify>) {
    let io = server(ConnectionStateRecovery::default().max_sessions(1));
    let gate = Arc::new(Notify::new());
    let waiting = gate.clone();
    io.middleware(async move |socket: Socket| {
        if socket.recovered() {
            waiting.notified().await;
        }
        Ok::<_, ConnectError>(())
    });
    (Hall::serving(io).await, gate)
}

#[tokio::test]
async fn what_is_sent_while_middleware_decides_is_missed_too() {
    let (mut hall, gate) = gated().await;
    let guest = hall.guest().await;
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &1).unwrap();
    let ws = hall.host.session().await;
    let back = tokio::spawn(async move { Guest::back_on(ws, &ticket).await });
    hall.host.settle().await;
    hall.io.emit("e", &2).unwrap();
    gate.notify_one();
    let (_guest, missed) = patiently("the reply", back).await.unwrap();
    assert_eq!(missed, [json!(["e", 1]), json!(["e", 2])]);
}

#[tokio::test]
async fn a_session_that_goes_while_middleware_decides_is_begun_anew() {
    let (mut hall, gate) = gated().await;
    let guest = hall.guest().await;
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &1).unwrap();
    let (ws, old) = (hall.host.session().await, ticket.clone());
    let back = tokio::spawn(async move { Guest::back_on(ws, &old).await });
    hall.host.settle().await;
    // Only one session may wait.
    let other = hall.guest().await;
    let other = other.lose();
    hall.happenings.expect("expired", &ticket.sid).await;
    hall.happenings.expect("transport close", &other.sid).await;
    gate.notify_one();
    let (guest, missed) = patiently("the reply", back).await.unwrap();
    assert_eq!(missed, [] as [Value; 0]);
    assert!(guest.ticket.sid != ticket.sid && guest.ticket.pid != ticket.pid);
    hall.happenings.expect("connected", &guest.ticket.sid).await;
}

#[tokio::test]
async fn a_client_that_leaves_while_middleware_decides_takes_over_nothing() {
    let (mut hall, gate) = gated().await;
    let mut owner = hall.guest().await;
    let mut ws = hall.host.session().await;
    ws.send(owner.ticket.connect()).await;
    ws.send("41").await;
    hall.host.settle().await;
    gate.notify_one();
    hall.host.settle().await;
    hall.io.emit("e", &1).unwrap();
    owner.expect(json!(["e", 1])).await;
    hall.happenings.none();
    tokio::time::timeout(Duration::ZERO, ws.text()).await.unwrap_err();
}

#[tokio::test]
async fn of_two_that_ask_at_once_the_last_one_let_in_has_the_session() {
    let (mut hall, gate) = gated().await;
    let guest = hall.guest().await;
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &1).unwrap();
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let (ws, ticket) = (hall.host.session().await, ticket.clone());
        waiting.push(tokio::spawn(async move { Guest::back_on(ws, &ticket).await }));
        hall.host.settle().await;
    }
    gate.notify_one();
    hall.happenings.expect("recovered", &ticket.sid).await;
    gate.notify_one();
    hall.happenings.expect("taken over", &ticket.sid).await;
    hall.happenings.expect("recovered", &ticket.sid).await;
    let mut guests = Vec::new();
    for back in waiting {
        let (guest, missed) = patiently("the reply", back).await.unwrap();
        assert_eq!(missed, [json!(["e", 1])]);
        guests.push(guest);
    }
    hall.io.emit("e", &2).unwrap();
    let mut winner = guests.pop().unwrap();
    winner.expect(json!(["e", 2])).await;
    guests.pop().unwrap().ws.expect("41").await;
}
