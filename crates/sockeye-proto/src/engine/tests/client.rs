//! The client's session alone.

use super::at;
use crate::engine::*;

const OPEN: &str =
    r#"{"sid":"s","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":10}"#;

fn opening(transport: Transport) -> ClientSession {
    ClientSession::new(transport, ClientTimeouts::default(), at(0))
}

fn open(transport: Transport) -> ClientSession {
    let mut session = opening(transport);
    session.handle_open(&OwnedOpen::decode(OPEN).unwrap(), at(0)).unwrap();
    session
}

/// A session on polling that waits for its requests to end.
fn upgrading() -> ClientSession {
    let mut session = open(Transport::Polling);
    session.start_probe(at(0)).unwrap();
    assert_eq!(outputs(&mut session), [Output::SendProbe]);
    session.handle_probe_packet(Packet::Pong("probe")).unwrap();
    session
}

fn outputs(session: &mut ClientSession) -> Vec<Output> {
    std::iter::from_fn(|| session.poll_output()).collect()
}

#[test]
fn nothing_but_an_open_packet_begins_a_session() {
    for packet in [Packet::Message("x"), Packet::Ping(""), Packet::Close, Packet::Noop, Packet::Open("{}")] {
        let mut session = opening(Transport::WebSocket);
        assert_eq!(session.handle_packet(packet, at(1)), Err(SessionError::UnexpectedPacket), "{packet:?}");
        assert_eq!(outputs(&mut session), [Output::Closed(CloseReason::ParseError)]);
    }
    let mut session = open(Transport::WebSocket);
    let again = session.handle_open(&OwnedOpen::decode(OPEN).unwrap(), at(1));
    assert_eq!(again, Err(SessionError::UnexpectedPacket));
    assert_eq!(outputs(&mut session), [Output::SendClose, Output::Closed(CloseReason::ParseError)]);
    assert!(session.is_closed());
}

#[test]
fn a_server_that_never_opens_is_given_up_after_the_open_timeout() {
    let mut session = opening(Transport::Polling);
    assert!(!session.may_poll() && !session.may_write() && !session.can_upgrade());
    assert_eq!(session.deadline(), at(20_000));
    session.handle_timeout(at(19_999));
    assert_eq!(outputs(&mut session), []);
    session.handle_timeout(at(20_000));
    assert_eq!(outputs(&mut session), [Output::Closed(CloseReason::TransportError)]);
    assert_eq!(session.deadline(), at(u64::MAX));
}

#[test]
fn a_flood_of_pings_leaves_one_pong_to_send() {
    let mut session = open(Transport::WebSocket);
    for now in 0..10_000 {
        assert_eq!(session.handle_packet(Packet::Ping(""), at(now)), Ok(Input::Pong));
    }
    assert_eq!(outputs(&mut session), [Output::SendPong]);
}

#[test]
fn a_server_without_a_ping_for_interval_and_timeout_is_gone() {
    let mut session = open(Transport::WebSocket);
    session.handle_packet(Packet::Ping(""), at(30_000)).unwrap();
    session.handle_packet(Packet::Message("not a ping"), at(40_000)).unwrap();
    outputs(&mut session);
    assert_eq!(session.deadline(), at(75_000));
    session.handle_timeout(at(74_999));
    assert_eq!(outputs(&mut session), []);
    session.handle_timeout(at(75_000));
    assert_eq!(outputs(&mut session), [Output::Closed(CloseReason::PingTimeout)]);
}

#[test]
fn messages_go_up_and_the_rest_is_ignored() {
    let mut session = open(Transport::Polling);
    for (packet, input) in [
        (Packet::Message("hello"), Input::Text("hello")),
        (Packet::Binary(&[7]), Input::Binary(&[7])),
        (Packet::Noop, Input::Nothing),
        (Packet::Pong("probe"), Input::Nothing),
        (Packet::Upgrade, Input::Nothing),
    ] {
        assert_eq!(session.handle_packet(packet, at(1)), Ok(input), "{packet:?}");
    }
    assert_eq!(outputs(&mut session), []);
}

#[test]
fn a_server_that_says_1_has_closed_the_transport() {
    let mut session = open(Transport::Polling);
    assert_eq!(session.handle_packet(Packet::Close, at(1)), Ok(Input::Closed));
    assert_eq!(outputs(&mut session), [Output::Closed(CloseReason::TransportClose)]);
    assert_eq!(session.handle_packet(Packet::Message("late"), at(1)), Ok(Input::Nothing));
    session.handle_transport_closed(CloseReason::TransportError);
    session.close();
    assert_eq!(outputs(&mut session), []);
}

#[test]
fn an_upgrade_pauses_polling_and_ends_with_a_5() {
    let mut session = open(Transport::Polling);
    assert!(session.can_upgrade());
    session.start_probe(at(0)).unwrap();
    assert!(session.may_poll() && session.may_write() && !session.can_upgrade());
    assert_eq!(outputs(&mut session), [Output::SendProbe]);
    session.handle_polling_idle();
    assert_eq!(session.transport(), Transport::Polling);

    session.handle_probe_packet(Packet::Pong("probe")).unwrap();
    assert!(session.is_upgrading() && !session.may_poll() && !session.may_write());
    assert_eq!(session.handle_packet(Packet::Message("last poll"), at(5)), Ok(Input::Text("last poll")));
    session.handle_polling_idle();
    assert_eq!(outputs(&mut session), [Output::SendUpgrade]);
    assert_eq!(session.transport(), Transport::WebSocket);
    assert!(session.may_write() && !session.may_poll() && !session.can_upgrade());
}

