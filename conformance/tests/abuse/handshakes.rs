//! Requests that should not have got in, and requests that never end.

use crate::client::{Frame, Http, POLLING, Poller, UPGRADE, WEBSOCKET};
use crate::server::Abuse;
use std::time::Duration;
use tokio::time::{Instant, interval, timeout};

#[tokio::test]
async fn x10_the_public_id_of_a_socket_opens_nothing() {
    let server = Abuse::start().await;
    let mut ws = server.session().await;
    let id = ws.enter().await;
    let target = format!("{POLLING}&sid={id}");
    server.http().await.get(&target).await.is(400, r#"{"code":1,"message":"Session ID unknown"}"#);
    assert_eq!(server.http().await.request("POST", &target, &[], b"42[\"message\",1]").await.status, 400);
    let target = format!("{WEBSOCKET}&sid={id}");
    assert_eq!(server.http().await.request("GET", &target, &UPGRADE, b"").await.status, 400);
    ws.expect_message_back("mine alone").await;
}

/// How long the server takes to end a connection that says `begin` and then one `piece` each second.
async fn ended_after(server: &Abuse, begin: String, piece: &str) -> Duration {
    let mut http = server.http().await;
    let began = Instant::now();
    http.write(begin).await;
    let mut seconds = interval(Duration::from_secs(1));
    seconds.tick().await;
    while timeout(Duration::ZERO, http.ended()).await.is_err() {
        tokio::select! {
            () = http.ended() => break,
            _ = seconds.tick() => http.write(piece).await,
        }
        assert!(began.elapsed() < Duration::from_secs(30), "still open");
    }
    began.elapsed()
}

#[tokio::test]
async fn x11_every_kind_of_slow_client_is_gone_within_fifteen_seconds() {
    let server = Abuse::start().await;
    let mut poller = server.poller().await;
    poller.enter().await;
    let get = format!("GET {POLLING} HTTP/1.1\r\nHost: a\r\n");
    let post = format!("POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", poller.target());
    let (nothing, head, headers, body, idle) = tokio::join!(
        ended_after(&server, String::new(), ""),
        ended_after(&server, get[..get.len() - 4].to_owned(), ""),
        ended_after(&server, get.clone(), "x: 1\r\n"),
        ended_after(&server, post, "4"),
        ended_after(&server, format!("{get}\r\n"), ""),
    );
    for (kind, after) in
        [("nothing", nothing), ("head", head), ("headers", headers), ("body", body), ("idle", idle)]
    {
        println!("{kind}: {after:?}");
        assert!(after <= Duration::from_secs(15), "{kind}: {after:?}");
    }
}

#[tokio::test]
async fn x16_a_page_of_another_origin_is_refused() {
    let server = Abuse::start().await;
    assert_eq!(server.handshakes(&[("Origin", "http://evil.example")]).await, [403, 403]);
    assert_eq!(server.handshakes(&[("Origin", "null")]).await, [403, 403]);
    assert_eq!(server.handshakes(&[("Origin", "http://localhost")]).await, [200, 101]);
    assert_eq!(server.handshakes(&[]).await, [200, 101]);

    let server = Abuse::with(&[("SLOWPING", "1"), ("CORS", "https://chat.example")]).await;
    for evil in ["http://evil.example", "http://chat.example", "https://chat.example.evil", "null"] {
        assert_eq!(server.handshakes(&[("Origin", evil)]).await, [403, 403], "{evil}");
    }
    let listed = [("Origin", "https://chat.example")];
    assert_eq!(server.handshakes(&listed).await, [200, 101]);
    let answer = server.http().await.request("GET", POLLING, &listed, b"").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://chat.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
}

#[tokio::test]
async fn x17_half_a_websocket_handshake_is_no_websocket() {
    let mut server = Abuse::start().await;
    let [upgrade, connection, version, key] = UPGRADE;
    for (headers, status) in [
        ([upgrade, connection, ("Sec-WebSocket-Version", "777"), key], 426),
        ([upgrade, connection, ("Sec-WebSocket-Version", "8"), key], 426),
        ([upgrade, connection, version, ("Sec-WebSocket-Key", "abc")], 400),
        ([("Upgrade", "h2c"), connection, version, key], 400),
    ] {
        let mut http = server.http().await;
        let answer = http.request("GET", WEBSOCKET, &headers, b"").await;
        assert_eq!(answer.status, status, "{headers:?}");
        http.ended().await;
    }
    assert_eq!(server.health().await.clients, 0);
    server.expect_well().await;
}

#[tokio::test]
async fn x18_bad_base64_and_bad_utf8_are_refused() {
    let mut server = Abuse::start().await;
    for body in [b"b!!!!".as_slice(), b"bAQ=", b"42[\"message\",\"\xff\"]", b"4\xed\xa0\x80"] {
        let mut poller = server.poller().await;
        poller.enter().await;
        assert_eq!(poller.post(body).await.status, 400, "{body:?}");
    }
    server.expect_well().await;
}

/// Polls once, and answers a ping.
async fn poll(poller: &mut Poller) -> String {
    let body = poller.get().await.body;
    if body.split('\x1e').any(|packet| packet == "2") {
        poller.send("3").await;
    }
    body
}

#[tokio::test]
async fn x21_a_websocket_that_does_not_probe_is_closed_and_polling_lives() {
    let server = Abuse::start().await;
    for said in ["hello", "42[\"message\",1]", "5", "2"] {
        let mut poller = server.poller().await;
        poller.enter().await;
        let mut ws = poller.upgrade().await;
        ws.send(said).await;
        assert!(matches!(ws.recv().await, Frame::Close(_)), "{said}");
        poller.expect_message_back("still polling").await;
    }
    // One that probes and says nothing more has a second, on a server whose clients have half a second for a pong.
    let server = Abuse::with(&[]).await;
    let mut poller = server.poller().await;
    poller.enter().await;
    let mut ws = poller.upgrade().await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    while !ws.has_frame() {
        poll(&mut poller).await;
    }
    assert!(matches!(ws.recv().await, Frame::Close(_)));
    poller.send("42[\"message\",\"still polling\"]").await;
    while !poll(&mut poller).await.contains("42[\"message-back\",\"still polling\"]") {}
}

#[tokio::test]
async fn requests_that_are_refused_leave_nothing() {
    let mut server = Abuse::start().await;
    for target in ["/socket.io/", "/socket.io/?EIO=4&transport=abc", "/socket.io/?EIO=4&transport=__proto__"]
    {
        assert_eq!(server.http().await.get(target).await.status, 400, "{target}");
        let mut http: Http = server.http().await;
        assert_eq!(http.request("GET", target, &UPGRADE, b"").await.status, 400, "{target}");
    }
    assert_eq!(server.health().await.clients, 0);
    server.expect_well().await;
}
