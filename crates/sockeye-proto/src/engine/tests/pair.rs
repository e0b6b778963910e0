//! A client's and a server's session facing each other.

use super::world::World;
use crate::engine::*;

/// Both ends send five numbers a millisecond for `millis`, while `each` may interfere.
fn chatter(world: &mut World, millis: u64, mut each: impl FnMut(&mut World, u64)) {
    for step in 0..millis {
        let now = world.now;
        each(world, step);
        for _ in 0..5 {
            world.server_sends();
            world.client_sends();
        }
        world.run_until(now + 1);
    }
}

fn settle(world: &mut World) {
    world.run_until(world.now + 1_000);
}

#[test]
fn an_upgrade_while_both_send_loses_doubles_and_reorders_nothing() {
    for seed in 0..200 {
        let mut world = World::new(seed, seed % 23);
        chatter(&mut world, 150, |world, step| {
            if step == seed % 60 {
                world.start_upgrade();
            }
        });
        settle(&mut world);
        world.assert_nothing_lost_doubled_or_reordered();
        assert_eq!(world.received_by_client.len(), 750, "seed {seed}");
        assert_eq!(world.server.transport(), Transport::WebSocket, "seed {seed}");
        assert_eq!(world.client.transport(), Transport::WebSocket, "seed {seed}");
        assert_eq!((world.client_closed, world.server_closed), (None, None));
    }
}

#[test]
fn polling_alone_keeps_the_order_whatever_the_delays() {
    for seed in 0..50 {
        let mut world = World::new(seed, seed);
        chatter(&mut world, 60, |_, _| {});
        settle(&mut world);
        settle(&mut world);
        world.assert_nothing_lost_doubled_or_reordered();
        assert_eq!(world.server.transport(), Transport::Polling);
    }
}

#[test]
fn an_idle_poll_holds_an_upgrade_up_for_no_more_than_its_round_trips() {
    let mut world = World::new(1, 5);
    world.run_until(1_000);
    world.start_upgrade();
    world.run_until(1_000 + 100 + 8 * 5);
    assert_eq!(world.server.transport(), Transport::WebSocket);
}

#[test]
fn the_heartbeat_keeps_an_idle_session_for_hours() {
    for upgraded in [false, true] {
        let mut world = World::new(5, 200);
        if upgraded {
            world.start_upgrade();
        }
        let hours = 12 * 3_600_000;
        world.run_until(hours);
        assert_eq!((world.client_closed, world.server_closed), (None, None));
        let gaps = world.pings.windows(2).map(|pair| pair[1] - pair[0]);
        // A ping follows the pong before it, which took a way there and one or two back.
        assert!(gaps.into_iter().all(|gap| (25_000..=25_600).contains(&gap)));
        assert!(world.pings.len() > 1_680, "{}", world.pings.len());
    }
}

#[test]
fn a_cut_is_noticed_at_exactly_interval_and_timeout() {
    for upgraded in [false, true] {
        let mut world = World::new(2, 0);
        if upgraded {
            world.start_upgrade();
            world.run_until(500);
            assert_eq!(world.server.transport(), Transport::WebSocket);
        }
        world.cut_at = 1_000;
        world.run_until(44_999);
        assert_eq!((world.client_closed, world.server_closed), (None, None));
        world.run_until(100_000);
        let expected = Some((45_000, CloseReason::PingTimeout));
        assert_eq!((world.client_closed, world.server_closed), (expected, expected));
    }
}

#[test]
fn a_server_that_does_not_read_for_minutes_loses_neither_the_client_nor_a_message() {
    for upgraded in [false, true] {
        let mut world = World::new(4, 10);
        if upgraded {
            world.start_upgrade();
            world.run_until(500);
        }
        chatter(&mut world, 20, |_, _| {});
        world.stop_reading();
        chatter(&mut world, 20, |_, _| {});
        world.run_until(world.now + 600_000);
        assert_eq!((world.client_closed, world.server_closed), (None, None));
        world.read_again();
        settle(&mut world);
        world.assert_nothing_lost_doubled_or_reordered();
        world.run_until(world.now + 3_600_000);
        assert_eq!((world.client_closed, world.server_closed), (None, None));
    }
}

#[test]
fn a_starved_websocket_leaves_polling_alive_and_a_later_one_succeeds() {
    for seed in 0..20 {
        let mut world = World::new(seed, 10);
        world.ws_up_frames_left = 0;
        world.start_upgrade();
        chatter(&mut world, 100, |_, _| {});
        world.run_until(12_000);
        assert_eq!(world.upgrade_timeouts, 1);
        chatter(&mut world, 20, |_, _| {});
        settle(&mut world);
        world.assert_nothing_lost_doubled_or_reordered();
        assert_eq!(world.client.transport(), Transport::Polling);

        world.ws_up_frames_left = u64::MAX;
        world.start_upgrade();
        chatter(&mut world, 100, |_, _| {});
        settle(&mut world);
        world.assert_nothing_lost_doubled_or_reordered();
        assert_eq!(world.server.transport(), Transport::WebSocket);
    }
}

#[test]
fn a_lost_5_ends_the_client_and_leaves_polling_alive_at_the_server() {
    let mut world = World::new(8, 5);
    world.ws_up_frames_left = 1; // 2probe
    world.start_upgrade();
    world.run_until(9_999);
    assert!(world.server.is_upgrading());
    assert_eq!(world.client.transport(), Transport::WebSocket);
    world.run_until(11_000);
    assert_eq!(world.upgrade_timeouts, 1);
    assert_eq!(world.server.transport(), Transport::Polling);
    assert_eq!(world.server_closed, None);
    assert!(matches!(world.client_closed, Some((_, CloseReason::TransportClose))));
}

#[test]
fn text_in_place_of_a_probe_closes_the_websocket_and_polling_lives_on() {
    for text in ["4hello", "2", "5", "3probe"] {
        let mut world = World::new(6, 10);
        world.probe_text = text;
        world.start_upgrade();
        chatter(&mut world, 100, |_, _| {});
        settle(&mut world);
        assert_eq!(world.probe_errors, [ProbeError::UnexpectedPacket], "{text}");
        world.assert_nothing_lost_doubled_or_reordered();
        assert_eq!(world.server.transport(), Transport::Polling);
        assert!(world.client.can_upgrade());
    }
}

#[test]
fn a_second_websocket_is_refused_and_the_first_is_not_touched() {
    for (later, error) in [(None, ProbeError::AlreadyProbing), (Some(1_000), ProbeError::NotPolling)] {
        let mut world = World::new(6, 0);
        world.start_upgrade();
        if let Some(later) = later {
            world.run_until(later);
        }
        world.start_upgrade();
        chatter(&mut world, 50, |_, _| {});
        settle(&mut world);
        assert_eq!(world.probe_errors, [error]);
        assert_eq!(world.server.transport(), Transport::WebSocket);
        world.assert_nothing_lost_doubled_or_reordered();
    }
}

#[test]
fn a_client_that_closes_is_gone_at_the_server_a_way_later() {
    for upgraded in [false, true] {
        let mut world = World::new(3, 0);
        if upgraded {
            world.start_upgrade();
        }
        world.run_until(2_000);
        world.client.close();
        world.client_sends();
        world.run_until(2_000);
        assert_eq!(world.client_closed, Some((2_000, CloseReason::ForcedClose)));
        assert_eq!(world.server_closed, Some((2_000, CloseReason::TransportClose)));
    }
}
