//! Beside the routes of an axum router, under `axum::serve`. axum tells the peer's address in an extension of its own; a
//! small layer hands it over, so that `Handshake::address` knows it. Under `sockeye::serve` no such layer is needed.
//! `PORT=3000 cargo run --example axum`

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::map_request;
use axum::routing::get;
use sockeye::{PeerAddr, Server, Socket};
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;

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
    let app = Router::new()
        .route("/", get(async || "a page of axum"))
        .layer(io.layer())
        .layer(map_request(tell_peer));
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
}

async fn tell_peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
    request.extensions_mut().insert(PeerAddr(peer));
    request
}
