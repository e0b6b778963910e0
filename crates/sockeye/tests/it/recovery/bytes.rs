//! The bytes that stock clients know: the pid, and which events carry an offset.

use super::guest::{Guest, Hall};
use crate::client::{Frame, Host};
use bytes::Bytes;
use serde_json::json;
use sockeye::{Server, Socket};

#[tokio::test]
async fn without_recovery_there_is_neither_pid_nor_offset() {
    let host = Host::start(Server::new()).await;
    let mut ws = host.session().await;
    ws.send(r#"40{"pid":"AAAAAAAAAAAAAAAAAAAA","offset":"x"}"#).await;
    let reply = ws.text().await;
    assert_eq!(reply.len(), r#"40{"sid":"AAAAAAAAAAAAAAAAAAAA"}"#.len());
    host.io.emit("e", "text").unwrap();
    ws.expect(r#"42["e","text"]"#).await;
    let socket = host.io.broadcast().fetch_sockets().await.pop().unwrap();
    assert!(!socket.recovered());
}

#[tokio::test]
async fn the_reply_has_an_id_and_a_pid_of_their_own() {
    let mut hall = Hall::new().await;
    let (a, b) = (hall.guest().await.ticket, hall.guest().await.ticket);
    let ids = [&a.sid, &a.pid, &b.sid, &b.pid];
    assert!(ids.iter().all(|id| id.len() == 20));
    assert!(ids.iter().enumerate().all(|(place, id)| !ids[..place].contains(id)));
}

#[tokio::test]
async fn an_offset_is_the_last_argument_of_an_event() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    socket.emit("one", &1).unwrap();
    socket.emit("none", ()).unwrap();
    socket.emit("text", ("a", "b")).unwrap();
    let mut offsets = Vec::new();
    for start in [r#"42["one",1,""#, r#"42["none",""#, r#"42["text","a","b",""#] {
        let text = guest.ws.text().await;
        let offset = text.strip_prefix(start).and_then(|rest| rest.strip_suffix("\"]")).expect(&text);
        assert_eq!(offset.len(), 16);
        offsets.push(offset.to_owned());
    }
    assert!(offsets[0] != offsets[1] && offsets[1] != offsets[2] && offsets[0] != offsets[2]);
}

#[tokio::test]
async fn the_receivers_of_a_broadcast_get_the_same_bytes() {
    let mut hall = Hall::new().await;
    let (mut a, mut b) = (hall.guest().await, hall.guest().await);
    hall.io.emit("e", &1).unwrap();
    let text = a.ws.text().await;
    assert_eq!((text.len(), &*text), (r#"42["e",1,"0123456789abcdef"]"#.len(), &*b.ws.text().await));
}

#[tokio::test]
async fn a_binary_event_has_an_offset_behind_its_placeholder() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    hall.io.emit("b", &Bytes::from_static(b"\x01\x02")).unwrap();
    let text = guest.ws.text().await;
    assert!(text.starts_with(r#"451-["b",{"_placeholder":true,"num":0},""#), "{text}");
    assert_eq!(guest.ws.recv().await, Frame::Binary(vec![1, 2]));
}

#[tokio::test]
async fn a_volatile_event_has_an_offset_only_where_it_ends_in_a_string() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    let plain = [r#"42["v",1]"#, r#"42["v",["text"]]"#, r#"42["v",null]"#];
    // A volatile event needs a transport that is idle: each is read before the next is sent.
    for broadcast in [false, true] {
        let send = |args: serde_json::Value| match broadcast {
            true => hall.io.broadcast().volatile().emit("v", &args).unwrap(),
            false => socket.emit_volatile("v", &args).unwrap(),
        };
        for (args, expected) in [json!(1), json!(["text"]), json!(null)].into_iter().zip(plain) {
            hall.host.settle().await;
            send(args);
            guest.ws.expect(expected).await;
        }
        hall.host.settle().await;
        send(json!("text"));
        let text = guest.ws.text().await;
        assert_eq!((text.len(), text.starts_with(r#"42["v","text",""#)), (33, true), "{text}");
    }
    hall.host.settle().await;
    socket.emit_volatile("v", ()).unwrap();
    assert_eq!(guest.ws.text().await.len(), r#"42["v","0123456789abcdef"]"#.len());
}

#[tokio::test]
async fn an_event_with_an_ack_id_never_has_an_offset() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    let socket = hall.socket(&guest.ticket).await;
    let asked = socket.emit_with_ack::<String>("q", "text");
    guest.ws.expect(r#"420["q","text"]"#).await;
    guest.ws.send(r#"430["a"]"#).await;
    assert_eq!(asked.await.unwrap(), "a");
    let asked = hall.io.broadcast().emit_with_ack::<String>("q", "text");
    guest.ws.expect(r#"421["q","text"]"#).await;
    guest.ws.send(r#"431["b"]"#).await;
    assert_eq!(asked.await.unwrap()[0].value, "b");
}

#[tokio::test]
async fn an_answer_of_the_server_has_no_offset() {
    let io = Server::builder().connection_state_recovery(sockeye::ConnectionStateRecovery::default()).build();
    io.on("q", async |ack: sockeye::Ack| ack.send("text"));
    let mut hall = Hall::serving(io).await;
    let mut guest = hall.guest().await;
    guest.ws.send(r#"427["q"]"#).await;
    guest.ws.expect(r#"437["text"]"#).await;
}

#[tokio::test]
async fn what_was_missed_comes_before_the_reply_with_its_offsets() {
    let mut hall = Hall::new().await;
    let mut guest = hall.guest().await;
    let mut witness = hall.guest().await;
    hall.io.emit("e", &0).unwrap();
    guest.expect(json!(["e", 0])).await;
    witness.expect(json!(["e", 0])).await;
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &1).unwrap();
    hall.io.to(&ticket.sid).emit("private", ()).unwrap();
    hall.io.emit("e", &2).unwrap();
    let seen = [witness.ws.text().await, witness.ws.text().await];
    let mut ws = hall.host.session().await;
    ws.send(ticket.connect()).await;
    ws.expect(&seen[0]).await;
    assert!(ws.text().await.starts_with(r#"42["private",""#));
    ws.expect(&seen[1]).await;
    ws.expect(&format!(r#"40{{"sid":"{}","pid":"{}"}}"#, ticket.sid, ticket.pid)).await;
}

#[tokio::test]
async fn what_is_sent_while_joining_comes_behind_the_reply() {
    let io = Server::builder().connection_state_recovery(sockeye::ConnectionStateRecovery::default()).build();
    io.on_connect(async |socket: Socket| socket.emit("welcome", &socket.recovered()));
    let mut hall = Hall::serving(io).await;
    let mut guest = hall.guest().await;
    guest.expect(json!(["welcome", false])).await;
    let ticket = hall.lose(guest).await;
    hall.io.emit("missed", ()).unwrap();
    let mut guest = hall.recover(&ticket, &[json!(["missed"])]).await;
    guest.expect(json!(["welcome", true])).await;
}

#[tokio::test]
async fn binary_events_are_recovered_with_their_attachments() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    let ticket = hall.lose(guest).await;
    hall.io.emit("b", (&7, Bytes::from_static(b"\x01\x02"))).unwrap();
    hall.io.emit("e", ()).unwrap();
    let placeholder = json!({ "_placeholder": true, "num": 0 });
    let _guest = hall.recover(&ticket, &[json!(["b", 7, placeholder, [1, 2]]), json!(["e"])]).await;
}

#[tokio::test]
async fn a_polling_client_recovers_what_a_websocket_lost() {
    let mut hall = Hall::new().await;
    let guest = hall.guest().await;
    let ticket = hall.lose(guest).await;
    hall.io.emit("e", &1).unwrap();
    hall.io.emit("e", &2).unwrap();
    let mut poller = hall.host.poller().await;
    poller.send(ticket.connect()).await;
    let payload = poller.get().await.body;
    let packets: Vec<&str> = payload.split('\u{1e}').collect();
    assert!(packets[0].starts_with(r#"42["e",1,""#) && packets[1].starts_with(r#"42["e",2,""#));
    assert_eq!(packets[2], format!(r#"40{{"sid":"{}","pid":"{}"}}"#, ticket.sid, ticket.pid));
    hall.happenings.expect("recovered", &ticket.sid).await;
}

#[tokio::test]
async fn namespaces_of_one_connection_are_recovered_each_by_itself() {
    let mut hall = Hall::new().await;
    hall.io.of("/other");
    let main = hall.guest().await;
    let (main, mut ws) = (main.ticket, main.ws);
    ws.send("40/other,").await;
    let reply: serde_json::Value =
        serde_json::from_str(ws.text().await.strip_prefix("40/other,").unwrap()).unwrap();
    let other = super::guest::Ticket {
        namespace: "/other",
        sid: reply["sid"].as_str().unwrap().to_owned(),
        pid: reply["pid"].as_str().unwrap().to_owned(),
        offset: None,
    };
    drop(ws);
    hall.happenings.expect("transport close", &main.sid).await;
    hall.host.settle().await;
    hall.io.emit("m", &1).unwrap();
    hall.io.of("/other").emit("o", &2).unwrap();
    let (guest, missed) = Guest::back(&hall.host, &other).await;
    assert_eq!((missed, &guest.ticket.sid), (vec![json!(["o", 2])], &other.sid));
    let (guest, missed) = Guest::back_on(guest.ws, &main).await;
    assert_eq!((missed, &guest.ticket.sid), (vec![json!(["m", 1])], &main.sid));
}

#[tokio::test]
async fn another_parser_writes_pid_and_offset_in_its_own_form() {
    let builder = Server::builder().connection_state_recovery(sockeye::ConnectionStateRecovery::default());
    let host = Host::start(builder.parser(sockeye::MsgpackParser).build()).await;
    let connect = |data: &[u8]| [b"\x83\xa4type\x00\xa4data", data, b"\xa3nsp\xa1/"].concat();
    let mut ws = host.session().await;
    ws.send_binary(&connect(b"\xd4\x00\x00")).await;
    let Frame::Binary(reply) = ws.recv().await else { panic!() };
    let (sid, pid) = (&reply[18..38], &reply[43..63]);
    assert_eq!(reply, connect(&[&b"\x82\xa3sid\xb4"[..], sid, b"\xa3pid\xb4", pid].concat()));
    let data = Bytes::from_static(b"~~offset~blank~~");
    host.io.emit("b", &data).unwrap();
    let Frame::Binary(event) = ws.recv().await else { panic!() };
    let offset = &event[event.len() - 22..event.len() - 6];
    let args = [&b"\x93\xa1b\xc4\x10"[..], &data, b"\xb0", offset].concat();
    assert_eq!(event, [&b"\x83\xa4type\x02\xa4data"[..], &args, b"\xa3nsp\xa1/"].concat());
    drop(ws);
    host.settle().await;
    host.io.emit("b", &data).unwrap();
    let mut ws = host.session().await;
    let token = [&b"\x82\xa3pid\xb4"[..], pid, b"\xa6offset\xb0", offset].concat();
    ws.send_binary(&connect(&token)).await;
    let Frame::Binary(missed) = ws.recv().await else { panic!() };
    assert_eq!((missed.len(), &missed[..30]), (event.len(), &event[..30]));
    assert_eq!(ws.recv().await, Frame::Binary(reply));
}
