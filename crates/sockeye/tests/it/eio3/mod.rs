//! Clients of Socket.IO 2, which speak Engine.IO 3: what reaches them in other bytes than everybody else.

mod engine;
mod refusals;
mod sockets;

use crate::client::{Host, Http, Response, Ws, engine_echo};
use serde_json::Value;
use sockeye::{Server, ServerBuilder};
use std::net::SocketAddr;

const POLLING: &str = "/socket.io/?EIO=3&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=3&transport=websocket";

fn options() -> ServerBuilder {
    Server::builder().allow_eio3(true)
}

/// The engine alone, which sends every message back as it came.
async fn echo() -> Host {
    engine_echo(options()).await
}

/// A session on polling; each request has a connection of its own.
struct Poller {
    address: SocketAddr,
    /// The open packet.
    open: Value,
    target: String,
}

impl Poller {
    async fn session(host: &Host) -> Self {
        Self::with(host, "").await
    }

    /// A session whose handshake says more in its query.
    async fn with(host: &Host, query: &str) -> Self {
        let opened = Http::connect(host.address).await.get(&format!("{POLLING}{query}")).await;
        assert_eq!(opened.status, 200, "{opened:?}");
        assert_eq!(opened.header("content-type"), Some("text/plain; charset=UTF-8"));
        let (length, packet) = opened.body.split_once(':').unwrap();
        assert_eq!(length, packet.len().to_string());
        let open: Value = serde_json::from_str(packet.strip_prefix('0').unwrap()).unwrap();
        let target = format!("{POLLING}&sid={}", open["sid"].as_str().unwrap());
        Self { address: host.address, open, target }
    }

    fn sid(&self) -> &str {
        self.open["sid"].as_str().unwrap()
    }

    async fn get(&self) -> Response {
        Http::connect(self.address).await.get(&self.target).await
    }

    async fn begin_get(&self) -> Http {
        let mut http = Http::connect(self.address).await;
        http.send("GET", &self.target, &[], b"").await;
        http
    }

    async fn post(&self, body: impl AsRef<[u8]>) -> Response {
        Http::connect(self.address).await.request("POST", &self.target, &[], body.as_ref()).await
    }

    async fn post_octets(&self, body: impl AsRef<[u8]>) -> Response {
        let kind = [("Content-Type", "application/octet-stream")];
        Http::connect(self.address).await.request("POST", &self.target, &kind, body.as_ref()).await
    }

    async fn send(&self, body: impl AsRef<[u8]>) {
        self.post(body).await.is(200, "ok");
    }

    async fn expect(&self, body: &str) {
        self.get().await.is(200, body);
    }

    /// A WebSocket for this session, not yet probed.
    async fn upgrade(&self) -> Ws {
        Ws::open(self.address, &format!("{WEBSOCKET}&sid={}", self.sid())).await
    }
}

/// A session on a WebSocket, with its id; the open packet is taken.
async fn websocket(host: &Host, query: &str) -> (Ws, String) {
    let mut ws = Ws::open(host.address, &format!("{WEBSOCKET}{query}")).await;
    let open: Value = serde_json::from_str(ws.text().await.strip_prefix('0').unwrap()).unwrap();
    let sid = open["sid"].as_str().unwrap().to_owned();
    (ws, sid)
}
