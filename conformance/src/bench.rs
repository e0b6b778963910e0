//! The server of the benchmark: the public API, typed extractors, default options.
//! `MOUNT=axum` mounts it on `axum::serve` instead of listening by itself, and `FEATURE` turns one feature on, to
//! show what it costs.

use crate::net;
use bytes::Bytes;
use sockeye::{
    Ack, BoxError, ConnectionStateRecovery, Data, EmitError, MsgpackParser, PerMessageDeflate, Server,
    ServerBuilder, SlowReader, Socket,
};
use std::io;

pub(crate) async fn serve() -> io::Result<()> {
    let feature = std::env::var("FEATURE").unwrap_or_default();
    let io = configured(Server::builder(), &feature).build();
    listen(&io, &feature);
    io.on("echo", async |socket: Socket, Data(text): Data<String>| socket.emit("echo", &text));
    io.on("ack", async |ack: Ack, Data(text): Data<String>| ack.send(&text));
    io.on("bin", async |socket: Socket, Data(bytes): Data<Bytes>| socket.emit("bin", &bytes));
    io.on("bcast", async |io: Server, Data(text): Data<String>| io.emit("bcast", &text));
    io.on("join", async |socket: Socket, ack: Ack, Data(room): Data<String>| {
        socket.join(&room)?;
        ack.send(())?;
        Ok::<_, BoxError>(())
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

/// The options of a feature; the default ones for what is none of options.
fn configured(options: ServerBuilder, feature: &str) -> ServerBuilder {
    match feature {
        "deflate" => options.per_message_deflate(PerMessageDeflate::new()),
        "eio3" => options.allow_eio3(true),
        "msgpack" => options.parser(MsgpackParser),
        "no-http-compression" => options.http_compression(false),
        "recovery" => options.connection_state_recovery(ConnectionStateRecovery::default()),
        "slow-reader-refuse" => options.slow_reader(SlowReader::Refuse),
        _ => options,
    }
}

/// What listens for a feature.
fn listen(io: &Server, feature: &str) {
    match feature {
        "namespace" => drop(io.of("/orders/1")),
        "namespace-pattern" => drop(io.of_pattern("/orders/{id}")),
        "on-any" => drop(io.on_any(async || {})),
        "on-any-outgoing" => drop(io.on_any_outgoing(|_, _, _| {})),
        "packet-middleware" => drop(io.on_connect(async |socket: Socket| {
            socket.middleware(async || Ok::<_, BoxError>(()));
        })),
        _ => {}
    }
}
