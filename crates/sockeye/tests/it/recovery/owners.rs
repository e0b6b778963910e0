//! A session has one living socket: whoever comes later with its pid takes over, and the one before is closed.

use super::guest::{Guest, Hall, Ticket};
use crate::client::{Frame, patiently};
use serde_json::json;
use sockeye::{Close, Server};

#[tokio::test]
async fn a_client_takes_over_from_its_half_open_connection_without_loss() {
    let mut hall = Hall::new().await;
    let mut stale = hall.guest().await;
    hall.io.emit("e", &1).unwrap();
    stale.expect(json!(["e", 1])).await;
    // Written to a connection that nobody reads any more.
    hall.io.emit("e", &2).unwrap();
    hall.io.emit("e", &3).unwrap();
    hall.host.settle().await;
    let ticket = stale.ticket.clone();
    let (mut guest, missed) = Guest::back(&hall.host, &ticket).await;
    assert_eq!(missed, [json!(["e", 2]), json!(["e", 3])]);
    assert_eq!((&guest.ticket.sid, &guest.ticket.pid), (&ticket.sid, &ticket.pid));
    hall.happenings.expect("taken over", &ticket.sid).await;
    hall.happenings.expect("recovered", &ticket.sid).await;
    hall.io.emit("e", &4).unwrap();
    guest.expect(json!(["e", 4])).await;
}

#[tokio::test]
async fn a_half_open_session_that_received_nothing_is_taken_over() {
    let mut hall = Hall::new().await;
    let stale = hall.guest().await;
    hall.io.emit("e", &1).unwrap();
    let (mut guest, missed) = Guest::back(&hall.host, &stale.ticket).await;
    assert_eq!(missed, [json!(["e", 1])]);
    hall.io.emit("e", &2).unwrap();
    guest.expect(json!(["e", 2])).await;
}

#[tokio::test]
async fn of_two_live_clients_with_one_pid_the_first_is_closed() {
    let mut hall = Hall::new().await;
    let mut first = hall.guest().await;
    let ticket = first.ticket.clone();
    let (mut second, _) = Guest::back(&hall.host, &ticket).await;
    hall.io.emit("e", &1).unwrap();
    // The loser is told, so that a stock client does not come back by itself, and then closed.
    first.ws.expect("41").await;
    assert_eq!(first.ws.recv().await, Frame::Close(None));
    second.expect(json!(["e", 1])).await;
    hall.happenings.expect("taken over", &ticket.sid).await;
    hall.happenings.expect("recovered", &ticket.sid).await;
    assert_eq!(hall.sockets().await.len(), 1);
    // The end of the loser's connection ends nothing of the winner.
    drop(first);
    hall.host.settle().await;
    hall.happenings.none();
    hall.io.to(&ticket.sid).emit("e", &2).unwrap();
    second.expect(json!(["e", 2])).await;
    let counts = hall.io.counts();
    assert_eq!((counts.sockets, counts.rooms), (1, 1));
}

/// A stock client drops what stands before a close in one payload, and would come back to take over in turn.
#[tokio::test]
async fn a_client_that_polls_is_told_and_left_to_close_by_itself() {
    let hall = Hall::new().await;
    let mut first = hall.host.poller().await;
    let (sid, pid) = first.join_recoverable().await;
    first.begin_get().await;
    let ticket = Ticket { namespace: "/", sid, pid, offset: None };
    let (_second, _) = Guest::back(&hall.host, &ticket).await;
    first.gets.response().await.is(200, "41");
    first.send("1").await;
}

#[tokio::test]
async fn many_clients_with_one_pid_leave_one() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    let ticket = guest.ticket.clone();
    let mut clients = vec![guest];
    for _ in 0..10 {
        clients.push(Guest::back(&hall.host, &ticket).await.0);
    }
    let mut last = clients.pop().unwrap();
    for mut loser in clients {
        loser.ws.expect("41").await;
        loser.ws.expect_closed().await;
    }
    hall.io.emit("e", &1).unwrap();
    last.expect(json!(["e", 1])).await;
    assert_eq!(hall.sockets().await.len(), 1);
}

#[tokio::test]
async fn a_connection_that_still_has_another_namespace_keeps_it() {
    let mut hall = Hall::new().await;
    hall.io.of("/other");
    let mut first = hall.guest().await;
    first.ws.send("40/other,").await;
    assert!(first.ws.text().await.starts_with("40/other,{"));
    let (_second, _) = Guest::back(&hall.host, &first.ticket).await;
    first.ws.expect("41").await;
    hall.happenings.expect("taken over", &first.ticket.sid).await;
    hall.io.of("/other").emit("o", &1).unwrap();
    assert!(first.ws.text().await.starts_with(r#"42/other,["o",1,"#));
}

#[tokio::test]
async fn the_rooms_of_the_loser_can_be_seen_while_it_ends() {
    let io = Server::builder().connection_state_recovery(sockeye::ConnectionStateRecovery::default()).build();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    io.on_disconnecting(async move |socket: sockeye::Socket| {
        let _ = tell.send(socket.rooms().len());
    });
    let mut hall = Hall::serving(io).await;
    let stale = hall.guest().await;
    let old = hall.socket(&stale.ticket).await;
    old.join("r").unwrap();
    let (_guest, _) = Guest::back(&hall.host, &stale.ticket).await;
    assert_eq!(patiently("the end", told.recv()).await, Some(2));
    assert_eq!(patiently("the end", old.closed()).await.as_str(), "taken over");
    // What is done to the old handle does not reach the new one's rooms.
    old.join("late").unwrap();
    old.leave("r");
    assert_eq!(hall.io.to("r").fetch_sockets().await.len(), 1);
    assert_eq!(hall.io.to("late").fetch_sockets().await.len(), 0);
}

#[tokio::test]
async fn a_socket_that_the_server_disconnected_is_not_taken_over() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    hall.socket(&guest.ticket).await.disconnect(Close::Namespace);
    guest.ws.expect("41").await;
    hall.happenings.expect("server namespace disconnect", &guest.ticket.sid).await;
    let _guest = hall.not_recover(&guest.ticket).await;
}

#[tokio::test]
async fn a_session_that_was_taken_over_is_recovered_when_its_new_connection_breaks() {
    let mut hall = Hall::new().await;
    let stale = hall.guest().await;
    let ticket = stale.ticket.clone();
    let (guest, _) = Guest::back(&hall.host, &ticket).await;
    hall.happenings.expect("taken over", &ticket.sid).await;
    hall.happenings.expect("recovered", &ticket.sid).await;
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &1).unwrap();
    let _guest = hall.recover(&ticket, &[json!(["e", 1])]).await;
}

async fn socket_of(hall: &Hall) -> sockeye::Socket {
    hall.io.broadcast().fetch_sockets().await.pop().expect("a socket")
}

#[tokio::test]
async fn who_is_sent_away_while_the_connection_is_lost_does_not_come_back() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    let socket = socket_of(&hall).await;
    let ticket = hall.lose(guest).await;
    socket.disconnect(Close::Namespace);
    hall.happenings.expect("expired", &ticket.sid).await;
    let _guest = hall.not_recover(&ticket).await;
}

#[tokio::test]
async fn a_handle_of_before_the_recovery_disconnects_the_client_that_came_back() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    let socket = socket_of(&hall).await;
    let ticket = hall.lose(guest).await;
    let guest = hall.recover(&ticket, &[]).await;
    socket.disconnect(Close::Namespace);
    hall.happenings.expect("server namespace disconnect", &guest.ticket.sid).await;
    assert_eq!(hall.io.counts().sockets, 0);
}
