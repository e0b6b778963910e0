//! Socket.IO packets that break the protocol end the connection, with the reason that the official server reports, and
//! nobody else notices. Packets that are only odd are taken.

use crate::client::{Client, Frame, Host, Reasons, echo};
use bytes::Bytes;
use sockeye::{Data, EmitError, Server, Socket};

const PLACEHOLDER: &str = r#"{"_placeholder":true,"num":0}"#;

/// An event with as many attachments as it announces.
fn attached(count: usize) -> String {
    let args: String = (0..count).map(|num| format!(r#",{{"_placeholder":true,"num":{num}}}"#)).collect();
    format!("45{count}-[\"echo\"{args}]")
}

#[tokio::test]
async fn a_packet_that_breaks_the_protocol_is_a_forced_close_on_both_transports() {
    let io = echo();
    io.of("/other");
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut neighbour = host.client().await;
    let deep = format!("42[\"echo\",{}{}]", "[".repeat(5000), "]".repeat(5000));
    let deep_auth = format!("40/other,{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    let unclosed = format!("42[\"echo\",{}", "[".repeat(100_000));
    let long_id = format!("42{}[\"echo\"]", "9".repeat(900_000));
    let long_count = format!("45{}-[\"echo\"]", "9".repeat(900_000));
    let long_name = format!("40/{},", "a".repeat(255));
    let placeholders = format!("451-[\"echo\"{}]", format!(",{PLACEHOLDER}").repeat(2000));
    for packet in [
        "4",
        "47",
        "49",
        "4abc",
        "42{}",
        "42abc[\"echo\"]",
        "42[]",
        "42[null]",
        "42[true]",
        "42[[\"echo\"]]",
        "42[{\"toString\":\"foo\"}]",
        "42\"echo\"",
        "42[\"echo\"",
        "42[\"echo\",]",
        "42[\"echo\"]x",
        "42[\"echo\",01]",
        "42[\"echo\",\"\t\"]",
        "42[\"echo\",\"\\x\"]",
        "42[\"connect\"]",
        "42[\"connect_error\"]",
        "42[\"disconnect\"]",
        "42[\"disconnecting\"]",
        "42[\"newListener\"]",
        "42[\"removeListener\"]",
        "42[\"disc\\u006fnnect\"]",
        "421.5[\"echo\"]",
        "42-1[\"echo\"]",
        "421e3[\"echo\"]",
        "4299999999999999999999[\"echo\"]",
        "43{}",
        "431\"x\"",
        "41{}",
        "41\"x\"",
        "40",
        "40/other,[]",
        "40/other,\"x\"",
        "44",
        "44{\"message\":\"x\"}",
        "42/other,[\"echo\"]",
        "42/nobody,[\"echo\"]",
        "41/other,",
        "43/other,0[]",
        "45[\"echo\"]",
        "450-[\"echo\",\"x\"]",
        "45-[\"echo\"]",
        "451.5-[\"echo\"]",
        "451-[\"echo\"]",
        "451-[\"echo\",{\"_placeholder\":true,\"num\":1}]",
        "451-[\"echo\",{\"_placeholder\":true,\"num\":-1}]",
        "451-[\"echo\",{\"_placeholder\":true,\"num\":0.5}]",
        "451-[\"echo\",{\"_placeholder\":true,\"num\":\"0\"}]",
        "451-[\"echo\",{\"_placeholder\":true,\"num\":\"splice\"}]",
        "451-[\"echo\",{\"_placeholder\":true}]",
        "452-[\"echo\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}]",
        "452-[\"echo\",{\"_placeholder\":true,\"num\":0}]",
        &attached(11),
        &deep,
        &deep_auth,
        &unclosed,
        &long_id,
        &long_count,
        &long_name,
        &placeholders,
    ] {
        for mut client in Client::joined(&host).await {
            let shown = packet.get(..packet.len().min(60)).unwrap();
            client.send(packet).await;
            assert_eq!(reasons.next().await, "forced close", "{} {shown}", client.name());
            client.expect_closed().await;
        }
    }
    neighbour.expect_echo("all well").await;
}

#[tokio::test]
async fn an_engine_packet_that_breaks_the_protocol_closes_a_websocket() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    for (packet, reason) in [
        ("", "parse error"),
        ("7", "parse error"),
        ("9", "parse error"),
        ("abc", "parse error"),
        ("b!!!!", "parse error"),
        ("bAQ", "parse error"),
        ("0{}", "parse error"),
        ("2", "transport error"),
        ("2probe", "transport error"),
    ] {
        let mut ws = host.client().await;
        ws.send(packet).await;
        assert_eq!(reasons.next().await, reason, "{packet}");
        ws.expect_closed().await;
    }
}

#[tokio::test]
async fn an_engine_packet_out_of_turn_is_ignored() {
    let host = Host::start(echo()).await;
    for mut client in Client::joined(&host).await {
        for packet in ["3", "3probe", "6", "5", "42", "43", "430[]", "4399[1,2]"] {
            client.send(packet).await;
        }
        client.send("42[\"echo\"]").await;
        client.expect("42[\"echo\"]").await;
    }
}

#[tokio::test]
async fn a_flood_of_pongs_changes_nothing() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    ws.write(crate::client::text("3").repeat(100_000)).await;
    ws.expect_echo("hello").await;
    assert_eq!(host.io.counts().tasks, 1);
}

#[tokio::test]
async fn nothing_but_a_connect_may_come_before_a_namespace_is_joined() {
    let host = Host::start(echo()).await;
    for packet in ["42[\"echo\"]", "43", "430[]", "41", "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]"] {
        for mut client in Client::sessions(&host).await {
            client.send(packet).await;
            client.expect_closed().await;
        }
    }
}

#[tokio::test]
async fn binary_that_no_packet_announced_closes_at_once() {
    let host = Host::start(echo()).await;
    let mut before = host.session().await;
    before.send_binary(&[1; 900_000]).await;
    before.expect_closed().await;

    let mut after = host.client().await;
    after.send_binary(&[1]).await;
    after.expect_closed().await;

    let mut poller = host.poller().await;
    poller.join().await;
    poller.send("bAQID").await;
    poller.expect("6\x1e1").await;
}

#[tokio::test]
async fn attachments_are_collected_for_no_packet_that_announced_none() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    ws.send("450-[\"message\",\"x\"]").await;
    let stray = crate::client::binary(&[1; 900_000]);
    for _ in 0..200 {
        ws.write(&stray).await;
    }
    // The server has gone long before the last of them.
    assert!(matches!(ws.ended().await, Frame::Close(None) | Frame::End));
    host.client().await.expect_echo("hello").await;
}

