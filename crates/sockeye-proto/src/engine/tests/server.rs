//! The server's session alone.

use super::at;
use crate::engine::*;
use std::time::Duration;

const INTERVAL: u64 = 25_000;
const TIMEOUT: u64 = 20_000;
const UPGRADE_TIMEOUT: u64 = 10_000;

fn session(transport: Transport) -> ServerSession {
    ServerSession::new(transport, Heartbeat::default(), Duration::from_millis(UPGRADE_TIMEOUT), at(0))
}

/// A session on polling whose probe is answered at `now`.
fn upgrading(now: u64) -> ServerSession {
    let mut session = session(Transport::Polling);
    session.handle_probe_opened(at(now)).unwrap();
    assert_eq!(session.handle_probe_packet(Packet::Ping("probe"), at(now)), Ok(ProbeStep::AnswerProbe));
    session
}

/// Everything due at `now`.
fn due(session: &mut ServerSession, now: u64) -> Vec<Timeout> {
    std::iter::from_fn(|| session.handle_timeout(at(now))).collect()
}

#[test]
fn messages_go_up_and_the_rest_of_the_clients_packets_are_ignored() {
    let mut session = session(Transport::WebSocket);
    for (packet, input) in [
        (Packet::Message("hello"), Input::Text("hello")),
        (Packet::Message(""), Input::Text("")),
        (Packet::Binary(&[1, 2]), Input::Binary(&[1, 2])),
        (Packet::Pong(""), Input::Nothing),
        (Packet::Pong("probe"), Input::Nothing),
        (Packet::Noop, Input::Nothing),
        (Packet::Upgrade, Input::Nothing),
        (Packet::Close, Input::Nothing),
    ] {
        assert_eq!(session.handle_packet(packet, at(1)), Ok(input), "{packet:?}");
    }
    assert_eq!(session.deadline(), at(INTERVAL));
}

#[test]
fn a_client_on_polling_that_says_1_is_gone() {
    let mut session = session(Transport::Polling);
    assert_eq!(session.handle_packet(Packet::Close, at(1)), Ok(Input::Closed));
    assert_eq!(session.handle_packet(Packet::Message("late"), at(1)), Ok(Input::Nothing));
    assert_eq!(session.handle_probe_opened(at(1)), Err(ProbeError::NotPolling));
    assert_eq!(session.deadline(), at(u64::MAX));
    assert_eq!(due(&mut session, u64::MAX), []);
}

#[test]
fn a_1_on_a_websocket_is_ignored_also_after_an_upgrade() {
    let mut session = upgrading(0);
    session.handle_probe_packet(Packet::Upgrade, at(1)).unwrap();
    assert_eq!(session.handle_packet(Packet::Close, at(2)), Ok(Input::Nothing));
    assert_eq!(session.handle_packet(Packet::Message("still here"), at(3)), Ok(Input::Text("still here")));
    assert_eq!(session.deadline(), at(INTERVAL));
}

#[test]
fn a_clients_ping_is_a_transport_error() {
    for data in ["", "probe"] {
        let mut session = session(Transport::WebSocket);
        let error = session.handle_packet(Packet::Ping(data), at(1)).unwrap_err();
        assert_eq!(error, SessionError::InvalidHeartbeatDirection);
        assert_eq!(error.reason(), CloseReason::TransportError);
        assert_eq!(session.deadline(), at(u64::MAX));
    }
}

#[test]
fn a_clients_open_packet_and_everything_malformed_is_a_parse_error() {
    let error = session(Transport::WebSocket).handle_packet(Packet::Open("{}"), at(1)).unwrap_err();
    assert_eq!(error.reason(), CloseReason::ParseError);
    assert_eq!(SessionError::from(PacketError::Empty).reason(), CloseReason::ParseError);
    assert_eq!(SessionError::from(PayloadError::InvalidUtf8 { len: 1 }).reason(), CloseReason::ParseError);
}

#[test]
fn a_ping_goes_out_every_interval_counted_from_the_pong() {
    let mut session = session(Transport::WebSocket);
    assert_eq!(due(&mut session, INTERVAL - 1), []);
    assert_eq!(due(&mut session, INTERVAL), [Timeout::SendPing]);
    assert_eq!(session.handle_packet(Packet::Pong(""), at(INTERVAL + 40)), Ok(Input::Pong));
    assert_eq!(session.deadline(), at(2 * INTERVAL + 40));
    assert_eq!(due(&mut session, 2 * INTERVAL + 40), [Timeout::SendPing]);
}

#[test]
fn silence_ends_the_session_at_exactly_interval_and_timeout() {
    let mut session = session(Transport::WebSocket);
    assert_eq!(due(&mut session, INTERVAL), [Timeout::SendPing]);
    assert_eq!(session.deadline(), at(INTERVAL + TIMEOUT));
    assert_eq!(due(&mut session, INTERVAL + TIMEOUT - 1), []);
    assert_eq!(due(&mut session, INTERVAL + TIMEOUT), [Timeout::PingTimeout]);
    assert_eq!(session.deadline(), at(u64::MAX));
}

