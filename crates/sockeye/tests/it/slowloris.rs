//! Clients that hold a connection and say next to nothing. Each kind is gone within fifteen seconds of the server's clock,
//! which the test moves.

use crate::client::{Clock, Host, Http, Mount, POLLING, echo};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn every_kind_of_slow_client_is_gone_within_fifteen_seconds() {
    let clock = Clock::hold();
    for mount in [Mount::Listen, Mount::Serve, Mount::Tls] {
        let host = Host::mount(echo(), mount).await;
        let target = host.poller().await.target();
        let connect = async || host.http().await;

        let mut nothing = connect().await;
        let mut partial_head = connect().await;
        partial_head.write(format!("GET {POLLING} HTTP/1.1\r\nHo")).await;
        let mut header_a_second = connect().await;
        header_a_second.write(format!("GET {POLLING} HTTP/1.1\r\nHost: a\r\n")).await;
        let mut body_byte_a_second = connect().await;
        let post = format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
        body_byte_a_second.write(post).await;
        let mut chunk_a_second = connect().await;
        let target = host.poller().await.target();
        let post = format!("POST {target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        chunk_a_second.write(post).await;
        let mut idle = connect().await;
        assert_eq!(idle.get(POLLING).await.status, 200);
        let mut idle_after_error = connect().await;
        assert_eq!(idle_after_error.get("/socket.io/?EIO=4").await.status, 400);

        host.settle().await;
        for second in 1..=15 {
            clock.advance(SECOND).await;
            header_a_second.write(format!("x-{second}: 1\r\n")).await;
            body_byte_a_second.write("4").await;
            chunk_a_second.write("1\r\n4\r\n").await;
            host.settle().await;
            if second == 4 {
                for http in [&mut body_byte_a_second, &mut chunk_a_second] {
                    assert!(!http.has_answer(), "a body has five seconds of grace");
                }
            }
            if second == 9 {
                for http in [&mut nothing, &mut partial_head, &mut header_a_second, &mut idle] {
                    assert!(!http.has_answer(), "a head has ten seconds");
                }
            }
        }
        for http in [&mut nothing, &mut partial_head, &mut header_a_second, &mut idle, &mut idle_after_error]
        {
            http.ended().await;
        }
        for http in [&mut body_byte_a_second, &mut chunk_a_second] {
            assert_eq!(http.response().await.status, 408);
            http.ended().await;
        }
    }
}

#[tokio::test]
async fn a_slow_body_is_cut_off_under_axum_serve_too() {
    let clock = Clock::hold();
    let host = Host::mount(echo(), Mount::Axum).await;
    let target = host.poller().await.target();
    let mut http = host.http().await;
    http.write(format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n4")).await;
    host.settle().await;
    clock.advance(6 * SECOND).await;
    assert_eq!(http.response().await.status, 408);
    http.ended().await;
}

#[tokio::test]
async fn the_routes_behind_serve_have_the_same_deadline() {
    let clock = Clock::hold();
    let host = Host::mount(echo(), Mount::Serve).await;
    let mut http = host.http().await;
    http.write("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n4").await;
    host.settle().await;
    clock.advance(6 * SECOND).await;
    assert_eq!(http.response().await.status, 400);
}

#[tokio::test]
async fn a_body_that_keeps_up_may_take_longer() {
    let clock = Clock::hold();
    let host = Host::mount(echo(), Mount::Serve).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let mut event = b"42[\"echo\",\"".to_vec();
    event.resize(29_998, b'a');
    event.extend(b"\"]");
    let target = poller.target();
    let head = |target: &str| format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n");
    let mut upload = Http::connect(host.address).await;
    poller.posts.write(head(&target)).await;
    upload.write(head("/upload")).await;
    for second in event.chunks(1500) {
        poller.posts.write(second).await;
        upload.write(second).await;
        host.settle().await;
        clock.advance(SECOND).await;
    }
    poller.posts.response().await.is(200, "ok");
    upload.response().await.is(200, "30000");
}

#[tokio::test]
async fn a_poll_that_waits_and_an_open_websocket_are_not_slow() {
    let clock = Clock::hold();
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.begin_get().await;
    host.settle().await;
    clock.advance(24 * SECOND).await;
    host.settle().await;
    assert!(!poller.gets.has_answer());
    ws.expect_echo("alive").await;
    // The connection for POSTs has gone, its session has not.
    poller.posts = host.http().await;
    poller.send("42[\"echo\",1]").await;
    poller.gets.response().await.is(200, "42[\"echo\",1]");
}
