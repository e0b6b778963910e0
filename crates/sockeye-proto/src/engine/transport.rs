//! The two transports of a session, under the names that requests and open packets use.

use std::fmt;

/// How the packets of a session travel. Source: engine.io-protocol v4 § Transports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Long-polling: GET brings packets to the client, POST takes them to the server.
    Polling,
    /// One WebSocket, a packet in each message.
    WebSocket,
}

impl Transport {
    /// The name on the wire: `polling` or `websocket`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Transport::Polling => "polling",
            Transport::WebSocket => "websocket",
        }
    }

    /// The transport of that exact name.
    ///
    /// ```
    /// use sockeye_proto::engine::Transport;
    ///
    /// assert_eq!(Transport::parse("polling"), Some(Transport::Polling));
    /// assert_eq!(Transport::parse("webtransport"), None);
    /// ```
    pub fn parse(name: &str) -> Option<Transport> {
        match name {
            "polling" => Some(Transport::Polling),
            "websocket" => Some(Transport::WebSocket),
            _ => None,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
