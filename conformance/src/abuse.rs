//! What a hostile tester drives: it must survive everything with default limits.
//! `SLOWPING=1` for the default heartbeat, `CSR=1` for connection state recovery (of `CSR_MS` milliseconds), `CORS=origin`
//! for an allow-list of one with credentials, `PARSER=msgpack` for packets in MessagePack, `EIO3=1` for clients of Socket.IO 2, `DEFLATE=1` for
//! messages that are compressed however short they are, `DENY=1` to refuse requests that say `deny` in their query, with
//! what they say.

use crate::{net, socket_v5};
use axum::Json;
use axum::routing::get;
use serde_json::{Value, json};
use sockeye::{
    Ack, ConnectError, ConnectionStateRecovery, Cors, Data, DuplicateError, Handshake, Namespace,
    PerMessageDeflate, RawArguments, Regex, Server, Socket,
};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) async fn serve() -> io::Result<()> {
    let mut options = socket_v5::with_parser(Server::builder());
    if std::env::var_os("SLOWPING").is_none() {
        options = options
            .ping_interval(Duration::from_millis(300))
            .ping_timeout(Duration::from_millis(200))
            .connect_timeout(Duration::from_secs(1))
            .upgrade_timeout(Duration::from_secs(1));
    }
    options = options.allow_eio3(std::env::var_os("EIO3").is_some());
    if let Ok(origin) = std::env::var("CORS") {
        options = options.cors(Cors::from([origin]).credentials());
    }
    if std::env::var_os("DENY").is_some() {
        options = options.allow_request(async |request: Handshake| {
            let denied = request.query().find(|(key, _)| key == "deny");
            denied.map_or(Ok(()), |(_, reason)| Err(reason))
        });
    }
    if std::env::var_os("DEFLATE").is_some() {
        options = options.per_message_deflate(PerMessageDeflate::new().threshold(0));
    }
    if std::env::var_os("CSR").is_some() {
        let kept = std::env::var("CSR_MS").ok().and_then(|millis| millis.parse().ok());
        let recovery = ConnectionStateRecovery::default();
        options = options.connection_state_recovery(match kept {
            Some(millis) => recovery.max_disconnection_duration(Duration::from_millis(millis)),
            None => recovery,
        });
    }
    let io = options.build();
    for name in ["/", "/custom", "/slow"] {
        handle(&io.of(name));
    }
    share(&io.of("/quiet"));
    handle(&io.of_regex(Regex::new("^/dyn-.+$").map_err(std::io::Error::other)?));
    io.of("/slow").middleware(async || {
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok::<_, ConnectError>(())
    });
    net::serve_all(move |listener| {
        let health = io.clone();
        let app =
            axum::Router::new().route("/healthz", get(async move || Json(report(&health)))).layer(io.layer());
        async move { sockeye::serve(listener, app).await }
    })
    .await
}

fn handle(namespace: &Namespace) {
    socket_v5::echo(namespace);
    share(namespace);
}

/// What a client does to others, and what it leaves behind. `/quiet` says nothing by itself.
fn share(namespace: &Namespace) {
    namespace.on("join", async |socket: Socket, ack: Option<Ack>, Data(room): Data<String>| {
        socket.join(&room)?;
        if let Some(ack) = ack {
            ack.send("ok")?;
        }
        Ok::<_, sockeye::BoxError>(())
    });
    namespace.on("room-send", async |everyone: Namespace, Data(room): Data<String>, args: RawArguments| {
        everyone.to(&room).emit("room-msg", args.as_args().skip(1))
    });
    namespace.on("broadcast", async |everyone: Namespace, args: RawArguments| {
        everyone.emit("bcast", args.as_args())
    });
    namespace.on("volatile", async |everyone: Namespace, args: RawArguments| {
        everyone.broadcast().volatile().emit("bcast", args.as_args())
    });
    namespace.on("count", async |ack: Ack| ack.send(&1));
    namespace.on("remember", async |socket: Socket, Data(value): Data<Value>, ack: Ack| {
        socket.set_data("value", &value)?;
        ack.send(())?;
        Ok::<_, sockeye::BoxError>(())
    });
    namespace.on("recall", async |socket: Socket, ack: Ack| ack.send(&socket.data::<Value>("value")));
    let runs = Arc::new(AtomicUsize::new(0));
    namespace.on("once", async move |socket: Socket, Data(offset): Data<String>, ack: Ack| {
        let work = async { Ok::<_, DuplicateError>(runs.fetch_add(1, Ordering::Relaxed)) };
        ack.send(&socket.process_once(&offset, work).await?)?;
        Ok::<_, sockeye::BoxError>(())
    });
}

/// Resident memory in bytes, and what the server holds.
fn report(io: &Server) -> Value {
    let counts = io.counts();
    json!({
        "rss": resident_bytes(),
        "clients": counts.clients,
        "sockets": counts.sockets,
        "rooms": counts.rooms,
        "tasks": counts.tasks,
    })
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}
