//! Under a path of an axum router: clients connect with `path: "/chat/socket.io"`. axum cuts the prefix off, so the server
//! keeps its own path.
//! `PORT=3000 cargo run --example axum_nested`

use axum::Router;
use axum::routing::get;
use sockeye::{Server, Socket};
use std::io;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}/chat/socket.io/", listener.local_addr()?);
    serve(listener).await
}

/// Serves until the listener fails.
pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    let io = Server::new();
    io.on("whoami", async |socket: Socket| {
        let address = socket.handshake().address().map(|address| address.ip().to_string());
        socket.emit("you", &address)
    });
    let app = Router::new().route("/", get(async || "a page of axum")).nest_service("/chat", io.service());
    // With deadlines for slow clients, and the peer's address; `axum::serve` would do too.
    sockeye::serve(listener, app).await
}
