//! The HTTP side: which requests are ours, what they ask, and the answers. Sessions are reached through
//! their mailboxes; no handler runs inside a request, because a host server drops requests that abort.
//! This file is the tower service; `exchange` is one request, and its neighbours what that may come to.

mod body;
mod client_files;
mod compression;
mod cookie;
mod cors;
mod exchange;
mod head;
mod hooks;
mod open;
mod origins;
mod polling;
mod proxies;
mod refusal;
mod websocket;

pub use body::DeadlineBody;
pub use body::ResponseBody;
pub use cookie::{Cookie, SameSite};
pub use cors::Cors;
pub(crate) use cors::Policy as CorsPolicy;
#[cfg(feature = "__model")]
#[cfg(test)]
pub(crate) use head::Origin;
pub use head::RequestHead;
pub(crate) use hooks::{Hooks, handshake_hook};
pub(crate) use proxies::{BadSids, TrustedProxies};
pub use proxies::{Encryption, PeerAddr};
pub use refusal::{ConnectionError, ErrorContext};
pub(crate) use websocket::Upgrade;

use crate::config::PerMessageDeflate;
use crate::error::BoxError;
use crate::server::{Server, Shared};
use bytes::Bytes;
use exchange::{Decision, Exchange};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use proxies::Peer;
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
    ///
    /// Middleware of the engine is any layer put around this one: it sees every request, handshakes of WebSockets
    /// included, may refuse it, set cookies on the answer, and leave a value for handlers in its extensions.
    ///
    /// ```
    /// use axum::{Router, extract::Request, middleware::{Next, from_fn}, response::Response};
    /// use http::{HeaderValue, header::SET_COOKIE};
    /// use sockeye::{Server, Socket};
    ///
    /// #[derive(Clone)]
    /// struct Visitor(String);
    ///
    /// async fn visitors(mut request: Request, next: Next) -> Response {
    ///     let cookie = request.headers().get("cookie").and_then(|cookie| cookie.to_str().ok());
    ///     let known = cookie.and_then(|cookie| cookie.strip_prefix("visitor=")).map(str::to_owned);
    ///     let visitor = known.clone().unwrap_or_else(|| "somebody-new".to_owned());
    ///     request.extensions_mut().insert(Visitor(visitor.clone()));
    ///     let mut response = next.run(request).await;
    ///     if known.is_none()
    ///         && let Ok(cookie) = HeaderValue::from_str(&format!("visitor={visitor}; HttpOnly; SameSite=Lax"))
    ///     {
    ///         response.headers_mut().append(SET_COOKIE, cookie);
    ///     }
    ///     response
    /// }
    ///
    /// let io = Server::new();
    /// io.on_connect(async |socket: Socket| {
    ///     if let Some(Visitor(name)) = socket.handshake().extension() {
    ///         println!("{name} is here");
    ///     }
    /// });
    /// let app: Router = Router::new().layer(io.layer()).layer(from_fn(visitors));
    /// ```
    ///
    /// Source: `engine.use(..)` in Node.
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
        let kind = if self.shared.config.answers(request.uri().path()) {
            FutureKind::Own { answer: answer(self.shared.clone(), request) }
        } else {
            FutureKind::Inner { response: self.inner.call(request) }
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
    let peer = Peer::of(&request, &shared.config.trusted_proxies);
    let mut exchange = Exchange::new(shared, &request, &peer);
    match exchange.decide(&request, &peer) {
        Err(refusal) => done(exchange.refuse(refusal)),
        Ok(Decision::Answer(answer)) => done(exchange.finish(answer)),
        Ok(Decision::Open(transport)) => open::open(exchange, request, peer, transport),
        Ok(Decision::Upgrade(conn)) => done(match websocket::upgrade(conn, request) {
            Ok(answer) => exchange.finish(answer),
            Err(refusal) => exchange.refuse(refusal),
        }),
        Ok(Decision::Post(conn)) => {
            let head = exchange.head.clone();
            Box::pin(async move { exchange.finish_polling(polling::post(conn, request, head).await) })
        }
        Ok(Decision::Poll(conn)) => {
            let compressed = exchange.compressed;
            Box::pin(async move { exchange.finish_polling(polling::poll(conn, compressed).await) })
        }
    }
}

fn done(answer: Answer) -> BoxAnswer {
    Box::pin(ready(answer))
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
) -> Result<(Answer, Upgrade), Answer> {
    websocket::accept(&mut request, deflate).map_err(|refusal| refusal.into_answer(true))
}

/// The value of a header that may stand only once.
fn single<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none()).map(HeaderValue::as_bytes)
}
