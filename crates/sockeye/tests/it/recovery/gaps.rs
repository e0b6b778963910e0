//! What a client gets of what it missed: everything that was for it, once, in order.

use super::guest::{Guest, Hall, pass};
use crate::client::{Clock, patiently};
use serde_json::{Value, json};
use sockeye::{AckError, ConnectionStateRecovery, DisconnectReason, EmitError, Server, Socket};
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;

#[tokio::test]
async fn a_session_that_received_nothing_is_recovered() {
    let mut hall = Hall::new().await;
    hall.io.emit("before", ()).unwrap();
    let guest = hall.guest().await;
    let ticket = hall.lose(guest).await;
    assert_eq!(ticket.offset, None);
    hall.io.emit("e", &1).unwrap();
    let _guest = hall.recover(&ticket, &[json!(["e", 1])]).await;
}

#[tokio::test]
async fn a_session_that_missed_nothing_is_recovered() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    hall.io.emit("e", &1).unwrap();
    guest.expect(json!(["e", 1])).await;
    let ticket = hall.lose(guest).await;
    let _guest = hall.recover(&ticket, &[]).await;
}

#[tokio::test]
async fn what_was_on_the_way_when_the_connection_broke_is_sent_again() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    for n in 0..5 {
        hall.io.emit("e", &n).unwrap();
    }
    guest.expect_all(&[json!(["e", 0]), json!(["e", 1])]).await;
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &5).unwrap();
    let missed: Vec<Value> = (2..=5).map(|n| json!(["e", n])).collect();
    let _guest = hall.recover(&ticket, &missed).await;
}

#[tokio::test]
async fn a_client_recovers_again_and_again() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    for round in 0..5 {
        hall.io.emit("live", &round).unwrap();
        guest.expect(json!(["live", round])).await;
        let ticket = hall.lose(guest).await;
        hall.io.emit("missed", &round).unwrap();
        guest = hall.recover(&ticket, &[json!(["missed", round])]).await;
    }
    assert_eq!(hall.sockets().await.len(), 1);
}

#[tokio::test]
async fn a_replay_that_did_not_arrive_is_sent_again() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &1).unwrap();
    for _ in 0..3 {
        let mut ws = hall.host.session().await;
        ws.send(ticket.connect()).await;
        hall.happenings.expect("recovered", &ticket.sid).await;
        drop(ws);
        hall.happenings.expect("transport close", &ticket.sid).await;
    }
    let _guest = hall.recover(&ticket, &[json!(["e", 1])]).await;
}

#[tokio::test]
async fn a_volatile_event_that_ends_in_a_string_does_not_spoil_the_offset() {
    for broadcast in [false, true] {
        let mut hall = Hall::new().await;
        let mut guest = hall.guest().await;
        hall.io.emit("e", &1).unwrap();
        guest.expect(json!(["e", 1])).await;
        hall.host.settle().await;
        if broadcast {
            hall.io.broadcast().volatile().emit("v", "text").unwrap();
        } else {
            hall.socket(&guest.ticket).await.emit_volatile("v", "text").unwrap();
        }
        guest.expect(json!(["v", "text"])).await;
        hall.io.emit("e", &2).unwrap();
        let ticket = hall.lose(guest).await;
        hall.io.emit("e", &3).unwrap();
        let _guest = hall.recover(&ticket, &[json!(["e", 2]), json!(["e", 3])]).await;
    }
}

#[tokio::test]
async fn volatile_and_acked_events_are_not_sent_again() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    let asked = hall.socket(&guest.ticket).await.emit_with_ack::<String>("q", ());
    let ticket = hall.lose(guest).await;
    assert_eq!(asked.await, Err(AckError::Disconnected));
    hall.io.broadcast().volatile().emit("v", "text").unwrap();
    assert!(
        hall.io.broadcast().emit_with_ack::<String>("q", ()).await.is_ok_and(|answers| answers.is_empty())
    );
    hall.io.emit("e", ()).unwrap();
    let _guest = hall.recover(&ticket, &[json!(["e"])]).await;
}

