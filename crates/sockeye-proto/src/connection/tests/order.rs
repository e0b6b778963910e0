//! Events, attachments and acks, both ways at once, whatever carries them.

use super::talk::{Seen, Talk};
use super::{Pair, Setup};
use crate::engine::*;
use std::time::Duration;

/// A pair that was upgraded while both ends talked, and has fallen silent.
fn upgraded(setup: Setup, millis: u64) -> Pair {
    let mut pair = Pair::new(setup);
    pair.chatter(millis, |pair, step| {
        if step == setup.seed % (millis / 2) {
            pair.start_upgrade();
        }
    });
    pair.settle();
    pair.assert_open_on(Transport::WebSocket);
    pair
}

#[test]
fn events_keep_order_across_an_upgrade() {
    for max_delay in 0..20 {
        let pair = upgraded(Setup { seed: 20, max_delay, ..Setup::default() }, 60);
        for talk in [&pair.server.talk, &pair.client.talk] {
            assert!(talk.heard.iter().copied().eq(0..300), "{max_delay}: {:?}", talk.heard);
            let texts_by = |by| talk.seen.iter().filter(|(transport, _)| *transport == by).count();
            assert!(texts_by(Transport::Polling) > 20 && texts_by(Transport::WebSocket) > 20);
        }
    }
}

#[test]
fn nothing_is_lost_or_doubled_over_two_hundred_upgrades() {
    for seed in 0..200 {
        let pair = upgraded(Setup { seed, max_delay: seed % 23, ..Setup::default() }, 100);
        pair.assert_nothing_lost_doubled_or_reordered();
        assert_eq!((pair.server.talk.heard.len(), pair.client.talk.heard.len()), (500, 500), "seed {seed}");
        assert_eq!(pair.server.talk.answered.len(), 125);
    }
}

#[test]
fn polling_alone_keeps_the_order_whatever_the_delays() {
    for seed in 0..30 {
        let mut pair = Pair::new(Setup { seed, max_delay: seed, ..Setup::default() });
        pair.chatter(60, |_, _| {});
        pair.settle();
        pair.assert_nothing_lost_doubled_or_reordered();
        pair.assert_open_on(Transport::Polling);
    }
}

#[test]
fn a_websocket_alone_keeps_the_order_however_its_bytes_are_cut() {
    for seed in 0..30 {
        let transport = Transport::WebSocket;
        let mut pair = Pair::new(Setup { transport, seed, max_delay: seed, ..Setup::default() });
        pair.chatter(60, |_, _| {});
        pair.settle();
        pair.assert_nothing_lost_doubled_or_reordered();
        pair.assert_open_on(Transport::WebSocket);
    }
}

/// What lay between the text of binary packets and their last attachments.
#[derive(Default)]
struct Between {
    packets: usize,
    pings_and_pongs: usize,
    changes_of_transport: usize,
}

impl Between {
    fn look(&mut self, talk: &Talk) {
        let mut missing = 0;
        let mut text_by = Transport::Polling;
        for &(transport, seen) in &talk.seen {
            match seen {
                Seen::Text { attachments } => {
                    assert_eq!(missing, 0, "a packet in the middle of another");
                    (missing, text_by) = (attachments, transport);
                    self.packets += usize::from(attachments > 0);
                }
                Seen::Attachment => {
                    missing = usize::checked_sub(missing, 1).unwrap();
                    self.changes_of_transport += usize::from(transport != text_by);
                }
                Seen::Engine => self.pings_and_pongs += usize::from(missing > 0),
            }
        }
        assert_eq!(missing, 0);
    }
}

#[test]
fn a_binary_event_is_never_split_by_another_packet() {
    let heartbeat = Heartbeat { interval: Duration::from_millis(1), timeout: Duration::from_secs(20) };
    let (mut up, mut down) = (Between::default(), Between::default());
    for seed in 0..100 {
        let setup =
            Setup { seed, max_delay: seed % 7, heartbeat, max_payload_bytes: 100, ..Setup::default() };
        let pair = upgraded(setup, 30);
        pair.assert_nothing_lost_doubled_or_reordered();
        up.look(&pair.server.talk);
        down.look(&pair.client.talk);
    }
    for between in [up, down] {
        assert!(between.packets > 3_000, "{}", between.packets);
        // The engine's own packets may lie in between, and so may the change to the WebSocket.
        assert!(between.pings_and_pongs > 0);
        assert!(between.changes_of_transport > 0);
    }
}

#[test]
fn acks_answer_the_event_they_belong_to() {
    let pair = upgraded(Setup { seed: 3, max_delay: 9, ..Setup::default() }, 40);
    // Hearing an answer compares the number in it with the event of that namespace and id. The client counts
    // in each namespace from 0, so both have an event of the same id.
    for talk in [&pair.server.talk, &pair.client.talk] {
        assert_eq!(talk.said, 200);
        assert_eq!(talk.answered, (1..200).step_by(4).collect::<Vec<_>>());
    }
}
