//! Who may open a session, and under which id: the application's word, asked in a task of its own. Whatever it does, it
//! costs no more than the request at hand.

use crate::client::{Clock, Host, Http, Mount, POLLING, UPGRADE, WEBSOCKET, Ws, echo_with, patiently};
use sockeye::{Handshake, Server, ServerBuilder};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::sync::{Semaphore, mpsc};

const FORBIDDEN: &str = r#"{"code":4,"message":"Forbidden"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
const SID: &str = "eu1-AAAAAAAAAAAAAAAA";

/// Refuses whom their query names in `deny`, with what it says there.
fn doorman() -> ServerBuilder {
    Server::builder().allow_request(async |request: Handshake| {
        match request.query().find(|(key, _)| key == "deny") {
            Some((_, reason)) => Err(reason),
            None => Ok(()),
        }
    })
}

async fn upgrade(host: &Host, target: &str) -> crate::client::Response {
    host.http().await.request("GET", target, &UPGRADE, b"").await
}

#[tokio::test]
async fn a_refused_client_gets_code_4_and_the_message_under_every_mount() {
    for mount in Mount::ALL {
        let host = Host::mount(echo_with(doorman()), mount).await;
        let mut http = host.http().await;
        let refused = http.get(&format!("{POLLING}&deny=not%20today%22%0a")).await;
        refused.is(403, r#"{"code":4,"message":"not today\"\n"}"#);
        assert_eq!(refused.header("content-type"), Some("application/json"));
        http.get(&format!("{POLLING}&deny=")).await.is(403, FORBIDDEN);
        let refused = upgrade(&host, &format!("{WEBSOCKET}&deny=not%20today")).await;
        refused.is(400, "not today");
        assert_eq!(refused.header("connection"), Some("close"));
        upgrade(&host, &format!("{WEBSOCKET}&deny=")).await.is(400, "Forbidden");
        assert_eq!(host.io.counts().clients, 0);
        host.poller().await.join().await;
        host.client().await.expect_echo("let in").await;
    }
}

#[tokio::test]
async fn the_decision_sees_the_request_and_is_asked_on_handshakes_only() {
    let (tell, mut asked) = mpsc::unbounded_channel();
    let io = echo_with(Server::builder().allow_request(async move |request: Handshake| {
        let seen = (
            request.method().to_owned(),
            request.url().to_owned(),
            request.header("cookie").map(str::to_owned),
            request.address().map(|address| address.ip()),
        );
        tell.send(seen).map_err(|_| "nobody listens")
    }));
    let host = Host::start(io).await;
    let headers = [("Cookie", "a=1")];
    assert_eq!(host.http().await.request("GET", POLLING, &headers, b"").await.status, 200);
    let localhost: IpAddr = [127, 0, 0, 1].into();
    let seen = ("GET".to_owned(), POLLING.to_owned(), Some("a=1".to_owned()), Some(localhost));
    assert_eq!(asked.recv().await, Some(seen));

    let mut poller = host.poller().await;
    poller.join().await;
    poller.upgraded().await.expect_echo("hello").await;
    host.session().await;
    let mut http = host.http().await;
    http.get("/socket.io/?EIO=4&transport=abc").await;
    http.get("/socket.io/?EIO=1&transport=polling").await;
    http.get("/socket.io/socket.io.js").await;
    upgrade(&host, "/socket.io/?EIO=1&transport=websocket").await;
    let targets: Vec<_> = std::iter::from_fn(|| asked.try_recv().ok()).map(|seen| seen.1).collect();
    assert_eq!(targets, [POLLING, WEBSOCKET]);
}

#[tokio::test]
async fn a_socket_keeps_the_request_that_was_decided_about() {
    let host = Host::start(echo_with(doorman())).await;
    host.io
        .on("url", async |socket: sockeye::Socket| socket.emit("url", &socket.handshake().url().to_owned()));
    let mut ws = Ws::open(host.address, &format!("{WEBSOCKET}&room=7")).await;
    assert!(ws.text().await.starts_with("0{"));
    ws.join().await;
    ws.send("42[\"url\"]").await;
    ws.expect(&format!("42[\"url\",\"{WEBSOCKET}&room=7\"]")).await;
}

/// A server whose decision waits at a gate, and what became of each.
fn gated() -> (Server, Arc<Semaphore>, mpsc::UnboundedReceiver<&'static str>) {
    let (gate, (tell, told)) = (Arc::new(Semaphore::new(0)), mpsc::unbounded_channel());
    let held = gate.clone();
    let io = echo_with(Server::builder().allow_request(move |_: Handshake| {
        let (held, tell) = (held.clone(), tell.clone());
        async move {
            let _ = tell.send("begun");
            let passed = held.acquire().await.map(|permit| permit.forget());
            let _ = tell.send("decided");
            passed
        }
    }));
    (io, gate, told)
}

#[tokio::test]
async fn a_client_that_goes_away_meanwhile_cuts_no_decision_short_and_opens_nothing() {
    for mount in Mount::ALL {
        let (io, gate, mut told) = gated();
        let host = Host::mount(io, mount).await;
        for (target, headers) in [(POLLING, &[][..]), (WEBSOCKET, &UPGRADE[..])] {
            let mut http = host.http().await;
            http.send("GET", target, headers, b"").await;
            assert_eq!(patiently("the hook", told.recv()).await, Some("begun"));
            drop(http);
            // The host server has noticed when it has dropped the request; nothing else tells a client.
            host.settle().await;
            gate.add_permits(1);
            assert_eq!(patiently("the hook", told.recv()).await, Some("decided"), "{mount:?} {target}");
            host.settle().await;
            assert_eq!(host.io.counts().clients, 0, "{mount:?} {target}");
        }
    }
}

#[tokio::test]
async fn a_decision_that_takes_too_long_refuses_at_the_limit_and_not_before() {
    let clock = Clock::hold();
    let (io, _gate, mut told) = gated();
    let host = Host::start(io).await;
    let mut http = host.http().await;
    http.send("GET", POLLING, &[], b"").await;
    assert_eq!(told.recv().await, Some("begun"));
    host.settle().await;
    clock.advance(Duration::from_millis(9_999)).await;
    host.settle().await;
    assert!(!http.has_answer());
    // Timers are exact to a millisecond.
    clock.advance(Duration::from_millis(2)).await;
    http.response().await.is(400, BAD_REQUEST);
    assert_eq!(told.try_recv().ok(), None);
}

#[tokio::test]
async fn a_decision_that_panics_costs_its_request_alone() {
    let io = echo_with(Server::builder().allow_request(async |request: Handshake| {
        assert!(request.header("x-bug").is_none(), "a bug of the application's");
        Ok::<_, String>(())
    }));
    let host = Host::start(io).await;
    let mut http = host.http().await;
    http.request("GET", POLLING, &[("X-Bug", "1")], b"").await.is(400, BAD_REQUEST);
    // The same connection goes on.
    assert_eq!(http.get(POLLING).await.status, 200);
    let bug = [&UPGRADE[..], &[("X-Bug", "1")]].concat();
    host.http().await.request("GET", WEBSOCKET, &bug, b"").await.is(400, "Bad request");
    host.client().await.expect_echo("hello").await;
}

fn with_id(id: &'static str) -> Server {
    echo_with(Server::builder().generate_id(async move |_: Handshake| Ok::<_, String>(id.to_owned())))
}

#[tokio::test]
async fn an_id_of_the_application_names_the_session_on_both_transports() {
    let host = Host::start(with_id(SID)).await;
    let mut poller = host.poller().await;
    assert_eq!(poller.sid, SID);
    poller.join().await;
    let mut ws = poller.upgraded().await;
    ws.expect_echo("hello").await;

    let host = Host::start(with_id(SID)).await;
    let open = Ws::open(host.address, WEBSOCKET).await.text().await;
    assert!(open.starts_with(&format!(r#"0{{"sid":"{SID}""#)), "{open}");
}

#[tokio::test]
async fn an_id_that_is_in_use_is_refused_until_its_session_has_ended() {
    let host = Host::start(with_id(SID)).await;
    let mut poller = host.poller().await;
    host.http().await.get(POLLING).await.is(400, BAD_REQUEST);
    upgrade(&host, WEBSOCKET).await.is(400, "Bad request");
    poller.join().await;
    poller.send("1").await;
    poller.get().await.is(400, r#"{"code":1,"message":"Session ID unknown"}"#);

    let mut ws = host.session().await;
    host.http().await.get(POLLING).await.is(400, BAD_REQUEST);
    upgrade(&host, WEBSOCKET).await.is(400, "Bad request");
    ws.join().await;
    ws.expect_echo("the owner has not noticed").await;
    assert_eq!(host.io.counts().clients, 1);
}

#[tokio::test]
async fn an_id_is_twenty_characters_of_base64url() {
    for (id, opens) in [
        ("AAAAAAAAAAAAAAAAAAA", false),
        ("AAAAAAAAAAAAAAAAAAAA", true),
        ("AAAAAAAAAAAAAAAAAAAAA", false),
        ("azAZ09-_azAZ09-_azAZ", true),
        ("AAAAAAAAAAAAAAAAAAA=", false),
        ("AAAAAAAAAAAAAAAAAAA\n", false),
        ("AAAAAAAAAAAAAAAAAAé", false),
        ("", false),
    ] {
        let host = Host::start(with_id(id)).await;
        let status = if opens { 200 } else { 400 };
        assert_eq!(host.http().await.get(POLLING).await.status, status, "{id:?}");
        assert_eq!(host.io.counts().clients, usize::from(opens), "{id:?}");
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_made_refuses_its_request_alone() {
    let count = Arc::new(AtomicUsize::new(0));
    let made = count.clone();
    let io = echo_with(Server::builder().generate_id(move |_: Handshake| {
        let count = made.fetch_add(1, Ordering::SeqCst);
        async move {
            match count {
                0 => Err("no ids left"),
                1 => panic!("a bug of the application's"),
                _ => Ok(format!("AAAAAAAAAAAAAAAA{count:04}")),
            }
        }
    }));
    let host = Host::start(io).await;
    let mut http = Http::connect(host.address).await;
    http.get(POLLING).await.is(400, BAD_REQUEST);
    http.get(POLLING).await.is(400, BAD_REQUEST);
    host.poller().await.join().await;
    host.client().await.expect_echo("hello").await;
}

#[tokio::test]
async fn an_id_in_use_by_a_websocket_that_never_came_about_is_free_again() {
    let clock = Clock::hold();
    let host = Host::start(with_id(SID)).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_zero_linger().unwrap();
    let mut http = Http::on(socket.connect(host.address).await.unwrap());
    // Reset before the answer is read: whether or not the stream is handed over, the id comes back.
    http.send("GET", WEBSOCKET, &UPGRADE, b"").await;
    drop(http);
    host.settle().await;
    clock.advance(Duration::from_secs(60)).await;
    host.settle().await;
    assert_eq!(host.io.counts().clients, 0);
    host.session().await;
}
