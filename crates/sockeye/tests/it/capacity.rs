//! How many connections a listener takes, and what the others hear: 503 before anything is kept for them.

use crate::client::tls::certificate;
use crate::client::{Host, Http, POLLING, Response, UPGRADE, WEBSOCKET, Ws, echo_with, engine_echo};
use sockeye::{Server, ServerBuilder};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpSocket;

async fn start(options: ServerBuilder) -> Host {
    Host::start(echo_with(options)).await
}

/// What a new connection is answered.
async fn ask(address: SocketAddr) -> (Http, Response) {
    let mut http = Http::connect(address).await;
    let answer = http.get(POLLING).await;
    (http, answer)
}

/// A connection from another address of this machine.
async fn connect_from(local: &str, address: SocketAddr) -> Http {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(local.parse().unwrap(), 0)).unwrap();
    Http::on(socket.connect(address).await.unwrap())
}

fn assert_refused(answer: &Response) {
    answer.is(503, "too many connections");
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(answer.header("connection"), Some("close"));
}

/// Asks until there is a place again: nobody announces when the server has seen the end of a connection.
async fn until_taken(address: SocketAddr) -> Http {
    crate::client::patiently("a free place", async {
        loop {
            let (http, answer) = ask(address).await;
            if answer.status == 200 {
                return http;
            }
            assert_refused(&answer);
        }
    })
    .await
}

#[tokio::test]
async fn the_last_place_is_given_and_the_next_connection_refused() {
    let host = start(Server::builder().max_connections(3)).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let (http, answer) = ask(host.address).await;
        assert_eq!(answer.status, 200);
        held.push(http);
    }
    let (mut http, answer) = ask(host.address).await;
    assert_refused(&answer);
    http.ended().await;
    held.pop();
    held.push(until_taken(host.address).await);
    assert_refused(&ask(host.address).await.1);
    for http in &mut held {
        assert_eq!(http.get(POLLING).await.status, 200, "who is in stays in");
    }
    assert_eq!(host.io.counts().clients, 7, "the refused have no session");
}

#[tokio::test]
async fn every_one_of_many_that_are_too_many_hears_it() {
    let host = start(Server::builder().max_connections(10)).await;
    let mut all = Vec::new();
    for _ in 0..60 {
        let mut http = Http::connect(host.address).await;
        http.send("GET", POLLING, &[], b"").await;
        all.push(http);
    }
    let mut statuses = [0, 0];
    for http in &mut all {
        let answer = http.response().await;
        statuses[usize::from(answer.status == 503)] += 1;
    }
    assert_eq!(statuses, [10, 50]);
    assert_eq!(host.io.counts().clients, 10);
}

#[tokio::test]
async fn a_websocket_keeps_its_place_until_it_ends() {
    let host = start(Server::builder().max_connections(2)).await;
    let mut opened = host.client().await;
    let (http, open) = ask(host.address).await;
    let sid = open.body.split('"').nth(3).unwrap();
    assert_refused(&ask(host.address).await.1);
    // The connection of the polls makes place for the WebSocket that follows them.
    drop(http);
    let place = until_taken(host.address).await;
    let mut upgraded = Ws::open_on(place, &format!("/socket.io/?EIO=4&transport=websocket&sid={sid}")).await;
    upgraded.send("2probe").await;
    upgraded.expect("3probe").await;
    upgraded.send("5").await;
    upgraded.join().await;
    for _ in 0..3 {
        assert_refused(&ask(host.address).await.1);
        opened.expect_echo("opened").await;
        upgraded.expect_echo("upgraded").await;
    }
    drop(opened.stream);
    let _opened = until_taken(host.address).await;
    assert_refused(&ask(host.address).await.1);
    drop(upgraded.stream);
    let _upgraded = until_taken(host.address).await;
    assert_refused(&ask(host.address).await.1);
}

#[tokio::test]
async fn an_upgrade_that_nobody_takes_keeps_its_place() {
    let host = start(Server::builder().max_connections(1)).await;
    let mut http = host.http().await;
    let answer =
        http.request("GET", "/elsewhere", &[("Upgrade", "h2c"), ("Connection", "Upgrade")], b"").await;
    assert_eq!(answer.status, 404);
    assert_refused(&ask(host.address).await.1);
}

#[tokio::test]
async fn each_address_has_its_own_places() {
    let host = start(Server::builder().max_connections_per_ip(2)).await;
    let mut held = Vec::new();
    for local in ["127.0.0.1", "127.0.0.1", "127.0.0.2"] {
        let mut http = connect_from(local, host.address).await;
        assert_eq!(http.get(POLLING).await.status, 200, "{local}");
        held.push(http);
    }
    assert_refused(&ask(host.address).await.1);
    let mut other = connect_from("127.0.0.2", host.address).await;
    assert_eq!(other.get(POLLING).await.status, 200);
    drop(held.remove(0));
    until_taken(host.address).await;
}

