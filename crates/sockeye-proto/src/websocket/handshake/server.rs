//! The server's side: judge the request, compute the answer.

use super::{Accept, has_token, is_token};
use std::fmt;

/// What a server must know of a request to upgrade it. Header values are given as received, `None` if the
/// header is absent; several `Connection` lines are joined with commas.
///
/// ```
/// use sockeye_proto::websocket::UpgradeRequest;
///
/// let request = UpgradeRequest {
///     get: true,
///     http11: true,
///     host: true,
///     upgrade: Some(b"websocket"),
///     connection: Some(b"keep-alive, Upgrade"),
///     version: Some(b"13"),
///     key: Some(b"dGhlIHNhbXBsZSBub25jZQ=="),
///     has_body: false,
/// };
/// assert_eq!(request.accept()?.as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// # Ok::<_, sockeye_proto::websocket::UpgradeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct UpgradeRequest<'a> {
    /// The method is `GET`.
    pub get: bool,
    /// The version is HTTP/1.1.
    pub http11: bool,
    /// There is a `Host` header.
    pub host: bool,
    /// `Upgrade`
    pub upgrade: Option<&'a [u8]>,
    /// `Connection`
    pub connection: Option<&'a [u8]>,
    /// `Sec-WebSocket-Version`
    pub version: Option<&'a [u8]>,
    /// `Sec-WebSocket-Key`
    pub key: Option<&'a [u8]>,
    /// There is a `Transfer-Encoding`, or a `Content-Length` other than 0.
    pub has_body: bool,
}

impl UpgradeRequest<'_> {
    /// The answer to a request that meets every condition of § 4.2.1. A proxy in front may judge a request
    /// that meets only some of them to be plain HTTP, so nothing is forgiven.
    ///
    /// # Errors
    ///
    /// The first condition that is not met. Answer its [`status`](UpgradeError::status) and close.
    pub fn accept(&self) -> Result<Accept, UpgradeError> {
        if !self.get {
            return Err(UpgradeError::Method);
        }
        if !self.http11 {
            return Err(UpgradeError::HttpVersion);
        }
        if !self.host {
            return Err(UpgradeError::Host);
        }
        if !self.upgrade.is_some_and(|value| is_token(value, "websocket")) {
            return Err(UpgradeError::Upgrade);
        }
        if !self.connection.is_some_and(|value| has_token(value, "upgrade")) {
            return Err(UpgradeError::Connection);
        }
        if self.has_body {
            return Err(UpgradeError::Body);
        }
        let version = self.version.ok_or(UpgradeError::MissingVersion)?;
        if version.trim_ascii() != b"13" {
            return Err(UpgradeError::UnsupportedVersion);
        }
        let key = self.key.unwrap_or_default().trim_ascii();
        if is_key(key) { Ok(Accept::of_key(key)) } else { Err(UpgradeError::Key) }
    }
}

/// Whether this is the base64 form of 16 bytes. The four bits that the last character has too many are
/// ignored, as Node does: clients exist that draw 22 random characters.
fn is_key(key: &[u8]) -> bool {
    let Some((digits, b"==")) = key.split_last_chunk() else { return false };
    digits.len() == 22 && digits.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// Why a request does not become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpgradeError {
    /// Another method than `GET`.
    Method,
    /// Another version than HTTP/1.1.
    HttpVersion,
    /// No `Host`.
    Host,
    /// `Upgrade` is missing or not `websocket`.
    Upgrade,
    /// `Connection` is missing or does not name `upgrade`.
    Connection,
    /// The request has a body, whose bytes would be read as frames.
    Body,
    /// No `Sec-WebSocket-Version`.
    MissingVersion,
    /// A `Sec-WebSocket-Version` other than 13; the answer must carry `Sec-WebSocket-Version: 13`.
    UnsupportedVersion,
    /// `Sec-WebSocket-Key` is missing or not the base64 form of 16 bytes.
    Key,
}

impl UpgradeError {
    /// The HTTP status to answer: 405 for the method, 426 for the version of the protocol, else 400.
    pub const fn status(&self) -> u16 {
        match self {
            UpgradeError::Method => 405,
            UpgradeError::UnsupportedVersion => 426,
            _ => 400,
        }
    }
}

impl fmt::Display for UpgradeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UpgradeError::Method => "a WebSocket handshake is a GET request",
            UpgradeError::HttpVersion => "a WebSocket handshake is an HTTP/1.1 request",
            UpgradeError::Host => "a WebSocket handshake needs a Host header",
            UpgradeError::Upgrade => "the Upgrade header is not websocket",
            UpgradeError::Connection => "the Connection header does not name upgrade",
            UpgradeError::Body => "a WebSocket handshake has no body",
            UpgradeError::MissingVersion => "the Sec-WebSocket-Version header is missing",
            UpgradeError::UnsupportedVersion => "the Sec-WebSocket-Version is not 13",
            UpgradeError::Key => "the Sec-WebSocket-Key is not the base64 form of 16 bytes",
        })
    }
}

impl std::error::Error for UpgradeError {}
