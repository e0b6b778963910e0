//! From polling to WebSocket: whatever the probe does, the polling session lives until the `5`, and nothing is lost, doubled
//! or reordered on the way. Source: engine.io-protocol v4 § Upgrade.

use crate::client::{Clock, Frame, Host, Http, UPGRADE, Ws, binary, echo, echo_with, frame, text};
use sockeye::Server;
use std::time::Duration;

#[tokio::test]
async fn the_probe_releases_a_poll_that_waits() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.begin_get().await;
    host.settle().await;
    let mut ws = poller.upgrade().await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    poller.gets.response().await.is(200, "6");
    ws.send("5").await;
    ws.expect_echo("over websocket").await;
}

#[tokio::test]
async fn a_poll_that_comes_during_the_upgrade_is_released_after_100_ms() {
    let clock = Clock::hold();
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let mut ws = poller.upgrade().await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    poller.begin_get().await;
    host.settle().await;
    // The server counts whole milliseconds.
    clock.advance(Duration::from_millis(98)).await;
    host.settle().await;
    assert!(!poller.gets.has_answer());
    clock.advance(Duration::from_millis(3)).await;
    poller.gets.response().await.is(200, "6");
    ws.send("5").await;
    ws.expect_echo("over websocket").await;
}

#[tokio::test]
async fn what_a_probe_says_in_the_segment_of_its_handshake_is_not_lost() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let mut http = Http::connect(host.address).await;
    let mut request = format!("GET {} HTTP/1.1\r\nHost: a\r\n", poller.upgrade_target());
    for (name, value) in UPGRADE {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let frames = [text("2probe"), text("5"), text("42[\"echo\",1]")].concat();
    http.write([request.as_bytes(), &frames].concat()).await;
    assert_eq!(http.response().await.status, 101);
    let mut ws = Ws::from(http);
    ws.expect("3probe").await;
    ws.expect("42[\"echo\",1]").await;
}

#[tokio::test]
async fn a_websocket_that_does_not_probe_is_closed_and_polling_lives() {
    let host = Host::start(echo()).await;
    for (name, bytes) in [
        ("another text", text("hello")),
        ("an event", text("42[\"echo\",1]")),
        ("a ping of another kind", text("2")),
        ("the upgrade without a probe", text("5")),
        ("nothing", text("")),
        ("binary", binary(b"2probe")),
        ("a frame without a mask", crate::client::unmasked(0x81, b"2probe")),
        ("a frame with RSV1", frame(0xc1, b"2probe")),
        ("a close", frame(0x88, b"")),
        ("4 GiB", [&[0x82, 0xff], 0x1_0000_0000_u64.to_be_bytes().as_slice(), &[0; 4]].concat()),
    ] {
        let mut poller = host.poller().await;
        poller.join().await;
        let mut ws = poller.upgrade().await;
        ws.write(bytes).await;
        assert!(matches!(ws.recv().await, Frame::Close(_)), "{name}");
        poller.expect_echo("still polling").await;
        // The next try may succeed.
        poller.upgraded().await.expect_echo("over websocket").await;
    }
}

#[tokio::test]
async fn a_probe_that_goes_away_leaves_polling() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    drop(poller.upgrade().await);
    host.settle().await;
    poller.expect_echo("one").await;
    let mut ws = poller.upgrade().await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    drop(ws);
    host.settle().await;
    poller.expect_echo("two").await;
    poller.upgraded().await.expect_echo("three").await;
}

#[tokio::test]
async fn a_probe_that_says_anything_but_5_after_its_answer_is_closed_and_polling_lives() {
    let host = Host::start(echo()).await;
    for said in ["2probe", "6", "42[\"echo\",1]", ""] {
        let mut poller = host.poller().await;
        poller.join().await;
        let mut ws = poller.upgrade().await;
        ws.send("2probe").await;
        ws.expect("3probe").await;
        ws.send(said).await;
        assert_eq!(ws.recv().await, Frame::Close(None), "{said}");
        poller.expect_echo("still polling").await;
    }
}

