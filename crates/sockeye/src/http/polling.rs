//! Long-polling: the handshake, the poll that waits, the POST that brings packets.
//! Source: engine.io-protocol v4 § HTTP long-polling, v3 § polling.

use super::body::{BodyError, read_body};
use super::compression::Compressed;
use super::open::set_cookie;
use super::refusal::refuse;
use super::{Answer, RequestHead, plain, typed};
use crate::conn::Conn;
use crate::engine::Message;
use crate::error::BoxError;
use crate::session::control::Control;
use crate::session::dialect::{Content, Dialect};
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Request, StatusCode};
use sockeye_proto::engine::{CloseReason, Protocol, RequestError};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

/// The answer that opens a session: the open packet, and the one that every session begins with.
pub(super) fn first_payload(conn: &Conn, open: &[u8], compressed: Option<Compressed>) -> Answer {
    let dialect = conn.handshake.dialect();
    let text;
    let mut packets = dialect.payload(usize::MAX);
    packets.push(Content::Text(open));
    match &conn.shared.config.http.initial_packet {
        Some(Message::Text(message)) => {
            text = [b"4", message.as_bytes()].concat();
            packets.push(Content::Text(&text));
        }
        Some(Message::Binary(data)) => packets.push(Content::Binary(data)),
        None => {}
    }
    let mut answer = payload(packets.finish().unwrap_or_default(), dialect, compressed);
    set_cookie(conn, &mut answer);
    answer
}

/// Waits for packets.
pub(super) async fn poll(conn: Arc<Conn>, compressed: Option<Compressed>) -> Answer {
    let (answer, waiting) = oneshot::channel();
    conn.control(Control::Poll(answer));
    match waiting.await {
        Ok(packets) => payload(packets, conn.handshake.dialect(), compressed),
        Err(_) => refuse(RequestError::BadRequest("OVERLAP"), false),
    }
}

/// Takes packets. The answer comes when all of them are handled or wait for their turn.
pub(super) async fn post<B>(conn: Arc<Conn>, request: Request<B>, head: Option<RequestHead>) -> Answer
where
    B: http_body::Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    let octets =
        request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream");
    if octets && conn.handshake.protocol() == Protocol::V4 {
        // Binary bodies are of protocol version 3.
        conn.close(CloseReason::TransportError);
        return refuse(RequestError::BadRequest("BINARY_BODY"), false);
    }
    let Some(mut posting) = Posting::begin(&conn) else {
        conn.close(CloseReason::TransportError);
        return refuse(RequestError::BadRequest("OVERLAP"), false);
    };
    let limit = conn.shared.config.max_payload_bytes;
    let body = match read_body(request.into_body(), limit).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            posting.finished = true;
            return closing(typed(StatusCode::PAYLOAD_TOO_LARGE, "text/html", Bytes::new()));
        }
        Err(BodyError::TooSlow) => {
            return closing(plain(StatusCode::REQUEST_TIMEOUT, "request body too slow"));
        }
        Err(BodyError::Aborted) => return refuse(RequestError::BadRequest("ABORTED"), false),
    };
    let (verdict, waiting) = oneshot::channel();
    conn.control(Control::Post(body, head, verdict));
    let verdict = waiting.await;
    posting.finished = true;
    match verdict {
        Ok(Ok(())) => uncached(typed(StatusCode::OK, "text/html", "ok")),
        Ok(Err(error)) => refuse(error, false),
        Err(_) => refuse(RequestError::UnknownSid, false),
    }
}

/// Marks that a POST is under way. One that is dropped before it finished ends the session: its client has
/// gone away in the middle of a request.
struct Posting<'a> {
    conn: &'a Conn,
    finished: bool,
}

impl<'a> Posting<'a> {
    fn begin(conn: &'a Conn) -> Option<Self> {
        let busy = conn.posting.swap(true, Ordering::AcqRel);
        (!busy).then_some(Self { conn, finished: false })
    }
}

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.conn.posting.store(false, Ordering::Release);
        if !self.finished {
            self.conn.close(CloseReason::TransportError);
        } else if self.conn.shared.is_closing() {
            // The session may wait for nothing but this.
            self.conn.wake();
        }
    }
}

fn payload(packets: Vec<u8>, dialect: Dialect, compressed: Option<Compressed>) -> Answer {
    // The binary encoding begins with 0 or 1, a text never does.
    let binary = dialect != Dialect::V4 && matches!(packets.first(), Some(0 | 1));
    let content_type = if binary { "application/octet-stream" } else { "text/plain; charset=UTF-8" };
    let answer = uncached(typed(StatusCode::OK, content_type, packets));
    match compressed {
        Some(compressed) => compressed.payload(answer),
        None => answer,
    }
}

fn uncached(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// The rest of the request is not read, so the connection cannot go on.
fn closing(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}