#[tokio::test]
async fn rooms_and_data_are_those_of_the_disconnection() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    for room in ["a", "b", "c"] {
        socket.join(room).unwrap();
    }
    socket.leave("b");
    socket.set_data("name", "Ann").unwrap();
    let ticket = hall.lose(guest).await;
    let mut guest = hall.recover(&ticket, &[]).await;
    let socket = hall.socket(&guest.ticket).await;
    let mut rooms: Vec<String> = socket.rooms().iter().map(ToString::to_string).collect();
    rooms[1..].sort();
    assert_eq!(rooms, [ticket.sid.as_str(), "a", "c"]);
    assert_eq!(socket.data::<String>("name").as_deref(), Some("Ann"));
    hall.io.to("a").emit("in a", ()).unwrap();
    hall.io.to("b").emit("in b", ()).unwrap();
    hall.io.to(&ticket.sid).emit("own", ()).unwrap();
    guest.expect_all(&[json!(["in a"]), json!(["own"])]).await;
}

#[tokio::test]
async fn a_socket_that_left_its_own_room_stays_out_of_it() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    socket.join("r").unwrap();
    socket.leave(socket.id().as_str());
    let ticket = hall.lose(guest).await;
    hall.io.to(&ticket.sid).emit("own", ()).unwrap();
    let guest = hall.recover(&ticket, &[]).await;
    let socket = hall.io.to("r").fetch_sockets().await.pop().unwrap();
    assert_eq!(socket.rooms().iter().map(|room| &**room).collect::<Vec<_>>(), ["r"]);
    drop(guest);
}

#[tokio::test]
async fn the_rooms_decide_what_was_missed() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    let other = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    socket.join("r").unwrap();
    let ticket = hall.lose(guest).await;
    let io = &hall.io;
    io.to("r").emit("room", &1).unwrap();
    io.to("s").emit("other room", &2).unwrap();
    io.to("s").to("r").emit("both", &3).unwrap();
    io.except("r").emit("excepted", &4).unwrap();
    io.except("s").emit("not excepted", &5).unwrap();
    io.to("r").except(&ticket.sid).emit("excepted by id", &6).unwrap();
    hall.socket(&other.ticket).await.to("r").emit("from another", &7).unwrap();
    hall.socket(&other.ticket).await.emit("private", &8).unwrap();
    let missed =
        [json!(["room", 1]), json!(["both", 3]), json!(["not excepted", 5]), json!(["from another", 7])];
    let _guest = hall.recover(&ticket, &missed).await;
}

#[tokio::test]
async fn rooms_of_the_time_of_an_event_decide_while_the_connection_seemed_alive() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    // Nothing of this is read by the client.
    hall.io.to("r").emit("before joining", ()).unwrap();
    socket.join("r").unwrap();
    hall.io.to("r").emit("inside", ()).unwrap();
    hall.io.except("r").emit("excepted", ()).unwrap();
    socket.leave("r");
    hall.io.to("r").emit("after leaving", ()).unwrap();
    hall.io.except("r").emit("not excepted", ()).unwrap();
    let ticket = hall.lose(guest).await;
    let _guest = hall.recover(&ticket, &[json!(["inside"]), json!(["not excepted"])]).await;
}

#[tokio::test]
async fn an_offset_of_a_room_that_was_left_is_good() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    socket.join("r").unwrap();
    hall.io.to("r").emit("e", &1).unwrap();
    hall.io.to("r").emit("e", &2).unwrap();
    guest.expect(json!(["e", 1])).await;
    socket.leave("r");
    let ticket = hall.lose(guest).await;
    let _guest = hall.recover(&ticket, &[json!(["e", 2])]).await;
}

#[tokio::test]
async fn an_emit_to_a_socket_that_may_come_back_waits_for_it() {
    let io = Server::builder().connection_state_recovery(ConnectionStateRecovery::default()).build();
    io.on_disconnect(async |socket: Socket| socket.emit("goodbye", &1));
    let mut hall = Hall::serving(io).await;
    let guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    let ticket = hall.lose(guest).await;
    assert!(!socket.connected());
    assert_eq!(socket.emit("late", &2), Ok(()));
    assert_eq!(socket.emit_volatile("volatile", "text"), Err(EmitError::Closed));
    let mut guest = hall.recover(&ticket, &[json!(["goodbye", 1]), json!(["late", 2])]).await;
    // The old handle speaks for the session.
    assert_eq!(socket.emit("later", &3), Ok(()));
    guest.expect(json!(["later", 3])).await;
}

#[tokio::test]
async fn an_emit_to_a_socket_that_will_not_come_back_is_an_error() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    guest.ws.send("41").await;
    hall.happenings.expect("client namespace disconnect", &guest.ticket.sid).await;
    assert_eq!(socket.emit("late", ()), Err(EmitError::Closed));
}

