//! The HTTP side: which requests are ours, what they ask, and the answers. Sessions are reached through
//! their mailboxes; no handler runs inside a request, because a host server drops requests that abort.

mod body;
mod client_files;
mod compression;
mod cors;
mod polling;
mod proxies;
mod websocket;

pub use body::DeadlineBody;
pub use body::ResponseBody;
pub use cors::Cors;
pub use proxies::PeerAddr;
pub(crate) use proxies::{BadSids, TrustedProxies};
pub(crate) use websocket::{Accepted, reclaim};

use crate::config::PerMessageDeflate;
use crate::conn::Conn;
use crate::error::BoxError;
use crate::handshake::{Handshake, Origin};
use crate::random;
use crate::server::{Server, Shared};
use bytes::Bytes;
use compression::Compressed;
use cors::Access;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use sockeye_proto::SessionId;
use sockeye_proto::engine::{self, Ask, Open, Query, RequestError, Transport, classify};
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

/// A response of ours.
pub(crate) type Answer = Response<Bytes>;

/// Puts a server in front of other routes; made by [`Server::layer`]. Requests under the server's path are
/// answered here, all others pass.
#[derive(Clone, Debug)]
pub struct SockeyeLayer {
    server: Server,
}

/// The server as a tower service; made by [`Server::service`] or by [`SockeyeLayer`].
#[derive(Clone)]
pub struct SockeyeService<S> {
    shared: Arc<Shared>,
    inner: S,
}

/// Answers 404: what stands behind a server that is mounted alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotFound;

impl Server {
    /// A tower layer that answers what is under the server's path and passes everything else on.
    ///
    /// ```
    /// use sockeye::Server;
    ///
    /// let io = Server::new();
    /// let app: axum::Router = axum::Router::new().layer(io.layer());
    /// ```
    pub fn layer(&self) -> SockeyeLayer {
        SockeyeLayer { server: self.clone() }
    }

    /// A tower service for any hyper server; it answers 404 to what is not under the server's path.
    pub fn service(&self) -> SockeyeService<NotFound> {
        SockeyeService::alone(self.shared().clone())
    }
}

impl<S> Layer<S> for SockeyeLayer {
    type Service = SockeyeService<S>;

    fn layer(&self, inner: S) -> SockeyeService<S> {
        SockeyeService { shared: self.server.shared().clone(), inner }
    }
}

impl SockeyeService<NotFound> {
    pub(crate) fn alone(shared: Arc<Shared>) -> Self {
        Self { shared, inner: NotFound }
    }
}

impl<S> std::fmt::Debug for SockeyeService<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SockeyeService").field("path", &self.shared.config.path).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for NotFound {
    type Response = Response<ResponseBody<http_body_util::Empty<Bytes>>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(plain(StatusCode::NOT_FOUND, "Not Found").map(ResponseBody::own)))
    }
}

impl<S, B, R> Service<Request<B>> for SockeyeService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let kind = match request.uri().path().strip_prefix(self.shared.config.path.as_str()) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                FutureKind::Own { answer: answer(self.shared.clone(), request) }
            }
            _ => FutureKind::Inner { response: self.inner.call(request) },
        };
        ResponseFuture { kind }
    }
}

type BoxAnswer = Pin<Box<dyn Future<Output = Answer> + Send>>;

pin_project! {
    /// The future of a [`SockeyeService`].
    pub struct ResponseFuture<F> {
        #[pin]
        kind: FutureKind<F>,
    }
}

pin_project! {
    #[project = Projected]
    enum FutureKind<F> {
        Own { answer: BoxAnswer },
        Inner { #[pin] response: F },
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match self.project().kind.project() {
            Projected::Own { answer } => ready!(answer.as_mut().poll(cx)).map(ResponseBody::own),
            Projected::Inner { response } => ready!(response.poll(cx))?.map(ResponseBody::inner),
        }))
    }
}

