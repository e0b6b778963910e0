//! Middleware of the engine is any tower layer in front of the server: here a session kept by cookie, and headers on every
//! answer, as `express-session` and `helmet` give them to the official server.

use crate::client::{Host, POLLING, UPGRADE, WEBSOCKET, Ws, echo};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use sockeye::Socket;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

/// One visitor, whatever they visit.
#[derive(Clone, Default)]
struct Session(Arc<AtomicU64>);

static SESSIONS: LazyLock<Mutex<HashMap<String, Session>>> = LazyLock::new(Mutex::default);

/// Finds the session that the cookie names, or begins one and sets the cookie.
async fn sessions(mut request: Request, next: Next) -> Response {
    let cookie = request.headers().get("cookie").and_then(|cookie| cookie.to_str().ok());
    let known = cookie.and_then(|cookie| cookie.strip_prefix("session=")).map(str::to_owned);
    let (id, is_new) = match known {
        Some(id) => (id, false),
        None => (format!("s{}", SESSIONS.lock().unwrap().len()), true),
    };
    let session = SESSIONS.lock().unwrap().entry(id.clone()).or_default().clone();
    session.0.fetch_add(1, Ordering::SeqCst);
    request.extensions_mut().insert(session);
    let mut response = next.run(request).await;
    if is_new {
        let cookie = format!("session={id}; Path=/; HttpOnly; SameSite=Lax");
        response.headers_mut().append("set-cookie", HeaderValue::from_str(&cookie).unwrap());
    }
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

async fn bouncer(request: Request, next: Next) -> Response {
    if request.headers().contains_key("x-banned") {
        return StatusCode::IM_A_TEAPOT.into_response();
    }
    next.run(request).await
}

async fn host() -> Host {
    let io = echo();
    io.on("visits", async |socket: Socket| {
        let session = socket.handshake().extension::<Session>().cloned().unwrap_or_default();
        socket.emit("visits", &session.0.load(Ordering::SeqCst))
    });
    let served = io.clone();
    Host::serve(io, async move |listener| {
        let app = Router::new().layer(served.layer()).layer(from_fn(sessions)).layer(from_fn(bouncer));
        axum::serve(listener, app).await.unwrap();
    })
    .await
}

#[tokio::test]
async fn a_session_begins_with_the_handshake_and_reaches_a_handler_on_either_transport() {
    let host = host().await;
    let open = host.http().await.get(POLLING).await;
    let cookie = open.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("session=s"), "{cookie}");
    assert_eq!(open.header("x-content-type-options"), Some("nosniff"));
    let sid = open.body[r#"0{"sid":""#.len()..][..20].to_owned();
    let target = format!("{POLLING}&sid={sid}");
    let known = [("Cookie", cookie.as_str())];
    let joined = host.http().await.request("POST", &target, &known, b"40").await;
    assert_eq!((joined.status, joined.header("set-cookie")), (200, None));

    let upgrade = [&UPGRADE[..], &known].concat();
    let mut http = host.http().await;
    let opened = http.request("GET", WEBSOCKET, &upgrade, b"").await;
    assert_eq!((opened.status, opened.header("x-content-type-options")), (101, Some("nosniff")));
    let mut ws = Ws::from(http);
    assert!(ws.text().await.starts_with("0{"));
    ws.join().await;
    ws.send("42[\"visits\"]").await;
    // The handshake by polling, its POST, and this WebSocket.
    ws.expect("42[\"visits\",3]").await;
}

#[tokio::test]
async fn a_websocket_without_a_cookie_gets_one_with_the_101() {
    let host = host().await;
    let opened = host.http().await.request("GET", WEBSOCKET, &UPGRADE, b"").await;
    assert_eq!(opened.status, 101);
    assert!(opened.header("set-cookie").unwrap().starts_with("session="));
}

#[tokio::test]
async fn a_layer_that_refuses_keeps_the_request_from_the_server() {
    let host = host().await;
    let banned = [("X-Banned", "1")];
    assert_eq!(host.http().await.request("GET", POLLING, &banned, b"").await.status, 418);
    let banned = [&UPGRADE[..], &banned].concat();
    assert_eq!(host.http().await.request("GET", WEBSOCKET, &banned, b"").await.status, 418);
    assert_eq!(host.io.clients_count(), 0);
}
