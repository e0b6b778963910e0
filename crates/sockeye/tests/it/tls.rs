//! The server with TLS in front, and who does not get through the handshake.

use crate::client::tls::{certificate, connect, trust, trust_with};
use crate::client::{Clock, Host, Http, Mount, POLLING, Reasons, echo};
use sockeye::{Server, Socket};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls::ProtocolVersion;
use tokio_rustls::rustls::version::{TLS12, TLS13};

/// A server with TLS whose address speaks TLS itself.
async fn start(io: Server) -> Host {
    let served = io.clone();
    Host::serve(io, async move |listener| served.listen_tls_on(listener, certificate()).await.unwrap()).await
}

#[tokio::test]
async fn clients_on_every_transport_get_through() {
    let host = Host::mount(echo(), Mount::Tls).await;
    host.client().await.expect_echo("websocket").await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.expect_echo("polling").await;
    poller.upgraded().await.expect_echo("upgraded").await;
}

#[tokio::test]
async fn large_messages_pass_both_ways() {
    let host = Host::mount(echo(), Mount::Tls).await;
    let mut ws = host.client().await;
    for size in [16_383, 16_384, 16_385, 900_000] {
        ws.expect_echo(&"x".repeat(size)).await;
    }
}

#[tokio::test]
async fn what_the_kernel_did_not_take_at_once_leaves_when_it_does() {
    let io = Server::new();
    io.on("flood", async |socket: Socket| {
        for _ in 0..20 {
            socket.emit("data", &"x".repeat(100_000))?;
        }
        Ok::<_, sockeye::EmitError>(())
    });
    let host = Host::mount(io, Mount::Tls).await;
    let mut ws = host.client().await;
    ws.send("42[\"flood\"]").await;
    for _ in 0..20 {
        assert_eq!(ws.text().await.len(), 100_000 + "42[\"data\",\"\"]".len());
    }
}

#[tokio::test]
async fn the_handshake_is_secure_with_tls_and_only_then() {
    for (mount, secure) in [(Mount::Tls, "true"), (Mount::Listen, "false")] {
        let io = Server::new();
        io.on_connect(async |socket: Socket| socket.emit("secure", &socket.handshake().secure().to_string()));
        let host = Host::mount(io, mount).await;
        let mut ws = host.client().await;
        ws.expect(&format!("42[\"secure\",\"{secure}\"]")).await;
        // The target may name any scheme; nobody believes it.
        let mut http = host.http().await;
        let claim = if secure == "true" { "http" } else { "https" };
        let open = http.get(&format!("{claim}://localhost{POLLING}")).await;
        let sid = open.body.split('"').nth(3).unwrap().to_owned();
        http.request("POST", &format!("{POLLING}&sid={sid}"), &[], b"40").await.is(200, "ok");
        let events = http.get(&format!("{POLLING}&sid={sid}")).await.body;
        assert!(events.ends_with(&format!("42[\"secure\",\"{secure}\"]")), "{events}");
    }
}

#[tokio::test]
async fn the_end_is_said_in_tls_too() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::mount(io, Mount::Tls).await;
    let ws = host.client().await;
    let mut other = host.client().await;
    drop(ws.stream);
    assert_eq!(reasons.next().await, "transport close");
    host.io.close().await;
    other.expect_closed().await;
    assert_eq!(reasons.next().await, "server shutting down");
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_and_http_1_1_is_chosen() {
    let host = start(echo()).await;
    for (version, name) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let config = trust_with(&[version], &["h2", "http/1.1"]);
        let tls = connect(host.address, config).await.unwrap();
        assert_eq!(tls.get_ref().1.protocol_version(), Some(name));
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
}

#[tokio::test]
async fn a_client_that_offers_only_http_2_is_refused_where_it_is_not_spoken() {
    let host = start(echo()).await;
    let error = connect(host.address, trust(&["h2"])).await.unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
}

#[tokio::test]
async fn what_is_no_tls_is_closed_and_others_go_on() {
    let host = start(echo()).await;
    let older = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03";
    for garbage in [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".as_slice(), &[0; 100], &[0xff; 70_000], older] {
        let mut http = Http::connect(host.address).await;
        http.write(garbage).await;
        http.ended().await;
    }
    let mut tls = connect(host.address, trust(&[])).await.unwrap();
    tls.write_all(format!("GET {POLLING} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await.unwrap();
    assert!(tls.read_u8().await.is_ok());
}

#[tokio::test]
async fn a_handshake_has_ten_seconds() {
    let clock = Clock::hold();
    let host = start(echo()).await;
    let mut nothing = Http::connect(host.address).await;
    let mut partial = Http::connect(host.address).await;
    // A ClientHello of 512 bytes of which some come each second.
    partial.write([0x16, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]).await;
    let settle = async || connect(host.address, trust(&[])).await.unwrap();
    settle().await;
    for _ in 0..9 {
        clock.advance(Duration::from_secs(1)).await;
        partial.write([0; 5]).await;
        settle().await;
    }
    assert!(!nothing.has_answer() && !partial.has_answer());
    clock.advance(Duration::from_secs(2)).await;
    nothing.ended().await;
    partial.ended().await;
}

#[tokio::test]
async fn a_chain_or_key_that_is_none_is_said_at_the_start() {
    let chain = include_bytes!("../certificates/chain.pem").as_slice();
    let key = include_bytes!("../certificates/key.pem").as_slice();
    for (chain, key, said) in [
        (b"".as_slice(), key, "certificate chain"),
        (key, key, "certificate chain"),
        (chain, b"".as_slice(), "private key"),
        (chain, chain, "private key"),
    ] {
        let error = sockeye::tls::from_pem(chain, key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().starts_with(said), "{error}");
    }
}
