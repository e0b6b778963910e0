//! The engine: payloads in two encodings, binary with its type, the client's pings, the upgrade.

use super::{Poller, echo, options, websocket};
use crate::client::{Clock, Frame, Host, engine_echo};
use std::time::Duration;

const MIXED: &[u8] = b"\0\x06\xff4hello\x01\x05\xff\x04\x01\x02\x03\x04";

#[tokio::test]
async fn the_open_packet_has_the_keys_of_v4() {
    let host = echo().await;
    let poller = Poller::session(&host).await;
    let open = format!(
        r#"{{"maxPayload":1000000,"pingInterval":25000,"pingTimeout":20000,"sid":"{}","upgrades":["websocket"]}}"#,
        poller.sid()
    );
    assert_eq!(poller.open, serde_json::from_str::<serde_json::Value>(&open).unwrap());
}

#[tokio::test]
async fn texts_come_back_with_their_lengths_in_utf_16_code_units() {
    let host = echo().await;
    let poller = Poller::session(&host).await;
    for body in ["6:4hello", "6:4test16:4test26:4test3", "1:4", "7:4é€😀ab2:4a"] {
        poller.send(body).await;
        let answer = poller.get().await;
        answer.is(200, body);
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"));
    }
}

#[tokio::test]
async fn a_binary_message_makes_the_payload_binary() {
    let host = echo().await;
    let poller = Poller::session(&host).await;
    for post in [&b"6:4hello10:b4AQIDBA=="[..], MIXED] {
        poller.post_octets(post).await.is(200, "ok");
        let answer = poller.get().await;
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
        assert_eq!(answer.bytes, MIXED);
    }
    poller.send("6:4hello").await;
    poller.expect("6:4hello").await;
}

#[tokio::test]
async fn a_client_that_takes_no_binary_gets_base64() {
    let host = echo().await;
    let poller = Poller::with(&host, "&b64=1").await;
    poller.post_octets(MIXED).await.is(200, "ok");
    poller.expect("6:4hello10:b4AQIDBA==").await;

    let (mut ws, _) = websocket(&host, "&b64=1").await;
    ws.send_binary(&[4, 1, 2, 3, 4]).await;
    ws.expect("b4AQIDBA==").await;
}

#[tokio::test]
async fn binary_on_a_websocket_has_its_type_in_front_both_ways() {
    let host = echo().await;
    let (mut ws, _) = websocket(&host, "").await;
    for len in [0, 1, 124, 125, 126, 65_534, 65_535, 65_536] {
        let message = [vec![4], vec![7; len]].concat();
        ws.send_binary(&message).await;
        assert_eq!(ws.recv().await, Frame::Binary(message), "{len}");
    }
    ws.send("b4AQID").await;
    assert_eq!(ws.recv().await, Frame::Binary(vec![4, 1, 2, 3]));
    ws.send("4text").await;
    ws.expect("4text").await;
}

#[tokio::test]
async fn a_ping_is_answered_on_every_transport() {
    let host = echo().await;
    let poller = Poller::session(&host).await;
    let (mut ws, _) = websocket(&host, "").await;
    for _ in 0..3 {
        poller.send("1:2").await;
        poller.expect("1:3").await;
        ws.send("2").await;
        ws.expect("3").await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_ping_for_interval_and_timeout_is_gone() {
    let clock = Clock::hold();
    let host = echo().await;
    let (mut silent, _) = websocket(&host, "").await;
    let (mut alive, _) = websocket(&host, "").await;
    let poller = Poller::session(&host).await;
    clock.advance(Duration::from_millis(44_000)).await;
    silent.send("4a message is no ping").await;
    silent.expect("4a message is no ping").await;
    alive.send("2").await;
    alive.expect("3").await;
    clock.advance(Duration::from_millis(1_001)).await;
    silent.expect_closed().await;
    poller.post("1:2").await.is(400, r#"{"code":1,"message":"Session ID unknown"}"#);
    alive.send("4hello").await;
    alive.expect("4hello").await;
}

#[tokio::test]
async fn a_poll_that_waits_is_released_with_a_noop_in_its_frame() {
    let host = echo().await;
    let poller = Poller::session(&host).await;
    let mut waiting = poller.begin_get().await;
    host.settle().await;
    poller.send("1:1").await;
    waiting.response().await.is(200, "1:6");
    assert_eq!(poller.get().await.status, 400);
}

#[tokio::test]
async fn a_second_poll_ends_the_session_and_the_first() {
    let host = echo().await;
    let poller = Poller::session(&host).await;
    let mut waiting = poller.begin_get().await;
    host.settle().await;
    assert_eq!(poller.get().await.status, 400);
    waiting.response().await.is(200, "1:1");
}

#[tokio::test]
async fn an_upgrade_takes_along_what_polling_had_not_sent() {
    let host = engine_echo(options().max_payload_bytes(100)).await;
    let poller = Poller::session(&host).await;
    let mut ws = poller.upgrade().await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    // Two messages that do not fit one payload: the poll takes one, the WebSocket the rest.
    let text = format!("61:4{}", "a".repeat(60));
    poller.send(&text).await;
    poller.post_octets([b"\x01\x05\x01\xff\x04", &[9; 50][..]].concat()).await.is(200, "ok");
    poller.expect(&text).await;
    ws.send("5").await;
    assert_eq!(ws.recv().await, Frame::Binary([&[4], &[9; 50][..]].concat()));
    ws.send("4hello").await;
    ws.expect("4hello").await;
    poller.get().await.is(400, r#"{"code":3,"message":"Bad request"}"#);
}

#[tokio::test]
async fn a_payload_holds_what_fits_and_the_next_one_the_rest() {
    let host: Host = engine_echo(options().max_payload_bytes(200)).await;
    let poller = Poller::session(&host).await;
    for _ in 0..3 {
        poller.post_octets([b"\x01\x08\x01\xff\x04", &[9; 80][..]].concat()).await.is(200, "ok");
    }
    let message = [b"\x01\x08\x01\xff\x04", &[9; 80][..]].concat();
    assert_eq!(poller.get().await.bytes, message.repeat(2));
    assert_eq!(poller.get().await.bytes, message);
}
