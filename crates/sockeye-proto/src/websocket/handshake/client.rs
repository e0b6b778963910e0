//! The client's side: write the request, judge the answer.
//!
//! Whatever the server does, at most [`MAX_RESPONSE_HEAD_BYTES`] are kept and every byte is looked at a
//! bounded number of times, however small the pieces. How long to wait is the caller's.

use super::{Accept, has_token, is_token};
use crate::websocket::{DeflateAgreement, DeflateClient, DeflateOfferError};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use memchr::memmem;
use std::fmt;

/// Longest status line and headers that a client takes, in bytes, the empty line included.
pub const MAX_RESPONSE_HEAD_BYTES: usize = 16 * 1024;

/// What a client wrote, and what it waits for.
///
/// ```
/// use sockeye_proto::websocket::ClientHandshake;
///
/// let mut handshake = ClientHandshake::new(*b"the sample nonce");
/// let mut request = Vec::new();
/// handshake.encode_request(&mut request, "example.org", "/chat", [("Origin", "http://example.org")])?;
/// assert!(request.starts_with(b"GET /chat HTTP/1.1\r\nHost: example.org\r\n"));
///
/// let response = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02hi";
/// assert_eq!(handshake.handle_input(response)?, Some(response.len() - 4));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ClientHandshake {
    /// 24 base64 characters.
    key: String,
    /// The answer so far, as long as its end has not come.
    head: Vec<u8>,
    /// The verdict once the head was whole; it stays.
    verdict: Option<Result<(), ClientHandshakeError>>,
    /// What is offered, if anything is.
    offer: Option<DeflateClient>,
    agreement: Option<DeflateAgreement>,
}

impl ClientHandshake {
    /// A handshake whose key is `entropy`, which must come fresh from the operating system.
    pub fn new(entropy: [u8; 16]) -> ClientHandshake {
        let key = BASE64_STANDARD.encode(entropy);
        ClientHandshake { key, head: Vec::new(), verdict: None, offer: None, agreement: None }
    }

    /// Offers compression (RFC 7692).
    #[must_use]
    pub fn with_deflate(mut self, offer: DeflateClient) -> ClientHandshake {
        self.offer = Some(offer);
        self
    }

    /// What was agreed on compression: `None` if it was not offered or the server declined. Known once
    /// [`handle_input`](Self::handle_input) has found a WebSocket.
    pub fn deflate(&self) -> Option<DeflateAgreement> {
        self.agreement
    }

