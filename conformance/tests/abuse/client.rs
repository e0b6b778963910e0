//! The raw clients of the server's own tests, and what the contract `abuse` says to them. Nothing here is shared with
//! the code under test.

#[path = "../../../crates/sockeye/tests/it/client/http.rs"]
mod http;
#[path = "../../../crates/sockeye/tests/it/client/patience.rs"]
mod patience;
#[path = "../../../crates/sockeye/tests/it/client/poller.rs"]
mod poller;
#[path = "../../../crates/sockeye/tests/it/client/requests.rs"]
mod requests;
#[path = "../../../crates/sockeye/tests/it/client/ws.rs"]
mod ws;

pub(crate) use http::{Http, Response};
pub(crate) use patience::{Patience, patiently};
pub(crate) use poller::Poller;
pub(crate) use requests::{POLLING, UPGRADE, WEBSOCKET};
pub(crate) use ws::{Frame, Ws, binary, frame, text, unmasked};

/// What each socket hears first.
pub(crate) const AUTH: &str = "42[\"auth\",{}]";

impl Ws {
    /// Joins the main namespace and takes all that the contract says to a socket; gives the socket's id.
    pub(crate) async fn enter(&mut self) -> String {
        let id = self.join().await;
        self.expect(AUTH).await;
        id
    }

    /// Sends a `message` and takes the answer: both directions work, and nothing else was said before.
    pub(crate) async fn expect_message_back(&mut self, word: &str) {
        self.send(format!("42[\"message\",\"{word}\"]")).await;
        self.expect(&format!("42[\"message-back\",\"{word}\"]")).await;
    }
}

impl Poller {
    pub(crate) async fn enter(&mut self) {
        self.send("40").await;
        let both = self.get().await.body;
        if !both.ends_with(AUTH) {
            self.expect(AUTH).await;
        }
    }

    pub(crate) async fn expect_message_back(&mut self, word: &str) {
        self.send(format!("42[\"message\",\"{word}\"]")).await;
        self.expect(&format!("42[\"message-back\",\"{word}\"]")).await;
    }
}
