//! The opening handshake (RFC 6455 § 4): which request becomes a WebSocket, and which answer proves it.
//!
//! Header values come as bytes, so any HTTP library can stand in front. Origin, path and authentication are
//! for whoever answers the request; subprotocols are neither offered nor agreed to. Of extensions there is
//! compression: a client's offer is part of its handshake, a server answers one with
//! [`DeflateServer`](super::DeflateServer).

mod client;
mod server;
#[cfg(test)]
mod tests;

pub use client::{ClientHandshake, ClientHandshakeError, ClientRequestError, MAX_RESPONSE_HEAD_BYTES};
pub use server::{UpgradeError, UpgradeRequest};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest as _, Sha1};

/// What both ends append to the key before hashing (§ 1.3), so that only a WebSocket server knows the answer.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The value of `Sec-WebSocket-Accept`: 28 characters that prove the request was read as a WebSocket one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept([u8; 28]);

impl Accept {
    fn of_key(key: &[u8]) -> Accept {
        let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
        let mut text = [0; 28];
        // 20 bytes are exactly 28 characters, so this cannot fail.
        let _ = BASE64_STANDARD.encode_slice(digest, &mut text);
        Accept(text)
    }

    /// The 28 characters.
    pub fn as_str(&self) -> &str {
        // ASCII by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Whether a comma-separated header value names `token`, ignoring case. One pass, whatever the value.
fn has_token(value: &[u8], token: &str) -> bool {
    value.split(|byte| *byte == b',').any(|part| is_token(part, token))
}

/// Whether a header value is `token` and nothing else, ignoring case and surrounding blanks.
fn is_token(value: &[u8], token: &str) -> bool {
    value.trim_ascii().eq_ignore_ascii_case(token.as_bytes())
}
