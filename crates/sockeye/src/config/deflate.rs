//! Compression of WebSocket messages.

use super::ServerBuilder;
use sockeye_proto::websocket::{DeflateServer, WindowBits};

/// How WebSocket messages are compressed for clients that offer it (`permessage-deflate`).
///
/// Every message is compressed for itself, so that a broadcast is compressed once for all its receivers and an
/// idle connection keeps no window. What compression works with belongs to a thread: about 270 KiB for each
/// window size in use there.
///
/// Secrets that travel in one message with what an attacker chooses can be guessed from its length: emit those
/// with [`Socket::emit_uncompressed`](crate::Socket::emit_uncompressed).
///
/// ```
/// use sockeye::{PerMessageDeflate, Server, WindowBits};
///
/// let options = PerMessageDeflate::new().threshold(512).server_max_window_bits(WindowBits::Twelve);
/// let io = Server::builder().per_message_deflate(options).build();
/// ```
///
/// Source: RFC 7692; mirrors the options of `perMessageDeflate` in Node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an option does nothing until a server is built with it"]
pub struct PerMessageDeflate {
    pub(crate) threshold_bytes: usize,
    pub(crate) level: u8,
    pub(crate) windows: DeflateServer,
}

impl PerMessageDeflate {
    /// The default options.
    pub fn new() -> Self {
        Self { threshold_bytes: 1024, level: 2, windows: DeflateServer::default() }
    }

    /// The size in bytes from which on a message is compressed: 1024 by default. What does not get shorter is
    /// sent as it is. Source: `threshold` in Node.
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold_bytes = bytes;
        self
    }

    /// From 1, fastest, to 9, smallest; what is outside counts as the nearer of the two. The default is 2: on JSON
    /// it takes about twice the time of 1 for a quarter fewer bytes, and 6 (the default in Node) up to twice the time
    /// of 2 for some more hundredths. Source: `zlibDeflateOptions.level` in Node.
    pub fn level(mut self, level: u8) -> Self {
        self.level = level;
        self
    }

    /// The largest window that the server compresses with: 15 bits by default. Clients may ask for less.
    /// Source: RFC 7692 § 7.1.2.1; `serverMaxWindowBits` in Node.
    pub fn server_max_window_bits(mut self, window: WindowBits) -> Self {
        self.windows.server_window = window;
        self
    }

    /// The largest window that clients are asked to compress with, if they let themselves be asked: 15 bits by
    /// default. Source: RFC 7692 § 7.1.2.2; `clientMaxWindowBits` in Node.
    pub fn client_max_window_bits(mut self, window: WindowBits) -> Self {
        self.windows.client_window = window;
        self
    }
}

impl Default for PerMessageDeflate {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerBuilder {
    /// Compresses messages on WebSockets, both ways, for clients that offer it: off by default. The limit on
    /// messages counts inflated bytes; limits on what a connection holds back count compressed ones. Polling has
    /// [`ServerBuilder::http_compression`].
    ///
    /// Source: RFC 7692; mirrors `perMessageDeflate` in Node.
    pub fn per_message_deflate(mut self, options: PerMessageDeflate) -> Self {
        self.0.per_message_deflate = Some(options);
        self
    }
}
