//! A server by itself: no framework, our own listener with its deadlines and limits.
//! `PORT=3000 cargo run --example standalone`

use sockeye::{Server, Socket};
use std::io;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}/socket.io/", listener.local_addr()?);
    serve(listener).await
}

/// Serves until the server is closed.
pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    let io = Server::builder().max_connections(10_000).max_connections_per_ip(100).build();
    io.on("whoami", async |socket: Socket| {
        let address = socket.handshake().address().map(|address| address.ip().to_string());
        socket.emit("you", &address)
    });
    io.listen_on(listener).await
}
