//! What one end may not do, and what becomes of both then.

use super::link::Frame;
use super::{Pair, Setup};
use crate::connection::{
    ClientConnection, ClientConnectionError, ClientEvent, ConnectionError, ServerConnection, ServerEvent,
};
use crate::engine::*;
use crate::socket::{MuxError, PacketType};
use crate::testing::at;
use std::time::Duration;

const BOTH: [Transport; 2] = [Transport::Polling, Transport::WebSocket];

/// What the other end sees when a server has closed for an error.
fn as_seen_by_the_client(transport: Transport) -> CloseReason {
    match transport {
        Transport::Polling => CloseReason::TransportError,
        Transport::WebSocket => CloseReason::TransportClose,
    }
}

/// The client sends texts of its own making; the server closes for an error, which is returned.
fn refused(setup: Setup, texts: &[&str]) -> ConnectionError {
    let mut pair = Pair::new(setup);
    pair.client.talk.queue.extend(texts.iter().map(|text| Frame::Text(text.to_string())));
    pair.drive();
    pair.run_until(1_000);
    let error = pair.server.error.expect("the server takes it");
    assert_eq!(pair.server.closed, Some((1_000, error.reason())));
    assert_eq!(pair.client.closed, Some((1_000, as_seen_by_the_client(setup.transport))));
    error
}

#[test]
fn event_before_connect_closes() {
    for transport in BOTH {
        for (text, packet_type) in [
            ("42[\"count\",0]", PacketType::Event),
            ("431[0]", PacketType::Ack),
            (
                "452-[\"count\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]",
                PacketType::BinaryEvent,
            ),
            ("41", PacketType::Disconnect),
        ] {
            let error = refused(Setup { transport, client_asks: false, ..Setup::default() }, &[text]);
            let not_joined = MuxError::NotJoined { namespace: "/".into(), packet_type };
            assert_eq!(error, ConnectionError::Mux(not_joined), "{text}");
            assert_eq!(error.reason(), CloseReason::ForcedClose);
        }
    }
}

#[test]
fn event_before_the_answer_to_its_connect_closes() {
    for transport in BOTH {
        let error =
            refused(Setup { transport, server_answers: false, ..Setup::default() }, &["42[\"count\",0]"]);
        let not_joined = MuxError::NotJoined { namespace: "/".into(), packet_type: PacketType::Event };
        assert_eq!(error, ConnectionError::Mux(not_joined));
    }
}

#[test]
fn two_connects_while_one_is_pending_close() {
    for transport in BOTH {
        for server_answers in [false, true] {
            let error = refused(Setup { transport, server_answers, ..Setup::default() }, &["40"]);
            assert_eq!(error, ConnectionError::Mux(MuxError::DuplicateConnect { namespace: "/".into() }));
        }
    }
}

#[test]
fn text_where_an_attachment_is_due_closes() {
    for transport in BOTH {
        let header = "451-[\"count\",{\"_placeholder\":true,\"num\":0}]";
        // The engine's own packets are free to come in between.
        let error = refused(Setup { transport, ..Setup::default() }, &[header, "3", "42[\"count\",0]"]);
        assert_eq!(error, ConnectionError::Mux(MuxError::AttachmentsAwaited { missing: 1 }));
        assert_eq!(error.reason(), CloseReason::ForcedClose);
    }
}

#[test]
fn nothing_behind_the_packet_that_closes_is_heard() {
    for transport in BOTH {
        let mut pair = Pair::new(Setup { transport, ..Setup::default() });
        pair.client.say();
        pair.client.talk.queue.push_back(Frame::Text("4nonsense".into()));
        pair.client.say();
        pair.drive();
        pair.settle();
        assert_eq!(pair.server.talk.heard, [0]);
        assert!(matches!(pair.server.error, Some(ConnectionError::Mux(MuxError::Header(_)))));
    }
}

#[test]
fn a_clients_ping_is_a_transport_error() {
    for transport in BOTH {
        let error = refused(Setup { transport, ..Setup::default() }, &["2"]);
        assert_eq!(error, ConnectionError::Session(SessionError::InvalidHeartbeatDirection));
        assert_eq!(error.reason(), CloseReason::TransportError);
    }
}

#[test]
fn a_1_ends_a_session_on_polling_and_is_ignored_on_a_websocket() {
    for (transport, closed) in
        [(Transport::Polling, Some((1_000, CloseReason::TransportClose))), (Transport::WebSocket, None)]
    {
        let mut pair = Pair::new(Setup { transport, ..Setup::default() });
        pair.client.talk.queue.push_back(Frame::Text("1".into()));
        pair.client.say();
        pair.drive();
        pair.run_until(1_000);
        assert_eq!(pair.server.closed, closed);
        assert_eq!(pair.server.talk.heard.len(), usize::from(closed.is_none()));
    }
}