/// Answers a request under the server's path.
fn answer<B>(shared: Arc<Shared>, request: Request<B>) -> BoxAnswer
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let peer = proxies::Peer::of(&request, &shared.config.trusted_proxies);
    let access = shared.config.cors.check(request.headers(), || peer.host(&request));
    let grant = match access {
        Access::Granted(grant) => grant,
        Access::Refused => return done(refuse_origin(&request)),
        Access::Malformed => return done(refuse(RequestError::INVALID_ORIGIN, is_upgrade(&request))),
    };
    let compressed = Compressed::for_request(request.headers(), shared.config.http_compression);
    if shared.config.serve_client
        && let Some(file) = client_files::find(request.uri().path(), &shared.config.path)
    {
        return done(grant.apply(file.answer(request.method(), request.headers(), compressed)));
    }
    if request.method() == Method::OPTIONS
        && let Some(preflight) = shared.config.cors.preflight(request.headers(), &grant)
    {
        return done(preflight);
    }
    let upgrade = is_upgrade(&request);
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let ask = match classify(method_of(&request), &query, upgrade, &shared.config.transports) {
        Ok(ask) => ask,
        Err(error) => {
            let limited = (error == RequestError::UnknownSid)
                .then(|| shared.bad_sids.refuse(peer.address, shared.now()))
                .flatten();
            return done(grant.apply(limited.unwrap_or_else(|| refuse(error, upgrade))));
        }
    };
    let conn = match ask {
        Ask::Open(_) if shared.is_closing() => {
            return done(grant.apply(plain(StatusCode::SERVICE_UNAVAILABLE, "server shutting down")));
        }
        Ask::Open(Transport::Polling) => {
            return done(grant.apply(polling::open(&shared, request, &peer, compressed)));
        }
        Ask::Open(Transport::WebSocket) => {
            return done(grant.apply(websocket::open(&shared, request, &peer)));
        }
        Ask::Poll(sid) | Ask::Post(sid) | Ask::Upgrade(sid) => match shared.registry.get(&sid) {
            Some(conn) => conn,
            None => {
                let limited = shared.bad_sids.refuse(peer.address, shared.now());
                return done(
                    grant.apply(limited.unwrap_or_else(|| refuse(RequestError::UnknownSid, upgrade))),
                );
            }
        },
    };
    match ask {
        Ask::Upgrade(_) => done(grant.apply(websocket::upgrade(conn, request))),
        _ if conn.transport() == Transport::WebSocket => {
            done(grant.apply(refuse(RequestError::TRANSPORT_MISMATCH, upgrade)))
        }
        Ask::Post(_) => Box::pin(async move { grant.apply(polling::post(conn, request).await) }),
        _ => Box::pin(async move { grant.apply(polling::poll(conn, compressed).await) }),
    }
}

fn done(answer: Answer) -> BoxAnswer {
    Box::pin(ready(answer))
}

fn method_of<B>(request: &Request<B>) -> engine::Method {
    match *request.method() {
        Method::GET => engine::Method::Get,
        Method::POST => engine::Method::Post,
        Method::OPTIONS => engine::Method::Options,
        _ => engine::Method::Other,
    }
}

/// Whether the request asks for another protocol at all; which one is checked later.
fn is_upgrade<B>(request: &Request<B>) -> bool {
    request.headers().contains_key(header::UPGRADE)
}

/// A connection that a request opens, not yet known to anybody.
fn new_conn<B>(
    shared: &Arc<Shared>,
    request: Request<B>,
    peer: &proxies::Peer,
    transport: Transport,
) -> (Arc<Conn>, Vec<u8>) {
    let (mut parts, _) = request.into_parts();
    // What the HTTP server itself put there would keep its connection alive.
    parts.extensions.remove::<hyper::upgrade::OnUpgrade>();
    parts.extensions.remove::<PeerAddr>();
    let origin = Origin { address: peer.address, secure: peer.secure };
    let handshake = Handshake::new(&parts.uri, &parts.headers, parts.extensions, origin);
    let sid = SessionId::from_entropy(random::entropy());
    let upgrades: &[Transport] = match transport {
        Transport::Polling if shared.config.allows(Transport::WebSocket) => &[Transport::WebSocket],
        _ => &[],
    };
    let mut open = Vec::with_capacity(128);
    let heartbeat = shared.config.heartbeat;
    let packet = Open {
        sid,
        upgrades,
        ping_interval: heartbeat.interval,
        ping_timeout: heartbeat.timeout,
        max_payload_bytes: shared.config.max_payload_bytes,
    };
    packet.encode(&mut open);
    (Arc::new(Conn::new(sid, handshake, shared.clone(), transport)), open)
}

/// The answer to a request that the engine refuses: JSON to a request, the bare text to an upgrade.
/// Source: the official server's `abortRequest` and `abortUpgrade`.
fn refuse(error: RequestError, upgrade: bool) -> Answer {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    if upgrade {
        let mut answer = typed(status, "text/html", error.message());
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return answer;
    }
    typed(status, "application/json", error.body())
}

fn refuse_origin<B>(request: &Request<B>) -> Answer {
    let origin = request.headers().get(header::ORIGIN).map(HeaderValue::as_bytes).unwrap_or_default();
    let origin: String = origin.escape_ascii().take(128).map(char::from).collect();
    tracing::warn!(origin, "origin refused; allow it with Server::builder().cors([\"{origin}\"])");
    typed(StatusCode::FORBIDDEN, "application/json", RequestError::Forbidden.body())
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    typed(status, "text/plain; charset=UTF-8", text)
}

fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// Accepts a WebSocket handshake outside the server's own sessions.
#[allow(clippy::result_large_err, reason = "a refusal is an answer too, and as large")]
pub(crate) fn websocket_upgrade<B: http_body::Body>(
    mut request: Request<B>,
    deflate: Option<&PerMessageDeflate>,
) -> Result<(Answer, Accepted), Answer> {
    websocket::accept(&mut request, deflate)
}

/// The value of a header that may stand only once.
fn single<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none()).map(HeaderValue::as_bytes)
}
