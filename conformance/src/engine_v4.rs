//! The contract of the Engine.IO v4 suite: every message comes back.

use crate::net;
use sockeye::Server;
use sockeye::engine::EngineServer;
use std::io;
use std::time::Duration;

pub(crate) async fn serve() -> io::Result<()> {
    let options = Server::builder()
        .path("/engine.io")
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
