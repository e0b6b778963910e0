//! Many clients that do nothing, one broadcast, and what is left when they have gone. The figures of `cargo xtask bench`
//! are those of ten thousand clients and an optimised build; this is their order of magnitude, in every run.

use crate::client::POLLING;
use crate::server::{Abuse, MB, assert_grew_at_most};

const CLIENTS: usize = 2000;

#[tokio::test]
async fn x23_idle_clients_cost_little_hear_a_broadcast_and_leave_nothing() {
    let (mut server, before) = Abuse::fresh().await;
    let mut clients = Vec::with_capacity(CLIENTS);
    for _ in 0..CLIENTS {
        clients.push(server.client().await);
    }
    let full = server.health().await;
    assert_eq!((full.clients, full.sockets), (CLIENTS as u64, CLIENTS as u64));
    let each = full.rss.saturating_sub(before) / CLIENTS as u64;
    println!("x23: {each} bytes for each WebSocket");
    assert!(each <= 8_000, "{each} bytes for each WebSocket");

    clients[0].send("42[\"broadcast\",\"all\"]").await;
    for client in &mut clients {
        client.expect("42[\"bcast\",\"all\"]").await;
        client.expect_message_back("once").await;
    }
    clients.clear();
    let after = server.healthy("nobody", |health| health.clients == 0 && health.tasks == 0).await;
    assert_eq!(after.sockets, 0);
    assert_grew_at_most("x23", before, after.rss, before / 4 / MB + 10);

    let before = after.rss;
    for _ in 0..CLIENTS {
        assert_eq!(server.http().await.get(POLLING).await.status, 200);
    }
    let each = server.health().await.rss.saturating_sub(before) / CLIENTS as u64;
    println!("x23: {each} bytes for each polling session");
    assert!(each <= 3_000, "{each} bytes for each polling session");
    server.expect_well().await;
}
