//! Which reason `on_disconnect` hears for each way in which a socket can end, on both transports.
//! Source: the strings are the official server's; `slow consumer` and `inbox overflow` are our own.

use crate::client::{Client, Clock, Frame, Host, Reasons, binary, echo, echo_with, frame, patiently};
use sockeye::{Close, Server, Socket, Transport};
use std::time::Duration;

#[tokio::test]
async fn the_server_disconnects_a_socket() {
    let io = echo();
    io.on("leave", async |socket: Socket| socket.disconnect(Close::Namespace));
    io.on("close", async |socket: Socket| socket.disconnect(Close::Connection));
    io.on("all", async |socket: Socket| socket.within(socket.id().as_str()).disconnect(Close::Connection));
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    for event in ["leave", "close", "all"] {
        for mut client in Client::joined(&host).await {
            client.send(&format!("42[\"{event}\"]")).await;
            client.expect("41").await;
            assert_eq!(reasons.next().await, "server namespace disconnect", "{event} {}", client.name());
        }
    }
}

#[tokio::test]
async fn the_client_leaves_the_namespace() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        client.send("41").await;
        assert_eq!(reasons.next().await, "client namespace disconnect", "{}", client.name());
    }
}

#[tokio::test]
async fn the_client_closes_its_engine() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        client.send("1").await;
        if client.name() == "websocket" {
            // On a WebSocket the close packet means nothing, as for the official server: its stream has an end.
            client.send("42[\"echo\"]").await;
            client.expect("42[\"echo\"]").await;
        } else {
            assert_eq!(reasons.next().await, "transport close", "{}", client.name());
        }
    }
}

#[tokio::test]
async fn the_websocket_closes_or_its_stream_ends() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    drop(host.client().await);
    assert_eq!(reasons.next().await, "transport close");
    let mut ws = host.client().await;
    ws.write(frame(0x88, &1000_u16.to_be_bytes())).await;
    assert_eq!(reasons.next().await, "transport close");
    let ws = host.client().await;
    ws.stream.set_zero_linger().unwrap();
    drop(ws);
    assert_eq!(reasons.next().await, "transport close");
}

#[tokio::test]
async fn a_poll_is_aborted() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.begin_get().await;
    host.settle().await;
    drop(poller);
    assert_eq!(reasons.next().await, "transport error");
}

#[tokio::test]
async fn the_transport_is_broken() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    for bytes in [frame(0xff, b""), binary(&vec![0; 1_000_001]), frame(0x81, b"4\xff")] {
        let mut ws = host.client().await;
        ws.write(bytes).await;
        assert_eq!(reasons.next().await, "transport error");
        assert!(matches!(ws.ended().await, Frame::Close(Some(_))));
    }
}

#[tokio::test]
async fn the_packet_is_no_packet() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    host.client().await.send("9").await;
    assert_eq!(reasons.next().await, "parse error");
    let mut poller = host.poller().await;
    poller.join().await;
    assert_eq!(poller.post("9").await.status, 400);
    assert_eq!(reasons.next().await, "parse error");
}

#[tokio::test]
async fn the_socket_io_packet_is_wrong() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        client.send("42{}").await;
        assert_eq!(reasons.next().await, "forced close", "{}", client.name());
    }
}

#[tokio::test]
async fn no_pong_comes_in_time() {
    let clock = Clock::hold();
    for transport in [Transport::WebSocket, Transport::Polling] {
        let (interval, timeout) = (Duration::from_secs(3), Duration::from_secs(2));
        let io = echo_with(Server::builder().ping_interval(interval).ping_timeout(timeout));
        let mut reasons = Reasons::of(&io);
        let host = Host::start(io).await;
        let mut client = Client::session(&host, transport).await;
        client.join().await;
        host.settle().await;
        clock.advance(interval + Duration::from_millis(2)).await;
        client.expect("2").await;
        clock.advance(timeout - Duration::from_millis(10)).await;
        host.settle().await;
        assert_eq!(host.io.counts().sockets, 1, "{transport}");
        clock.advance(Duration::from_millis(20)).await;
        assert_eq!(reasons.next().await, "ping timeout", "{transport}");
    }
}

#[tokio::test]
async fn a_pong_that_has_arrived_when_the_time_is_over_counts() {
    let clock = Clock::hold();
    let io = echo();
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    for _ in 0..3 {
        host.settle().await;
        clock.advance(Duration::from_millis(25_001)).await;
        ws.expect("2").await;
        ws.send("3").await;
        clock.advance(Duration::from_millis(20_001)).await;
        ws.expect_echo("alive").await;
    }
}

#[tokio::test]
async fn the_server_closes() {
    for transport in [Transport::WebSocket, Transport::Polling] {
        let io = echo();
        let mut reasons = Reasons::of(&io);
        let host = Host::start(io).await;
        let mut client = Client::session(&host, transport).await;
        client.join().await;
        if let Client::Polling(poller, _) = &mut client {
            poller.begin_get().await;
            host.settle().await;
        }
        let io = host.io.clone();
        let closing = tokio::spawn(async move { io.close().await });
        assert_eq!(reasons.next().await, "server shutting down", "{transport}");
        match client {
            Client::WebSocket(mut ws) => ws.expect_closed().await,
            Client::Polling(mut poller, _) => poller.gets.response().await.is(200, "1"),
        }
        patiently("the end of the last session", closing).await.unwrap();
        patiently("the end of listen", host.running).await.unwrap();
    }
}
