//! A server on a port of its own, in this process.

use super::patience::Patience;
use super::tls::{bridge, certificate};
use super::{Http, Poller, Ws};
use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use sockeye::Server;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How the server is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mount {
    Listen,
    /// `sockeye::serve` around an axum router.
    Serve,
    Axum,
    /// `listen_tls`, behind a port that takes clients without TLS.
    Tls,
}

impl Mount {
    pub(crate) const ALL: [Mount; 3] = [Mount::Listen, Mount::Serve, Mount::Axum];
}

pub(crate) struct Host {
    pub(crate) io: Server,
    pub(crate) address: SocketAddr,
    /// Ends when the server has closed.
    pub(crate) running: JoinHandle<()>,
    _patience: Patience,
}

impl Host {
    pub(crate) async fn start(io: Server) -> Self {
        Self::mount(io, Mount::Listen).await
    }

    pub(crate) async fn mount(io: Server, mount: Mount) -> Self {
        let served = io.clone();
        let mut host = Self::serve(io, async move |listener| {
            let app = Router::new()
                .route("/", get(async || "page"))
                .route("/upload", post(async |body: Bytes| body.len().to_string()))
                .layer(served.layer());
            match mount {
                Mount::Listen => served.listen_on(listener).await,
                Mount::Serve => sockeye::serve(listener, app).await,
                Mount::Axum => axum::serve(listener, app).await,
                Mount::Tls => served.listen_tls_on(listener, certificate()).await,
            }
            .unwrap();
        })
        .await;
        if mount == Mount::Tls {
            host.address = bridge(host.address).await;
        }
        host
    }

    /// Any way to serve `io`.
    pub(crate) async fn serve<F>(io: Server, serve: impl FnOnce(TcpListener) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let running = tokio::spawn(serve(listener));
        Self { io, address, running, _patience: Patience::begin() }
    }

    pub(crate) async fn http(&self) -> Http {
        Http::connect(self.address).await
    }

    /// A session on a WebSocket, in no namespace yet.
    pub(crate) async fn session(&self) -> Ws {
        Ws::session(self.address).await
    }

    /// A client in the main namespace, on a WebSocket.
    pub(crate) async fn client(&self) -> Ws {
        let mut ws = self.session().await;
        ws.join().await;
        ws
    }

    /// A session on polling, in no namespace yet.
    pub(crate) async fn poller(&self) -> Poller {
        Poller::session(self.address).await
    }

    /// Lets the server take in what was sent before: it answers these later requests last.
    pub(crate) async fn settle(&self) {
        let mut http = self.http().await;
        for _ in 0..5 {
            assert_eq!(http.get("/nothing").await.status, 404);
        }
    }
}
