//! WebSocket requests: the handshake, and taking the stream back from the HTTP server.
//! Source: RFC 6455 § 4.2; engine.io-protocol v4 § Upgrade.

use super::refusal::{Refusal, RefusalAnswer};
use super::{Answer, ErrorContext, single, typed};
use crate::config::PerMessageDeflate;
use crate::conn::Conn;
use crate::listen::{Permit, Seat};
use crate::session::Session;
use crate::session::control::Control;
use crate::session::link::{Link, Stream};
use crate::session::mailbox::Delivery;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use sockeye_proto::engine::{CloseReason, RequestError, Transport};
use sockeye_proto::websocket::{DeflateAgreement, Opcode, UpgradeError, UpgradeRequest, encode_frame};
use std::sync::Arc;
use tokio::net::TcpStream;

/// What a session on a WebSocket begins with: the open packet, and the one that every session begins with.
pub(super) fn first_frames(conn: &Conn, open: &[u8]) {
    let mut frames = Vec::with_capacity(open.len() + 4);
    encode_frame(&mut frames, Opcode::Text, open, None);
    if let Some(message) = &conn.shared.config.http.initial_packet {
        message.encode(&mut frames);
    }
    conn.mailbox.push(&frames, Delivery::Protocol);
}

/// Starts the session once the HTTP server has let the stream go.
pub(super) fn start(upgrade: Upgrade, conn: Arc<Conn>) {
    take_over(upgrade, conn, |conn, link| {
        // It is there already if its id is the application's.
        conn.shared.registry.insert(&conn);
        if conn.shared.is_closing() {
            // The close that began meanwhile may not have seen this session.
            conn.close(CloseReason::ServerShuttingDown);
        }
        Session::spawn(conn, Some(link));
    });
}

/// Brings a WebSocket to a session that began with polling.
pub(super) fn upgrade<B>(conn: Arc<Conn>, mut request: Request<B>) -> Result<Answer, Refusal>
where
    B: http_body::Body,
{
    let (answer, upgrade) = accept(&mut request, conn.shared.config.per_message_deflate.as_ref())?;
    take_over(upgrade, conn, |conn, link| conn.control(Control::Probe(Box::new(link))));
    Ok(answer)
}

/// A WebSocket that was promised: its stream comes when the HTTP server has sent the answer.
pub(crate) struct Upgrade {
    stream: OnUpgrade,
    /// The place of the connection, where it becomes the WebSocket as a whole.
    place: Option<Permit>,
    /// What was agreed on compression.
    deflate: Option<DeflateAgreement>,
}

impl Upgrade {
    pub(crate) async fn link(self, max_message_bytes: usize) -> hyper::Result<Link> {
        let (stream, already_read) = reclaim(self.stream.await?);
        let mut link = Link::new(stream, &already_read, max_message_bytes).with_deflate(self.deflate);
        link.place = self.place;
        Ok(link)
    }
}

/// Checks the handshake, and agrees on compression with a client that offers it if `deflate` is given. The answer
/// completes it.
pub(super) fn accept<B: http_body::Body>(
    request: &mut Request<B>,
    deflate: Option<&PerMessageDeflate>,
) -> Result<(Answer, Upgrade), Refusal> {
    let (mut answer, mut upgrade) = match is_extended_connect(request) {
        true => accept_stream(request)?,
        false => accept_connection(request)?,
    };
    if let Some(options) = deflate
        && let Some(offers) = joined(request.headers(), &header::SEC_WEBSOCKET_EXTENSIONS)
        && let Some((agreement, extensions)) = options.windows.accept(&offers)
        && let Ok(extensions) = HeaderValue::try_from(extensions)
    {
        answer.headers_mut().insert(header::SEC_WEBSOCKET_EXTENSIONS, extensions);
        upgrade.deflate = Some(agreement);
    }
    Ok((answer, upgrade))
}

