//! Clients that send without reading, or read nothing, or send a great many of what is small.

use crate::client::{Frame, Http, WEBSOCKET, Ws, binary, frame, text};
use crate::server::{Abuse, assert_grew_at_most};
use tokio::net::TcpSocket;

/// A client in the main namespace whose kernel holds next to nothing for it.
async fn narrow_client(server: &Abuse) -> Ws {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(server.address).await.unwrap();
    let mut ws = Ws::open_on(Http::on(stream), WEBSOCKET).await;
    assert!(ws.text().await.starts_with("0{"));
    ws.enter().await;
    ws
}

#[tokio::test]
async fn x04_pings_of_a_client_that_does_not_read_cost_one_pong() {
    let (mut server, before) = Abuse::measured().await;
    let mut ws = narrow_client(&server).await;
    let pings = frame(0x89, &[7; 125]).repeat(1000);
    for _ in 0..300 {
        ws.write(&pings).await;
    }
    let after = server.health().await;
    assert_eq!(after.clients, 1, "the flood does not end it");
    assert_grew_at_most("x04", before, after.rss, 4);
    server.expect_well().await;
}

#[tokio::test]
async fn x05_a_client_that_does_not_read_a_broadcast_is_closed_and_the_others_get_all_of_it() {
    const ROUNDS: usize = 300;
    let (mut server, before) = Abuse::measured().await;
    let mut victim = narrow_client(&server).await;
    let mut others = [server.client().await, server.client().await];
    let payload = vec![7; 900_000];
    let attachment = binary(&payload);
    let mut peak = 0;
    for round in 0..ROUNDS {
        others[0].send(format!("451-[\"broadcast\",{round},{{\"_placeholder\":true,\"num\":0}}]")).await;
        others[0].write(&attachment).await;
        for other in &mut others {
            other.expect(&format!("451-[\"bcast\",{round},{{\"_placeholder\":true,\"num\":0}}]")).await;
            assert!(other.recv().await == Frame::Binary(payload.clone()));
        }
        if round % 10 == 9 {
            peak = peak.max(server.health().await.rss);
        }
    }
    // Long before it would miss a ping.
    assert_eq!(server.health().await.clients, 2);
    assert!(matches!(victim.ended().await, Frame::Close(_) | Frame::End));
    assert_grew_at_most("x05", before, peak, 16);
    server.expect_well().await;
}

#[tokio::test]
async fn x19_a_post_of_separators_or_of_pongs_is_refused() {
    let (mut server, before) = Abuse::measured().await;
    let pongs = ["3"; 500_000].join("\x1e");
    for body in ["\x1e".repeat(999_999), pongs] {
        for _ in 0..10 {
            let mut poller = server.poller().await;
            poller.enter().await;
            assert_eq!(poller.post(&body).await.status, 400);
        }
    }
    assert_grew_at_most("x19", before, server.health().await.rss, 2);
    server.expect_well().await;
}

#[tokio::test]
async fn x20_connects_to_unknown_namespaces_are_answered_up_to_a_limit() {
    let mut server = Abuse::start().await;
    for count in [99, 100, 101, 20_000] {
        let mut ws = server.session().await;
        let connects: Vec<u8> = (0..count).flat_map(|n| text(format!("40/no-{n},"))).collect();
        ws.write(connects).await;
        for n in 0..count.min(100) {
            ws.expect(&format!("44/no-{n},{{\"message\":\"Invalid namespace\"}}")).await;
        }
        if count > 100 {
            assert!(matches!(ws.ended().await, Frame::Close(None) | Frame::End));
        } else {
            ws.enter().await;
        }
    }
    server.expect_well().await;
}