    /// Appends the request to `out`: `host` as in a URL, with the port unless it is the default one; `path`
    /// with the query, percent-encoded; further `headers` as name and value.
    ///
    /// # Errors
    ///
    /// Something given would break out of its place, or is a header of the handshake itself. `out` is then
    /// as it was.
    pub fn encode_request<'h>(
        &self,
        out: &mut Vec<u8>,
        host: &str,
        path: &str,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) -> Result<(), ClientRequestError> {
        let start = out.len();
        let result = self.write_request(out, host, path, headers);
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    fn write_request<'h>(
        &self,
        out: &mut Vec<u8>,
        host: &str,
        path: &str,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) -> Result<(), ClientRequestError> {
        if host.is_empty() || !host.bytes().all(|b| b.is_ascii_graphic() && !b"/?#@\\".contains(&b)) {
            return Err(ClientRequestError::Host);
        }
        if !path.starts_with('/') || !path.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
            return Err(ClientRequestError::Path);
        }
        for part in
            ["GET ", path, " HTTP/1.1\r\nHost: ", host, "\r\nUpgrade: websocket\r\nConnection: Upgrade"]
        {
            out.extend_from_slice(part.as_bytes());
        }
        for part in ["\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ", &self.key, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        if let Some(offer) = &self.offer {
            for part in ["Sec-WebSocket-Extensions: ", &offer.offer(), "\r\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        for (name, value) in headers {
            check_header(name, value)?;
            for part in [name, ": ", value, "\r\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Takes what the server sent. `Some(consumed)` when the connection is a WebSocket: the bytes of `input`
    /// after the first `consumed` are its first frames. `None` while the answer is incomplete; all of
    /// `input` is then taken in and must not come again.
    ///
    /// # Errors
    ///
    /// The answer is not the one of a WebSocket server, or too long. The connection must be dropped.
    pub fn handle_input(&mut self, input: &[u8]) -> Result<Option<usize>, ClientHandshakeError> {
        if let Some(verdict) = self.verdict {
            return verdict.map(|()| Some(0));
        }
        let known = self.head.len();
        let room = MAX_RESPONSE_HEAD_BYTES.saturating_sub(known);
        self.head.extend(input.iter().take(room));
        // The end may straddle two inputs by up to three bytes.
        let from = known.saturating_sub(3);
        let Some(end) = memmem::find(self.head.get(from..).unwrap_or_default(), b"\r\n\r\n") else {
            return match input.len() < room {
                true => Ok(None),
                false => Err(ClientHandshakeError::HeadTooLong { limit: MAX_RESPONSE_HEAD_BYTES }),
            };
        };
        let end = from.saturating_add(end);
        let head = std::mem::take(&mut self.head);
        let verdict = self.check_response(head.get(..end).unwrap_or_default());
        self.verdict = Some(verdict);
        verdict.map(|()| Some(end.saturating_add(4).saturating_sub(known)))
    }

    /// `head` ends before the empty line.
    fn check_response(&mut self, head: &[u8]) -> Result<(), ClientHandshakeError> {
        let mut lines = Lines(Some(head));
        let status = lines.next().and_then(status_of).ok_or(ClientHandshakeError::Malformed)?;
        if status != 101 {
            return Err(ClientHandshakeError::Status(status));
        }
        let (mut upgrade, mut connection, mut accept, mut extensions) = (false, false, None, None);
        for line in lines {
            let (name, value) = split_header(line).ok_or(ClientHandshakeError::Malformed)?;
            if name.eq_ignore_ascii_case(b"upgrade") {
                upgrade = is_token(value, "websocket");
            } else if name.eq_ignore_ascii_case(b"connection") {
                connection |= has_token(value, "upgrade");
            } else if name.eq_ignore_ascii_case(b"sec-websocket-accept") {
                if accept.replace(value).is_some() {
                    return Err(ClientHandshakeError::Accept);
                }
            } else if name.eq_ignore_ascii_case(b"sec-websocket-extensions") {
                if self.offer.is_none() || extensions.replace(value).is_some() {
                    return Err(ClientHandshakeError::UnrequestedExtension);
                }
            } else if name.eq_ignore_ascii_case(b"sec-websocket-protocol") {
                return Err(ClientHandshakeError::UnrequestedProtocol);
            }
        }
        if !upgrade {
            return Err(ClientHandshakeError::Upgrade);
        }
        if !connection {
            return Err(ClientHandshakeError::Connection);
        }
        if accept != Some(Accept::of_key(self.key.as_bytes()).as_str().as_bytes()) {
            return Err(ClientHandshakeError::Accept);
        }
        if let (Some(offer), Some(answer)) = (&self.offer, extensions) {
            self.agreement = Some(offer.judge(answer).map_err(ClientHandshakeError::Deflate)?);
        }
        Ok(())
    }
}

/// Headers that [`ClientHandshake`] writes itself, or whose effect it does not implement.
const RESERVED_HEADERS: [&str; 10] = [
    "host",
    "upgrade",
    "connection",
    "content-length",
    "transfer-encoding",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
];

fn check_header(name: &str, value: &str) -> Result<(), ClientRequestError> {
    if name.is_empty() || !name.bytes().all(is_name_byte) {
        return Err(ClientRequestError::HeaderName);
    }
    if RESERVED_HEADERS.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
        return Err(ClientRequestError::ReservedHeader);
    }
    if value.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
        return Err(ClientRequestError::HeaderValue);
    }
    Ok(())
}

/// A `tchar` of RFC 9110 § 5.6.2.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The parts of a response head between its line ends.
struct Lines<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.0?;
        let end = memmem::find(text, b"\r\n");
        self.0 = end.and_then(|end| text.get(end.saturating_add(2)..));
        end.map_or(Some(text), |end| text.get(..end))
    }
}