/// The handshake that turns a connection of HTTP/1.1 into a WebSocket.
fn accept_connection<B: http_body::Body>(request: &mut Request<B>) -> Result<(Answer, Upgrade), Refusal> {
    let headers = request.headers();
    let wanted = UpgradeRequest {
        get: request.method() == Method::GET,
        http11: request.version() == Version::HTTP_11,
        host: headers.contains_key(header::HOST),
        upgrade: single(headers, &header::UPGRADE),
        connection: joined(headers, &header::CONNECTION).as_deref(),
        version: single(headers, &header::SEC_WEBSOCKET_VERSION),
        key: single(headers, &header::SEC_WEBSOCKET_KEY),
        has_body: !request.body().is_end_stream(),
    }
    .accept();
    let accept = wanted.map_err(refuse_handshake)?;
    let stream = promised(request)?;
    let place = request.extensions().get::<Seat>().and_then(Seat::take);
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let into = answer.headers_mut();
    into.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    into.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(accept.as_str()) {
        into.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    Ok((answer, Upgrade { stream, place, deflate: None }))
}

/// Whether the request asks for a WebSocket in a stream of HTTP/2. Source: RFC 8441 § 5.
pub(super) fn is_extended_connect<B>(request: &Request<B>) -> bool {
    #[cfg(feature = "http2")]
    return request.method() == Method::CONNECT
        && request
            .extensions()
            .get::<hyper::ext::Protocol>()
            .is_some_and(|name| name.as_str() == "websocket");
    #[cfg(not(feature = "http2"))]
    {
        let _ = request;
        false
    }
}

/// The handshake inside HTTP/2: no key to answer, since nobody there takes a WebSocket for something else. The place of
/// the connection stays with the connection.
fn accept_stream<B>(request: &mut Request<B>) -> Result<(Answer, Upgrade), Refusal> {
    match single(request.headers(), &header::SEC_WEBSOCKET_VERSION) {
        Some(b"13") => {}
        Some(_) => return Err(refuse_handshake(UpgradeError::UnsupportedVersion)),
        None => return Err(refuse_handshake(UpgradeError::MissingVersion)),
    }
    let stream = promised(request)?;
    Ok((Response::new(Bytes::new()), Upgrade { stream, place: None, deflate: None }))
}

/// The stream that the host server will let go.
fn promised<B>(request: &mut Request<B>) -> Result<OnUpgrade, Refusal> {
    request.extensions_mut().remove::<OnUpgrade>().ok_or_else(|| {
        tracing::error!("the host server offers no upgrades: enable them, or use sockeye::serve");
        let error = RequestError::TRANSPORT_HANDSHAKE_ERROR;
        Refusal::new(error, ErrorContext::TransportHandshakeError)
    })
}

/// The tokens of a header that may be cut into several.
fn joined(headers: &HeaderMap, name: &header::HeaderName) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    (!values.is_empty()).then(|| values.join(&b", "[..]))
}

fn refuse_handshake(error: UpgradeError) -> Refusal {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut answer = typed(status, "text/html", error.to_string());
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if status == StatusCode::UPGRADE_REQUIRED {
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    let mut refusal =
        Refusal::new(RequestError::TRANSPORT_HANDSHAKE_ERROR, ErrorContext::TransportHandshakeError);
    refusal.answer = RefusalAnswer::Own(Box::new(answer));
    refusal
}

/// Waits for the HTTP server to let the stream go. The wait has a task of its own, so that the session's is
/// no larger than an open session needs.
fn take_over(upgrade: Upgrade, conn: Arc<Conn>, then: impl FnOnce(Arc<Conn>, Link) + Send + 'static) {
    let limit = conn.shared.config.upgrade_timeout;
    tokio::spawn(async move {
        match tokio::time::timeout(limit, upgrade.link(conn.shared.config.max_payload_bytes)).await {
            Ok(Ok(link)) => return then(conn, link),
            Ok(Err(error)) => tracing::debug!(%error, "upgrade_failed"),
            Err(_) => tracing::debug!("upgrade_timed_out"),
        }
        if conn.transport() == Transport::WebSocket {
            // A session that was to begin with it keeps its id no longer.
            conn.shared.forget(&conn);
        }
    });
}

/// The stream under the HTTP connection, with what was read of it beyond the request. Plain TCP is taken back
/// as it is, from our own listener or from a host server built on hyper-util, and so is our own TLS; anything else stays
/// behind hyper's wrapper.
fn reclaim(upgraded: Upgraded) -> (Stream, Bytes) {
    let upgraded = match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => return (Stream::Tcp(parts.io.into_inner()), parts.read_buf),
        Err(upgraded) => upgraded,
    };
    #[cfg(feature = "tls")]
    let upgraded = match upgraded.downcast::<TokioIo<tokio_rustls::server::TlsStream<TcpStream>>>() {
        Ok(parts) => return (Stream::Other(Box::new(parts.io.into_inner())), parts.read_buf),
        Err(upgraded) => upgraded,
    };
    match auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => (Stream::Tcp(parts.io.into_inner()), parts.read_buf),
        Err(upgraded) => (Stream::Other(Box::new(TokioIo::new(upgraded))), Bytes::new()),
    }
}
