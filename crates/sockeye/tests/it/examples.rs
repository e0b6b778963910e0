//! The examples, each started here and asked over both transports: what they show works.

use crate::client::tls::bridge;
use crate::client::{Host, Http, UPGRADE, Ws};
use sockeye::Server;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;

#[allow(dead_code, reason = "an example has a main function too")]
#[path = "../../examples/axum.rs"]
mod axum_host;
#[allow(dead_code, reason = "an example has a main function too")]
#[path = "../../examples/axum_nested.rs"]
mod axum_nested;
#[allow(dead_code, reason = "an example has a main function too")]
#[path = "../../examples/behind_proxy.rs"]
mod behind_proxy;
#[allow(dead_code, reason = "an example has a main function too")]
#[path = "../../examples/hyper.rs"]
mod hyper_host;
#[allow(dead_code, reason = "an example has a main function too")]
#[path = "../../examples/standalone.rs"]
mod standalone;
#[allow(dead_code, reason = "an example has a main function too")]
#[path = "../../examples/tls.rs"]
mod tls;
#[allow(dead_code, reason = "an example has a main function too")]
#[path = "../../examples/tower.rs"]
mod tower_host;

async fn start<F>(serve: impl FnOnce(TcpListener) -> F) -> Host
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    Host::serve(Server::new(), |listener| {
        let served = serve(listener);
        async { served.await.unwrap() }
    })
    .await
}

/// Asks the example who we are, over polling and over WebSocket.
async fn whoami(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> [String; 2] {
    let target = format!("{path}/?EIO=4&transport=polling");
    let mut http = Http::connect(address).await;
    let open = http.request("GET", &target, headers, b"").await;
    assert_eq!(open.status, 200, "{open:?}");
    let target = format!("{target}&sid={}", open.body.split('"').nth(3).unwrap());
    http.request("POST", &target, headers, b"40\x1e42[\"whoami\"]").await.is(200, "ok");
    let mut polled = http.request("GET", &target, headers, b"").await.body;
    if !polled.contains('\u{1e}') {
        polled = http.request("GET", &target, headers, b"").await.body;
    }

    let mut http = Http::connect(address).await;
    let target = format!("{path}/?EIO=4&transport=websocket");
    let response = http.request("GET", &target, &[&UPGRADE, headers].concat(), b"").await;
    assert_eq!(response.status, 101, "{response:?}");
    let mut ws = Ws::from(http);
    assert!(ws.text().await.starts_with("0{"));
    ws.join().await;
    ws.send("42[\"whoami\"]").await;
    [polled.rsplit('\u{1e}').next().unwrap().to_owned(), ws.text().await]
}

const LOCAL: [&str; 2] = ["42[\"you\",\"127.0.0.1\"]"; 2];

#[tokio::test]
async fn standalone_tells_clients_their_address() {
    assert_eq!(whoami(start(standalone::serve).await.address, "/socket.io", &[]).await, LOCAL);
}

#[tokio::test]
async fn axum_tells_clients_their_address_and_serves_its_page() {
    let host = start(axum_host::serve).await;
    assert_eq!(whoami(host.address, "/socket.io", &[]).await, LOCAL);
    host.http().await.get("/").await.is(200, "a page of axum");
}

#[tokio::test]
async fn axum_nests_the_server_under_a_path() {
    let host = start(axum_nested::serve).await;
    assert_eq!(whoami(host.address, "/chat/socket.io", &[]).await, LOCAL);
    host.http().await.get("/").await.is(200, "a page of axum");
    assert_eq!(host.http().await.get("/socket.io/?EIO=4&transport=polling").await.status, 404);
    assert_eq!(host.http().await.get("/chat/socket.io/socket.io.js").await.status, 200);
}

#[tokio::test]
async fn hyper_tells_clients_their_address() {
    let host = start(hyper_host::serve).await;
    assert_eq!(whoami(host.address, "/socket.io", &[]).await, LOCAL);
    host.http().await.get("/").await.is(404, "Not Found");
}

#[tokio::test]
async fn tower_layers_stand_before_and_behind_the_server() {
    let host = start(tower_host::serve).await;
    assert_eq!(whoami(host.address, "/socket.io", &[]).await, LOCAL);
    host.http().await.get("/").await.is(200, "what stands behind");
}

#[tokio::test]
async fn behind_a_proxy_the_address_is_what_it_says() {
    let host = start(behind_proxy::serve).await;
    let forwarded = [("X-Forwarded-For", "6.6.6.6, 1.2.3.4, 127.0.0.1")];
    assert_eq!(whoami(host.address, "/socket.io", &forwarded).await, ["42[\"you\",\"1.2.3.4\"]"; 2]);
    assert_eq!(whoami(host.address, "/socket.io", &[]).await, LOCAL);
}

#[tokio::test]
async fn without_trust_the_same_headers_change_nothing() {
    let host = start(standalone::serve).await;
    assert_eq!(whoami(host.address, "/socket.io", &[("X-Forwarded-For", "1.2.3.4")]).await, LOCAL);
}

#[tokio::test]
async fn tls_tells_clients_their_address() {
    let address = bridge(start(tls::serve).await.address).await;
    assert_eq!(whoami(address, "/socket.io", &[]).await, LOCAL);
}
