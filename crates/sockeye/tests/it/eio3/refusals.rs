//! What no well-behaved client sends, and who is let in at all.

use super::{POLLING, Poller, WEBSOCKET, echo, options, websocket};
use crate::client::{Clock, Host, Reasons, UPGRADE, engine_echo};
use sockeye::Server;
use std::time::Duration;

const UNSUPPORTED: &str = r#"{"code":5,"message":"Unsupported protocol version"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

#[tokio::test]
async fn version_3_is_refused_unless_it_is_allowed() {
    let host = Host::start(Server::new()).await;
    for target in [POLLING, "/socket.io/?transport=polling", "/socket.io/?EIO=2&transport=polling"] {
        host.http().await.get(target).await.is(400, UNSUPPORTED);
    }
    let refused = host.http().await.request("GET", WEBSOCKET, &UPGRADE, b"").await;
    refused.is(400, "Unsupported protocol version");
}

#[tokio::test]
async fn where_it_is_allowed_a_request_without_version_is_one_of_3() {
    let host = echo().await;
    for query in ["transport=polling", "EIO=2&transport=polling", "EIO=abc&transport=polling"] {
        let opened = host.http().await.get(&format!("/socket.io/?{query}")).await;
        assert!(opened.status == 200 && opened.body.contains(":0{"), "{opened:?}");
    }
}

#[tokio::test]
async fn a_request_of_the_other_version_does_not_reach_a_session() {
    let host = echo().await;
    let poller = Poller::session(&host).await;
    let (_, sid) = poller.target.split_once("&sid=").unwrap();
    let target = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    host.http().await.get(&target).await.is(400, BAD_REQUEST);
    host.http().await.request("POST", &target, &[], b"4hello").await.is(400, BAD_REQUEST);
    let upgrade = format!("/socket.io/?EIO=4&transport=websocket&sid={sid}");
    host.http().await.request("GET", &upgrade, &UPGRADE, b"").await.is(400, "Bad request");
    poller.send("6:4hello").await;
    poller.expect("6:4hello").await;

    let newer = host.poller().await;
    let target = newer.target().replace("EIO=4", "EIO=3");
    host.http().await.request("POST", &target, &[], b"6:4hello").await.is(400, BAD_REQUEST);
}

#[tokio::test]
async fn a_body_that_is_no_payload_gets_400_and_ends_the_session() {
    let io = options().build();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    for (name, body) in [
        ("nothing", b"".to_vec()),
        ("no length", b"abc".to_vec()),
        ("a payload of version 4", b"4hello".to_vec()),
        ("separators of version 4", b"1:6\x1e1:6".to_vec()),
        ("too long a length", b"7:4hello".to_vec()),
        ("an empty packet", b"0:".to_vec()),
        ("a length without end", b"9".repeat(999_999)),
        ("a huge length", b"99999999999999999999:4".to_vec()),
        ("a negative length", b"-1:4".to_vec()),
        ("half a character", "3:4a😀".as_bytes().to_vec()),
        ("bad UTF-8", b"3:4\xc3\x28".to_vec()),
        ("bad base64", b"6:b4!!!!".to_vec()),
        ("base64 of version 4", b"5:bAQID".to_vec()),
        ("an unknown type", b"1:8".to_vec()),
        ("a binary length without end", vec![0; 999_999]),
        ("binary, cut short", b"\x01\x05\xff\x04\x01".to_vec()),
        ("binary without a type", b"\x01\x00\xff".to_vec()),
        ("binary of an unknown type", b"\x01\x01\xff\x09".to_vec()),
        ("a packet without its marker", b"\0\x01\xff66".to_vec()),
        ("a binary packet behind a string", b"1:2\0\x01\xff2".to_vec()),
        ("a string behind a binary packet", b"\0\x01\xff21:2".to_vec()),
    ] {
        let poller = Poller::session(&host).await;
        poller.expect("2:40").await;
        let refused = poller.post_octets(&body).await;
        assert_eq!((refused.status, refused.body.as_str()), (400, BAD_REQUEST), "{name}");
        assert_eq!(reasons.next().await, "parse error", "{name}");
    }
}

#[tokio::test]
async fn a_post_brings_up_to_16384_packets() {
    let host = echo().await;
    for packet in [&b"1:6"[..], b"\0\x01\xff6"] {
        for count in [16_383, 16_384] {
            Poller::session(&host).await.send(packet.repeat(count)).await;
        }
        Poller::session(&host).await.post(packet.repeat(16_385)).await.is(400, BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_body_may_be_as_large_as_the_limit_and_no_larger() {
    let host = engine_echo(options().max_payload_bytes(1_000)).await;
    for (len, status) in [(995, 200), (996, 200), (997, 413)] {
        let poller = Poller::session(&host).await;
        let body = format!("{len}:4{}", "a".repeat(len - 1));
        assert_eq!(poller.post(&body).await.status, status, "{} bytes", body.len());
        poller.send("1:2").await;
    }
}

#[tokio::test]
async fn a_bad_message_closes_the_websocket() {
    let io = options().build();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    for (message, reason) in [
        (&b"abc"[..], "parse error"),
        (b"", "parse error"),
        (b"b", "parse error"),
        (b"b1", "parse error"),
        (b"b4!", "parse error"),
        (b"bAQID", "parse error"),
        (b"0{}", "parse error"),
        (b"3", "transport error"),
    ] {
        let (mut ws, _) = websocket(&host, "").await;
        ws.expect("40").await;
        ws.send(std::str::from_utf8(message).unwrap()).await;
        ws.expect_closed().await;
        assert_eq!(reasons.next().await, reason, "{message:?}");
    }
    for message in [&b""[..], b"\x00", b"\x02", b"4hello", b"\xff\xff"] {
        let (mut ws, _) = websocket(&host, "").await;
        ws.expect("40").await;
        ws.send_binary(message).await;
        ws.expect_closed().await;
        assert_eq!(reasons.next().await, "parse error", "{message:?}");
    }
}

#[tokio::test]
async fn a_client_that_only_pings_and_never_reads_is_held_to_the_limit_of_the_queue() {
    let host = engine_echo(options().max_buffered_bytes(1_000)).await;
    let poller = Poller::session(&host).await;
    poller.send("1:2".repeat(333)).await;
    poller.post("1:2").await;
    poller.post("1:2").await;
    assert_eq!(poller.get().await.status, 400);
}

#[tokio::test]
async fn a_client_of_version_3_that_never_says_anything_costs_nothing_for_long() {
    let clock = Clock::hold();
    let host = Host::start(options().build()).await;
    let (mut ws, _) = websocket(&host, "").await;
    ws.expect("40").await;
    assert_eq!(host.io.counts().clients, 1);
    clock.advance(Duration::from_secs(46)).await;
    ws.expect_closed().await;
    drop(ws);
    host.io.close().await;
    assert_eq!(host.io.counts().clients, 0);
}