#[test]
fn a_server_that_slept_pings_before_it_gives_up() {
    let mut session = session(Transport::WebSocket);
    assert_eq!(due(&mut session, 1_000_000), [Timeout::SendPing]);
    assert_eq!(session.deadline(), at(1_000_000 + TIMEOUT));
}

#[test]
fn any_packet_renews_the_wait_for_a_pong_once_per_ping() {
    for packet in [Packet::Message("x"), Packet::Binary(&[]), Packet::Noop, Packet::Upgrade] {
        let mut session = session(Transport::WebSocket);
        session.handle_packet(packet, at(INTERVAL - 1)).unwrap();
        assert_eq!(due(&mut session, INTERVAL), [Timeout::SendPing]);
        let renewed = INTERVAL + 15_000;
        session.handle_packet(packet, at(renewed)).unwrap();
        session.handle_packet(packet, at(renewed + 1_000)).unwrap();
        assert_eq!(session.deadline(), at(renewed + TIMEOUT), "{packet:?}");

        session.handle_packet(Packet::Pong(""), at(renewed + 2_000)).unwrap();
        let next = renewed + 2_000 + INTERVAL;
        assert_eq!(due(&mut session, next), [Timeout::SendPing]);
        session.handle_packet(packet, at(next + 10)).unwrap();
        assert_eq!(session.deadline(), at(next + 10 + TIMEOUT));
    }
}

#[test]
fn unsolicited_pongs_move_no_timer() {
    let mut session = session(Transport::Polling);
    for now in 0..1_000 {
        assert_eq!(session.handle_packet(Packet::Pong(""), at(now)), Ok(Input::Nothing));
    }
    assert_eq!(session.deadline(), at(INTERVAL));
}

#[test]
fn the_wait_for_a_pong_stands_still_while_the_shell_does_not_read() {
    let mut session = session(Transport::WebSocket);
    assert_eq!(due(&mut session, INTERVAL), [Timeout::SendPing]);
    session.pause_heartbeat(at(INTERVAL + 5_000));
    session.pause_heartbeat(at(INTERVAL + 6_000));
    assert_eq!(due(&mut session, INTERVAL + TIMEOUT), []);
    session.resume_heartbeat(at(INTERVAL + 24_000));
    assert_eq!(session.deadline(), at(INTERVAL + 24_000 + 15_000));
    session.resume_heartbeat(at(INTERVAL + 30_000));
    assert_eq!(due(&mut session, INTERVAL + 24_000 + 15_000), [Timeout::PingTimeout]);
}

#[test]
fn pings_go_on_while_the_shell_does_not_read() {
    let mut session = session(Transport::WebSocket);
    session.pause_heartbeat(at(0));
    for ping in 1..=100 {
        assert_eq!(session.deadline(), at(ping * INTERVAL));
        assert_eq!(due(&mut session, ping * INTERVAL), [Timeout::SendPing]);
    }
    session.resume_heartbeat(at(100 * INTERVAL + 7));
    assert_eq!(session.deadline(), at(100 * INTERVAL + 7 + TIMEOUT));
    assert_eq!(session.handle_packet(Packet::Pong(""), at(100 * INTERVAL + 8)), Ok(Input::Pong));
    assert_eq!(session.handle_packet(Packet::Pong(""), at(100 * INTERVAL + 8)), Ok(Input::Nothing));
}

#[test]
fn what_is_read_during_a_pause_counts_as_ever() {
    let mut session = session(Transport::WebSocket);
    assert_eq!(due(&mut session, INTERVAL), [Timeout::SendPing]);
    session.pause_heartbeat(at(INTERVAL + 19_000));
    session.handle_packet(Packet::Message("x"), at(INTERVAL + 30_000)).unwrap();
    session.resume_heartbeat(at(INTERVAL + 40_000));
    assert_eq!(session.deadline(), at(INTERVAL + 40_000 + TIMEOUT));
    session.pause_heartbeat(at(INTERVAL + 41_000));
    assert_eq!(session.handle_packet(Packet::Pong(""), at(INTERVAL + 42_000)), Ok(Input::Pong));
    session.resume_heartbeat(at(INTERVAL + 43_000));
    assert_eq!(session.deadline(), at(INTERVAL + 42_000 + INTERVAL));
}

#[test]
fn a_heartbeat_of_nothing_still_advances() {
    let heartbeat = Heartbeat { interval: Duration::ZERO, timeout: Duration::ZERO };
    let mut session = ServerSession::new(Transport::WebSocket, heartbeat, Duration::ZERO, at(0));
    session.pause_heartbeat(at(0));
    assert_eq!(due(&mut session, 1), [Timeout::SendPing]);
    let forever = Heartbeat { interval: Duration::MAX, timeout: Duration::MAX };
    let session = ServerSession::new(Transport::WebSocket, forever, Duration::MAX, at(u64::MAX));
    assert_eq!(session.deadline(), at(u64::MAX));
}

