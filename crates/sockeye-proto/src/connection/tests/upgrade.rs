//! From polling to a WebSocket, with everything that can go wrong on the way.

use super::{Pair, Setup};
use crate::engine::*;

#[test]
fn an_idle_poll_holds_an_upgrade_up_for_no_more_than_its_round_trips() {
    let mut pair = Pair::new(Setup { max_delay: 5, ..Setup::default() });
    pair.start_upgrade();
    // The probe comes through pieces of two frames; then a poll is let go within 100 ms.
    pair.run_until(1_000 + 100 + 8 * 5);
    pair.assert_open_on(Transport::WebSocket);
}

#[test]
fn a_starved_websocket_leaves_polling_alive_and_a_later_one_succeeds() {
    for seed in 0..20 {
        let mut pair = Pair::new(Setup { seed, max_delay: 10, ..Setup::default() });
        pair.link.frames_up_left = 0;
        pair.start_upgrade();
        pair.chatter(50, |_, _| {});
        pair.run_until(12_000);
        assert_eq!(pair.server.upgrade_timeouts, 1);
        pair.chatter(20, |_, _| {});
        pair.settle();
        pair.assert_nothing_lost_doubled_or_reordered();
        pair.assert_open_on(Transport::Polling);

        pair.link.frames_up_left = u64::MAX;
        pair.start_upgrade();
        pair.chatter(50, |_, _| {});
        pair.settle();
        pair.assert_nothing_lost_doubled_or_reordered();
        pair.assert_open_on(Transport::WebSocket);
    }
}

#[test]
fn a_lost_5_ends_the_client_and_leaves_polling_alive_at_the_server() {
    let mut pair = Pair::new(Setup { max_delay: 5, ..Setup::default() });
    pair.link.frames_up_left = 1; // 2probe
    pair.start_upgrade();
    pair.run_until(10_999);
    assert!(pair.server.connection.session().is_upgrading());
    assert_eq!(pair.client.transport(), Transport::WebSocket);
    pair.run_until(11_100);
    assert_eq!(pair.server.upgrade_timeouts, 1);
    assert_eq!(pair.server.transport(), Transport::Polling);
    assert_eq!(pair.server.closed, None);
    assert!(matches!(pair.client.closed, Some((_, CloseReason::TransportClose))));
}

#[test]
fn text_in_place_of_a_probe_closes_the_websocket_and_polling_lives_on() {
    for text in ["42[\"count\",0]", "2", "5", "3probe"] {
        let mut pair = Pair::new(Setup { seed: 6, max_delay: 10, ..Setup::default() });
        pair.client.probe_text = text;
        pair.start_upgrade();
        pair.chatter(50, |_, _| {});
        pair.settle();
        assert_eq!(pair.server.probe_errors, [ProbeError::UnexpectedPacket], "{text}");
        pair.assert_nothing_lost_doubled_or_reordered();
        pair.assert_open_on(Transport::Polling);
        assert!(pair.client.connection.session().can_upgrade());
    }
}

#[test]
fn a_second_websocket_is_refused_and_the_first_is_not_touched() {
    for (later, error) in [(0, ProbeError::AlreadyProbing), (1_000, ProbeError::NotPolling)] {
        let mut pair = Pair::new(Setup::default());
        pair.start_upgrade();
        if later > 0 {
            pair.run_until(1_000 + later);
        }
        pair.start_upgrade();
        pair.chatter(50, |_, _| {});
        pair.settle();
        assert_eq!(pair.server.probe_errors, [error]);
        pair.assert_nothing_lost_doubled_or_reordered();
        pair.assert_open_on(Transport::WebSocket);
    }
}

#[test]
fn a_client_that_leaves_in_the_middle_of_an_upgrade_leaves_by_polling() {
    for after in 0..30 {
        let mut pair = Pair::new(Setup { seed: after, max_delay: 5, ..Setup::default() });
        pair.start_upgrade();
        pair.run_until(1_000 + after);
        pair.client.connection.session().close();
        pair.drive();
        pair.settle();
        assert_eq!(pair.client.closed, Some((1_000 + after, CloseReason::ForcedClose)));
        assert!(matches!(pair.server.closed, Some((_, CloseReason::TransportClose))), "after {after} ms");
    }
}
