//! Options of how packets are written and read.

use super::ServerBuilder;
use sockeye_proto::socket::Parser;
use std::sync::Arc;

impl ServerBuilder {
    /// The form of the packets, which every client must share: text with attachments by default.
    /// [`MsgpackParser`](crate::MsgpackParser) is that of npm `socket.io-msgpack-parser`; your own is a [`Parser`].
    /// Handlers, acks and namespaces are the same with each. Source: `parser` in Node.
    ///
    /// ```
    /// use sockeye::{MsgpackParser, Server};
    ///
    /// let io = Server::builder().parser(MsgpackParser).build();
    /// ```
    pub fn parser(mut self, parser: impl Parser) -> Self {
        self.0.encoding.parser = Some(Arc::new(parser));
        self
    }

    /// How many binary values one packet may hold, in either direction: 10 by default, which is what official clients
    /// receive at most. A client that sends more is disconnected, an emit of more is refused.
    pub fn max_attachments(mut self, count: usize) -> Self {
        self.0.encoding.max_attachments = count;
        self
    }
}
