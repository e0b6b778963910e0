//! The contract `abuse` in a process of its own, on a port that the kernel chose. It ends with its test.

use crate::client::{Http, POLLING, Patience, Poller, WEBSOCKET, Ws, patiently};
use serde_json::Value;
use std::net::SocketAddr;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

pub(crate) const MB: u64 = 1_000_000;

pub(crate) struct Abuse {
    pub(crate) address: SocketAddr,
    process: Child,
    _patience: Patience,
}

/// What `/healthz` answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Health {
    /// Resident bytes.
    pub(crate) rss: u64,
    pub(crate) clients: u64,
    pub(crate) sockets: u64,
    pub(crate) tasks: u64,
}

impl Abuse {
    /// With the default heartbeat, for attacks that a ping would disturb.
    pub(crate) async fn start() -> Self {
        Self::with(&[("SLOWPING", "1")]).await
    }

    /// For attacks whose memory is measured: a process on one thread that has served one message of nearly the largest
    /// size on each transport, and its resident bytes after that. Attacks may not hide in what the allocator keeps of
    /// the large messages, so that is held small.
    pub(crate) async fn measured() -> (Self, u64) {
        let (server, fresh) = Self::fresh().await;
        let word = "x".repeat(900_000);
        server.client().await.expect_message_back(&word).await;
        let mut poller = server.poller().await;
        poller.enter().await;
        poller.expect_message_back(&word).await;
        poller.send("1").await;
        let used = server.healthy("nobody", |health| health.clients == 0).await.rss;
        assert_grew_at_most("one large message", fresh, used, 8);
        (server, used)
    }

    /// The same before any large message, for what is small and many.
    pub(crate) async fn fresh() -> (Self, u64) {
        // Huge pages would be counted whole for every page that is used.
        let options = [("SLOWPING", "1"), ("WORKERS", "1"), ("MIMALLOC_ALLOW_THP", "0")];
        let mut server = Self::with(&options).await;
        server.expect_well().await;
        let fresh = server.healthy("nobody", |health| health.clients == 0).await.rss;
        (server, fresh)
    }

    pub(crate) async fn with(options: &[(&str, &str)]) -> Self {
        let patience = Patience::begin();
        let mut process = Command::new(env!("CARGO_BIN_EXE_sockeye-conformance"))
            .arg("abuse")
            .env("PORT", "0")
            .envs(options.iter().copied())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = patiently("the port", said.next_line()).await.unwrap().expect("the server started");
        let port: u16 = line.strip_prefix("listening on port ").expect(&line).parse().unwrap();
        Self { address: SocketAddr::from(([127, 0, 0, 1], port)), process, _patience: patience }
    }

    pub(crate) async fn http(&self) -> Http {
        Http::connect(self.address).await
    }

    /// A session on a WebSocket, in no namespace yet.
    pub(crate) async fn session(&self) -> Ws {
        Ws::session(self.address).await
    }

    /// A client in the main namespace, on a WebSocket.
    pub(crate) async fn client(&self) -> Ws {
        let mut ws = self.session().await;
        ws.enter().await;
        ws
    }

    /// A session on polling, in no namespace yet.
    pub(crate) async fn poller(&self) -> Poller {
        Poller::session(self.address).await
    }

    pub(crate) async fn health(&self) -> Health {
        let answer = self.http().await.get("/healthz").await;
        assert_eq!(answer.status, 200);
        let said: Value = serde_json::from_str(&answer.body).unwrap();
        let number = |name: &str| said[name].as_u64().unwrap();
        Health {
            rss: number("rss"),
            clients: number("clients"),
            sockets: number("sockets"),
            tasks: number("tasks"),
        }
    }

    /// Asks until the answer is as it must be in the end: the server sees the end of a connection in its own time.
    pub(crate) async fn healthy(&self, what: &str, is_so: impl Fn(&Health) -> bool) -> Health {
        let asking = async {
            loop {
                let health = self.health().await;
                if is_so(&health) {
                    return health;
                }
            }
        };
        patiently(what, asking).await
    }

    /// The process lives, and a new client on each transport is served.
    pub(crate) async fn expect_well(&mut self) {
        assert!(self.process.try_wait().unwrap().is_none(), "the server has ended");
        self.client().await.expect_message_back("well").await;
        let mut poller = self.poller().await;
        poller.enter().await;
        poller.expect_message_back("well").await;
        poller.send("1").await;
    }

    /// The answer to a handshake over each transport, with these headers.
    pub(crate) async fn handshakes(&self, headers: &[(&str, &str)]) -> [u16; 2] {
        let polling = self.http().await.request("GET", POLLING, headers, b"").await;
        let upgrade = [crate::client::UPGRADE.as_slice(), headers].concat();
        let websocket = self.http().await.request("GET", WEBSOCKET, &upgrade, b"").await;
        [polling.status, websocket.status]
    }
}

/// At most `mb` more than before.
pub(crate) fn assert_grew_at_most(what: &str, before: u64, after: u64, mb: u64) {
    let grown = after.saturating_sub(before);
    println!("{what}: {before} + {grown} bytes");
    assert!(grown <= mb * MB, "{what}: grew by {grown} bytes, {mb} MB are allowed");
}