#[test]
fn a_probe_is_answered_and_its_5_moves_the_session() {
    let mut session = upgrading(100);
    assert!(session.is_upgrading());
    assert_eq!(session.transport(), Transport::Polling);
    assert_eq!(session.handle_packet(Packet::Message("by POST"), at(110)), Ok(Input::Text("by POST")));
    assert_eq!(session.handle_probe_packet(Packet::Upgrade, at(120)), Ok(ProbeStep::Upgraded));
    assert!(!session.is_upgrading());
    assert_eq!(session.transport(), Transport::WebSocket);
    assert_eq!(session.deadline(), at(INTERVAL));
    assert_eq!(session.handle_probe_opened(at(130)), Err(ProbeError::NotPolling));
}

#[test]
fn a_5_proves_life_to_a_server_that_awaits_a_pong() {
    let mut session = session(Transport::Polling);
    assert_eq!(due(&mut session, INTERVAL), [Timeout::SendPing]);
    session.handle_probe_opened(at(INTERVAL + 1)).unwrap();
    session.handle_probe_packet(Packet::Ping("probe"), at(INTERVAL + 2)).unwrap();
    session.handle_probe_packet(Packet::Upgrade, at(INTERVAL + 9_000)).unwrap();
    assert_eq!(session.deadline(), at(INTERVAL + 9_000 + TIMEOUT));
}

#[test]
fn a_parked_poll_is_let_go_every_100_ms_while_a_5_is_awaited() {
    let mut session = upgrading(0);
    for release in (100..1_000).step_by(100) {
        assert_eq!(session.deadline(), at(release));
        assert_eq!(due(&mut session, release - 1), []);
        assert_eq!(due(&mut session, release), [Timeout::ReleasePoll]);
    }
    assert_eq!(due(&mut session, 5_000), [Timeout::ReleasePoll]); // one, however late
    session.handle_probe_packet(Packet::Upgrade, at(5_001)).unwrap();
    assert_eq!(due(&mut session, 6_000), []);
}

#[test]
fn an_upgrade_that_takes_too_long_leaves_polling_alive() {
    let mut opened = session(Transport::Polling);
    opened.handle_probe_opened(at(0)).unwrap();
    for mut session in [opened, upgrading(0)] {
        due(&mut session, UPGRADE_TIMEOUT - 1);
        assert_eq!(due(&mut session, UPGRADE_TIMEOUT), [Timeout::UpgradeTimeout]);
        assert_eq!(session.deadline(), at(INTERVAL));
        assert_eq!(session.handle_probe_packet(Packet::Upgrade, at(10_001)), Err(ProbeError::NotProbing));
        assert_eq!(session.handle_packet(Packet::Message("x"), at(10_001)), Ok(Input::Text("x")));
        assert_eq!(session.handle_probe_opened(at(10_002)), Ok(()));
    }
}

#[test]
fn any_other_packet_of_a_probe_closes_the_websocket_and_leaves_polling_alive() {
    let before = [
        Packet::Message("x"),
        Packet::Binary(&[1]),
        Packet::Ping(""),
        Packet::Ping("Probe"),
        Packet::Upgrade,
    ];
    let after =
        [Packet::Message("x"), Packet::Ping("probe"), Packet::Pong("probe"), Packet::Noop, Packet::Close];
    for packet in before {
        let mut session = session(Transport::Polling);
        session.handle_probe_opened(at(0)).unwrap();
        assert_eq!(
            session.handle_probe_packet(packet, at(1)),
            Err(ProbeError::UnexpectedPacket),
            "{packet:?}"
        );
        assert_eq!(session.handle_packet(Packet::Message("x"), at(2)), Ok(Input::Text("x")));
        assert_eq!(session.deadline(), at(INTERVAL));
    }
    for packet in after {
        let mut session = upgrading(0);
        assert_eq!(
            session.handle_probe_packet(packet, at(1)),
            Err(ProbeError::UnexpectedPacket),
            "{packet:?}"
        );
        assert_eq!(session.transport(), Transport::Polling);
        assert_eq!(session.deadline(), at(INTERVAL));
    }
}

#[test]
fn one_websocket_probes_at_a_time_and_none_on_a_websocket() {
    let mut polling = upgrading(0);
    assert_eq!(polling.handle_probe_opened(at(1)), Err(ProbeError::AlreadyProbing));
    assert!(polling.is_upgrading());
    polling.handle_probe_closed();
    assert!(!polling.is_upgrading());
    assert_eq!(polling.handle_probe_opened(at(2)), Ok(()));
    assert_eq!(polling.handle_probe_opened(at(3)), Err(ProbeError::AlreadyProbing));
    assert_eq!(session(Transport::WebSocket).handle_probe_opened(at(0)), Err(ProbeError::NotPolling));
}

#[test]
fn the_end_of_the_session_ends_its_probe() {
    let mut session = upgrading(0);
    session.handle_packet(Packet::Close, at(1)).unwrap();
    assert!(!session.is_upgrading());
    assert_eq!(session.handle_probe_packet(Packet::Upgrade, at(2)), Err(ProbeError::NotProbing));
    assert_eq!(session.transport(), Transport::Polling);
}
