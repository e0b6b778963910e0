//! WebSocket requests: the handshake, and taking the stream back from the HTTP server.
//! Source: RFC 6455 § 4.2; engine.io-protocol v4 § Upgrade.

use super::refusal::{Refusal, RefusalAnswer};
use super::{Answer, ErrorContext, single, typed};
use crate::conn::Conn;
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
use sockeye_proto::websocket::{Opcode, UpgradeError, UpgradeRequest, encode_frame};
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
pub(super) fn start(upgrade: OnUpgrade, conn: Arc<Conn>) {
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
    let (answer, upgrade) = accept(&mut request)?;
    take_over(upgrade, conn, |conn, link| conn.control(Control::Probe(Box::new(link))));
    Ok(answer)
}

/// Checks the handshake. The answer completes it.
pub(super) fn accept<B: http_body::Body>(request: &mut Request<B>) -> Result<(Answer, OnUpgrade), Refusal> {
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
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        tracing::error!("the host server offers no upgrades: enable them, or use sockeye::serve");
        let error = RequestError::TRANSPORT_HANDSHAKE_ERROR;
        return Err(Refusal::new(error, ErrorContext::TransportHandshakeError));
    };
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let into = answer.headers_mut();
    into.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    into.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(accept.as_str()) {
        into.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    Ok((answer, upgrade))
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
fn take_over(upgrade: OnUpgrade, conn: Arc<Conn>, then: impl FnOnce(Arc<Conn>, Link) + Send + 'static) {
    let limit = conn.shared.config.upgrade_timeout;
    tokio::spawn(async move {
        match tokio::time::timeout(limit, upgrade).await {
            Ok(Ok(upgraded)) => {
                let max_bytes = conn.shared.config.max_payload_bytes;
                let (stream, already_read) = reclaim(upgraded);
                return then(conn, Link::new(stream, &already_read, max_bytes));
            }
            Ok(Err(error)) => tracing::debug!(%error, "upgrade_failed"),
            Err(_) => tracing::debug!("upgrade_timed_out"),
        }
        if conn.transport() == Transport::WebSocket {
            // A session that was to begin with it keeps its id no longer.
            conn.shared.registry.remove(&conn);
        }
    });
}

/// The stream under the HTTP connection, with what was read of it beyond the request. Plain TCP is taken back
/// as it is, from our own listener or from a host server built on hyper-util; anything else stays behind
/// hyper's wrapper.
pub(crate) fn reclaim(upgraded: Upgraded) -> (Stream, Bytes) {
    let upgraded = match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => return (Stream::Tcp(parts.io.into_inner()), parts.read_buf),
        Err(upgraded) => upgraded,
    };
    match auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => (Stream::Tcp(parts.io.into_inner()), parts.read_buf),
        Err(upgraded) => (Stream::Other(Box::new(TokioIo::new(upgraded))), Bytes::new()),
    }
}
