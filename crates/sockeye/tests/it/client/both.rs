//! A client of the main namespace on either transport, for what must not depend on it.

use super::{Host, Poller, Ws};
use sockeye::Transport;
use std::collections::VecDeque;

pub(crate) enum Client {
    WebSocket(Ws),
    /// With the packets of the last payload that were not taken yet.
    Polling(Box<Poller>, VecDeque<String>),
}

impl Client {
    pub(crate) async fn session(host: &Host, transport: Transport) -> Self {
        match transport {
            Transport::WebSocket => Self::WebSocket(host.session().await),
            Transport::Polling => Self::Polling(Box::new(host.poller().await), VecDeque::new()),
        }
    }

    /// A session on each transport, in no namespace yet.
    pub(crate) async fn sessions(host: &Host) -> [Self; 2] {
        [Self::session(host, Transport::WebSocket).await, Self::session(host, Transport::Polling).await]
    }

    /// A client on each transport, in the main namespace.
    pub(crate) async fn joined(host: &Host) -> [Self; 2] {
        let mut clients = Self::sessions(host).await;
        for client in &mut clients {
            client.join().await;
        }
        clients
    }

    pub(crate) async fn join(&mut self) -> String {
        match self {
            Self::WebSocket(ws) => ws.join().await,
            Self::Polling(poller, _) => poller.join().await,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::WebSocket(_) => "websocket",
            Self::Polling(..) => "polling",
        }
    }

    /// Sends one packet.
    pub(crate) async fn send(&mut self, packet: &str) {
        match self {
            Self::WebSocket(ws) => ws.send(packet).await,
            Self::Polling(poller, _) => poller.send(packet).await,
        }
    }

    /// Sends packets at once, without waiting for the answer to a POST.
    pub(crate) async fn send_all(&mut self, packets: &[String]) {
        match self {
            Self::WebSocket(ws) => ws.write(packets.iter().flat_map(super::text).collect::<Vec<u8>>()).await,
            Self::Polling(poller, _) => {
                poller.begin_post(packets.join("\x1e")).await;
            }
        }
    }

    /// The next packet.
    pub(crate) async fn text(&mut self) -> String {
        match self {
            Self::WebSocket(ws) => ws.text().await,
            Self::Polling(poller, packets) => {
                if packets.is_empty() {
                    let answer = poller.get().await;
                    assert_eq!(answer.status, 200, "{answer:?}");
                    packets.extend(answer.body.split('\x1e').map(str::to_owned));
                }
                packets.pop_front().unwrap()
            }
        }
    }

    pub(crate) async fn expect(&mut self, packet: &str) {
        let name = self.name();
        assert_eq!(self.text().await, packet, "{name}");
    }

    /// Nothing more is said but that the session has ended.
    pub(crate) async fn expect_closed(&mut self) {
        match self {
            Self::WebSocket(ws) => ws.expect_closed().await,
            Self::Polling(poller, packets) => {
                assert!(packets.is_empty(), "{packets:?}");
                poller.expect("6\x1e1").await;
                assert_eq!(poller.get().await.status, 400);
            }
        }
    }

    /// The verdict on what [`Client::send_all`] sent.
    pub(crate) async fn skip_answer(&mut self) {
        if let Self::Polling(poller, _) = self {
            poller.posts.response().await.is(200, "ok");
        }
    }
}
