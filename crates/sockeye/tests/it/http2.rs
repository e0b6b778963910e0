//! Polling and WebSockets over HTTP/2, as a real client speaks it. Source: RFC 9113; RFC 8441.

use crate::client::h2::H2;
use crate::client::tls::{certificate, connect, trust};
use crate::client::{Clock, Frame, Host, Http, POLLING, Reasons, WEBSOCKET, echo, echo_with};
use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use sockeye::{Server, ServerBuilder, Socket};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn options() -> ServerBuilder {
    Server::builder().http2(true)
}

async fn start_tls(io: Server) -> Host {
    let served = io.clone();
    Host::serve(io, async move |listener| served.listen_tls_on(listener, certificate()).await.unwrap()).await
}

/// The session id in the open packet of a response.
fn sid(body: &str) -> String {
    body.split('"').nth(3).unwrap().to_owned()
}

/// A session on polling, in the main namespace; gives what its requests ask.
async fn join(h2: &H2) -> String {
    let open = h2.get(POLLING).await;
    assert_eq!(open.status, 200, "{open:?}");
    let target = format!("{POLLING}&sid={}", sid(&open.body));
    h2.send("POST", &target, &[], "40").await.is(200, "ok");
    assert!(h2.get(&target).await.body.starts_with("40{\"sid\":"));
    target
}

#[tokio::test]
async fn polling_runs_in_streams_of_one_connection() {
    for h2 in [
        H2::connect_tls(start_tls(echo_with(options())).await.address).await,
        H2::connect(Host::start(echo_with(options())).await.address).await,
    ] {
        let target = join(&h2).await;
        // A poll that waits does not hold up the POST whose event it brings.
        let poll = tokio::spawn(h2.send("GET", &target, &[], ""));
        h2.send("POST", &target, &[], "42[\"echo\",1]").await.is(200, "ok");
        poll.await.unwrap().is(200, "42[\"echo\",1]");
    }
}

#[tokio::test]
async fn a_websocket_runs_in_a_stream() {
    for tls in [true, false] {
        let io = echo_with(options());
        let mut reasons = Reasons::of(&io);
        let host = if tls { start_tls(io).await } else { Host::start(io).await };
        let h2 = if tls { H2::connect_tls(host.address).await } else { H2::connect(host.address).await };
        let mut ws = h2.websocket(WEBSOCKET).await;
        assert!(ws.text().await.starts_with("0{"));
        ws.join().await;
        for size in [1, 16_384, 65_536, 900_000] {
            ws.expect_echo(&"x".repeat(size)).await;
        }
        assert_eq!(host.io.counts().direct, 0);
        drop(ws.stream);
        assert_eq!(reasons.next().await, "transport close");
        // The connection goes on.
        join(&h2).await;
    }
}

