//! What an HTTP request asks of the engine: its query string, the order of the checks, and the answer to a
//! refused one (engine.io-protocol v4 § Handshake; codes and order as the official server).
//! Whether the session exists, the origin is welcome or the body is small enough, the shell knows.

use super::{Accepts, Protocol, Transport};
use crate::SessionId;
use crate::percent::percent_decode;
use std::borrow::Cow;
use std::fmt;

/// The parameters that mean something here. Others (`t`, `j`, the application's own) are skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query<'a> {
    /// `EIO`: the protocol version.
    pub eio: Option<Cow<'a, str>>,
    /// `transport`: what the request speaks.
    pub transport: Option<Cow<'a, str>>,
    /// `sid`: the session, absent in a handshake.
    pub sid: Option<Cow<'a, str>>,
    /// `b64`: the client takes no binary (version 3).
    pub b64: Option<Cow<'a, str>>,
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
        let is_coded = memchr::memchr2(b'%', b'+', query.as_bytes()).is_some();
        let decode = |text| if is_coded { percent_decode(text) } else { Cow::Borrowed(text) };
        let mut found = Query::default();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let slot = match &*decode(key) {
                "EIO" => &mut found.eio,
                "transport" => &mut found.transport,
                "sid" => &mut found.sid,
                "b64" => &mut found.b64,
                _ => continue,
            };
            if slot.is_none() {
                *slot = Some(decode(value));
            }
        }
        found
    }

    /// The version that the request speaks. Anything but a 4 is a 3, which is what clients spoke before they said
    /// so; the official server reads it the same way.
    pub fn protocol(&self) -> Protocol {
        if self.eio.as_deref() == Some("4") { Protocol::V4 } else { Protocol::V3 }
    }

    /// Whether the client wants no binary (version 3). Any value but an empty one says so.
    pub fn wants_base64(&self) -> bool {
        self.b64.as_deref().is_some_and(|value| !value.is_empty())
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
/// `Upgrade: websocket`; `allowed` are the transports that the server is configured for, `accepts` the versions.
/// Whether a session speaks the version that the request names, the shell knows.
///
/// An empty `sid` is none, as with the official server.
///
/// ```
/// use sockeye_proto::engine::{Accepts, Ask, Method, Query, RequestError, Transport, classify};
///
/// let both = [Transport::Polling, Transport::WebSocket];
/// let query = Query::parse("EIO=4&transport=polling");
/// let ask = |method| classify(method, &query, false, &both, Accepts::V4);
/// assert_eq!(ask(Method::Get), Ok(Ask::Open(Transport::Polling)));
/// assert_eq!(ask(Method::Post), Err(RequestError::BadHandshakeMethod));
/// ```
///
/// # Errors
/// [`RequestError`], which knows its status and body.
pub fn classify(
    method: Method,
    query: &Query<'_>,
    upgrade: bool,
    allowed: &[Transport],
    accepts: Accepts,
) -> Result<Ask, RequestError> {
    let transport =
        query.transport.as_deref().and_then(Transport::parse).filter(|named| allowed.contains(named));
    let transport = transport.ok_or(RequestError::UnknownTransport)?;
    match query.sid.as_deref().filter(|sid| !sid.is_empty()) {
        Some(sid) => {
            let sid = sid.parse().map_err(|_| RequestError::UnknownSid)?;
            classify_follow_up(method, query, accepts, transport, sid, upgrade)
        }
        None => classify_handshake(method, query, accepts, transport, upgrade),
    }
}

fn classify_follow_up(
    method: Method,
    query: &Query<'_>,
    accepts: Accepts,
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
    if !accepts.takes(query.protocol()) {
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
    accepts: Accepts,
    transport: Transport,
    upgrade: bool,
) -> Result<Ask, RequestError> {
    if method != Method::Get {
        return Err(RequestError::BadHandshakeMethod);
    }
    if upgrade != (transport == Transport::WebSocket) {
        return Err(RequestError::TRANSPORT_HANDSHAKE_ERROR);
    }
    if !accepts.takes(query.protocol()) {
        return Err(RequestError::UnsupportedProtocolVersion);
    }
    Ok(Ask::Open(transport))
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
    /// Code 5: `EIO` names a version that is not taken here.
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