#[tokio::test]
async fn text_where_an_attachment_is_due_closes() {
    let host = Host::start(echo()).await;
    for mut client in Client::joined(&host).await {
        client.send(&attached(1)).await;
        client.send("42[\"echo\",\"too early\"]").await;
        client.expect_closed().await;
    }
}

#[tokio::test]
async fn one_attachment_too_many_closes() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    ws.send(attached(1)).await;
    ws.send_binary(b"one").await;
    ws.send_binary(b"two").await;
    ws.expect(&attached(1)).await;
    assert_eq!(ws.recv().await, Frame::Binary(b"one".to_vec()));
    ws.expect_closed().await;
}

#[tokio::test]
async fn an_event_has_up_to_ten_attachments() {
    let host = Host::start(echo()).await;
    for count in [1, 9, 10] {
        let mut ws = host.client().await;
        ws.send(attached(count)).await;
        for num in 0..count {
            ws.send_binary(&[num as u8]).await;
        }
        ws.expect(&attached(count)).await;
        for num in 0..count {
            assert_eq!(ws.recv().await, Frame::Binary(vec![num as u8]), "{count}");
        }
    }
    let mut ws = host.client().await;
    ws.send(attached(11)).await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn the_server_refuses_to_send_more_than_ten_attachments() {
    let io = Server::new();
    let mut refused = None;
    let (tell, told) = std::sync::mpsc::channel();
    io.on_connect(async move |socket: Socket| {
        let pictures: Vec<Bytes> = vec![Bytes::from_static(b"x"); 11];
        let _ = tell.send(socket.emit("pictures", &pictures));
        socket.emit("pictures", &pictures[..10])
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    assert!(ws.text().await.starts_with("4510-[\"pictures\",[{"));
    refused.replace(told.try_recv().unwrap());
    assert!(matches!(refused, Some(Err(EmitError::Encode(_)))), "{refused:?}");
}

#[tokio::test]
async fn placeholders_may_stand_in_any_order_and_depth() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    let packet = r#"452-["echo",{"b":[{"_placeholder":true,"num":1}],"a":{"_placeholder":true,"num":0}}]"#;
    ws.send(packet).await;
    ws.send_binary(b"zero").await;
    ws.send_binary(b"one").await;
    // On the way out the attachments are as they came.
    ws.expect(packet).await;
    assert_eq!(ws.recv().await, Frame::Binary(b"zero".to_vec()));
    assert_eq!(ws.recv().await, Frame::Binary(b"one".to_vec()));
}

#[tokio::test]
async fn a_placeholder_in_a_plain_event_is_data() {
    let host = Host::start(echo()).await;
    for mut client in Client::joined(&host).await {
        let packet = format!("42[\"echo\",{PLACEHOLDER}]");
        client.send(&packet).await;
        client.expect(&packet).await;
    }
}

#[tokio::test]
async fn a_lone_surrogate_arrives_as_the_replacement_character() {
    let io = echo();
    io.on("typed", async |socket: Socket, Data(text): Data<String>| socket.emit("typed", &text));
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        for sent in [r"\ud800", r"\udfff", r"\ud800\ud800", r"a\udc00b"] {
            let replaced =
                |by: &str| sent.replace(r"\ud800", by).replace(r"\udfff", by).replace(r"\udc00", by);
            // What is passed on undecoded keeps the form of an escape.
            for (event, by) in [("echo", r"\ufffd"), ("typed", "\u{fffd}")] {
                client.send(&format!("42[\"{event}\",\"{sent}\"]")).await;
                client.expect(&format!("42[\"{event}\",\"{}\"]", replaced(by))).await;
            }
        }
        client.send("42[\"typed\",\"\\ud83d\\ude00\"]").await;
        client.expect("42[\"typed\",\"\u{1f600}\"]").await;
    }
}

#[tokio::test]
async fn an_ack_id_has_up_to_nineteen_digits() {
    let io = Server::new();
    io.on("ask", async |ack: sockeye::Ack| ack.send("yes"));
    let host = Host::start(io).await;
    for digits in [1, 18, 19] {
        let id = "9".repeat(digits);
        let mut ws = host.client().await;
        ws.send(format!("42{id}[\"ask\"]")).await;
        ws.expect(&format!("43{id}[\"yes\"]")).await;
    }
    let mut ws = host.client().await;
    ws.send(format!("42{}[\"ask\"]", "9".repeat(20))).await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn a_payload_nests_up_to_128_deep() {
    let host = Host::start(echo()).await;
    let nested = |depth: usize| {
        // The array of the event is a level too.
        format!("42[\"echo\",{}{}]", "[".repeat(depth - 1), "]".repeat(depth - 1))
    };
    for depth in [127, 128] {
        let mut ws = host.client().await;
        ws.send(nested(depth)).await;
        ws.expect(&nested(depth)).await;
    }
    let mut ws = host.client().await;
    ws.send(nested(129)).await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn members_named_like_those_of_every_object_are_data() {
    let io = echo();
    io.on("typed", async |socket: Socket, Data(value): Data<serde_json::Value>| socket.emit("typed", &value));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    for packet in [
        r#"42["echo",{"__proto__":{"x":1},"constructor":"y","":null}]"#,
        r#"42["typed",{"__proto__":{"x":1}}]"#,
        r#"42["echo",12345678901234567890,1e400,-0]"#,
    ] {
        ws.send(packet).await;
        ws.expect(packet).await;
    }
    // Names of events are looked up, never trusted.
    ws.send(r#"42["__proto__",1]"#).await;
    ws.send(r#"42["error",1]"#).await;
    ws.expect_echo("still here").await;
}
