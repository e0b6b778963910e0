//! The contracts of the two Engine.IO suites: every message comes back.

use crate::net;
use sockeye::engine::EngineServer;
use sockeye::{Protocol, Server};
use std::io;
use std::time::Duration;

/// `protocol` is the one whose suite is to be run.
pub(crate) async fn serve(protocol: Protocol) -> io::Result<()> {
    let options = Server::builder()
        .path("/engine.io")
        .allow_eio3(protocol == Protocol::V3)
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .allow_any_origin();
    let engine = EngineServer::new(options, |socket, message| {
        // A client that has gone away needs no echo.
        let _ = socket.send(message);
    });
    net::serve_all(move |listener| {
        let engine = engine.clone();
        async move { engine.listen_on(listener).await }
    })
    .await
}
