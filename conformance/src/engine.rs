//! The contracts of the suites of Engine.IO: of the two protocols, where every message comes back, and of the client.

use crate::net;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value};
use sockeye::engine::{EngineServer, EngineSocket, Message};
use sockeye::{Handshake, Protocol, RequestHead, Server};
use std::io;
use std::time::Duration;

/// `protocol` is the one whose suite is to be run.
pub(crate) async fn serve(protocol: Protocol) -> io::Result<()> {
    let options = Server::builder()
        .path("/engine.io")
        .allow_eio3(protocol == Protocol::V3)
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .allow_any_origin();
    let engine = EngineServer::new(options, |socket, message| {
        // A client that has gone away needs no echo.
        let _ = socket.send(message);
    });
    listen(engine).await
}

/// What the suite of the Engine.IO client talks to: short limits, cookies, and a few messages with an answer.
pub(crate) async fn serve_client_suite() -> io::Result<()> {
    let options = Server::builder()
        .path("/engine.io")
        .ping_interval(Duration::from_millis(500))
        .max_payload_bytes(100)
        .allow_any_origin()
        .allow_request(async |handshake: Handshake| {
            let denied = handshake.query().any(|(key, _)| key == "deny");
            if denied { Err(io::Error::other("Forbidden")) } else { Ok(()) }
        })
        .on_initial_headers(|headers: &mut HeaderMap, _: &RequestHead| set_cookies(headers));
    let engine = EngineServer::builder(options)
        .on_connect(|socket| send(socket, Message::Text("hi".to_owned())))
        .on_message_of_request(|socket, message, request| {
            let answer = match message {
                Message::Text(text) if text == "give binary" => {
                    Message::Binary(Bytes::from_static(&[0, 1, 2, 3, 4]))
                }
                Message::Text(text) if text == "give utf8" => {
                    Message::Text("пойду спать всем спокойной ночи".to_owned())
                }
                Message::Text(text) if text == "sendHeaders" => Message::Text(headers_json(request)),
                echoed => echoed,
            };
            send(socket, answer);
        })
        .build();
    listen(engine).await
}

async fn listen(engine: EngineServer) -> io::Result<()> {
    net::serve_all(move |listener| {
        let engine = engine.clone();
        async move { engine.listen_on(listener).await }
    })
    .await
}

fn send(socket: &EngineSocket, message: Message) {
    // A client that has gone away needs no answer.
    let _ = socket.send(message);
}

fn set_cookies(headers: &mut HeaderMap) {
    // The last two are to be forgotten at once.
    for cookie in [
        "1=1; Max-Age=86400",
        "2=2; Path=/; HttpOnly; Secure; SameSite=Strict",
        "3=3; Max-Age=0",
        "4=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ] {
        headers.append(header::SET_COOKIE, HeaderValue::from_static(cookie));
    }
}

/// The headers of the request that carried a message; of a WebSocket there is none.
fn headers_json(request: Option<&RequestHead>) -> String {
    let headers = request.into_iter().flat_map(RequestHead::headers);
    let json = headers
        .map(|(name, value)| (name.to_owned(), Value::String(String::from_utf8_lossy(value).into_owned())))
        .collect::<Map<_, _>>();
    Value::Object(json).to_string()
}
