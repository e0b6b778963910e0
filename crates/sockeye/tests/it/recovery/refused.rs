//! Who is not recovered begins a new session, with nothing of the old one.

use super::guest::{Guest, Hall, Ticket};
use crate::client::{Clock, binary};
use serde_json::json;
use sockeye::{Close, ConnectionStateRecovery, Server, Socket};

#[tokio::test]
async fn an_unknown_pid_or_a_strange_token_is_no_session() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    hall.io.emit("e", &1).unwrap();
    guest.event().await;
    let ticket = hall.lose(guest).await;
    let (pid, offset) = (&ticket.pid, ticket.offset.clone().unwrap());
    for auth in [
        json!({ "pid": "AAAAAAAAAAAAAAAAAAAA", "offset": offset }),
        json!({ "pid": &pid[1..], "offset": offset }),
        json!({ "pid": format!("{pid}A"), "offset": offset }),
        json!({ "pid": "", "offset": "" }),
        json!({ "pid": 1, "offset": offset }),
        json!({ "pid": [pid], "offset": offset }),
        json!({ "pid": null, "offset": null }),
        json!({ "pid": ticket.sid, "offset": offset }),
        json!({ "pid": pid, "offset": 1 }),
        json!({ "pid": pid, "offset": [offset] }),
        json!({ "pid": pid, "offset": "" }),
        json!({ "pid": pid, "offset": "e" }),
        json!({ "pid": pid, "offset": "x".repeat(100_000) }),
        json!({ "pid": pid, "offset": &offset[1..] }),
        json!({ "pid": pid, "offset": format!("{offset}A") }),
        json!({ "pid": pid, "offset": "________________" }),
        json!({ "pid": pid, "offset": "\u{0}\u{0}" }),
        json!({ "offset": offset }),
    ] {
        let mut ws = hall.host.session().await;
        ws.send(format!("40{auth}")).await;
        let reply = ws.text().await;
        assert!(
            reply.starts_with("40{\"sid\"") && !reply.contains(&ticket.sid) && !reply.contains(pid),
            "{reply}"
        );
        let (what, _) = hall.happenings.next().await;
        assert_eq!(what, "connected", "{auth}");
        drop(ws);
        hall.happenings.next().await;
    }
    // None of this has cost the owner anything.
    let _guest = hall.recover(&ticket, &[]).await;
}

#[tokio::test]
async fn an_offset_of_another_session_is_refused() {
    let mut hall = Hall::new().await;
    let (mut a, mut b) = (hall.guest().await, hall.guest().await);
    hall.io.emit("e", &1).unwrap();
    hall.socket(&b.ticket).await.emit("private", ()).unwrap();
    hall.io.emit("e", &2).unwrap();
    a.expect_all(&[json!(["e", 1]), json!(["e", 2])]).await;
    b.expect_all(&[json!(["e", 1]), json!(["private"])]).await;
    let (a, of_b) = (hall.lose(a).await, b.ticket.offset.clone().unwrap());
    let _guest = hall.not_recover(&a.with_offset(&of_b)).await;
    let _guest = hall.recover(&a, &[]).await;
}

#[tokio::test]
async fn an_offset_that_the_session_was_never_sent_is_refused() {
    let mut hall = Hall::new().await;
    let (mut early, guest) = (hall.guest().await, hall.guest().await);
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &1).unwrap();
    early.event().await;
    let ahead = early.ticket.offset.clone().unwrap();
    let _guest = hall.not_recover(&ticket.with_offset(&ahead)).await;
    let _guest = hall.recover(&ticket, &[json!(["e", 1])]).await;
}

#[tokio::test]
async fn an_offset_from_before_the_session_is_refused() {
    let mut hall = Hall::new().await;
    let mut early = hall.guest().await;
    hall.io.emit("e", &1).unwrap();
    early.event().await;
    let before = early.ticket.offset.clone().unwrap();
    let guest = hall.guest().await;
    hall.io.emit("e", &2).unwrap();
    let ticket = hall.lose(guest).await;
    let _guest = hall.not_recover(&ticket.with_offset(&before)).await;
    let _guest = hall.recover(&ticket, &[json!(["e", 2])]).await;
}

#[tokio::test]
async fn pid_and_offset_are_those_of_one_namespace() {
    let mut hall = Hall::new().await;
    let other = hall.io.of("/other");
    let mut here = hall.guest().await;
    let mut there = Guest::join_namespace(hall.host.session().await, "/other").await;
    hall.io.emit("e", &1).unwrap();
    other.emit("e", &1).unwrap();
    here.event().await;
    there.event().await;
    let (here, there) = (hall.lose(here).await, there.lose());
    hall.host.settle().await;
    let moved = Ticket { namespace: "/other", ..here.clone() };
    let (guest, missed) = Guest::back(&hall.host, &moved).await;
    assert!(missed.is_empty() && guest.ticket.sid != here.sid && guest.ticket.pid != here.pid);
    let _guest = hall.not_recover(&here.with_offset(&there.offset.clone().unwrap())).await;
    let _guest = hall.recover(&here, &[]).await;
}

