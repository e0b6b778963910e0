//! What an HTTP request asks of the engine: its query string, the order of the checks, and the answer to a
//! refused one (engine.io-protocol v4 § Handshake; codes and order as the official server).
//! Whether the session exists, the origin is welcome or the body is small enough, the shell knows.

use super::Transport;
use crate::SessionId;
use std::borrow::Cow;
use std::fmt;

/// The parameters that mean something here. Others (`t`, `b64`, `j`, the application's own) are skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query<'a> {
    /// `EIO`: the protocol version.
    pub eio: Option<Cow<'a, str>>,
    /// `transport`: what the request speaks.
    pub transport: Option<Cow<'a, str>>,
    /// `sid`: the session, absent in a handshake.
    pub sid: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// Reads the part of a URI behind `?`. The first occurrence of a key counts; `%XX` and `+` are decoded,
    /// a malformed `%` stays as it is and bytes that are not UTF-8 become U+FFFD.
    ///
    /// ```
    /// use sockeye_proto::engine::Query;
    ///
    /// let query = Query::parse("EIO=4&transport=poll%69ng&t=abc");
    /// assert_eq!(query.transport.as_deref(), Some("polling"));
    /// assert_eq!(query.sid, None);
    /// ```
    pub fn parse(query: &'a str) -> Query<'a> {
        let mut found = Query::default();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let slot = match &*percent_decode(key) {
                "EIO" => &mut found.eio,
                "transport" => &mut found.transport,
                "sid" => &mut found.sid,
                _ => continue,
            };
            if slot.is_none() {
                *slot = Some(percent_decode(value));
            }
        }
        found
    }
}

/// The methods that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`: opens, polls, upgrades.
    Get,
    /// `POST`: brings packets.
    Post,
    /// `OPTIONS`: a CORS preflight that the shell did not answer.
    Options,
    /// Any other.
    Other,
}

/// What a well-formed request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A new session on that transport.
    Open(Transport),
    /// The packets that wait for the session.
    Poll(SessionId),
    /// Packets for the session, in the body.
    Post(SessionId),
    /// A WebSocket for a session that began with polling.
    Upgrade(SessionId),
}

/// Decides what a request asks for, checking in the order of the official server: transport, then session,
/// then (of a handshake) method, then protocol version. `upgrade` tells whether the request carries
/// `Upgrade: websocket`; `allowed` are the transports that the server is configured for.
///
/// An empty `sid` is none, as with the official server.
///
/// ```
/// use sockeye_proto::engine::{Ask, Method, Query, RequestError, Transport, classify};
///
/// let both = [Transport::Polling, Transport::WebSocket];
/// let query = Query::parse("EIO=4&transport=polling");
/// assert_eq!(classify(Method::Get, &query, false, &both), Ok(Ask::Open(Transport::Polling)));
/// assert_eq!(classify(Method::Post, &query, false, &both), Err(RequestError::BadHandshakeMethod));
/// ```
///
/// # Errors
/// [`RequestError`], which knows its status and body.
pub fn classify(
    method: Method,
    query: &Query<'_>,
    upgrade: bool,
    allowed: &[Transport],
) -> Result<Ask, RequestError> {
    let transport =
        query.transport.as_deref().and_then(Transport::parse).filter(|named| allowed.contains(named));
    let transport = transport.ok_or(RequestError::UnknownTransport)?;
    match query.sid.as_deref().filter(|sid| !sid.is_empty()) {
        Some(sid) => {
            let sid = sid.parse().map_err(|_| RequestError::UnknownSid)?;
            classify_follow_up(method, query, transport, sid, upgrade)
        }
        None => classify_handshake(method, query, transport, upgrade),
    }
}

fn classify_follow_up(
    method: Method,
    query: &Query<'_>,
    transport: Transport,
    sid: SessionId,
    upgrade: bool,
) -> Result<Ask, RequestError> {
    match (transport, upgrade) {
        // No request but the upgrading one names a WebSocket.
        (Transport::WebSocket, false) => return Err(RequestError::TRANSPORT_MISMATCH),
        (Transport::Polling, true) => return Err(RequestError::TRANSPORT_HANDSHAKE_ERROR),
        (Transport::Polling, false) | (Transport::WebSocket, true) => {}
    }
    if !speaks_v4(query) {
        return Err(RequestError::PROTOCOL_MISMATCH);
    }
    match (method, transport) {
        (Method::Get, Transport::Polling) => Ok(Ask::Poll(sid)),
        (Method::Post, Transport::Polling) => Ok(Ask::Post(sid)),
        (Method::Get, Transport::WebSocket) => Ok(Ask::Upgrade(sid)),
        _ => Err(RequestError::MethodNotAllowed),
    }
}

