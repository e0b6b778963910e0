//! HTTP/2 under our listener: how it is told from HTTP/1 without TLS, its limits, and the end of a connection that is not
//! used. A WebSocket that runs in a stream of it is `http/websocket.rs`' business.
//! Source: RFC 9113; RFC 8441 § 3 for the setting that offers WebSockets.

use super::connection::{HEAD_TIMEOUT, Requests, Version};
use crate::error::BoxError;
use crate::http::DeadlineBody;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower_service::Service;

/// Streams of one connection at a time.
const MAX_STREAMS: u32 = 128;

/// Streams that the peer reset before we looked at them (CVE-2023-44487), and those that its errors made us reset.
const MAX_RESETS: usize = 20;

/// Headers of one request, unpacked.
const MAX_HEADER_LIST_BYTES: u32 = 16 * 1024;

/// Bytes of one answer that wait for the peer to take them.
const MAX_SEND_BUFFER_BYTES: usize = 64 * 1024;

/// How often a peer must show that it is still there, and how long it may take.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection that was told to end may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// What a connection without TLS begins with if its client knows that we speak HTTP/2: RFC 9113 § 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How much of the preface is enough to tell it from a request.
const TELLING: usize = 4;

/// How long to wait for more of a preface that came in pieces. The kernel does not say when more has come to what
/// was only looked at.
const PEEK_AGAIN: Duration = Duration::from_millis(50);

/// Tells the version from the first bytes, which stay unread.
///
/// # Errors
/// None came in time.
pub(super) async fn version(tcp: &TcpStream) -> io::Result<Version> {
    tokio::time::timeout(HEAD_TIMEOUT, async {
        loop {
            let mut first = [0; PREFACE.len()];
            let seen = tcp.peek(&mut first).await?;
            let first = first.get(..seen).unwrap_or_default();
            match first {
                _ if first.is_empty() || !PREFACE.starts_with(first) => return Ok(Version::Http1),
                _ if first.len() >= TELLING => return Ok(Version::Http2),
                _ => tokio::time::sleep(PEEK_AGAIN).await,
            }
        }
    })
    .await
    .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Serves a connection until it ends, is not used for [`HEAD_TIMEOUT`], or `stop` says so.
pub(super) async fn serve<I, S, B>(
    io: I,
    requests: Requests<S>,
    mut stop: watch::Receiver<()>,
) -> hyper::Result<()>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<DeadlineBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let usage = Usage::default();
    let counted = usage.clone();
    let respond = service_fn(move |request: Request<Incoming>| {
        let in_use = counted.begin();
        let is_connect = request.method() == Method::CONNECT;
        let answered = requests.respond(request);
        async move {
            let response = answered.await?;
            let in_use = match is_connect && response.status().is_success() {
                true => in_use.for_good(),
                false => Some(in_use),
            };
            Ok::<_, Infallible>(response.map(|body| Counted { body, _in_use: in_use }))
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .enable_connect_protocol()
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_RESETS)
        .max_header_list_size(MAX_HEADER_LIST_BYTES)
        .max_send_buf_size(MAX_SEND_BUFFER_BYTES)
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .serve_connection(TokioIo::new(io), respond);
    let mut connection = pin!(connection);
    tokio::select! {
        outcome = connection.as_mut() => return outcome,
        () = usage.idle(HEAD_TIMEOUT) => {}
        _ = stop.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        outcome = connection => outcome,
        () = usage.idle(GOODBYE_TIMEOUT) => Ok(()),
    }
}

/// How many requests of a connection are not answered in full.
#[derive(Clone, Default)]
struct Usage(Arc<watch::Sender<usize>>);

/// A request under way.
struct InUse(Usage);

impl Usage {
    fn begin(&self) -> InUse {
        self.0.send_modify(|count| *count += 1);
        InUse(self.clone())
    }

    /// Resolves when nothing was under way for a while.
    async fn idle(&self, time: Duration) {
        let mut changes = self.0.subscribe();
        loop {
            let unused = *changes.borrow_and_update() == 0;
            tokio::select! {
                () = tokio::time::sleep(time), if unused => return,
                // The sender is ours: it is still there.
                _ = changes.changed() => {}
            }
        }
    }
}

impl InUse {
    /// A stream that was handed over may live as long as its connection, whose pings say whether anybody is there.
    fn for_good(self) -> Option<Self> {
        self.0.0.send_modify(|count| *count += 1);
        None
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

pin_project! {
    /// A body that says when it has left.
    struct Counted<B> {
        #[pin]
        body: B,
        _in_use: Option<InUse>,
    }
}

impl<B: Body> Body for Counted<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
