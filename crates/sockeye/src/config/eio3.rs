//! The option for clients of Socket.IO 2.

use super::ServerBuilder;
use sockeye_proto::engine::Accepts;

impl ServerBuilder {
    /// Whether clients of Socket.IO 2, which speak Engine.IO 3, are let in: false by default.
    ///
    /// They are in the main namespace without asking, send their query with the name of a namespace
    /// (`/admin?token=x`, read as [`Socket::auth`](crate::Socket::auth)), and get an error as `message` alone or as
    /// `data` alone. They ping the server: one that does not within `ping_interval` and `ping_timeout` together is
    /// gone.
    ///
    /// Such a client takes its session's secret id for its public one, because it works the id out by itself.
    /// Whoever learns the id of one that polls may send in its name: do not show these ids to others, or have the
    /// clients use WebSockets only.
    ///
    /// ```
    /// use sockeye::{Protocol, Server, Socket};
    ///
    /// let io = Server::builder().allow_eio3(true).build();
    /// io.on_connect(async |socket: Socket| {
    ///     if socket.protocol() == Protocol::V3 {
    ///         println!("an old client: {}", socket.id());
    ///     }
    /// });
    /// ```
    ///
    /// Source: `allowEIO3` in Node.
    pub fn allow_eio3(mut self, allow: bool) -> Self {
        self.0.accepts = if allow { Accepts::V3AndV4 } else { Accepts::V4 };
        self
    }
}
