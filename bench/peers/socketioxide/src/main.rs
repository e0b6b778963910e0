//! The peer socketioxide under axum, with its default features, as its documentation shows it.
//!
//! `PORT`; `RT=current` for tokio's current-thread runtime, else the multi-threaded one with `WORKERS`
//! threads (default: as many as there are cores). The contract is in `bench/README.md`.

use std::env;
use std::io;
use std::str::FromStr;

use axum::serve::ListenerExt;
use bytes::Bytes;
use socketioxide::extract::{AckSender, Data, SocketRef};
use socketioxide::SocketIo;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

fn main() -> io::Result<()> {
    let current_thread = env::var("RT").is_ok_and(|runtime| runtime == "current");
    let mut runtime =
        if current_thread { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if let Some(workers) = number("WORKERS") {
        runtime.worker_threads(workers);
    }
    runtime.enable_all().build()?.block_on(serve())
}

async fn serve() -> io::Result<()> {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", on_connect);
    let listener = TcpListener::bind(("127.0.0.1", number("PORT").unwrap_or(3000))).await?;
    // axum leaves Nagle's algorithm on, which no user of Socket.IO would.
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    axum::serve(listener, axum::Router::new().layer(layer)).await
}

async fn on_connect(socket: SocketRef) {
    socket.on("echo", async |socket: SocketRef, Data::<String>(text)| {
        _ = socket.emit("echo", &text);
    });
    socket.on("ack", async |ack: AckSender, Data::<String>(text)| {
        _ = ack.send(&text);
    });
    socket.on("bin", async |socket: SocketRef, Data::<Bytes>(bytes)| {
        _ = socket.emit("bin", &bytes);
    });
    socket.on("bcast", async |io: SocketIo, Data::<String>(text)| {
        _ = io.emit("bcast", &text).await;
    });
    socket.on("join", async |socket: SocketRef, ack: AckSender, Data::<String>(room)| {
        socket.join(room);
        _ = ack.send(&());
    });
    socket.on("room", async |io: SocketIo, Data::<(String, String)>((room, text))| {
        _ = io.to(room).emit("room", &text).await;
    });
}

fn number<N: FromStr>(name: &str) -> Option<N> {
    env::var(name).ok()?.parse().ok()
}
