//! One connection of our listener, from the first byte to the last request: TLS if it is wanted, the version of HTTP, and
//! the deadlines of each. What a request means is the service's business.
//! Source: RFC 8446, RFC 9112, RFC 9113; RFC 7301 for the choice between the last two.

use super::admission::Seat;
use crate::error::BoxError;
use crate::http::{DeadlineBody, Encryption, PeerAddr};
use bytes::Bytes;
use http::header::UPGRADE;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower_service::Service;

/// How long the head of a request may take, from the first moment or from the end of the last request.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest head of a request.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How a listener speaks.
#[derive(Clone, Default)]
pub(crate) struct Protocols {
    #[cfg(feature = "tls")]
    pub(super) tls: Option<std::sync::Arc<super::tls::rustls::ServerConfig>>,
    #[cfg(feature = "http2")]
    pub(crate) http2: bool,
}

/// The version of HTTP that a connection speaks.
pub(super) enum Version {
    Http1,
    #[cfg(feature = "http2")]
    Http2,
}

impl Protocols {
    /// Whether a connection that is to be refused can be told so without a handshake.
    pub(super) fn are_plain(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_none();
        #[cfg(not(feature = "tls"))]
        true
    }
}

/// What the requests of one connection have in common.
#[derive(Clone)]
pub(super) struct Requests<S> {
    pub(super) service: S,
    pub(super) peer: PeerAddr,
    pub(super) encryption: Encryption,
    pub(super) seat: Seat,
}

impl<S, B> Requests<S>
where
    S: Service<Request<DeadlineBody>, Response = Response<B>, Error = Infallible> + Clone,
{
    pub(super) fn respond(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<B>, Infallible>> + use<S, B> {
        let mut service = self.service.clone();
        let mut request = request.map(DeadlineBody::new);
        let is_upgrade = request.headers().contains_key(UPGRADE);
        let names_scheme = request.uri().scheme().is_some();
        let extensions = request.extensions_mut();
        extensions.insert(self.peer);
        if self.encryption == Encryption::Tls || names_scheme {
            // What the request says of its scheme is not believed: we know.
            extensions.insert(self.encryption);
        }
        if is_upgrade {
            extensions.insert(self.seat.clone());
        }
        async move {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(request).await
        }
    }
}

/// Serves a connection until it ends, or until `stop` says so and the requests under way are answered.
pub(super) async fn serve<S, B>(
    tcp: TcpStream,
    protocols: Protocols,
    requests: Requests<S>,
    stop: watch::Receiver<()>,
) where
    S: Service<Request<DeadlineBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    #[cfg(feature = "tls")]
    if let Some(config) = protocols.tls {
        let acceptor = tokio_rustls::TlsAcceptor::from(config);
        let mut stopped = stop.clone();
        let accepted = tokio::select! {
            accepted = tokio::time::timeout(super::tls::HANDSHAKE_TIMEOUT, acceptor.accept(tcp)) => accepted,
            _ = stopped.changed() => return,
        };
        return match accepted {
            Ok(Ok(tls)) => {
                let version = super::tls::version(&tls);
                serve_http(tls, version, requests, stop).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "tls_failed"),
            Err(_) => tracing::debug!("tls_timed_out"),
        };
    }
    #[cfg(feature = "http2")]
    if protocols.http2 {
        let mut stopped = stop.clone();
        let version = tokio::select! {
            version = super::http2::version(&tcp) => version,
            _ = stopped.changed() => return,
        };
        return match version {
            Ok(version) => serve_http(tcp, version, requests, stop).await,
            Err(error) => tracing::debug!(%error, "http_failed"),
        };
    }
    #[cfg(not(any(feature = "tls", feature = "http2")))]
    let Protocols {} = protocols;
    serve_http(tcp, Version::Http1, requests, stop).await;
}

async fn serve_http<I, S, B>(io: I, version: Version, requests: Requests<S>, stop: watch::Receiver<()>)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<DeadlineBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let outcome = match version {
        Version::Http1 => serve_http1(io, requests, stop).await,
        #[cfg(feature = "http2")]
        Version::Http2 => super::http2::serve(io, requests, stop).await,
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "http_failed");
    }
}

async fn serve_http1<I, S, B>(
    io: I,
    requests: Requests<S>,
    mut stop: watch::Receiver<()>,
) -> hyper::Result<()>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<DeadlineBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .writev(false)
        .serve_connection(TokioIo::new(io), service_fn(move |request| requests.respond(request)))
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        outcome = connection.as_mut() => outcome,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}