fn classify_handshake(
    method: Method,
    query: &Query<'_>,
    transport: Transport,
    upgrade: bool,
) -> Result<Ask, RequestError> {
    if method != Method::Get {
        return Err(RequestError::BadHandshakeMethod);
    }
    if upgrade != (transport == Transport::WebSocket) {
        return Err(RequestError::TRANSPORT_HANDSHAKE_ERROR);
    }
    if !speaks_v4(query) {
        return Err(RequestError::UnsupportedProtocolVersion);
    }
    Ok(Ask::Open(transport))
}

fn speaks_v4(query: &Query<'_>) -> bool {
    query.eio.as_deref() == Some("4")
}

/// A refused request, as the client is told. Source: the official server's table of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// Code 0: `transport` is missing, unknown or not allowed here.
    UnknownTransport,
    /// Code 1: no session has this `sid`.
    UnknownSid,
    /// Code 2: a handshake that is not a GET.
    BadHandshakeMethod,
    /// Code 3, with the context that logs and hooks are told; the client is not.
    BadRequest(&'static str),
    /// Code 4: the origin or the application refused it.
    Forbidden,
    /// Code 5: `EIO` is not 4.
    UnsupportedProtocolVersion,
    /// Code 3 under status 405: a method that no session knows.
    MethodNotAllowed,
}

impl RequestError {
    /// The request names another transport than the session has, such as a GET after the upgrade.
    pub const TRANSPORT_MISMATCH: RequestError = RequestError::BadRequest("TRANSPORT_MISMATCH");
    /// A WebSocket transport without its upgrade, an upgrade without it, or one that failed.
    pub const TRANSPORT_HANDSHAKE_ERROR: RequestError = RequestError::BadRequest("TRANSPORT_HANDSHAKE_ERROR");
    /// The request names another protocol version than the session has.
    pub const PROTOCOL_MISMATCH: RequestError = RequestError::BadRequest("PROTOCOL_MISMATCH");
    /// The `Origin` header holds characters that no origin has.
    pub const INVALID_ORIGIN: RequestError = RequestError::BadRequest("INVALID_ORIGIN");

    /// The `code` of the body.
    pub const fn code(&self) -> u8 {
        match self {
            RequestError::UnknownTransport => 0,
            RequestError::UnknownSid => 1,
            RequestError::BadHandshakeMethod => 2,
            RequestError::BadRequest(_) | RequestError::MethodNotAllowed => 3,
            RequestError::Forbidden => 4,
            RequestError::UnsupportedProtocolVersion => 5,
        }
    }

    /// The `message` of the body.
    pub const fn message(&self) -> &'static str {
        match self {
            RequestError::UnknownTransport => "Transport unknown",
            RequestError::UnknownSid => "Session ID unknown",
            RequestError::BadHandshakeMethod => "Bad handshake method",
            RequestError::BadRequest(_) | RequestError::MethodNotAllowed => "Bad request",
            RequestError::Forbidden => "Forbidden",
            RequestError::UnsupportedProtocolVersion => "Unsupported protocol version",
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            RequestError::Forbidden => 403,
            RequestError::MethodNotAllowed => 405,
            _ => 400,
        }
    }

    /// The JSON body (`application/json`); `code` is a number.
    pub fn body(&self) -> String {
        format!("{{\"code\":{},\"message\":\"{}\"}}", self.code(), self.message())
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())?;
        match self {
            RequestError::BadRequest(context) => write!(f, " ({context})"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for RequestError {}

fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        decoded.push(match (byte, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, behind @ ..]) => match (hex_digit(*high), hex_digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = behind;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => byte,
        });
    }
    Cow::Owned(match String::from_utf8(decoded) {
        Ok(text) => text,
        Err(bad) => String::from_utf8_lossy(bad.as_bytes()).into_owned(),
    })
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
