//! The opening handshake (RFC 6455 § 4.2.2), with Engine.IO's open packet in the same write.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use memchr::{memchr, memmem};
use sha1::{Digest, Sha1};

use crate::frame;

/// Whether a request's head, without its last empty line, asks for the WebSocket transport.
pub(super) fn is_upgrade(head: &[u8]) -> bool {
    let request_line = &head[..memchr(b'\r', head).unwrap_or(head.len())];
    memmem::find(request_line, b"transport=websocket").is_some()
}

/// The answer to an upgrade, and the open packet of session `id`.
pub(super) fn response(head: &[u8], id: u32) -> Vec<u8> {
    let mut response = b"HTTP/1.1 101 Switching Protocols\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        .to_vec();
    response.extend_from_slice(accept(key(head)).as_bytes());
    response.extend_from_slice(b"\r\n\r\n");
    frame::push(&mut response, frame::TEXT, open_packet(&format!("lim{id:017}"), "").as_bytes());
    response
}

/// Engine.IO's open packet; `upgrades` is the inside of its list.
pub(super) fn open_packet(session_id: &str, upgrades: &str) -> String {
    format!(
        "0{{\"sid\":\"{session_id}\",\"upgrades\":[{upgrades}],\
         \"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}}"
    )
}

fn key(head: &[u8]) -> &[u8] {
    const NAME: &[u8] = b"sec-websocket-key: ";
    let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let is_key = |line: &&[u8]| line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME));
    lines.into_iter().find(is_key).map_or(&[], |line| &line[NAME.len()..])
}

fn accept(key: &[u8]) -> String {
    let digest =
        Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    BASE64_STANDARD.encode(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_of_rfc_6455_is_accepted_as_the_rfc_says() {
        let head = b"GET /chat HTTP/1.1\r\nsec-websocket-KEY: dGhlIHNhbXBsZSBub25jZQ==\r\nHost: x";
        assert_eq!(accept(key(head)), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn only_the_request_line_decides_about_the_transport() {
        assert!(is_upgrade(b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x"));
        assert!(!is_upgrade(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nX: transport=websocket"));
    }
}