#[tokio::test]
async fn an_offset_that_was_trimmed_from_the_log_is_refused_and_nothing_is_sent() {
    // Room for about three events.
    let options = ConnectionStateRecovery::default().max_log_bytes(3 * 1_200);
    for (missed, recovered) in [(2, true), (4, false), (100, false)] {
        let mut hall = Hall::with(options.clone()).await;
        let mut guest = hall.guest().await;
        hall.io.emit("e", &0).unwrap();
        guest.event().await;
        let ticket = hall.lose(guest).await;
        for _ in 0..missed {
            hall.io.emit("e", &"x".repeat(1_000)).unwrap();
        }
        if recovered {
            let event = json!(["e", "x".repeat(1_000)]);
            let _guest = hall.recover(&ticket, &vec![event; missed]).await;
        } else {
            let _guest = hall.not_recover(&ticket).await;
        }
    }
}

#[tokio::test]
async fn more_than_a_connection_may_hold_back_is_not_sent_again() {
    let frame_len = |word: usize| word + r#"42["e","",""]"#.len() + 16 + 4;
    let limit = 2 * frame_len(500);
    for (max_buffered, recovered) in [(limit - 1, false), (limit, true), (limit + 1, true)] {
        let builder = Server::builder().connection_state_recovery(ConnectionStateRecovery::default());
        let mut hall = Hall::built(builder.max_buffered_bytes(max_buffered)).await;
        let guest = hall.guest().await;
        let ticket = hall.lose(guest).await;
        let word = "x".repeat(500);
        hall.io.emit("e", &word).unwrap();
        hall.io.emit("e", &word).unwrap();
        if recovered {
            let _guest = hall.recover(&ticket, &[json!(["e", word]), json!(["e", word])]).await;
        } else {
            let _guest = hall.not_recover(&ticket).await;
        }
    }
}

#[tokio::test]
async fn who_left_or_was_sent_away_is_not_recovered() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    guest.ws.send("41").await;
    hall.happenings.expect("client namespace disconnect", &guest.ticket.sid).await;
    let _guest = hall.not_recover(&guest.ticket).await;

    let mut guest = hall.guest().await;
    hall.socket(&guest.ticket).await.disconnect(Close::Connection);
    guest.ws.expect("41").await;
    hall.happenings.expect("server namespace disconnect", &guest.ticket.sid).await;
    let _guest = hall.not_recover(&guest.ticket).await;
}

#[tokio::test]
async fn a_slow_reader_is_not_recovered() {
    let builder = Server::builder().connection_state_recovery(ConnectionStateRecovery::default());
    let mut hall = Hall::built(builder.max_buffered_bytes(10_000).max_burst_bytes(10_000)).await;
    let guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    while socket.emit("e", &"x".repeat(1_000)).is_ok() {}
    hall.happenings.expect("slow consumer", &guest.ticket.sid).await;
    let _guest = hall.not_recover(&guest.ticket).await;
}

#[tokio::test]
async fn a_connection_that_broke_in_any_way_is_recovered() {
    let clock = Clock::hold();
    let io = Server::builder().connection_state_recovery(ConnectionStateRecovery::default()).build();
    let mut hall = Hall::serving(io).await;
    // By the client's engine, by a packet that cannot be read, by a frame that cannot be read.
    let breaks: [(&str, Vec<u8>); 3] = [
        ("transport close", crate::client::frame(0x88, &1000_u16.to_be_bytes())),
        ("forced close", crate::client::text("49")),
        ("transport error", binary(&vec![0; 1_000_001])),
    ];
    for (reason, bytes) in breaks {
        let mut guest = hall.guest().await;
        guest.ws.write(bytes).await;
        hall.happenings.expect(reason, &guest.ticket.sid).await;
        hall.io.emit("e", reason).unwrap();
        let guest = hall.recover(&guest.ticket, &[json!(["e", reason])]).await;
        hall.lose(guest).await;
    }
    let guest = hall.guest().await;
    hall.ping_timeout(&clock, &guest).await;
    hall.io.emit("e", &1).unwrap();
    let _guest = hall.recover(&guest.ticket, &[json!(["e", 1])]).await;
}

#[tokio::test]
async fn an_emit_that_was_refused_is_not_sent_again() {
    let builder = Server::builder().connection_state_recovery(ConnectionStateRecovery::default());
    let builder = builder.max_buffered_bytes(1_000).max_burst_bytes(4_000);
    let io = builder.slow_reader(sockeye::SlowReader::Refuse).build();
    io.on("echo", async |socket: Socket| socket.emit("echo", ()));
    let mut hall = Hall::serving(io).await;
    let mut poller = hall.host.poller().await;
    let sid = poller.join_recoverable().await;
    hall.happenings.expect("connected", &sid.0).await;
    let socket = hall.sockets().await.pop().unwrap();
    socket.emit("e", &"x".repeat(900)).unwrap();
    assert!(matches!(socket.emit("refused", &"x".repeat(200)), Err(sockeye::EmitError::Refused { .. })));
    poller.send("1").await;
    hall.happenings.expect("transport close", &sid.0).await;
    let ticket = Ticket { namespace: "/", sid: sid.0, pid: sid.1, offset: None };
    let _guest = hall.recover(&ticket, &[json!(["e", "x".repeat(900)])]).await;
}
