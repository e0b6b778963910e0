//! In a server of plain hyper: one service for each connection, and `with_upgrades` so that WebSockets get their stream.
//! `PORT=3000 cargo run --example hyper`

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sockeye::{PeerAddr, Server, Socket};
use std::io;
use tokio::net::TcpListener;
use tower_service::Service;

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
        let service = io.service();
        let respond = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(PeerAddr(peer));
            service.clone().call(request)
        });
        // Without a timer hyper has no deadline for the head of a request.
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new());
        tokio::spawn(builder.serve_connection(TokioIo::new(tcp), respond).with_upgrades());
    }
}
