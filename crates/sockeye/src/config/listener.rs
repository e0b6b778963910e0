//! Options of the server's own listener. A host server has its own.

use super::ServerBuilder;

impl ServerBuilder {
    /// The most connections that [`listen`](crate::Server::listen) takes at a time, over all listeners of this server:
    /// 65 536 by default; 0 is no limit. A WebSocket counts as long as it lives, a session on polling as the connections of
    /// its requests. Whoever comes on top gets 503 with `Retry-After` before anything is kept for it; under TLS the
    /// connection is closed.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.0.capacity.connections = count;
        self
    }

    /// The most connections that `listen` takes at a time from one address: 0, the default, is no limit. Of IPv6 the first
    /// 64 bits are the address. The [trusted proxies](ServerBuilder::trusted_proxies) are not limited: all clients behind
    /// one have its address.
    pub fn max_connections_per_ip(mut self, count: usize) -> Self {
        self.0.capacity.per_address = count;
        self
    }

    /// The most connections that `listen` takes in one second: 0, the default, is no limit. The others get 503, as with
    /// [`max_connections`](ServerBuilder::max_connections).
    pub fn max_accepts_per_second(mut self, count: u32) -> Self {
        self.0.capacity.per_second = count;
        self
    }

    /// Whether `listen` speaks HTTP/2 too, polling and WebSocket (RFC 8441) alike: false by default. With TLS the client
    /// chooses by ALPN, without it begins with the preface of HTTP/2 (crate feature `http2`).
    ///
    /// A connection has 128 streams at a time, 16 KiB of headers for a request, 20 resets that wait; one without requests
    /// is closed after 10 s. Under another host server HTTP/2 is what that server makes of it.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, speak: bool) -> Self {
        self.0.protocols.http2 = speak;
        self
    }
}
