//! TLS and HTTP/2 in the server itself (crate features `tls` and `http2`). The certificate is the one of the tests; name
//! yours with `CHAIN` and `KEY`, both PEM files.
//! `PORT=3000 cargo run --example tls`

use sockeye::{Server, Socket};
use std::io;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on https://{}/socket.io/", listener.local_addr()?);
    serve(listener).await
}

/// Serves until the server is closed.
pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    let io = Server::builder().http2(true).build();
    io.on("whoami", async |socket: Socket| {
        let address = socket.handshake().address().map(|address| address.ip().to_string());
        socket.emit("you", &address)
    });
    let read =
        |name: &str, default: &str| std::fs::read(std::env::var(name).unwrap_or_else(|_| default.to_owned()));
    let chain = read("CHAIN", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates/chain.pem"))?;
    let key = read("KEY", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates/key.pem"))?;
    io.listen_tls_on(listener, sockeye::tls::from_pem(&chain, &key)?).await
}
