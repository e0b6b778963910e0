//! The engine alone, as a protocol of one's own stands on it: when a session begins, what it says, how it said it, when it ends.
//! The options about requests are those of the whole server.

use crate::client::{Host, Http, UPGRADE, Ws, patiently};
use sockeye::engine::{CloseReason, EngineServer, EngineSocket, Message};
use sockeye::{Handshake, RequestHead, Server, Transport};
use tokio::sync::mpsc;

const POLLING: &str = "/engine.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/engine.io/?EIO=4&transport=websocket";

async fn host(engine: &EngineServer) -> Host {
    let engine = engine.clone();
    Host::serve(Server::new(), async move |listener| engine.listen_on(listener).await.unwrap()).await
}

/// A session on polling: its later target, and what its open packet came with.
async fn opened(host: &Host) -> (String, String) {
    let open = host.http().await.get(POLLING).await;
    assert_eq!(open.status, 200, "{open:?}");
    let sid = open.body[r#"0{"sid":""#.len()..][..20].to_owned();
    (format!("{POLLING}&sid={sid}"), open.body)
}

fn send(socket: &EngineSocket, text: impl Into<String>) {
    socket.send(Message::Text(text.into())).unwrap();
}

#[tokio::test]
async fn a_session_is_greeted_once_it_begins_and_its_end_is_told() {
    let (tell, mut ends) = mpsc::unbounded_channel();
    let engine = EngineServer::builder(Server::builder().path("/engine.io"))
        .on_connect(|socket| send(socket, format!("hi on {}", socket.transport())))
        .on_message(|socket, message| match message {
            Message::Text(text) if text == "close" => socket.close(),
            Message::Text(text) if text == "panic" => panic!("a bug of the application's"),
            message => socket.send(message).unwrap(),
        })
        .on_close(move |socket, reason| {
            let _ = tell.send((socket.id().as_str().to_owned(), reason));
            panic!("a bug of the application's");
        })
        .build();
    let host = host(&engine).await;
    let (target, open) = opened(&host).await;
    host.http().await.get(&target).await.is(200, "4hi on polling");
    let mut ws = Ws::open(host.address, WEBSOCKET).await;
    let sid = ws.text().await[r#"0{"sid":""#.len()..][..20].to_owned();
    ws.expect("4hi on websocket").await;
    assert_eq!(engine.clients_count(), 2);
    ws.send("4panic").await;
    ws.send("4still here").await;
    ws.expect("4still here").await;
    ws.send("4close").await;
    ws.ended().await;
    assert_eq!(patiently("an end", ends.recv()).await, Some((sid, CloseReason::ForcedClose)));
    let mut http = host.http().await;
    http.request("POST", &target, &[], b"1").await.is(200, "ok");
    let (sid, reason) = patiently("an end", ends.recv()).await.unwrap();
    assert!(open.contains(&sid));
    assert_eq!(reason, CloseReason::TransportClose);
    engine.close().await;
    assert_eq!(engine.clients_count(), 0);
}

#[tokio::test]
async fn the_head_of_the_post_that_carried_a_message_can_be_seen() {
    let engine = EngineServer::builder(Server::builder().path("/engine.io"))
        .on_message_of_request(|socket, _, request: Option<&RequestHead>| match request {
            Some(head) => send(socket, format!("{} {:?}", head.method(), head.header("x-custom"))),
            None => send(socket, "no request"),
        })
        .build();
    let host = host(&engine).await;
    let (target, _) = opened(&host).await;
    for value in ["one", "two"] {
        let headers = [("X-Custom", value)];
        host.http().await.request("POST", &target, &headers, b"4a\x1e4b").await.is(200, "ok");
        let seen = format!("4POST Some(\"{value}\")");
        host.http().await.get(&target).await.is(200, &format!("{seen}\x1e{seen}"));
    }
    let mut ws = Ws::open(host.address, WEBSOCKET).await;
    assert!(ws.text().await.starts_with("0{"));
    ws.send("4a").await;
    ws.expect("4no request").await;
}

#[tokio::test]
async fn the_options_about_requests_hold_for_the_engine_alone() {
    let options = Server::builder()
        .path("/engine.io")
        .allow_request(
            async |request: Handshake| {
                if request.query().any(|(key, _)| key == "deny") { Err("denied") } else { Ok(()) }
            },
        )
        .cookie("io")
        .initial_packet(Message::Text("welcome".to_owned()))
        .transports([Transport::Polling, Transport::WebSocket])
        .allow_upgrades(false);
    let engine = EngineServer::new(options, |_, _| {});
    let host = host(&engine).await;
    let mut http = Http::connect(host.address).await;
    http.get(&format!("{POLLING}&deny=1")).await.is(403, r#"{"code":4,"message":"denied"}"#);
    let open = http.get(POLLING).await;
    assert!(open.header("set-cookie").unwrap().starts_with("io="));
    assert!(open.body.contains(r#""upgrades":[]"#) && open.body.ends_with("\x1e4welcome"), "{}", open.body);
    let denied = host.http().await.request("GET", &format!("{WEBSOCKET}&deny=1"), &UPGRADE, b"").await;
    denied.is(400, "denied");
    assert_eq!(engine.clients_count(), 1);
}
