//! The contract of the Socket.IO v5 suite. `EIO3=1` lets clients of Socket.IO 2 in, too.

use crate::net;
use serde_json::Value;
use sockeye::{Ack, Namespace, RawArguments, Server, Socket, concurrent};
use std::io;
use std::time::Duration;

pub(crate) async fn serve() -> io::Result<()> {
    let io = Server::builder()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .connect_timeout(Duration::from_secs(1))
        .allow_eio3(std::env::var_os("EIO3").is_some())
        .allow_any_origin()
        .build();
    echo(&io.of("/"));
    echo(&io.of("/custom"));
    net::serve_all(move |listener| {
        let io = io.clone();
        async move { io.listen_on(listener).await }
    })
    .await
}

/// What both namespaces do; the contract `abuse` does it too.
pub(crate) fn echo(namespace: &Namespace) {
    namespace.on_connect(async |socket: Socket| {
        let auth: Value = socket.auth()?;
        socket.emit("auth", &auth)?;
        Ok::<_, sockeye::BoxError>(())
    });
    namespace.on("message", async |socket: Socket, args: RawArguments| {
        socket.emit("message-back", args.as_args())
    });
    namespace.on("message-with-ack", async |ack: Ack, args: RawArguments| ack.send(args.as_args()));
    let ask = async |socket: Socket, args: RawArguments| {
        let answer: Value = socket.emit_with_ack("emit-with-ack", args.as_args()).await?;
        socket.emit("emit-with-ack", &answer)?;
        Ok::<_, sockeye::BoxError>(())
    };
    namespace.on("emit-with-ack", concurrent(ask));
}
