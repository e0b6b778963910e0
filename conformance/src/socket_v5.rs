//! The contract of the Socket.IO v5 suite. `PARSER=msgpack` for its packets in MessagePack, `EIO3=1` to let clients
//! of Socket.IO 2 in, too.

use crate::net;
use serde_json::Value;
use sockeye::{Ack, MsgpackParser, Namespace, RawArguments, Server, ServerBuilder, Socket, concurrent};
use std::io;
use std::time::Duration;

pub(crate) async fn serve() -> io::Result<()> {
    let io = with_parser(Server::builder())
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

/// The parser that the environment names.
pub(crate) fn with_parser(options: ServerBuilder) -> ServerBuilder {
    match std::env::var("PARSER").as_deref() {
        Ok("msgpack") => options.parser(MsgpackParser),
        _ => options,
    }
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
        let answer = socket.emit_with_ack::<()>("emit-with-ack", args.as_args()).raw().await?;
        socket.emit("emit-with-ack", answer.as_args())?;
        Ok::<_, sockeye::BoxError>(())
    };
    namespace.on("emit-with-ack", concurrent(ask));
}