#[tokio::test]
async fn an_offset_of_the_session_before_is_known_as_nothing_received() {
    let clock = Clock::hold();
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    hall.io.emit("e", &1).unwrap();
    guest.expect(json!(["e", 1])).await;
    let ticket = hall.lose(guest).await;
    pass(&clock, Duration::from_secs(121)).await;
    hall.happenings.expect("expired", &ticket.sid).await;
    // As the official client does, it keeps its old offset beside the new pid.
    let guest = hall.not_recover(&ticket).await;
    assert_eq!(guest.ticket.offset, ticket.offset);
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &2).unwrap();
    let _guest = hall.recover(&ticket, &[json!(["e", 2])]).await;
}

#[tokio::test]
async fn a_client_that_was_idle_for_hours_is_recovered() {
    let clock = Clock::hold();
    let mut hall = Hall::built(
        Server::builder()
            .connection_state_recovery(ConnectionStateRecovery::default())
            .ping_interval(Duration::from_secs(86_400)),
    )
    .await;
    let mut guest = hall.guest().await;
    let other = hall.guest().await;
    hall.io.emit("e", &1).unwrap();
    guest.expect(json!(["e", 1])).await;
    pass(&clock, Duration::from_secs(60_000)).await;
    // The log goes on without it, and forgets.
    let chatty = hall.socket(&other.ticket).await;
    chatty.emit("e", ()).unwrap();
    pass(&clock, Duration::from_secs(20_000)).await;
    chatty.emit("e", ()).unwrap();
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &2).unwrap();
    let _guest = hall.recover(&ticket, &[json!(["e", 2])]).await;
}

#[tokio::test]
async fn events_keep_their_order_over_a_recovery() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    for n in 0..300 {
        match n % 3 {
            0 => hall.io.emit("e", &n).unwrap(),
            1 => socket.emit("e", &n).unwrap(),
            _ => hall.io.to(socket.id().as_str()).emit("e", &n).unwrap(),
        }
        if n == 100 {
            let all: Vec<Value> = (0..40).map(|n| json!(["e", n])).collect();
            guest.expect_all(&all).await;
        }
        if n == 200 {
            let ticket = hall.lose(guest).await;
            let missed: Vec<Value> = (40..=200).map(|n| json!(["e", n])).collect();
            guest = hall.recover(&ticket, &missed).await;
        }
    }
    let rest: Vec<Value> = (201..300).map(|n| json!(["e", n])).collect();
    guest.expect_all(&rest).await;
}

#[tokio::test]
async fn the_new_socket_begins_when_the_old_ones_listeners_have_ended() {
    let (tell, mut told) = unbounded_channel();
    let (release, held) = tokio::sync::watch::channel(false);
    let io = Server::builder().connection_state_recovery(ConnectionStateRecovery::default()).build();
    let order = tell.clone();
    io.on_connect(async move |socket: Socket| {
        let _ = order.send(format!("connect {}", socket.recovered()));
    });
    io.on_disconnect(async move |_: DisconnectReason| {
        let _ = held.clone().wait_for(|open| *open).await;
        let _ = tell.send("disconnect".to_owned());
    });
    let host = crate::client::Host::start(io.clone()).await;
    let guest = Guest::join(&host).await;
    assert_eq!(patiently("a connection", told.recv()).await.unwrap(), "connect false");
    let ticket = guest.lose();
    host.settle().await;
    let (_guest, _) = Guest::back(&host, &ticket).await;
    host.settle().await;
    assert!(told.try_recv().is_err());
    release.send_replace(true);
    assert_eq!(patiently("the end", told.recv()).await.unwrap(), "disconnect");
    assert_eq!(patiently("the beginning", told.recv()).await.unwrap(), "connect true");
}

#[tokio::test]
async fn who_watches_the_rooms_may_emit() {
    let io = Server::builder().connection_state_recovery(ConnectionStateRecovery::default()).build();
    let (tell, mut told) = unbounded_channel();
    let watched = io.clone();
    io.on_room_event(move |event| {
        watched.emit("rooms", ()).unwrap();
        let _ = tell.send(format!("{event:?}").split(' ').next().unwrap().to_owned());
    });
    let mut hall = Hall::serving(io).await;
    let guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    socket.join("r").unwrap();
    socket.leave("r");
    let ticket = hall.lose(guest).await;
    let _guest = Guest::back(&hall.host, &ticket).await;
    // The own-id room at both ends, and `r` in between.
    let round = ["Created", "Joined"];
    let expected = [&round[..], &round[..], &["Left", "Deleted"], &["Left", "Deleted"], &round[..]].concat();
    for what in expected {
        assert_eq!(patiently("a room", told.recv()).await.as_deref(), Some(what));
    }
}