#[tokio::test]
async fn a_trusted_proxy_is_not_limited_by_its_address() {
    let proxy = ["127.0.0.1".parse().unwrap()];
    let host = start(Server::builder().max_connections_per_ip(1).trusted_proxies(proxy)).await;
    let _held = [host.session().await, host.session().await, host.session().await];
}

#[tokio::test]
async fn a_second_has_so_many_connections() {
    let clock = crate::client::Clock::hold();
    let host = start(Server::builder().max_accepts_per_second(3)).await;
    for _ in 0..2 {
        for _ in 0..3 {
            assert_eq!(ask(host.address).await.1.status, 200);
        }
        assert_refused(&ask(host.address).await.1);
        clock.advance(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn under_serve_the_same_limits_hold_for_all_routes() {
    let io = Server::new();
    let app = axum::Router::new().layer(io.layer());
    let host = Host::serve(io, async move |listener| {
        sockeye::serve(listener, app).max_connections(2).await.unwrap();
    })
    .await;
    let mut page = host.http().await;
    assert_eq!(page.get("/").await.status, 404);
    let _session = host.session().await;
    assert_refused(&ask(host.address).await.1);
}

#[tokio::test]
async fn two_listeners_of_a_server_share_its_places() {
    let io = Server::builder().max_connections(1).build();
    let second = io.clone();
    let first = Host::start(io).await;
    let second = Host::start(second).await;
    let _held = first.session().await;
    assert_refused(&ask(second.address).await.1);
}

#[tokio::test]
async fn one_too_many_under_tls_is_closed_before_the_handshake() {
    let io = echo_with(Server::builder().max_connections(1));
    let served = io.clone();
    let host =
        Host::serve(io, async move |listener| served.listen_tls_on(listener, certificate()).await.unwrap())
            .await;
    let _held = crate::client::tls::connect(host.address, crate::client::tls::trust(&[])).await.unwrap();
    let mut http = Http::connect(host.address).await;
    http.ended().await;
    assert!(!http.has_answer() || http.try_response().await.is_none());
}

#[tokio::test]
async fn who_is_refused_and_stays_is_cut_off_after_a_second() {
    let clock = crate::client::Clock::hold();
    let host = start(Server::builder().max_connections(1)).await;
    let mut held = host.http().await;
    assert_eq!(held.get(POLLING).await.status, 200);
    let mut lingering = Http::connect(host.address).await;
    assert_refused(&lingering.response().await);
    // It has been told; its side of the connection stays open until the server drops it.
    clock.advance(Duration::from_secs(2)).await;
    assert_eq!(held.get(POLLING).await.status, 200);
    loop {
        // Writing to a connection that is gone fails as soon as the kernel has heard of it.
        if tokio::io::AsyncWriteExt::write_all(&mut lingering.stream, b"still here").await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_limit_may_be_lifted() {
    let host = start(Server::builder().max_connections(0)).await;
    assert_eq!(ask(host.address).await.1.status, 200);
}

#[tokio::test]
async fn sessions_in_no_namespace_are_as_many_as_the_limit_says() {
    let host = start(Server::builder().max_unjoined_sessions(3)).await;
    let refused = async || {
        for (target, headers) in [(POLLING, [].as_slice()), (WEBSOCKET, UPGRADE.as_slice())] {
            let answer = host.http().await.request("GET", target, headers, b"").await;
            answer.is(503, "too many sessions in no namespace");
            assert_eq!(answer.header("retry-after"), Some("5"));
        }
    };
    let mut poller = host.poller().await;
    let mut ws = host.session().await;
    let mut third = host.poller().await;
    refused().await;
    assert_eq!(host.io.counts().clients, 3);
    // A refusal leaves nothing behind: the place of who joins, or goes away, is one place.
    ws.join().await;
    let _fourth = host.session().await;
    refused().await;
    third.send("1").await;
    host.settle().await;
    let mut fifth = host.session().await;
    refused().await;
    // Whoever was refused by a namespace, or has left it, is told apart.
    fifth.send("40/nobody,").await;
    fifth.text().await;
    refused().await;
    ws.send("41").await;
    poller.join().await;
    host.poller().await;
    refused().await;
}

#[tokio::test]
async fn sessions_of_an_engine_alone_have_nothing_to_join() {
    let host = engine_echo(Server::builder().max_unjoined_sessions(1)).await;
    for _ in 0..3 {
        host.session().await;
        host.poller().await;
    }
}
