//! A session on HTTP long-polling. Each request has a connection of its own, because an idle one does not last.

use super::{Http, POLLING, Response, UPGRADE, Ws};
use serde_json::Value;
use std::net::SocketAddr;

pub(crate) struct Poller {
    address: SocketAddr,
    pub(crate) sid: String,
    /// The connection of the last GET.
    pub(crate) gets: Http,
    /// The connection of the last POST.
    pub(crate) posts: Http,
}

impl Poller {
    pub(crate) async fn session(address: SocketAddr) -> Self {
        let mut gets = Http::connect(address).await;
        let open = gets.get(POLLING).await;
        assert_eq!(open.status, 200, "{open:?}");
        let open: Value = serde_json::from_str(open.body.strip_prefix('0').unwrap()).unwrap();
        let sid = open["sid"].as_str().unwrap().to_owned();
        Self { address, sid, gets, posts: Http::connect(address).await }
    }

    /// Asks for the main namespace and takes the reply; gives the socket's id.
    pub(crate) async fn join(&mut self) -> String {
        self.send("40").await;
        let reply = self.get().await.body;
        let reply: Value = serde_json::from_str(reply.strip_prefix("40").expect(&reply)).unwrap();
        reply["sid"].as_str().unwrap().to_owned()
    }

    /// [`Poller::join`] where sockets can be recovered; gives the pid too.
    pub(crate) async fn join_recoverable(&mut self) -> (String, String) {
        self.send("40").await;
        let reply = self.get().await.body;
        let reply: Value = serde_json::from_str(reply.strip_prefix("40").expect(&reply)).unwrap();
        let text = |key: &str| reply[key].as_str().unwrap().to_owned();
        (text("sid"), text("pid"))
    }

    /// What requests of this session ask.
    pub(crate) fn target(&self) -> String {
        format!("{POLLING}&sid={}", self.sid)
    }

    pub(crate) async fn get(&mut self) -> Response {
        self.begin_get().await;
        self.gets.response().await
    }

    /// Sends a GET whose response is taken from `gets` later.
    pub(crate) async fn begin_get(&mut self) {
        let target = self.target();
        self.gets = Http::connect(self.address).await;
        self.gets.send("GET", &target, &[], b"").await;
    }

    /// Sends a POST whose response is taken from `posts` later.
    pub(crate) async fn begin_post(&mut self, body: impl AsRef<[u8]>) {
        let target = self.target();
        self.posts = Http::connect(self.address).await;
        self.posts.send("POST", &target, &[], body.as_ref()).await;
    }

    pub(crate) async fn post(&mut self, body: impl AsRef<[u8]>) -> Response {
        self.begin_post(body).await;
        self.posts.response().await
    }

    /// A POST that must be taken.
    pub(crate) async fn send(&mut self, body: impl AsRef<[u8]>) {
        self.post(body).await.is(200, "ok");
    }

    /// The next poll must bring exactly this.
    pub(crate) async fn expect(&mut self, body: &str) {
        self.get().await.is(200, body);
    }

    pub(crate) async fn expect_echo(&mut self, word: &str) {
        let message = format!("42[\"echo\",\"{word}\"]");
        self.send(&message).await;
        self.expect(&message).await;
    }

    /// A WebSocket for this session, not yet probed.
    pub(crate) async fn upgrade(&self) -> Ws {
        Ws::open(self.address, &self.upgrade_target()).await
    }

    pub(crate) fn upgrade_target(&self) -> String {
        format!("/socket.io/?EIO=4&transport=websocket&sid={}", self.sid)
    }

    /// The answer to a WebSocket that is refused.
    pub(crate) async fn refused_upgrade(&self, headers: &[(&str, &str)]) -> Response {
        let headers = [&UPGRADE, headers].concat();
        Http::connect(self.address).await.request("GET", &self.upgrade_target(), &headers, b"").await
    }

    /// The whole upgrade, with no poll open.
    pub(crate) async fn upgraded(&self) -> Ws {
        let mut ws = self.upgrade().await;
        ws.send("2probe").await;
        ws.expect("3probe").await;
        ws.send("5").await;
        ws
    }
}
