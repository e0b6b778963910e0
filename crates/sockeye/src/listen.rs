//! Our own accept loop, with the deadlines that `axum::serve` lacks: for the head of a request, for a body
//! that trickles, and for a connection that is kept alive and says nothing.

use crate::error::BoxError;
use crate::http::{DeadlineBody, PeerAddr};
use crate::server::{Server, Shared};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::{Future, IntoFuture, pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::watch;
use tower_service::Service;

/// How long the head of a request may take, from the first moment or from the end of the last request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long requests under way may take once the server was told to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest head of a request.
const MAX_HEAD_BYTES: usize = 64 * 1024;

impl Server {
    /// Listens on `address` and serves this server alone, until [`Server::close`].
    ///
    /// ```no_run
    /// # async fn run() -> std::io::Result<()> {
    /// sockeye::Server::new().listen("[::]:3000").await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The address cannot be bound, or the options contradict each other ([`ConfigError`](crate::ConfigError)).
    ///
    /// # Cancel safety
    /// Dropping the future stops the accepting; open connections go on until [`Server::close`].
    pub async fn listen(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        self.listen_on(TcpListener::bind(address).await?).await
    }

    /// [`Server::listen`] on a listener that is bound already.
    ///
    /// # Errors
    /// The options contradict each other ([`ConfigError`](crate::ConfigError)). An accept that fails is tried again.
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn listen_on(&self, listener: TcpListener) -> io::Result<()> {
        serve_shared(listener, self.shared().clone()).await
    }
}

impl crate::engine::EngineServer {
    /// Serves this engine alone on a listener; see [`Server::listen_on`].
    ///
    /// # Errors
    /// The options contradict each other ([`ConfigError`](crate::ConfigError)). An accept that fails is tried again.
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn listen_on(&self, listener: TcpListener) -> io::Result<()> {
        serve_shared(listener, self.shared().clone()).await
    }
}

async fn serve_shared(listener: TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    if let Err(error) = &shared.cors {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, error.clone()));
    }
    let closing = shared.clone();
    let service = crate::http::SockeyeService::alone(shared);
    serve(listener, service).with_graceful_shutdown(async move { closing.closing().await }).await
}

/// Serves `service`, such as an axum `Router` with [`Server::layer`] on it, with deadlines: 10 s for the head
/// of a request and for the silence between two, and a body of at least 1 KiB/s after its first 5 s.
/// Await what it returns; dropping that stops the accepting, and open connections go on.
///
/// ```no_run
/// # async fn run() -> std::io::Result<()> {
/// use axum::{Router, routing::get};
///
/// let io = sockeye::Server::new();
/// let app = Router::new().route("/", get(async || "hello")).layer(io.layer());
/// let listener = tokio::net::TcpListener::bind("[::]:3000").await?;
/// sockeye::serve(listener, app).await
/// # }
/// ```
pub fn serve<S>(listener: TcpListener, service: S) -> Serve<S> {
    Serve { listener, service, stop: None }
}

/// A server about to run: await it. Made by [`serve`].
#[must_use = "a server runs when it is awaited"]
pub struct Serve<S> {
    listener: TcpListener,
    service: S,
    stop: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<S> Serve<S> {
    /// Stops accepting when `signal` resolves, lets requests under way finish (for 10 s at most), then
    /// returns. WebSockets are the business of [`Server::close`].
    pub fn with_graceful_shutdown(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Some(Box::pin(signal));
        self
    }
}

impl<S> std::fmt::Debug for Serve<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serve").field("listener", &self.listener).finish_non_exhaustive()
    }
}

impl<S, B> IntoFuture for Serve<S>
where
    S: Service<Request<DeadlineBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run(self.listener, self.service, self.stop))
    }
}

async fn run<S, B>(
    listener: TcpListener,
    service: S,
    stop: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
) -> io::Result<()>
where
    S: Service<Request<DeadlineBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut stop = stop.unwrap_or_else(|| Box::pin(pending()));
    // Connections watch the sender: it is dropped to tell them, and closes when the last of them is gone.
    let (running, watched) = watch::channel(());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((tcp, peer)) => {
                // Answers are small and must not wait for an acknowledgement; a socket without it still works.
                let _ = tcp.set_nodelay(true);
                tokio::spawn(serve_connection(tcp, PeerAddr(peer), service.clone(), watched.clone()));
            }
            Err(error) => {
                // Out of descriptors, or a connection that went away before it was accepted.
                tracing::warn!(%error, "accept_failed");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop((listener, watched));
    running.send_replace(());
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, running.closed()).await;
    Ok(())
}

async fn serve_connection<S, B>(tcp: TcpStream, peer: PeerAddr, service: S, mut stop: watch::Receiver<()>)
where
    S: Service<Request<DeadlineBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let respond = service_fn(move |request: Request<Incoming>| {
        let mut service = service.clone();
        let mut request = request.map(DeadlineBody::new);
        request.extensions_mut().insert(peer);
        async move {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(request).await
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .writev(false)
        .serve_connection(TokioIo::new(tcp), respond)
        .with_upgrades();
    let mut connection = pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "http_failed");
    }
}
