//! The rules of long-polling: one GET and one POST at a time, what ends a session, and what the last poll says.
//! Source: engine.io-protocol v4 § HTTP long-polling.

use crate::client::{Client, Host, Reasons, echo, echo_with};
use sockeye::{Close, Server, Socket};

const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
const UNKNOWN_SID: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

#[tokio::test]
async fn of_two_polls_at_once_the_first_is_closed_and_the_second_refused() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.begin_get().await;
    host.settle().await;
    let mut second = host.http().await;
    second.get(&poller.target()).await.is(400, BAD_REQUEST);
    poller.gets.response().await.is(200, "1");
    assert_eq!(reasons.next().await, "transport error");
    poller.get().await.is(400, UNKNOWN_SID);
}

#[tokio::test]
async fn a_second_post_at_once_is_refused_and_ends_the_session() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let target = poller.target();
    let mut first = host.http().await;
    first.write(format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n42[")).await;
    host.settle().await;
    poller.post("42[\"echo\"]").await.is(400, BAD_REQUEST);
    assert_eq!(reasons.next().await, "transport error");
    first.write("\"echo\",1]").await;
    assert_eq!(first.response().await.status, 400);
    poller.get().await.is(400, UNKNOWN_SID);
}

#[tokio::test]
async fn a_poll_that_is_aborted_ends_the_session() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.begin_get().await;
    host.settle().await;
    poller.gets = host.http().await;
    assert_eq!(reasons.next().await, "transport error");
    poller.get().await.is(400, UNKNOWN_SID);
}

#[tokio::test]
async fn a_post_that_is_aborted_ends_the_session() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let target = poller.target();
    poller.posts.write(format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n42[")).await;
    host.settle().await;
    poller.posts = host.http().await;
    assert_eq!(reasons.next().await, "transport error");
    poller.get().await.is(400, UNKNOWN_SID);
}

#[tokio::test]
async fn a_client_that_closes_while_it_polls_gets_a_noop() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.begin_get().await;
    host.settle().await;
    poller.send("1").await;
    poller.gets.response().await.is(200, "6");
    assert_eq!(reasons.next().await, "transport close");
    poller.get().await.is(400, UNKNOWN_SID);
}

#[tokio::test]
async fn after_an_invalid_packet_the_next_poll_brings_a_noop_and_the_close() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.send("42{}").await;
    poller.expect("6\x1e1").await;
    poller.get().await.is(400, UNKNOWN_SID);
}

#[tokio::test]
async fn a_poll_that_waits_while_an_invalid_packet_comes_brings_the_close() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.begin_get().await;
    host.settle().await;
    poller.send("42{}").await;
    poller.gets.response().await.is(200, "1");
    poller.get().await.is(400, UNKNOWN_SID);
}

#[tokio::test]
async fn what_was_emitted_before_the_end_comes_before_the_close() {
    let io = Server::new();
    io.on("leave", async |socket: Socket| {
        socket.emit("bye", ())?;
        socket.disconnect(Close::Connection);
        Ok::<_, sockeye::EmitError>(())
    });
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        client.send("42[\"leave\"]").await;
        client.expect("42[\"bye\"]").await;
        client.expect("41").await;
        match &mut client {
            Client::WebSocket(ws) => ws.expect_closed().await,
            Client::Polling(_, rest) => assert_eq!(rest.pop_back().as_deref(), Some("1")),
        }
    }
}

#[tokio::test]
async fn what_is_queued_between_two_polls_comes_in_one_payload() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.send("42[\"echo\",1]\x1e42[\"echo\",2]").await;
    poller.send("42[\"echo\",3]").await;
    poller.expect("42[\"echo\",1]\x1e42[\"echo\",2]\x1e42[\"echo\",3]").await;
}

#[tokio::test]
async fn a_poll_waits_for_the_first_packet() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.begin_get().await;
    host.settle().await;
    poller.send("42[\"echo\",1]").await;
    poller.gets.response().await.is(200, "42[\"echo\",1]");
}

#[tokio::test]
async fn a_post_is_answered_with_ok() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    let answer = poller.post("40").await;
    answer.is(200, "ok");
    assert_eq!(answer.header("content-type"), Some("text/html"));
}

#[tokio::test]
async fn a_payload_is_no_larger_than_max_payload_bytes_unless_one_packet_is() {
    let host = Host::start(echo_with(Server::builder().max_payload_bytes(100))).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let io = host.io.clone();
    let word = |n: usize| format!("{n:0>30}");
    for n in 0..10 {
        io.emit("w", &word(n)).unwrap();
    }
    io.emit("w", &"x".repeat(200)).unwrap();
    io.emit("w", &word(10)).unwrap();
    let mut packets = Vec::new();
    while packets.len() < 12 {
        let body = poller.get().await.body;
        assert!(body.len() <= 100 || !body.contains('\x1e'), "{body}");
        packets.extend(body.split('\x1e').map(str::to_owned));
    }
    let expected = (0..10).map(word).chain(["x".repeat(200), word(10)]);
    assert!(packets.into_iter().eq(expected.map(|word| format!("42[\"w\",\"{word}\"]"))));
}

#[tokio::test]
async fn a_payload_of_binary_counts_its_base64() {
    let host = Host::start(echo_with(Server::builder().max_payload_bytes(100))).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let picture = bytes::Bytes::from(vec![0; 30]);
    host.io.emit("p", &picture).unwrap();
    host.io.emit("p", &picture).unwrap();
    let packet = "451-[\"p\",{\"_placeholder\":true,\"num\":0}]";
    let base64 = format!("b{}", "A".repeat(40));
    poller.expect(&format!("{packet}\x1e{base64}")).await;
    poller.expect(&format!("{packet}\x1e{base64}")).await;
}

#[tokio::test]
async fn requests_may_share_a_connection_or_have_one_each() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let (target, mut shared) = (poller.target(), host.http().await);
    for n in 0..3 {
        let event = format!("42[\"echo\",{n}]");
        shared.request("POST", &target, &[], event.as_bytes()).await.is(200, "ok");
        shared.get(&target).await.is(200, &event);
        poller.expect_echo("apart").await;
    }
}