/// The status of a line like `HTTP/1.1 101 Switching Protocols`; the phrase may be absent. An old proxy may
/// refuse with HTTP/1.0, but cannot upgrade.
fn status_of(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.1 ").or_else(|| line.strip_prefix(b"HTTP/1.0 "))?;
    let (digits, phrase) = rest.split_first_chunk::<3>()?;
    if !digits.iter().all(u8::is_ascii_digit) || !matches!(phrase, [] | [b' ', ..]) {
        return None;
    }
    let status = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (status != 101 || line.starts_with(b"HTTP/1.1")).then_some(status)
}

/// Name and value of a header line. A folded line or a blank before the colon is refused: readers of HTTP
/// disagree about their meaning.
fn split_header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = (line.get(..colon)?, line.get(colon.saturating_add(1)..)?);
    let valid = !name.is_empty() && name.iter().copied().all(is_name_byte) && !value.contains(&b'\n');
    valid.then_some((name, value.trim_ascii()))
}

/// Why a request cannot be written: the caller's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientRequestError {
    /// The host is empty or holds a byte that no host has.
    Host,
    /// The path does not begin with `/`, or is not percent-encoded, or has a fragment.
    Path,
    /// A header name that is not a token.
    HeaderName,
    /// A header that the handshake writes itself or does not support.
    ReservedHeader,
    /// A header value with a line end or another control character.
    HeaderValue,
}

impl fmt::Display for ClientRequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClientRequestError::Host => "the host is not that of a URL",
            ClientRequestError::Path => "the path must begin with / and be percent-encoded",
            ClientRequestError::HeaderName => "a header name must be a token",
            ClientRequestError::ReservedHeader => "a header belongs to the handshake and cannot be set",
            ClientRequestError::HeaderValue => "a header value must not contain control characters",
        })
    }
}

impl std::error::Error for ClientRequestError {}

/// Why the server's answer does not open a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientHandshakeError {
    /// No end of the response head within the limit.
    HeadTooLong {
        /// [`MAX_RESPONSE_HEAD_BYTES`].
        limit: usize,
    },
    /// Not an HTTP/1.1 response.
    Malformed,
    /// Another status than 101: this one.
    Status(u16),
    /// `Upgrade` is missing or not `websocket`.
    Upgrade,
    /// `Connection` is missing or does not name `upgrade`.
    Connection,
    /// `Sec-WebSocket-Accept` is missing, double or does not fit the key.
    Accept,
    /// The server chose an extension though none was offered, or two.
    UnrequestedExtension,
    /// The server's answer to the offer of compression is none.
    Deflate(DeflateOfferError),
    /// The server chose a subprotocol though none was offered.
    UnrequestedProtocol,
}

impl fmt::Display for ClientHandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientHandshakeError::HeadTooLong { limit } => write!(f, "response head exceeds {limit} bytes"),
            ClientHandshakeError::Malformed => f.write_str("not an HTTP/1.1 response"),
            ClientHandshakeError::Status(status) => write!(f, "unexpected response status {status}"),
            ClientHandshakeError::Upgrade => f.write_str("the response's Upgrade header is not websocket"),
            ClientHandshakeError::Connection => {
                f.write_str("the response's Connection header does not name upgrade")
            }
            ClientHandshakeError::Accept => {
                f.write_str("the Sec-WebSocket-Accept header does not fit the key")
            }
            ClientHandshakeError::UnrequestedExtension => {
                f.write_str("the server chose an extension that was not offered")
            }
            ClientHandshakeError::Deflate(error) => error.fmt(f),
            ClientHandshakeError::UnrequestedProtocol => {
                f.write_str("the server chose a subprotocol that was not offered")
            }
        }
    }
}

impl std::error::Error for ClientHandshakeError {}
