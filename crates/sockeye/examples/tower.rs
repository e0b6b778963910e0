//! Among other tower layers: whatever stands in front of the server sees its requests, whatever stands behind it gets the
//! rest. Any host that drives tower services will do; here it is hyper-util's, with HTTP/1 and HTTP/2.
//! `PORT=3000 cargo run --example tower`

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use sockeye::{PeerAddr, Server, Socket};
use std::convert::Infallible;
use std::io;
use tokio::net::TcpListener;
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}/socket.io/", listener.local_addr()?);
    serve(listener).await
}

/// Serves until the listener fails.
pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    let io = Server::new();
    io.on("whoami", async |socket: Socket| {
        let address = socket.handshake().address().map(|address| address.ip().to_string());
        socket.emit("you", &address)
    });
    loop {
        let (tcp, peer) = listener.accept().await?;
        let service = ServiceBuilder::new()
            .concurrency_limit(100)
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(PeerAddr(peer));
                request
            })
            .layer(io.layer())
            .service_fn(async |_: Request<Incoming>| {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("what stands behind"))))
            });
        tokio::spawn(async move {
            let mut builder = auto::Builder::new(TokioExecutor::new());
            // Offers WebSockets over HTTP/2.
            builder.http2().enable_connect_protocol();
            builder.serve_connection_with_upgrades(TokioIo::new(tcp), TowerToHyperService::new(service)).await
        });
    }
}
