//! The other end of the wire: HTTP requests and WebSocket frames written by hand on a TCP socket, so that a test can send
//! what no well-behaved client would. Nothing here is shared with the code under test.

mod both;
mod calls;
mod clock;
pub(crate) mod h2;
mod host;
mod http;
mod patience;
mod poller;
mod requests;
pub(crate) mod tls;
mod ws;

pub(crate) use both::Client;
pub(crate) use calls::Calls;
pub(crate) use clock::Clock;
pub(crate) use host::{Host, Mount};
pub(crate) use http::{Http, Response};
pub(crate) use patience::patiently;
pub(crate) use poller::Poller;
pub(crate) use requests::{POLLING, UPGRADE, WEBSOCKET};
pub(crate) use ws::{Frame, Ws, binary, frame, text, unmasked};

use sockeye::engine::EngineServer;
use sockeye::{DisconnectReason, RawArguments, Server, ServerBuilder, Socket};
use tokio::sync::mpsc;

/// A server that sends every `echo` back.
pub(crate) fn echo_with(options: ServerBuilder) -> Server {
    let io = options.build();
    io.on("echo", async |socket: Socket, args: RawArguments| socket.emit("echo", args.as_args()));
    io
}

/// [`echo_with`] default options.
pub(crate) fn echo() -> Server {
    echo_with(Server::builder())
}

/// The engine alone, which sends every message back as it came.
pub(crate) async fn engine_echo(options: ServerBuilder) -> Host {
    let engine = EngineServer::new(options, |socket, message| {
        // A client that reads too slowly is closed; there is nobody to tell.
        let _ = socket.send(message);
    });
    Host::serve(Server::new(), async move |listener| engine.listen_on(listener).await.unwrap()).await
}

/// Why the sockets of the main namespace end, one after another.
pub(crate) struct Reasons(mpsc::UnboundedReceiver<DisconnectReason>);

impl Reasons {
    pub(crate) fn of(io: &Server) -> Self {
        let (tell, reasons) = mpsc::unbounded_channel();
        io.on_disconnect(async move |reason: DisconnectReason| {
            let _ = tell.send(reason);
        });
        Self(reasons)
    }

    pub(crate) async fn next(&mut self) -> &'static str {
        patiently("a disconnect", self.0.recv()).await.unwrap().as_str()
    }
}