#[tokio::test]
async fn an_upgrade_that_takes_longer_than_upgrade_timeout_is_closed_and_polling_lives() {
    let clock = Clock::hold();
    let host = Host::start(echo_with(Server::builder().upgrade_timeout(Duration::from_secs(3)))).await;
    for probes in [false, true] {
        let mut poller = host.poller().await;
        poller.join().await;
        let mut ws = poller.upgrade().await;
        if probes {
            ws.send("2probe").await;
            ws.expect("3probe").await;
        }
        host.settle().await;
        clock.advance(Duration::from_millis(2998)).await;
        host.settle().await;
        assert!(!ws.has_frame());
        clock.advance(Duration::from_millis(3)).await;
        assert_eq!(ws.recv().await, Frame::Close(None), "probes: {probes}");
        poller.expect_echo("still polling").await;
    }
}

#[tokio::test]
async fn after_the_upgrade_polling_is_over_and_a_second_websocket_is_closed() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let mut ws = poller.upgraded().await;
    ws.expect_echo("over websocket").await;
    poller.get().await.is(400, r#"{"code":3,"message":"Bad request"}"#);
    poller.post("42[\"echo\",1]").await.is(400, r#"{"code":3,"message":"Bad request"}"#);
    let mut second = poller.upgrade().await;
    assert_eq!(second.recv().await, Frame::Close(None));
    ws.expect_echo("still there").await;
}

#[tokio::test]
async fn a_session_that_began_as_a_websocket_takes_no_second_one() {
    let host = Host::start(echo()).await;
    let mut ws = Ws::open(host.address, crate::client::WEBSOCKET).await;
    let open = ws.text().await;
    ws.join().await;
    let sid = &open[r#"0{"sid":""#.len()..][..20];
    let target = format!("{}&sid={sid}", crate::client::WEBSOCKET);
    let mut second = Ws::open(host.address, &target).await;
    assert_eq!(second.recv().await, Frame::Close(None));
    ws.expect_echo("still there").await;
}

#[tokio::test]
async fn a_second_probe_is_closed_and_the_first_goes_on() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let mut first = poller.upgrade().await;
    first.send("2probe").await;
    first.expect("3probe").await;
    let mut second = poller.upgrade().await;
    assert_eq!(second.recv().await, Frame::Close(None));
    first.send("5").await;
    first.expect_echo("over websocket").await;
}

#[tokio::test]
async fn what_was_queued_for_polls_comes_first_over_the_websocket() {
    let host = Host::start(echo_with(Server::builder().max_payload_bytes(100))).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let io = host.io.clone();
    let word = |n: usize| format!("{n:0>30}");
    (0..20).for_each(|n| io.emit("w", &word(n)).unwrap());
    // One payload of them leaves by polling, which loads them all.
    let first = poller.get().await.body;
    let polled = first.split('\x1e').count();
    assert!(polled < 20);
    let mut ws = poller.upgraded().await;
    host.settle().await;
    (20..25).for_each(|n| io.emit("w", &word(n)).unwrap());
    for n in polled..25 {
        ws.expect(&format!("42[\"w\",\"{}\"]", word(n))).await;
    }
}

#[tokio::test]
async fn events_both_ways_during_an_upgrade_arrive_once_and_in_order() {
    const EVENTS: usize = 200;
    for upgrade_at in (0..EVENTS).step_by(10) {
        let host = Host::start(echo()).await;
        let mut poller = host.poller().await;
        poller.join().await;
        let mut received = Vec::new();
        let mut sent = 0..EVENTS;
        // By polling, with a poll open all the time.
        poller.begin_get().await;
        for n in sent.by_ref().take(upgrade_at) {
            poller.send(format!("42[\"echo\",{n}]")).await;
            if poller.gets.has_answer() {
                received.extend(poller.gets.response().await.body.split('\x1e').map(str::to_owned));
                poller.begin_get().await;
            }
        }
        let mut ws = poller.upgrade().await;
        ws.send("2probe").await;
        ws.expect("3probe").await;
        // A client lets its poll end before it says 5.
        for _ in 0..2 {
            let n = sent.next().unwrap();
            poller.send(format!("42[\"echo\",{n}]")).await;
        }
        received.extend(poller.gets.response().await.body.split('\x1e').map(str::to_owned));
        ws.send("5").await;
        for n in sent {
            ws.send(format!("42[\"echo\",{n}]")).await;
        }
        received.retain(|packet| packet != "6");
        while received.len() < EVENTS {
            received.push(ws.text().await);
        }
        let expected = (0..EVENTS).map(|n| format!("42[\"echo\",{n}]"));
        assert!(received.iter().cloned().eq(expected), "upgraded at {upgrade_at}: {received:?}");
    }
}
