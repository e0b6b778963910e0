//! Our own accept loop, with the deadlines that `axum::serve` lacks: for the head of a request, for a body
//! that trickles, and for a connection that is kept alive and says nothing.

mod admission;
mod connection;
#[cfg(feature = "http2")]
mod http2;
#[cfg(feature = "tls")]
pub mod tls;

pub(crate) use admission::{Admission, Capacity, Permit, Seat};
pub(crate) use connection::Protocols;

use crate::error::BoxError;
use crate::http::{DeadlineBody, Encryption, PeerAddr, SockeyeService, TrustedProxies};
use crate::server::{Server, Shared};
use bytes::Bytes;
use connection::Requests;
use http::{Request, Response};
use std::convert::Infallible;
use std::future::{Future, IntoFuture, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::watch;
use tower_service::Service;

/// How long requests under way may take once the server was told to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

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
        serve_shared(listener, self.shared().clone(), self.shared().config.protocols.clone()).await
    }

    /// [`Server::listen`] with TLS (crate feature `tls`). The certificate is that of `config`; see
    /// [`tls::from_pem`]. What it says about ALPN is replaced: HTTP/1.1, and HTTP/2 where
    /// [`http2`](crate::ServerBuilder::http2) is on. A handshake may take 10 s.
    ///
    /// # Errors
    /// The address cannot be bound.
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    #[cfg(feature = "tls")]
    pub async fn listen_tls(
        &self,
        address: impl ToSocketAddrs,
        config: impl Into<Arc<tls::rustls::ServerConfig>>,
    ) -> io::Result<()> {
        self.listen_tls_on(TcpListener::bind(address).await?, config).await
    }

    /// [`Server::listen_tls`] on a listener that is bound already.
    ///
    /// # Errors
    /// None at present: an accept that fails is tried again.
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    #[cfg(feature = "tls")]
    pub async fn listen_tls_on(
        &self,
        listener: TcpListener,
        config: impl Into<Arc<tls::rustls::ServerConfig>>,
    ) -> io::Result<()> {
        let protocols = self.shared().config.protocols.clone().with_tls(config.into());
        serve_shared(listener, self.shared().clone(), protocols).await
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
        serve_shared(listener, self.shared().clone(), self.shared().config.protocols.clone()).await
    }
}

/// A server by itself, which stops when it closes. All its listeners share one count of connections.
async fn serve_shared(listener: TcpListener, shared: Arc<Shared>, protocols: Protocols) -> io::Result<()> {
    if let Err(error) = &shared.cors {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, error.clone()));
    }
    let closing = shared.clone();
    let mut serve = serve(listener, SockeyeService::alone(shared.clone()));
    serve.protocols = protocols;
    serve.admission = Some(shared.admission.clone());
    serve.with_graceful_shutdown(async move { closing.closing().await }).await
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
    Serve {
        listener,
        service,
        protocols: Protocols::default(),
        capacity: Capacity::default(),
        admission: None,
        stop: None,
    }
}

/// A server about to run: await it. Made by [`serve`].
#[must_use = "a server runs when it is awaited"]
pub struct Serve<S> {
    listener: TcpListener,
    service: S,
    protocols: Protocols,
    capacity: Capacity,
    /// Where there is a count of connections already.
    admission: Option<Arc<Admission>>,
    stop: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<S> Serve<S> {
    /// Stops accepting when `signal` resolves, lets requests under way finish (for 10 s at most), then
    /// returns. WebSockets are the business of [`Server::close`].
    pub fn with_graceful_shutdown(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Some(Box::pin(signal));
        self
    }

    /// The most connections at a time, 65 536 by default; 0 is no limit. As
    /// [`ServerBuilder::max_connections`](crate::ServerBuilder::max_connections).
    pub fn max_connections(mut self, count: usize) -> Self {
        self.capacity.connections = count;
        self
    }

    /// The most connections at a time from one address; 0, the default, is no limit. As
    /// [`ServerBuilder::max_connections_per_ip`](crate::ServerBuilder::max_connections_per_ip), with no proxy exempted.
    pub fn max_connections_per_ip(mut self, count: usize) -> Self {
        self.capacity.per_address = count;
        self
    }

    /// The most connections taken in one second; 0, the default, is no limit. As
    /// [`ServerBuilder::max_accepts_per_second`](crate::ServerBuilder::max_accepts_per_second).
    pub fn max_accepts_per_second(mut self, count: u32) -> Self {
        self.capacity.per_second = count;
        self
    }

    /// Speaks TLS (crate feature `tls`), as [`Server::listen_tls`].
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: impl Into<Arc<tls::rustls::ServerConfig>>) -> Self {
        self.protocols = self.protocols.with_tls(config.into());
        self
    }

    /// Whether HTTP/2 is spoken too (crate feature `http2`): false by default. As
    /// [`ServerBuilder::http2`](crate::ServerBuilder::http2).
    #[cfg(feature = "http2")]
    pub fn http2(mut self, speak: bool) -> Self {
        self.protocols.http2 = speak;
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
        Box::pin(run(self))
    }
}

async fn run<S, B>(serve: Serve<S>) -> io::Result<()>
where
    S: Service<Request<DeadlineBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    #[cfg_attr(not(feature = "tls"), allow(unused_mut))]
    let Serve { listener, service, mut protocols, capacity, admission, stop } = serve;
    #[cfg(feature = "tls")]
    protocols.prepare_tls();
    let admission = admission.unwrap_or_else(|| Admission::new(capacity, TrustedProxies::default()));
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
                let Some(permit) = admission.admit(peer) else {
                    if protocols.are_plain() {
                        admission.refuse(tcp);
                    }
                    continue;
                };
                // Answers are small and must not wait for an acknowledgement; a socket without it still works.
                let _ = tcp.set_nodelay(true);
                let encryption = if protocols.are_plain() { Encryption::Plain } else { Encryption::Tls };
                let requests = Requests {
                    service: service.clone(),
                    peer: PeerAddr(peer),
                    encryption,
                    seat: Seat::new(permit),
                };
                tokio::spawn(connection::serve(tcp, protocols.clone(), requests, watched.clone()));
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
