//! Behind a proxy on the same machine, which says in `X-Forwarded-For`, `-Proto` and `-Host` whom it speaks for. Only the
//! proxies that are named here are believed. For nginx:
//!
//! ```text
//! location /socket.io/ {
//!     proxy_pass http://127.0.0.1:3000;
//!     proxy_http_version 1.1;
//!     proxy_set_header Upgrade $http_upgrade;
//!     proxy_set_header Connection $connection_upgrade;
//!     proxy_set_header Host $host;
//!     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
//!     proxy_set_header X-Forwarded-Proto $scheme;
//!     proxy_set_header X-Forwarded-Host $http_host;
//!     proxy_read_timeout 60s;
//! }
//! ```
//!
//! with `map $http_upgrade $connection_upgrade { default upgrade; "" ""; }`. A proxy that keeps connections to us must
//! close them after less than the 10 s that we do.
//! `PORT=3000 cargo run --example behind_proxy`

use sockeye::{Server, Socket};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
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
    let proxies = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let io = Server::builder().trusted_proxies(proxies).build();
    io.on("whoami", async |socket: Socket| {
        let address = socket.handshake().address().map(|address| address.ip().to_string());
        socket.emit("you", &address)
    });
    io.on("secure", async |socket: Socket| socket.emit("secure", &socket.handshake().secure()));
    io.listen_on(listener).await
}