#[tokio::test]
async fn the_answer_to_the_handshake_is_200_without_a_key() {
    let host = Host::start(echo_with(options())).await;
    let h2 = H2::connect(host.address).await;
    let (response, stream) = h2.tunnel("websocket", WEBSOCKET, &[("sec-websocket-version", "13")]).await;
    assert_eq!(response.status(), 200);
    assert!(stream.is_some());
    for name in
        ["upgrade", "connection", "sec-websocket-accept", "sec-websocket-extensions", "content-length"]
    {
        assert!(!response.headers().contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn several_websockets_share_a_connection_and_end_apart() {
    let io = echo_with(options());
    io.on("leave", async |socket: Socket| socket.disconnect(sockeye::Close::Connection));
    let host = Host::start(io).await;
    let h2 = H2::connect(host.address).await;
    let mut all = Vec::new();
    for _ in 0..3 {
        let mut ws = h2.websocket(WEBSOCKET).await;
        assert!(ws.text().await.starts_with("0{"));
        ws.join().await;
        all.push(ws);
    }
    let mut leaving = all.remove(1);
    leaving.send("42[\"leave\"]").await;
    assert_eq!(leaving.ended().await, Frame::Close(None));
    assert_eq!(leaving.recv().await, Frame::End);
    for ws in &mut all {
        ws.expect_echo("still here").await;
    }
    host.io.close().await;
    for ws in &mut all {
        ws.expect_closed().await;
    }
}

#[tokio::test]
async fn a_session_upgrades_within_its_connection() {
    let host = Host::start(echo_with(options())).await;
    let h2 = H2::connect(host.address).await;
    let target = join(&h2).await;
    let poll = tokio::spawn(h2.send("GET", &target, &[], ""));
    let mut ws = h2.websocket(&target.replace("transport=polling", "transport=websocket")).await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    poll.await.unwrap().is(200, "6");
    ws.send("5").await;
    ws.expect_echo("upgraded").await;
}

#[tokio::test]
async fn the_handshake_knows_the_request_and_that_it_is_secure() {
    let io = Server::builder().http2(true).build();
    io.on_connect(async |socket: Socket| {
        let handshake = socket.handshake();
        let host = handshake.address().unwrap().ip().to_string();
        socket.emit("seen", (handshake.secure().to_string(), handshake.url().to_owned(), host))
    });
    let host = start_tls(io).await;
    let mut ws = H2::connect_tls(host.address).await.websocket(WEBSOCKET).await;
    assert!(ws.text().await.starts_with("0{"));
    ws.join().await;
    ws.expect(&format!("42[\"seen\",\"true\",\"{WEBSOCKET}\",\"127.0.0.1\"]")).await;
}

#[tokio::test]
async fn without_tls_a_scheme_is_only_a_claim() {
    let io = Server::builder().http2(true).build();
    io.on_connect(async |socket: Socket| socket.emit("secure", &socket.handshake().secure()));
    let host = Host::start(io).await;
    let h2 = H2::claiming("https", host.address).await;
    let mut ws = h2.websocket(WEBSOCKET).await;
    assert!(ws.text().await.starts_with("0{"));
    ws.join().await;
    ws.expect("42[\"secure\",false]").await;
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_here_too() {
    let host = Host::start(echo_with(options())).await;
    let h2 = H2::connect(host.address).await;
    let version = ("sec-websocket-version", "13");
    for (origin, status) in [("http://evil.example", 403), ("http://localhost", 200)] {
        assert_eq!(h2.send("GET", POLLING, &[("origin", origin)], "").await.status, status);
        let (response, _) = h2.tunnel("websocket", WEBSOCKET, &[version, ("origin", origin)]).await;
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn only_a_whole_handshake_becomes_a_websocket() {
    let host = Host::start(echo_with(options())).await;
    let h2 = H2::connect(host.address).await;
    for (protocol, headers, status) in [
        ("websocket", &[("sec-websocket-version", "8")][..], 426),
        ("websocket", &[], 400),
        ("websocket", &[("sec-websocket-version", "13"), ("sec-websocket-version", "13")], 400),
        ("connect-udp", &[("sec-websocket-version", "13")], 400),
    ] {
        let (response, _) = h2.tunnel(protocol, WEBSOCKET, headers).await;
        assert_eq!(response.status(), status, "{protocol} {headers:?}");
        let version = response.headers().get("sec-websocket-version").map(|version| version.as_bytes());
        assert_eq!(version, (status == 426).then_some(&b"13"[..]));
    }
    let (response, _) = h2.tunnel("websocket", "/elsewhere", &[("sec-websocket-version", "13")]).await;
    assert_eq!(response.status(), 404);
    // The head of HTTP/1's handshake means nothing in HTTP/2.
    let get = h2.send("GET", WEBSOCKET, &[("sec-websocket-version", "13")], "").await;
    assert_eq!(get.status, 400);
}

#[tokio::test]
async fn http_1_goes_on_beside_it() {
    let host = Host::start(echo_with(options())).await;
    host.client().await.expect_echo("hello").await;
    assert_eq!(host.io.counts().direct, 1);
    let mut poller = host.poller().await;
    poller.join().await;
    // A head that begins like the preface of HTTP/2 and comes in pieces.
    let mut http = Http::connect(host.address).await;
    http.write("P").await;
    host.settle().await;
    http.write(format!(
        "OST {} HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n42[\"echo\",1]",
        poller.target()
    ))
    .await;
    http.response().await.is(200, "ok");
    let tls = start_tls(echo_with(options())).await;
    let stream = connect(tls.address, trust(&["http/1.1"])).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn it_is_off_by_default() {
    let host = Host::start(echo()).await;
    let mut http = Http::connect(host.address).await;
    http.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    http.ended().await;
    host.client().await.expect_echo("hello").await;
}

#[tokio::test]
async fn a_host_server_that_offers_it_gets_websockets_too() {
    let io = echo();
    let app = Router::new().route("/", get(async || "page")).layer(io.layer());
    let host = Host::serve(io, async move |listener| {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(app.clone());
            tokio::spawn(async move {
                let mut builder = auto::Builder::new(TokioExecutor::new());
                builder.http2().enable_connect_protocol();
                builder.serve_connection_with_upgrades(TokioIo::new(tcp), service).await
            });
        }
    })
    .await;
    let h2 = H2::connect(host.address).await;
    join(&h2).await;
    let mut ws = h2.websocket(WEBSOCKET).await;
    assert!(ws.text().await.starts_with("0{"));
    ws.join().await;
    ws.expect_echo("hello").await;
    h2.get("/").await.is(200, "page");
}

/// A server with a route that never answers and one that takes a body.
async fn with_routes() -> Host {
    let io = echo_with(options());
    let app = Router::new()
        .route("/wait", get(std::future::pending::<()>))
        .route("/upload", post(async |body: Bytes| body.len().to_string()))
        .layer(io.layer());
    Host::serve(io, async move |listener| {
        sockeye::serve(listener, app).http2(true).await.unwrap();
    })
    .await
}

#[tokio::test]
async fn a_connection_that_is_not_used_ends_after_ten_seconds() {
    let clock = Clock::hold();
    let host = Host::start(echo_with(options())).await;
    let mut idle = H2::connect(host.address).await;
    join(&idle).await;
    for _ in 0..9 {
        clock.advance(SECOND).await;
        host.settle().await;
    }
    assert!(!idle.running.is_finished());
    clock.advance(2 * SECOND).await;
    crate::client::patiently("the end", &mut idle.running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_waits_for_events_does_not_end() {
    let clock = Clock::hold();
    let host = Host::start(echo_with(options())).await;
    let polling = H2::connect(host.address).await;
    let target = join(&polling).await;
    let poll = tokio::spawn(polling.send("GET", &target, &[], ""));
    let talking = H2::connect(host.address).await;
    let mut ws = talking.websocket(WEBSOCKET).await;
    assert!(ws.text().await.starts_with("0{"));
    ws.join().await;
    host.settle().await;
    for _ in 0..24 {
        clock.advance(SECOND).await;
        host.settle().await;
    }
    ws.expect_echo("alive").await;
    polling.send("POST", &target, &[], "42[\"echo\",1]").await.is(200, "ok");
    poll.await.unwrap().is(200, "42[\"echo\",1]");
}

#[tokio::test]
async fn the_server_s_end_lets_requests_finish() {
    let host = Host::start(echo_with(options())).await;
    let mut h2 = H2::connect(host.address).await;
    let target = join(&h2).await;
    let poll = tokio::spawn(h2.send("GET", &target, &[], ""));
    host.settle().await;
    host.io.close().await;
    poll.await.unwrap().is(200, "1");
    crate::client::patiently("the end", &mut h2.running).await.unwrap().unwrap();
    crate::client::patiently("the server's end", host.running).await.unwrap();
}

#[tokio::test]
async fn a_body_that_trickles_is_cut_off() {
    let clock = Clock::hold();
    let host = with_routes().await;
    let target = join(&H2::connect(host.address).await).await;
    let mut raw = crate::client::h2::RawH2::connect(host.address).await;
    let head = crate::client::h2::block("POST", &target, &[("content-length", "1000")]);
    raw.write(crate::client::h2::raw(crate::client::h2::HEADERS, crate::client::h2::END_HEADERS, 1, &head))
        .await;
    raw.write(crate::client::h2::raw(crate::client::h2::DATA, 0, 1, b"4")).await;
    raw.expect_alive().await;
    host.settle().await;
    clock.advance(6 * SECOND).await;
    let (.., block) = raw.next(crate::client::h2::HEADERS).await;
    // `:status: 408`, whose name is entry 8 of HPACK's static table.
    assert!(block.windows(3).any(|bytes| bytes == b"408") || block.first() == Some(&0x48), "{block:?}");
}
