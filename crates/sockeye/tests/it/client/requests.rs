//! What clients ask for.

/// What the handshake of a WebSocket asks.
pub(crate) const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// What the handshake of a polling client asks.
pub(crate) const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

/// The headers that make a request an upgrade.
pub(crate) const UPGRADE: [(&str, &str); 4] = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];
