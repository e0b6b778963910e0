//! Where a server may stand, and that it gets hold of the plain TCP stream there.

use crate::client::{Host, Mount, echo};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use sockeye::{Server, ServerBuilder};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower_service::Service;

#[tokio::test]
async fn a_websocket_gets_the_plain_stream_under_listen_serve_and_axum() {
    for mount in Mount::ALL {
        let host = Host::mount(echo(), mount).await;
        let mut ws = host.client().await;
        ws.expect_echo("hello").await;
        assert_eq!(host.io.counts().direct, 1, "{mount:?}");
    }
}

#[tokio::test]
async fn an_upgraded_session_gets_the_plain_stream_under_listen_serve_and_axum() {
    for mount in Mount::ALL {
        let host = Host::mount(echo(), mount).await;
        let mut poller = host.poller().await;
        poller.join().await;
        assert_eq!(host.io.counts().direct, 0, "{mount:?}");
        poller.upgraded().await.expect_echo("hello").await;
        assert_eq!(host.io.counts().direct, 1, "{mount:?}");
    }
}

#[tokio::test]
async fn a_wrapped_stream_works_without_the_fast_path() {
    let io = echo();
    let service = io.service();
    let host = Host::serve(io, async move |listener| {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let service = service.clone();
            let respond = hyper::service::service_fn(move |request| service.clone().call(request));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(Wrapped(tcp)), respond);
            tokio::spawn(connection.with_upgrades());
        }
    })
    .await;
    let mut ws = host.client().await;
    ws.expect_echo("hello").await;
    assert_eq!(host.io.counts().direct, 0);
}

#[tokio::test]
async fn requests_outside_the_path_pass_to_the_routes_behind_the_layer() {
    for mount in [Mount::Serve, Mount::Axum] {
        let host = Host::mount(echo(), mount).await;
        let mut http = host.http().await;
        http.get("/").await.is(200, "page");
        assert_eq!(http.get("/socket.iox/").await.status, 404, "{mount:?}");
    }
}

#[tokio::test]
async fn a_server_alone_answers_404_outside_its_path() {
    let host = Host::start(echo()).await;
    host.http().await.get("/socket.iox/?EIO=4&transport=polling").await.is(404, "Not Found");
}

/// Whether each path is the server's, for a server under `/socket.io` with this option.
async fn is_answered(options: ServerBuilder, paths: &[&str]) -> Vec<bool> {
    let host = Host::start(options.build()).await;
    let mut http = host.http().await;
    let mut answered = Vec::new();
    for path in paths {
        answered.push(http.get(&format!("{path}?EIO=4&transport=polling")).await.status == 200);
    }
    answered
}

const PATHS: [&str; 5] = ["/socket.io/", "/socket.io/below", "/socket.io", "/socket.iox", "/"];

#[tokio::test]
async fn by_default_the_path_ends_in_a_slash() {
    assert_eq!(is_answered(Server::builder(), &PATHS).await, [true, true, false, false, false]);
    let said = Server::builder().path("/socket.io/").add_trailing_slash(true);
    assert_eq!(is_answered(said, &PATHS).await, [true, true, false, false, false]);
}

#[tokio::test]
async fn without_a_trailing_slash_the_bare_path_is_answered_too() {
    let options = Server::builder().add_trailing_slash(false);
    assert_eq!(is_answered(options, &PATHS).await, [true, true, true, false, false]);
}

#[tokio::test]
async fn a_server_under_the_root_answers_every_path() {
    for path in ["/", ""] {
        assert_eq!(is_answered(Server::builder().path(path), &PATHS).await, [true; 5]);
    }
}

#[tokio::test]
async fn a_tower_service_answers_without_any_network() {
    let mut service = echo().service();
    let request = http::Request::get("/socket.io/?EIO=4&transport=polling");
    let request = request.body(http_body_util::Empty::<Bytes>::new()).unwrap();
    let response = service.call(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"0{\"sid\":\""));
}

/// A TCP stream that nobody can take back from the HTTP server.
struct Wrapped(TcpStream);

impl AsyncRead for Wrapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Wrapped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
