//! The engine alone: what an application hears of its sessions. Source: the events of engine and socket in Node.

use crate::client::{Calls, Host, patiently};
use sockeye::engine::{EngineHandlers, EngineServer, EngineSocket, Message};
use sockeye::{RequestHead, Server, Transport};
use tokio::sync::mpsc;

async fn host(handlers: EngineHandlers) -> Host {
    let engine = EngineServer::with_handlers(Server::builder(), handlers);
    Host::serve(Server::new(), async move |listener| engine.listen_on(listener).await.unwrap()).await
}

fn send(socket: &EngineSocket, text: &str) {
    socket.send(Message::Text(text.to_owned())).unwrap();
}

#[tokio::test]
async fn a_session_begins_with_its_listener_on_either_transport() {
    let welcome = |socket: &EngineSocket| {
        let transport = match socket.transport() {
            Transport::Polling => "polling",
            Transport::WebSocket => "websocket",
        };
        send(socket, &format!("welcome {transport}"));
    };
    let host = host(EngineHandlers::new().on_connect(welcome)).await;
    let mut poller = host.poller().await;
    assert_eq!(poller.get().await.body, "4welcome polling");
    let mut ws = host.session().await;
    ws.expect("4welcome websocket").await;
}

#[tokio::test]
async fn a_message_of_a_post_comes_with_its_request_and_one_of_a_websocket_without() {
    let show = |socket: &EngineSocket, _: Message, request: Option<&RequestHead>| {
        let shown = request.map(|request| (request.method(), request.header("content-length")));
        send(socket, &format!("{shown:?}"));
    };
    let host = host(EngineHandlers::new().on_message_with_request(show)).await;
    let mut poller = host.poller().await;
    poller.post("4hello").await;
    assert_eq!(poller.get().await.body, r#"4Some(("POST", Some("6")))"#);
    let mut ws = host.session().await;
    ws.send("4hello").await;
    ws.expect("4None").await;
}

#[tokio::test]
async fn the_end_of_a_session_is_told_once_with_its_reason() {
    let (tell, mut ends) = mpsc::unbounded_channel();
    let handlers = EngineHandlers::new()
        .on_message(|socket, _| socket.close())
        .on_close(move |socket, reason| tell.send((*socket.id(), reason.to_string())).unwrap());
    let host = host(handlers).await;
    let mut ws = host.session().await;
    ws.send("4enough").await;
    assert_eq!(patiently("the end", ends.recv()).await.unwrap().1, "forced close");
    let mut poller = host.poller().await;
    poller.post("1").await;
    let (id, reason) = patiently("the end", ends.recv()).await.unwrap();
    assert_eq!((id.as_str(), &*reason), (&*poller.sid, "transport close"));
    assert!(ends.try_recv().is_err());
}

#[tokio::test]
async fn a_handler_that_panics_costs_its_call_alone() {
    let calls = Calls::default();
    let noted = calls.clone();
    let handlers =
        EngineHandlers::new().on_connect(|_| panic!("on purpose")).on_message(move |socket, message| {
            noted.note(format!("{message:?}"));
            assert_ne!(message, Message::Text("bad".to_owned()));
            send(socket, "still here");
        });
    let host = host(handlers).await;
    let mut ws = host.session().await;
    ws.send("4bad").await;
    ws.send("4good").await;
    ws.expect("4still here").await;
    assert_eq!(calls.take(), [r#"Text("bad")"#, r#"Text("good")"#]);
}