#[test]
fn an_upgrade_needs_polling_an_offer_and_no_other_probe() {
    assert_eq!(opening(Transport::Polling).start_probe(at(0)), Err(ProbeError::NotPolling));
    assert_eq!(open(Transport::WebSocket).start_probe(at(0)), Err(ProbeError::NotPolling));
    assert_eq!(upgrading().start_probe(at(0)), Err(ProbeError::AlreadyProbing));
    let mut session = opening(Transport::Polling);
    let bare = OwnedOpen::decode(r#"{"sid":"s","pingInterval":1,"pingTimeout":1}"#).unwrap();
    session.handle_open(&bare, at(0)).unwrap();
    assert!(!session.can_upgrade());
    assert_eq!(session.start_probe(at(0)), Err(ProbeError::NotOffered));
}

#[test]
fn a_probe_that_fails_leaves_polling_alive() {
    for packet in [Packet::Pong(""), Packet::Message("x"), Packet::Ping("probe"), Packet::Open("{}")] {
        let mut session = open(Transport::Polling);
        session.start_probe(at(0)).unwrap();
        assert_eq!(session.handle_probe_packet(packet), Err(ProbeError::UnexpectedPacket), "{packet:?}");
        assert_eq!(outputs(&mut session), []);
        assert!(session.may_poll() && session.can_upgrade());
    }
    let mut session = upgrading();
    assert_eq!(session.handle_probe_packet(Packet::Pong("probe")), Err(ProbeError::UnexpectedPacket));
    assert!(session.may_poll() && session.may_write());
    assert_eq!(session.handle_probe_packet(Packet::Pong("probe")), Err(ProbeError::NotProbing));
    let mut session = upgrading();
    session.handle_probe_closed();
    session.handle_polling_idle();
    assert_eq!(session.transport(), Transport::Polling);
    assert!(session.may_poll() && session.may_write());
}

#[test]
fn a_probe_that_takes_too_long_is_closed_and_polling_goes_on() {
    let mut probing = open(Transport::Polling);
    probing.start_probe(at(0)).unwrap();
    outputs(&mut probing);
    for mut session in [probing, upgrading()] {
        assert_eq!(session.deadline(), at(8_000));
        session.handle_timeout(at(7_999));
        assert_eq!(outputs(&mut session), []);
        session.handle_timeout(at(8_000));
        assert_eq!(outputs(&mut session), [Output::CloseProbe]);
        assert!(session.may_poll() && session.may_write());
        assert_eq!(session.deadline(), at(45_000));
    }
}

#[test]
fn close_tells_the_server_and_gives_up_an_upgrade() {
    let closed = Output::Closed(CloseReason::ForcedClose);
    let mut session = open(Transport::WebSocket);
    session.handle_packet(Packet::Ping(""), at(1)).unwrap();
    session.close();
    assert_eq!(outputs(&mut session), [Output::SendClose, closed]);
    let mut session = upgrading();
    session.close();
    assert_eq!(outputs(&mut session), [Output::CloseProbe, Output::SendClose, closed]);
    let mut session = opening(Transport::Polling);
    session.close();
    assert_eq!(outputs(&mut session), [closed]);
    assert_eq!(session.handle_open(&OwnedOpen::decode(OPEN).unwrap(), at(1)), Ok(()));
    assert!(session.is_closed());
}

#[test]
fn a_session_ends_once_and_for_the_first_reason() {
    let mut session = open(Transport::Polling);
    session.close_for(CloseReason::ParseError);
    session.close();
    session.handle_transport_closed(CloseReason::TransportError);
    assert_eq!(outputs(&mut session), [Output::SendClose, Output::Closed(CloseReason::ParseError)]);
    session.close();
    assert_eq!(outputs(&mut session), []);
}

#[test]
fn a_transport_that_ends_ends_the_session_and_its_probe() {
    let mut session = upgrading();
    session.handle_transport_closed(CloseReason::TransportError);
    assert_eq!(outputs(&mut session), [Output::CloseProbe, Output::Closed(CloseReason::TransportError)]);
    assert_eq!(session.start_probe(at(1)), Err(ProbeError::NotPolling));
    assert_eq!(session.handle_probe_packet(Packet::Pong("probe")), Err(ProbeError::NotProbing));
}

#[test]
fn a_post_holds_what_the_server_takes() {
    let mut body = open(Transport::Polling).payload_encoder();
    body.push_text(b"4abcd");
    assert!(body.fits_text(4) && !body.fits_text(5));
    let mut body = opening(Transport::Polling).payload_encoder();
    body.push_text(b"4abcd");
    assert!(body.fits_text(1_000_000));
}
