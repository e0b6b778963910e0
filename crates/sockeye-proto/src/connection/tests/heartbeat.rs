//! Pings, pongs, silence, and who is told what at the end.

use super::{Pair, Setup};
use crate::engine::*;

const BOTH: [Transport; 2] = [Transport::Polling, Transport::WebSocket];

#[test]
fn the_heartbeat_keeps_an_idle_connection_for_hours() {
    for transport in BOTH {
        let mut pair = Pair::new(Setup { transport, max_delay: 200, ..Setup::default() });
        pair.run_until(12 * 3_600_000);
        pair.assert_open_on(transport);
        let gaps = pair.server.pings.windows(2).map(|pings| pings[1] - pings[0]);
        // A ping follows the pong before it, which took one way there and at most two back.
        assert!(gaps.into_iter().all(|gap| (25_000..=25_600).contains(&gap)));
        assert!(pair.server.pings.len() > 1_680, "{}", pair.server.pings.len());
    }
}

#[test]
fn a_ping_timeout_ends_both_sides() {
    for transport in BOTH {
        let mut pair = Pair::new(Setup { transport, ..Setup::default() });
        pair.link.up_cut_at = 2_000;
        pair.link.down_cut_at = 2_000;
        pair.run_until(44_999);
        assert_eq!((pair.server.closed, pair.client.closed), (None, None));
        pair.run_until(100_000);
        let expected = Some((45_000, CloseReason::PingTimeout));
        assert_eq!((pair.server.closed, pair.client.closed), (expected, expected));
    }
}

#[test]
fn a_client_whose_pongs_are_lost_learns_that_the_server_has_closed() {
    let mut pair = Pair::new(Setup { transport: Transport::WebSocket, ..Setup::default() });
    pair.link.up_cut_at = 2_000;
    pair.run_until(44_999);
    assert_eq!((pair.server.closed, pair.client.closed), (None, None));
    pair.run_until(45_000);
    assert_eq!(pair.server.closed, Some((45_000, CloseReason::PingTimeout)));
    assert_eq!(pair.client.closed, Some((45_000, CloseReason::TransportClose)));
}

#[test]
fn a_stall_shorter_than_the_timeout_costs_nothing_but_time() {
    for transport in BOTH {
        for seed in 0..10 {
            let mut pair = Pair::new(Setup { transport, seed, max_delay: 10, ..Setup::default() });
            pair.run_until(20_000);
            pair.chatter(20, |_, _| {});
            // The ping of the 25th second waits until just before its pong would be too late.
            pair.link.stall(44_950);
            pair.chatter(20, |_, _| {});
            pair.run_until(60_000);
            pair.assert_nothing_lost_doubled_or_reordered();
            pair.assert_open_on(transport);
        }
    }
}

#[test]
fn a_server_that_does_not_read_for_minutes_loses_neither_the_client_nor_a_message() {
    for transport in BOTH {
        let mut pair = Pair::new(Setup { transport, seed: 4, max_delay: 10, ..Setup::default() });
        pair.chatter(20, |_, _| {});
        let now = pair.now();
        pair.server.stop_reading(now);
        pair.chatter(20, |_, _| {});
        pair.run_until(pair.now() + 600_000);
        pair.assert_open_on(transport);
        pair.server.read_again(&mut pair.link);
        pair.drive();
        pair.settle();
        pair.assert_nothing_lost_doubled_or_reordered();
        pair.run_until(pair.now() + 3_600_000);
        pair.assert_open_on(transport);
    }
}

#[test]
fn a_client_that_closes_is_gone_at_the_server_a_way_later() {
    for transport in BOTH {
        let mut pair = Pair::new(Setup { transport, ..Setup::default() });
        pair.run_until(2_000);
        pair.client.connection.session().close();
        pair.drive();
        pair.run_until(2_000);
        assert_eq!(pair.client.closed, Some((2_000, CloseReason::ForcedClose)));
        assert_eq!(pair.server.closed, Some((2_000, CloseReason::TransportClose)));
    }
}
