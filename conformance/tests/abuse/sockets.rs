//! Sockets that somebody asks for twice or comes back to, and frames that break the WebSocket.

use crate::client::{Frame, Ws, frame, text, unmasked};
use crate::server::Abuse;
use serde_json::{Value, json};

#[tokio::test]
async fn x15_two_connects_while_middleware_decides_are_never_two_sockets() {
    let mut server = Abuse::start().await;
    let mut ws = server.session().await;
    ws.write([text("40/slow,"), text("40/slow,")].concat()).await;
    ws.expect_closed().await;
    let mut ws = server.session().await;
    ws.join_namespace("/slow").await;
    ws.expect("42/slow,[\"auth\",{}]").await;
    assert_eq!(server.health().await.sockets, 1);
    ws.send("42/slow,[\"message\",1]").await;
    ws.expect("42/slow,[\"message-back\",1]").await;
    server.expect_well().await;
}

#[tokio::test]
async fn x22_a_bad_frame_closes_with_its_code() {
    let mut server = Abuse::start().await;
    for (name, bytes, code) in [
        ("without a mask", unmasked(0x81, b"2"), 1002),
        ("RSV1", frame(0xc1, b"2"), 1002),
        ("RSV2", frame(0xa1, b"2"), 1002),
        ("an unknown opcode", frame(0x83, b"x"), 1002),
        ("a ping in fragments", frame(0x09, b"x"), 1002),
        ("a ping of 126 bytes", frame(0x89, &[0; 126]), 1002),
        ("a continuation of nothing", frame(0x80, b"x"), 1002),
        ("close 1005", frame(0x88, &1005_u16.to_be_bytes()), 1002),
        ("bad UTF-8", frame(0x81, b"4\xff"), 1007),
        ("bad UTF-8 in a close", frame(0x88, b"\x03\xe8\xff"), 1007),
        ("2^64 − 1 announced", [&[0x82, 0xff], u64::MAX.to_be_bytes().as_slice(), &[0; 4]].concat(), 1002),
    ] {
        let mut ws = server.client().await;
        ws.write(bytes).await;
        assert_eq!(ws.recv().await, Frame::Close(Some(code)), "{name}");
    }
    let mut ws = server.client().await;
    ws.write([&[0x82, 0xff], 0x1_0000_0000_u64.to_be_bytes().as_slice(), &[0; 4]].concat()).await;
    ws.expect_too_big().await;
    server.expect_well().await;
}

/// What a socket must show to be recovered.
struct Ticket {
    id: String,
    pid: String,
}

/// Joins with recovery on. The offset of the first event comes last in it.
async fn enter(ws: &mut Ws) -> (Ticket, String) {
    ws.send("40").await;
    let reply = ws.text().await;
    let reply: Value = serde_json::from_str(reply.strip_prefix("40").expect(&reply)).unwrap();
    let [id, pid] = ["sid", "pid"].map(|name| reply[name].as_str().unwrap().to_owned());
    let offset = offset_of(&ws.text().await, "auth");
    (Ticket { id, pid }, offset)
}

/// Comes back with what it was given; gives the missed packets, and the newest offset.
async fn come_back(ws: &mut Ws, ticket: &Ticket, offset: Option<&str>) -> (Vec<String>, String) {
    let mut auth = json!({ "pid": ticket.pid });
    if let Some(offset) = offset {
        auth["offset"] = offset.into();
    }
    ws.send(format!("40{auth}")).await;
    let mut missed = Vec::new();
    loop {
        let packet = ws.text().await;
        match packet.strip_prefix("40") {
            Some(reply) => {
                let reply: Value = serde_json::from_str(reply).unwrap();
                assert_eq!(
                    (&reply["sid"], &reply["pid"]),
                    (&json!(ticket.id), &json!(ticket.pid)),
                    "the same socket"
                );
                // What the contract says to every socket, this one again.
                return (missed, offset_of(&ws.text().await, "auth"));
            }
            None => missed.push(packet),
        }
    }
}

fn offset_of(packet: &str, event: &str) -> String {
    let event_and_args: Value = serde_json::from_str(packet.strip_prefix("42").expect(packet)).unwrap();
    assert_eq!(event_and_args[0], event, "{packet}");
    event_and_args.as_array().unwrap().last().unwrap().as_str().unwrap().to_owned()
}

async fn expect_message_back(ws: &mut Ws, word: &str) {
    ws.send(format!("42[\"message\",\"{word}\"]")).await;
    let packet = ws.text().await;
    assert!(packet.starts_with(&format!("42[\"message-back\",\"{word}\",\"")), "{packet}");
}

async fn recovering() -> Abuse {
    Abuse::with(&[("SLOWPING", "1"), ("CSR", "1")]).await
}

#[tokio::test]
async fn x12_of_two_live_clients_with_one_pid_one_has_the_session() {
    let server = recovering().await;
    let mut owner = server.session().await;
    let (ticket, mut offset) = enter(&mut owner).await;
    // The last of several has it, and each before was closed.
    for _ in 0..3 {
        let mut second = server.session().await;
        let (missed, newest) = come_back(&mut second, &ticket, Some(&offset)).await;
        assert!(missed.is_empty(), "{missed:?}");
        assert!(matches!(owner.ended().await, Frame::Close(_) | Frame::End));
        server.healthy("one owner", |health| (health.clients, health.sockets) == (1, 1)).await;
        offset = newest;
        owner = second;
    }
    expect_message_back(&mut owner, "mine").await;
}

#[tokio::test]
async fn x13_what_a_half_open_connection_was_sent_is_not_lost() {
    let server = recovering().await;
    // The server believes in this connection: nobody reads it, and nobody ends it.
    let mut half_open = server.session().await;
    let (ticket, offset) = enter(&mut half_open).await;
    let mut other = server.session().await;
    enter(&mut other).await;
    for n in 0..100 {
        other.send(format!("42[\"broadcast\",{n}]")).await;
        assert!(other.text().await.starts_with(&format!("42[\"bcast\",{n},")));
    }
    let mut back = server.session().await;
    let (missed, _) = come_back(&mut back, &ticket, Some(&offset)).await;
    assert_eq!(missed.len(), 100);
    for (n, packet) in missed.iter().enumerate() {
        assert!(packet.starts_with(&format!("42[\"bcast\",{n},")), "{packet}");
    }
    expect_message_back(&mut back, "taken over").await;
    drop(half_open);
}

#[tokio::test]
async fn x14_a_client_that_received_no_event_is_recovered() {
    let server = recovering().await;
    let mut ws = server.session().await;
    let (ticket, _) = enter(&mut ws).await;
    drop(ws);
    server.healthy("the loss", |health| health.clients == 0).await;
    // It never got the one event there was, so that is what it missed.
    let mut back = server.session().await;
    let (missed, _) = come_back(&mut back, &ticket, None).await;
    assert_eq!(missed.len(), 1);
    offset_of(&missed[0], "auth");
    expect_message_back(&mut back, "recovered").await;
}
