//! Nothing lost, nothing doubled, nothing out of order, however fast it comes and whatever carries it.

use crate::client::{Frame, Poller, text};
use crate::server::Abuse;
use std::ops::Range;
use tokio::task::JoinSet;

fn event(n: usize) -> String {
    format!("42[\"message\",{n}]")
}

fn answer(n: usize) -> String {
    format!("42[\"message-back\",{n}]")
}

#[tokio::test]
async fn x07_twenty_thousand_pipelined_events_are_answered_in_order() {
    const EVENTS: usize = 20_000;
    let server = Abuse::start().await;
    let mut ws = server.client().await;
    ws.write((0..EVENTS).flat_map(|n| text(event(n))).collect::<Vec<u8>>()).await;
    for n in 0..EVENTS {
        ws.expect(&answer(n)).await;
    }
    ws.expect_message_back("and no more").await;
}

/// One client that upgrades while events go both ways, as the official one does: it ends its poll before it says `5`.
/// `interop` does the same with the official client, the events of both sides on clocks of their own.
async fn upgrade_under_load(mut poller: Poller, parts: [Range<usize>; 3]) {
    poller.enter().await;
    let [polled, probing, upgraded] = parts;
    let all = polled.start..upgraded.end;
    let mut heard = Vec::new();
    let hear = |heard: &mut Vec<String>, body: &str| {
        heard.extend(body.split('\x1e').filter(|packet| *packet != "6").map(str::to_owned));
    };
    let body = |part: Range<usize>| part.map(event).collect::<Vec<_>>().join("\x1e");

    poller.begin_get().await;
    poller.begin_post(body(polled)).await;
    hear(&mut heard, &poller.gets.response().await.body);
    poller.begin_get().await;
    poller.posts.response().await.is(200, "ok");

    let mut ws = poller.upgrade().await;
    poller.begin_post(body(probing)).await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    poller.posts.response().await.is(200, "ok");
    hear(&mut heard, &poller.gets.response().await.body);
    ws.write([text("5"), upgraded.flat_map(|n| text(event(n))).collect()].concat()).await;

    while heard.len() < all.len() {
        match ws.recv().await {
            Frame::Text(packet) => heard.push(packet),
            other => panic!("{other:?} after {} answers", heard.len()),
        }
    }
    for (n, packet) in heard.iter().enumerate() {
        assert_eq!(*packet, answer(n));
    }
    ws.expect_message_back("and no more").await;
}

#[tokio::test]
async fn x08_an_upgrade_under_load_loses_doubles_and_reorders_nothing() {
    const CLIENTS: usize = 100;
    const EVENTS: usize = 1000;
    let server = Abuse::start().await;
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let poller = server.poller().await;
        // The upgrade falls to another place in each client's events.
        let (probe, end_of_polling) = (2 * client + 1, 4 * client + 400);
        let parts = [0..probe, probe..end_of_polling, end_of_polling..EVENTS];
        clients.spawn(upgrade_under_load(poller, parts));
    }
    let done = clients.join_all().await;
    assert_eq!(done.len(), CLIENTS);
}
