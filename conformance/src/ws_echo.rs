//! A plain WebSocket echo on the server's own WebSocket loop, for Autobahn: any path, messages of up to 16 MiB.
//! `DEFLATE=1` for messages that are compressed however short they are.

use crate::net;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sockeye::{PerMessageDeflate, websocket};
use std::convert::Infallible;
use std::io;
use tokio::net::TcpListener;

const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;

pub(crate) async fn serve() -> io::Result<()> {
    net::serve_all(accept_all).await
}

async fn accept_all(listener: TcpListener) -> io::Result<()> {
    loop {
        let (tcp, _) = listener.accept().await?;
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(tcp), service_fn(upgrade));
        // A connection that fails concerns its client only.
        tokio::spawn(connection.with_upgrades());
    }
}

async fn upgrade(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut options = websocket::Options::new(MAX_MESSAGE_BYTES);
    if std::env::var_os("DEFLATE").is_some() {
        options = options.per_message_deflate(PerMessageDeflate::new().threshold(0));
    }
    let answer = match websocket::accept(request, options) {
        Ok((answer, open)) => {
            tokio::spawn(async move {
                let mut socket = open.await?;
                while let Some(message) = socket.recv().await {
                    socket.send(&message).await?;
                }
                io::Result::Ok(())
            });
            answer
        }
        Err(refusal) => refusal,
    };
    Ok(answer.map(Full::new))
}