#[test]
fn nonsense_of_the_server_ends_the_client_with_a_parse_error_and_the_server_sees_it_leave() {
    for transport in BOTH {
        for text in ["", "9", "0{}", "4", "4x", "42[]", "42[1", "40{\"sid\":1}", "451-[\"count\"]"] {
            let mut pair = Pair::new(Setup { transport, ..Setup::default() });
            pair.server.talk.queue.push_back(Frame::Text(text.into()));
            pair.drive();
            pair.run_until(1_000);
            let error = pair.client.error.expect("the client takes it");
            assert_eq!(error.reason(), CloseReason::ParseError);
            assert_eq!(pair.client.closed, Some((1_000, CloseReason::ParseError)), "{text}");
            assert_eq!(pair.server.closed, Some((1_000, CloseReason::TransportClose)), "{text}");
        }
    }
}

#[test]
fn nonsense_of_the_client_ends_the_server_with_a_parse_error() {
    for transport in BOTH {
        for text in ["", "9", "0{}"] {
            let error = refused(Setup { transport, ..Setup::default() }, &[text]);
            assert_eq!(error.reason(), CloseReason::ParseError, "{text}");
        }
    }
}

#[test]
fn after_its_end_a_client_makes_nothing_of_whatever_comes() {
    let mut client = Pair::new(Setup::default()).client.connection;
    client.session().close();
    let open = "0{\"sid\":\"s\",\"pingInterval\":1,\"pingTimeout\":1}";
    for text in [open, "0", "", "9", "2", "42[\"count\",0]", "4nonsense"] {
        assert!(matches!(client.handle_text(text, at(2_000)), Ok(ClientEvent::Nothing)), "{text}");
    }
    let outputs: Vec<_> = std::iter::from_fn(|| client.session().poll_output()).collect();
    assert_eq!(outputs, [Output::SendClose, Output::Closed(CloseReason::ForcedClose)]);
}

#[test]
fn an_engine_without_namespaces_hands_messages_up_as_they_are() {
    let start = at(0);
    let session =
        ServerSession::new(Transport::Polling, Heartbeat::default(), Duration::from_secs(10), start);
    let mut server = <ServerConnection<()>>::engine_only(session);
    assert!(matches!(server.handle_text("42", start), Ok(ServerEvent::Text("2"))));
    assert!(matches!(server.handle_packet(Packet::Binary(&[1]), start), Ok(ServerEvent::Binary([1]))));
    assert!(matches!(server.handle_text("1", start), Ok(ServerEvent::Closed)));
    assert!(server.mux().is_none());

    let session = ClientSession::new(Transport::Polling, ClientTimeouts::default(), start);
    let mut client = <ClientConnection<()>>::engine_only(session);
    let open = "0{\"sid\":\"s\",\"pingInterval\":1,\"pingTimeout\":1}";
    assert!(matches!(client.handle_text(open, start), Ok(ClientEvent::Opened(open)) if open.sid() == "s"));
    assert!(matches!(client.handle_text("42", start), Ok(ClientEvent::Text("2"))));
    assert!(matches!(client.handle_packet(Packet::Binary(&[1]), start), Ok(ClientEvent::Binary([1]))));
    assert!(matches!(client.handle_text("1", start), Ok(ClientEvent::Closed)));
    assert!(client.mux().is_none());
}

#[test]
fn an_open_packet_comes_once() {
    let open = "0{\"sid\":\"s\",\"pingInterval\":1,\"pingTimeout\":1}";
    let mut pair = Pair::new(Setup { transport: Transport::WebSocket, ..Setup::default() });
    pair.server.talk.queue.push_back(Frame::Text(open.into()));
    pair.drive();
    pair.run_until(1_000);
    let twice = ClientConnectionError::Session(SessionError::UnexpectedPacket);
    assert_eq!(pair.client.error, Some(twice));
    assert_eq!(pair.client.closed, Some((1_000, CloseReason::ParseError)));
}

#[test]
fn a_namespace_that_the_client_left_is_left_at_the_server_while_the_other_goes_on() {
    for transport in BOTH {
        let mut pair = Pair::new(Setup { transport, max_delay: 5, ..Setup::default() });
        pair.client.leave_namespace("/room");
        pair.client.talk.said = 1; // of "/"
        pair.client.say();
        pair.drive();
        pair.settle();
        assert_eq!(pair.server.left, ["/room".into()]);
        assert_eq!(pair.server.talk.heard, [1]);
        assert_eq!(pair.client.talk.answered, [1]);
        pair.assert_open_on(transport);
    }
}
