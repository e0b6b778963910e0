//! The server of the benchmark: the public API, typed extractors, default options.
//! `MOUNT=axum` mounts it on `axum::serve` instead of listening by itself.

use crate::net;
use bytes::Bytes;
use sockeye::{Ack, Data, EmitError, Server, Socket};
use std::io;

pub(crate) async fn serve() -> io::Result<()> {
    let io = Server::new();
    io.on("echo", async |socket: Socket, Data(text): Data<String>| socket.emit("echo", &text));
    io.on("ack", async |ack: Ack, Data(text): Data<String>| ack.send(&text));
    io.on("bin", async |socket: Socket, Data(bytes): Data<Bytes>| socket.emit("bin", &bytes));
    io.on("bcast", async |io: Server, Data(text): Data<String>| io.emit("bcast", &text));
    io.on("join", async |socket: Socket, ack: Ack, Data(room): Data<String>| {
        socket.join(&room)?;
        ack.send(())?;
        Ok::<_, sockeye::BoxError>(())
    });
    io.on("room", async |io: Server, Data(room): Data<String>, Data(text): Data<String>| {
        io.to(&room).emit("room", &text)?;
        Ok::<_, EmitError>(())
    });
    let on_axum = std::env::var("MOUNT").is_ok_and(|mount| mount == "axum");
    net::serve_all(move |listener| {
        let io = io.clone();
        async move {
            if on_axum {
                axum::serve(listener, axum::Router::new().layer(io.layer())).await
            } else {
                io.listen_on(listener).await
            }
        }
    })
    .await
}
