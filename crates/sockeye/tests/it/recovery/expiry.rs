//! How long a session is kept, how many are, and who hears of its end.

use super::guest::{Guest, Hall, pass};
use crate::client::{Clock, Host, patiently};
use serde_json::json;
use sockeye::{ConnectionStateRecovery, Server};
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;

#[tokio::test]
async fn a_session_is_kept_for_two_minutes() {
    for (millis, kept) in [(119_998, true), (119_999, true), (120_001, false)] {
        let clock = Clock::hold();
        let mut hall = Hall::new().await;
        let guest = hall.guest().await;
        let ticket = hall.lose(guest).await;
        hall.io.emit("e", &1).unwrap();
        pass(&clock, Duration::from_millis(millis)).await;
        if kept {
            let _guest = hall.recover(&ticket, &[json!(["e", 1])]).await;
            pass(&clock, Duration::from_secs(10)).await;
            hall.host.settle().await;
            hall.happenings.none();
        } else {
            hall.happenings.expect("expired", &ticket.sid).await;
            let _guest = hall.not_recover(&ticket).await;
        }
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_session_is_over_at_exactly_its_time() {
    for (micros, kept) in [(119_999_999, true), (120_000_000, false), (120_000_001, false)] {
        let clock = Clock::hold();
        let mut hall = Hall::new().await;
        let guest = hall.guest().await;
        let ticket = hall.lose(guest).await;
        pass(&clock, Duration::from_micros(micros)).await;
        let (guest, _) = Guest::back(&hall.host, &ticket).await;
        assert_eq!(guest.ticket.sid == ticket.sid, kept, "{micros}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn the_time_is_an_option() {
    let clock = Clock::hold();
    let options = ConnectionStateRecovery::default().max_disconnection_duration(Duration::from_secs(7));
    let mut hall = Hall::with(options).await;
    let guest = hall.guest().await;
    let ticket = hall.lose(guest).await;
    pass(&clock, Duration::from_millis(6_990)).await;
    let guest = hall.recover(&ticket, &[]).await;
    // It counts from the latest disconnection.
    let ticket = hall.lose(guest).await;
    pass(&clock, Duration::from_millis(6_990)).await;
    hall.happenings.none();
    pass(&clock, Duration::from_millis(20)).await;
    hall.happenings.expect("expired", &ticket.sid).await;
}

#[tokio::test]
async fn what_a_half_open_connection_holds_is_kept_as_long_as_it_may_be_needed() {
    let clock = Clock::hold();
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    hall.io.emit("e", &1).unwrap();
    hall.ping_timeout(&clock, &guest).await;
    pass(&clock, Duration::from_secs(119)).await;
    hall.io.emit("e", &2).unwrap();
    let _guest = hall.recover(&guest.ticket, &[json!(["e", 1]), json!(["e", 2])]).await;
}

#[tokio::test]
async fn the_end_of_a_session_tells_its_id_rooms_and_data() {
    let clock = Clock::hold();
    let io = Server::builder().connection_state_recovery(ConnectionStateRecovery::default()).build();
    let (tell, mut told) = unbounded_channel();
    io.on_session_expired(move |session| {
        let mut rooms: Vec<String> = session.rooms().iter().map(ToString::to_string).collect();
        rooms.sort();
        let _ = tell.send((*session.id(), rooms, session.data::<String>("name"), session.data::<u8>("name")));
    });
    // One that panics harms nobody.
    io.on_session_expired(|_| panic!("a hook"));
    let mut hall = Hall::serving(io).await;
    let guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    socket.join("r").unwrap();
    socket.set_data("name", "Ann").unwrap();
    let ticket = hall.lose(guest).await;
    pass(&clock, Duration::from_secs(121)).await;
    let (id, rooms, name, no_number) = patiently("the end", told.recv()).await.unwrap();
    let mut expected = vec![ticket.sid.clone(), "r".to_owned()];
    expected.sort();
    assert_eq!((id, rooms, name.as_deref(), no_number), (ticket.id(), expected, Some("Ann"), None));
    hall.happenings.expect("expired", &ticket.sid).await;
    hall.happenings.none();
}

#[tokio::test]
async fn the_session_that_waited_longest_gives_way_to_one_too_many() {
    for (lost, gone) in [(2, None), (3, None), (4, Some(0))] {
        let mut hall = Hall::with(ConnectionStateRecovery::default().max_sessions(3)).await;
        let mut tickets = Vec::new();
        for _ in 0..lost {
            let guest = hall.guest().await;
            let ticket = guest.lose();
            if tickets.len() == 3 {
                let first: &super::guest::Ticket = &tickets[0];
                hall.happenings.expect("expired", &first.sid).await;
            }
            hall.happenings.expect("transport close", &ticket.sid).await;
            tickets.push(ticket);
        }
        let mut guests = Vec::new();
        for (place, ticket) in tickets.iter().enumerate() {
            guests.push(if gone == Some(place) {
                hall.not_recover(ticket).await
            } else {
                hall.recover(ticket, &[]).await
            });
        }
    }
}

#[tokio::test]
async fn a_limit_of_no_sessions_keeps_none() {
    let mut hall = Hall::with(ConnectionStateRecovery::default().max_sessions(0)).await;
    let guest = hall.guest().await;
    let ticket = hall.lose(guest).await;
    let _guest = hall.not_recover(&ticket).await;
}

#[tokio::test]
async fn sessions_that_come_back_do_not_count() {
    let mut hall = Hall::with(ConnectionStateRecovery::default().max_sessions(2)).await;
    let waiting = hall.guest().await;
    let waiting = hall.lose(waiting).await;
    let mut guest = hall.guest().await;
    for _ in 0..200 {
        let ticket = hall.lose(guest).await;
        guest = hall.recover(&ticket, &[]).await;
    }
    let _guest = hall.recover(&waiting, &[]).await;
}

#[tokio::test]
async fn sessions_expire_in_the_order_in_which_they_were_lost() {
    let clock = Clock::hold();
    let mut hall = Hall::new().await;
    let (a, b, c) = (hall.guest().await, hall.guest().await, hall.guest().await);
    let a = hall.lose(a).await;
    pass(&clock, Duration::from_secs(10)).await;
    let b = hall.lose(b).await;
    pass(&clock, Duration::from_secs(10)).await;
    let c = hall.lose(c).await;
    let b = hall.recover(&b, &[]).await;
    pass(&clock, Duration::from_millis(100_010)).await;
    hall.happenings.expect("expired", &a.sid).await;
    pass(&clock, Duration::from_secs(20)).await;
    hall.happenings.expect("expired", &c.sid).await;
    let b = hall.lose(b).await;
    pass(&clock, Duration::from_millis(120_010)).await;
    hall.happenings.expect("expired", &b.sid).await;
}

#[tokio::test]
async fn a_server_that_closes_does_not_wait_for_lost_clients() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    hall.lose(guest).await;
    let live = hall.guest().await;
    patiently("the server to close", hall.io.close()).await;
    hall.happenings.expect("server shutting down", &live.ticket.sid).await;
}

#[tokio::test]
async fn nothing_expires_without_recovery() {
    let clock = Clock::hold();
    let io = Server::new();
    io.on_session_expired(|_| panic!("there is no session"));
    let host = Host::start(io.clone()).await;
    drop(host.client().await);
    pass(&clock, Duration::from_secs(200)).await;
    let guest = host.session().await;
    drop(guest);
    let hall = Hall::new().await;
    drop(Guest::join(&hall.host).await);
}

#[tokio::test]
async fn the_sessions_of_a_namespace_that_is_taken_away_end_with_it() {
    let io = Server::builder().connection_state_recovery(ConnectionStateRecovery::default()).build();
    let (tell, mut told) = unbounded_channel();
    io.of("/shop").on_session_expired(move |session| {
        let _ = tell.send(*session.id());
    });
    let host = Host::start(io).await;
    let mut ws = host.session().await;
    let id = ws.join_namespace("/shop").await;
    drop(ws);
    patiently("the end of the connection", async {
        while host.io.counts().clients > 0 {
            host.settle().await;
        }
    })
    .await;
    assert!(host.io.remove_namespace("/shop"));
    assert_eq!(patiently("the end of the session", told.recv()).await.unwrap().to_string(), id);
}

#[tokio::test]
async fn children_that_wait_for_their_clients_give_way_to_those_that_are_here() {
    let io = Server::builder()
        .connection_state_recovery(ConnectionStateRecovery::default())
        .max_child_namespaces(2)
        .build();
    let (tell, mut told) = unbounded_channel();
    let rooms = io.of_pattern("/room/{id}").unwrap();
    rooms.on_session_expired(move |session| {
        let _ = tell.send(*session.id());
    });
    let host = Host::start(io).await;
    let mut lost = host.session().await;
    let id = lost.join_namespace("/room/1").await;
    drop(lost);
    let mut here = host.session().await;
    here.join_namespace("/room/2").await;
    patiently("the end of the connection", async {
        while host.io.counts().clients > 1 {
            host.settle().await;
        }
    })
    .await;
    here.join_namespace("/room/3").await;
    assert_eq!(patiently("the end of the session", told.recv()).await.unwrap().to_string(), id);
    here.send("40/room/4,").await;
    here.expect("44/room/4,{\"message\":\"Too many namespaces\"}").await;
}
