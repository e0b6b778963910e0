//! Session ids are secrets: nobody guesses one, chooses one, or learns one from the public id of a socket.

use crate::client::{Host, Http, POLLING, Poller, UPGRADE, WEBSOCKET, echo};
use std::collections::HashSet;
use tokio::net::TcpSocket;

const UNKNOWN_SID: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

fn is_base64url(id: &str) -> bool {
    id.len() == 20 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

async fn sid_of_new_session(http: &mut Http) -> String {
    http.get(POLLING).await.body[r#"0{"sid":""#.len()..][..20].to_owned()
}

#[tokio::test]
async fn ids_are_twenty_random_characters_without_a_counter() {
    let host = Host::start(echo()).await;
    let mut http = host.http().await;
    let mut seen = HashSet::new();
    let mut previous = String::new();
    let mut differing = 0;
    for _ in 0..2000 {
        let sid = sid_of_new_session(&mut http).await;
        assert!(is_base64url(&sid), "{sid}");
        differing += sid.bytes().zip(previous.bytes()).filter(|(one, other)| one != other).count();
        previous.clone_from(&sid);
        assert!(seen.insert(sid));
    }
    // Neighbours agree in one character of 64; a counter or a clock in the id would show as many more.
    assert!(differing > 1999 * 20 * 95 / 100, "{differing}");
}

#[tokio::test]
async fn the_public_id_of_a_socket_is_not_its_session() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    let id = poller.join().await;
    assert!(is_base64url(&id), "{id}");
    assert_ne!(id, poller.sid);
    let target = format!("{POLLING}&sid={id}");
    let mut thief = host.http().await;
    thief.get(&target).await.is(400, UNKNOWN_SID);
    thief.request("POST", &target, &[], b"42[\"echo\",\"stolen\"]").await.is(400, UNKNOWN_SID);
    let target = format!("{WEBSOCKET}&sid={id}");
    thief.request("GET", &target, &UPGRADE, b"").await.is(400, "Session ID unknown");
    poller.expect_echo("mine").await;
}

#[tokio::test]
async fn a_socket_has_another_id_in_each_namespace() {
    let io = echo();
    io.of("/other");
    let host = Host::start(io).await;
    let mut ws = host.session().await;
    let (one, other) = (ws.join().await, ws.join_namespace("/other").await);
    assert_ne!(one, other);
}

#[tokio::test]
async fn a_session_id_of_the_clients_own_choice_opens_nothing() {
    let host = Host::start(echo()).await;
    let mut http = host.http().await;
    for sid in
        ["AAAAAAAAAAAAAAAAAAAA", "a", "AAAAAAAAAAAAAAAAAAAAA", "../../etc/passwd", "null", "%F0%9F%92%A9"]
    {
        http.get(&format!("{POLLING}&sid={sid}")).await.is(400, UNKNOWN_SID);
    }
    assert_eq!(host.io.counts().clients, 0);
}

#[tokio::test]
async fn a_session_id_that_was_used_up_is_unknown() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.send("1").await;
    poller.get().await.is(400, UNKNOWN_SID);
    poller.post("40").await.is(400, UNKNOWN_SID);
    poller.refused_upgrade(&[]).await.is(400, "Session ID unknown");
}

#[tokio::test]
async fn the_thousand_and_first_unknown_id_of_an_address_is_answered_with_429() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let mut http = host.http().await;
    let target = format!("{POLLING}&sid=AAAAAAAAAAAAAAAAAAAA");
    for guess in 1..=1001 {
        let expected = if guess <= 1000 { 400 } else { 429 };
        assert_eq!(http.get(&target).await.status, expected, "{guess}");
    }
    // Malformed ids count as well, and by any transport.
    assert_eq!(http.get(&format!("{POLLING}&sid=x")).await.status, 429);
    let upgrade = format!("{WEBSOCKET}&sid=AAAAAAAAAAAAAAAAAAAA");
    assert_eq!(http.request("GET", &upgrade, &UPGRADE, b"").await.status, 429);
    // Who knows an id, or asks for a new one, is not held up.
    poller.expect_echo("known").await;
    host.poller().await.join().await;
    // Nor is anybody else.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut neighbour = Http::on(socket.connect(host.address).await.unwrap());
    neighbour.get(&target).await.is(400, UNKNOWN_SID);
}

#[tokio::test]
async fn the_same_session_may_come_from_another_address() {
    let host = Host::start(echo()).await;
    let mut poller = Poller::session(host.address).await;
    poller.join().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.3:0".parse().unwrap()).unwrap();
    poller.posts = Http::on(socket.connect(host.address).await.unwrap());
    poller.expect_echo("roaming").await;
}

#[tokio::test]
async fn live_sessions_are_counted_by_transport() {
    let host = Host::start(echo()).await;
    let counts = || {
        let counts = host.io.counts();
        assert_eq!(host.io.clients_count(), counts.clients);
        (counts.clients, counts.polling, counts.websocket)
    };
    assert_eq!(counts(), (0, 0, 0));
    let mut poller = host.poller().await;
    poller.join().await;
    assert_eq!(counts(), (1, 1, 0));
    let mut client = host.client().await;
    client.expect_echo("hello").await;
    assert_eq!(counts(), (2, 1, 1));
    let mut upgraded = poller.upgraded().await;
    upgraded.expect_echo("hello").await;
    assert_eq!(counts(), (2, 0, 2));
    drop(client);
    let mut other = host.poller().await;
    other.join().await;
    other.send("1").await;
    host.io.close().await;
    assert_eq!(counts(), (0, 0, 0));
}
