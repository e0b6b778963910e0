//! What a socket's version of the protocol makes of it.

use super::Socket;
use sockeye_proto::engine::Protocol;
use std::borrow::Cow;

impl Socket {
    /// The version of Engine.IO that the client speaks: 4, or 3 of clients of Socket.IO 2, if the server takes them.
    /// Source: `socket.conn.protocol` in Node.
    pub fn protocol(&self) -> Protocol {
        self.handshake().protocol()
    }

    /// The id as the client itself names it: that of [`Socket::id`], which a client of Socket.IO 2 writes behind the
    /// namespace, as in `/admin#Ct4sMMuJ7A3QWrXbAAAB`. In its namespace it is a name of the socket's own room, too.
    ///
    /// Source: `socket.id` in Node, for clients of Engine.IO 3.
    pub fn qualified_id(&self) -> Cow<'_, str> {
        match (self.protocol(), self.inner_namespace().name()) {
            (Protocol::V3, name) if name != "/" => Cow::Owned(format!("{name}#{}", self.id())),
            _ => Cow::Borrowed(self.id().as_str()),
        }
    }
}
