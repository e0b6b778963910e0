//! Long polling: what was posted waits for the session's GET, or is waited for by it.

use std::collections::HashMap;

use memchr::{memchr, memmem};

use super::packet::{CONNECTED, number};
use super::{Key, Limit, handshake};

/// A complete request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    /// The session it names.
    session: Option<u32>,
    /// The body of a POST; `None` for a GET.
    body: Option<&'a [u8]>,
    /// Bytes that the request took.
    pub(super) length: usize,
}

/// The request at the start of `bytes`, whose head takes `head` bytes without its last empty line; `None`
/// until its body is there.
pub(super) fn parse(bytes: &[u8], head: usize) -> Option<Request<'_>> {
    let (head, rest) = bytes.split_at(head);
    let request_line = &head[..memchr(b'\r', head).unwrap_or(head.len())];
    let session = memmem::find(request_line, b"&sid=").map(|at| number(&request_line[at + 5..]));
    let session = session.map(|id| u32::try_from(id).unwrap_or(u32::MAX));
    let body_start = head.len() + 4;
    if !head.starts_with(b"POST") {
        return Some(Request { session, body: None, length: body_start });
    }
    let length = body_start.checked_add(content_length(head))?;
    rest.get(4..length - head.len()).map(|body| Request { session, body: Some(body), length })
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"\r\ncontent-length: ";
    let at = head.windows(NAME.len()).position(|window| window.eq_ignore_ascii_case(NAME));
    at.map_or(0, |at| number(&head[at + NAME.len()..]))
}

/// All polling sessions, by their id. They are never closed: the load generator keeps its own.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<u32, Session>);

#[derive(Debug, Default)]
struct Session {
    /// A payload for the next GET.
    queued: Vec<u8>,
    /// The connection whose GET is parked.
    parked: Option<Key>,
}

impl Sessions {
    /// A connection is closed: its key will be another's.
    pub(super) fn forget(&mut self, key: Key) {
        for session in self.0.values_mut().filter(|session| session.parked == Some(key)) {
            session.parked = None;
        }
    }
}

impl Limit {
    /// Answers or parks a request; false when it names no session and so closes its connection.
    pub(super) fn handle_request(&mut self, key: Key, request: Request<'_>) -> bool {
        let Some(id) = request.session else {
            self.next_id += 1;
            self.sessions.0.insert(self.next_id, Session::default());
            let open = handshake::open_packet(&self.next_id.to_string(), "\"websocket\"");
            self.reply(key, open.as_bytes());
            return true;
        };
        let Some(session) = self.sessions.0.get_mut(&id) else { return false };
        let Some(body) = request.body else {
            if session.queued.is_empty() {
                session.parked = Some(key);
            } else {
                let payload = std::mem::take(&mut session.queued);
                self.reply(key, &payload);
            }
            return true;
        };
        for packet in body.split(|byte| *byte == SEPARATOR) {
            session.answer(packet);
        }
        if !session.queued.is_empty()
            && let Some(parked) = session.parked.take()
        {
            let payload = std::mem::take(&mut session.queued);
            self.reply(parked, &payload);
        }
        self.reply(key, b"ok");
        true
    }

    fn reply(&mut self, key: Key, body: &[u8]) {
        let mut response =
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: ".to_vec();
        response.extend_from_slice(body.len().to_string().as_bytes());
        response.extend_from_slice(b"\r\n\r\n");
        response.extend_from_slice(body);
        self.write(key, &response);
    }
}

impl Session {
    fn answer(&mut self, packet: &[u8]) {
        let answer = if packet == b"40" { CONNECTED } else { packet };
        if !packet.starts_with(b"4") {
            return;
        }
        if !self.queued.is_empty() {
            self.queued.push(SEPARATOR);
        }
        self.queued.extend_from_slice(answer);
    }
}

/// Engine.IO's separator of packets in a payload.
const SEPARATOR: u8 = 0x1e;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_whole(bytes: &[u8]) -> Option<Request<'_>> {
        parse(bytes, memmem::find(bytes, b"\r\n\r\n").unwrap())
    }

    #[test]
    fn a_post_is_complete_with_its_last_byte() {
        let bytes = b"POST /socket.io/?transport=polling&sid=17 HTTP/1.1\r\nContent-Length: 2\r\n\r\n40GET";
        let whole = bytes.len() - 3;
        let request = Request { session: Some(17), body: Some(b"40"), length: whole };
        assert_eq!(parse_whole(bytes), Some(request));
        assert_eq!(parse_whole(&bytes[..whole - 1]), None);
    }

    #[test]
    fn a_get_without_session_opens_one() {
        let bytes = b"GET /socket.io/?transport=polling HTTP/1.1\r\nX: &sid=1\r\n\r\n";
        assert_eq!(parse_whole(bytes), Some(Request { session: None, body: None, length: bytes.len() }));
    }

    #[test]
    fn a_body_longer_than_memory_is_never_complete() {
        let bytes = b"POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n";
        assert_eq!(parse_whole(bytes), None);
    }
}
