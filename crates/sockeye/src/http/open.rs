//! How a session begins: the application decides, an id is made, and the first answer leaves with the open packet.
//! Source: engine.io-protocol v4 § Handshake.

use super::exchange::Exchange;
use super::hooks::{Undecided, decide};
use super::proxies::Peer;
use super::refusal::Refusal;
use super::{Answer, BoxAnswer, ErrorContext, RequestHead, Upgrade, done, plain, polling, websocket};
use crate::conn::Conn;
use crate::handshake::Handshake;
use crate::random;
use crate::server::Shared;
use crate::session::Session;
use http::{HeaderValue, Request, StatusCode, header};
use sockeye_proto::SessionId;
use sockeye_proto::engine::{CloseReason, Open, RequestError, Transport};
use std::sync::Arc;

/// Opens a session. Nothing of it exists until the application has decided, and from then on nothing waits: a
/// request that is dropped has opened nothing, or a session that its answer was made for.
pub(super) fn open<B>(
    exchange: Exchange,
    mut request: Request<B>,
    peer: Peer,
    transport: Transport,
) -> BoxAnswer
where
    B: http_body::Body,
{
    let shared = exchange.shared.clone();
    if shared.is_closing() {
        return done(exchange.finish(shutting_down(&shared)));
    }
    let websocket = match transport {
        Transport::Polling => None,
        Transport::WebSocket => {
            match websocket::accept(&mut request, shared.config.per_message_deflate.as_ref()) {
                Ok(accepted) => Some(accepted),
                Err(refusal) => return done(exchange.refuse(refusal)),
            }
        }
    };
    let head = exchange.head.clone().unwrap_or_else(|| {
        let extensions = std::mem::take(request.extensions_mut());
        RequestHead::new(request.method(), request.uri(), request.headers(), extensions, peer.origin())
    });
    drop(request);
    let handshake = Handshake::new(head);
    if !shared.config.http.hooks.decide() {
        let sid = SessionId::from_entropy(random::entropy());
        let opened = begin(&exchange, Conn::new(sid, handshake, shared, transport), websocket);
        return done(opened.unwrap_or_else(|refusal| exchange.refuse(refusal)));
    }
    Box::pin(async move {
        let admitted = match admit(&shared, &handshake).await {
            Ok(sid) => begin(&exchange, Conn::new(sid, handshake, shared, transport), websocket),
            Err(refusal) => Err(refusal),
        };
        admitted.unwrap_or_else(|refusal| exchange.refuse(refusal))
    })
}

/// Whether the application lets the client in, and under which id.
async fn admit(shared: &Shared, handshake: &Handshake) -> Result<SessionId, Refusal> {
    let options = &shared.config.http;
    if let Some(allow) = &options.hooks.allow_request {
        match decide(allow, handshake, options.hook_timeout).await {
            Ok(Ok(())) => {}
            Ok(Err(refused)) => return Err(Refusal::forbidden(refused.to_string())),
            Err(undecided) => {
                tracing::error!(?undecided, "allow_request_failed");
                let error = RequestError::BadRequest("MIDDLEWARE_FAILURE");
                return Err(Refusal::new(error, ErrorContext::MiddlewareFailure));
            }
        }
    }
    let Some(generate) = &options.hooks.generate_id else {
        return Ok(SessionId::from_entropy(random::entropy()));
    };
    match decide(generate, handshake, options.hook_timeout).await {
        Ok(Ok(id)) => id.parse().map_err(|error| Refusal::no_id(format!("{error}"))),
        Ok(Err(error)) => Err(Refusal::no_id(error.to_string())),
        Err(Undecided::Panicked) => Err(Refusal::no_id("generate_id panicked")),
        Err(Undecided::TimedOut) => Err(Refusal::no_id("generate_id took too long")),
    }
}

/// The session and the answer that carries its open packet.
fn begin(exchange: &Exchange, conn: Conn, websocket: Option<(Answer, Upgrade)>) -> Result<Answer, Refusal> {
    let conn = Arc::new(conn);
    if !conn.begin_unjoined() {
        return Ok(exchange.finish(too_many_unjoined(&conn.shared)));
    }
    let registry = &conn.shared.registry;
    // An id of ours cannot be in use, so a WebSocket that never comes about need not be known to anybody.
    let made_by_user = conn.shared.config.http.hooks.generate_id.is_some();
    if (websocket.is_none() || made_by_user) && !registry.insert(&conn) {
        return Err(Refusal::no_id("the id is in use"));
    }
    let open = open_packet(&conn);
    let (answer, upgrade) = match websocket {
        None => (polling::first_payload(&conn, &open, exchange.compressed), None),
        Some((answer, upgrade)) => {
            websocket::first_frames(&conn, &open);
            (answer, Some(upgrade))
        }
    };
    let answer = match exchange.finish_first(answer) {
        Ok(answer) => answer,
        Err(failed) => {
            conn.shared.forget(&conn);
            return Ok(failed);
        }
    };
    match upgrade {
        Some(upgrade) => websocket::start(upgrade, conn),
        None => {
            if conn.shared.is_closing() {
                // The close that began meanwhile may not have seen this session.
                conn.close(CloseReason::ServerShuttingDown);
            }
            Session::spawn(conn, None);
        }
    }
    Ok(answer)
}

fn open_packet(conn: &Conn) -> Vec<u8> {
    let config = &conn.shared.config;
    let upgrades: &[Transport] = match conn.transport() {
        Transport::Polling if config.http.allow_upgrades && config.allows(Transport::WebSocket) => {
            &[Transport::WebSocket]
        }
        _ => &[],
    };
    let open = Open {
        sid: conn.sid,
        upgrades,
        ping_interval: config.heartbeat.interval,
        ping_timeout: config.heartbeat.timeout,
        max_payload_bytes: config.max_payload_bytes,
    };
    let mut packet = Vec::with_capacity(128);
    open.encode(&mut packet);
    packet
}

/// Lets the browser keep the session's id for load balancers, if the server is to.
pub(super) fn set_cookie(conn: &Conn, answer: &mut Answer) {
    let cookie = conn.shared.config.http.cookie.as_ref();
    if let Some(value) = cookie.and_then(|cookie| cookie.header(&conn.sid)) {
        answer.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// When a client that found too many of its kind may come back, in seconds.
const RETRY_AFTER_UNJOINED: u32 = 5;

fn too_many_unjoined(shared: &Shared) -> Answer {
    if shared.warnings.allow(shared.now()) {
        tracing::warn!(limit = shared.config.max_unjoined_sessions, "too_many_unjoined_sessions");
    }
    let mut answer = plain(StatusCode::SERVICE_UNAVAILABLE, "too many sessions in no namespace");
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_UNJOINED));
    answer
}

fn shutting_down(shared: &Shared) -> Answer {
    let mut answer = plain(StatusCode::SERVICE_UNAVAILABLE, "server shutting down");
    if let Some(seconds) = shared.retry_after() {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}
