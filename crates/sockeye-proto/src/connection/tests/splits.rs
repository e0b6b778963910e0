//! A conversation, recorded once, means the same wherever its bytes are cut and wherever its transport
//! changes.

use super::link::{Frame, Socket};
use super::talk::Incoming;
use super::{Pair, Setup};
use crate::connection::{ClientConnection, ClientEvent, ServerConnection, ServerEvent};
use crate::engine::*;
use crate::socket::{self, ClientMux, MuxLimits, ServerMux};
use crate::testing::{Random, at};
use crate::websocket::Role;
use std::time::Duration;

/// Both halves of a conversation on a WebSocket, with every kind of packet in it.
fn recorded() -> (Vec<u8>, Vec<u8>) {
    let mut pair = Pair::new(Setup { transport: Transport::WebSocket, ..Setup::default() });
    pair.chatter(3, |_, _| {});
    pair.run_until(26_000);
    pair.client.leave_namespace("/room");
    pair.drive();
    pair.settle();
    pair.client.connection.session().close();
    pair.drive();
    (pair.link.up.recorded, pair.link.down.recorded)
}

/// One end that writes down what it hears.
trait Listener {
    fn begun_on(transport: Transport) -> Self;
    fn role() -> Role;
    fn take(&mut self, incoming: Incoming<'_>) -> String;

    fn take_frame(&mut self, frame: &Frame) -> String {
        match frame {
            Frame::Text(text) => self.take(Incoming::Text(text)),
            Frame::Binary(data) => self.take(Incoming::Packet(Packet::Binary(data))),
            Frame::Close => "close".into(),
        }
    }
}

impl Listener for ServerConnection<&'static str> {
    fn begun_on(transport: Transport) -> Self {
        let session = ServerSession::new(transport, Heartbeat::default(), Duration::from_secs(10), at(0));
        ServerConnection::new(session, ServerMux::new(MuxLimits::default()))
    }

    fn role() -> Role {
        Role::Server
    }

    fn take(&mut self, incoming: Incoming<'_>) -> String {
        let event = match incoming {
            Incoming::Text(text) => self.handle_text(text, at(0)).unwrap(),
            Incoming::Packet(packet) => self.handle_packet(packet, at(0)).unwrap(),
        };
        let heard = format!("{event:?}");
        if let ServerEvent::Socket(socket::ServerEvent::Connect { namespace, .. }) = event {
            let namespace = super::talk::known(namespace);
            self.mux().unwrap().accept(namespace, namespace).unwrap();
        }
        heard
    }
}

impl Listener for ClientConnection<&'static str> {
    fn begun_on(transport: Transport) -> Self {
        let session = ClientSession::new(transport, ClientTimeouts::default(), at(0));
        ClientConnection::new(session, ClientMux::new(MuxLimits::default()))
    }

    fn role() -> Role {
        Role::Client
    }

    fn take(&mut self, incoming: Incoming<'_>) -> String {
        let event = match incoming {
            Incoming::Text(text) => self.handle_text(text, at(0)).unwrap(),
            Incoming::Packet(packet) => self.handle_packet(packet, at(0)).unwrap(),
        };
        let heard = format!("{event:?}");
        if let ClientEvent::Opened(_) = event {
            for namespace in super::talk::NAMESPACES {
                self.mux().unwrap().connect(namespace, namespace, None::<&()>, 0).unwrap();
            }
        }
        heard
    }
}

/// What a listener hears of `bytes` that arrive in pieces ending at `cuts`.
fn heard<L: Listener>(bytes: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut listener = L::begun_on(Transport::WebSocket);
    let mut socket = Socket::new(L::role());
    let mut heard = Vec::new();
    let mut start = 0;
    for &end in cuts.iter().chain([&bytes.len()]) {
        heard.extend(socket.feed(&bytes[start..end]).unwrap().iter().map(|frame| listener.take_frame(frame)));
        start = end;
    }
    heard
}

fn check_splits<L: Listener>(bytes: &[u8]) {
    let whole = heard::<L>(bytes, &[]);
    assert!(whole.len() > 25, "{whole:#?}");
    for cut in 0..=bytes.len() {
        assert_eq!(heard::<L>(bytes, &[cut]), whole, "cut at {cut}");
    }
    let one_by_one: Vec<_> = (0..bytes.len()).collect();
    assert_eq!(heard::<L>(bytes, &one_by_one), whole);
    let mut random = Random::new(5);
    for _ in 0..200 {
        let mut cuts: Vec<_> = (0..random.index(40)).map(|_| random.index(bytes.len())).collect();
        cuts.sort_unstable();
        assert_eq!(heard::<L>(bytes, &cuts), whole, "cut at {cuts:?}");
    }
}

#[test]
fn every_split_of_a_recorded_conversation_gives_the_same_events() {
    let (up, down) = recorded();
    check_splits::<ServerConnection<_>>(&up);
    check_splits::<ClientConnection<_>>(&down);
}

/// The frames of a recording, without the close.
fn frames(role: Role, bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Socket::new(role).feed(bytes).unwrap();
    frames.retain(|frame| *frame != Frame::Close);
    frames
}

/// What a listener hears when packets come in payloads of two.
fn heard_in_payloads<L: Listener>(listener: &mut L, frames: &[Frame]) -> Vec<String> {
    let mut heard = Vec::new();
    for two in frames.chunks(2) {
        let mut body = PayloadEncoder::new(usize::MAX);
        for frame in two {
            match frame {
                Frame::Text(text) => body.push_text(text.as_bytes()),
                Frame::Binary(data) => body.push_binary(data),
                Frame::Close => panic!("left out"),
            }
        }
        for packet in decode_payload(&body.finish()).unwrap() {
            heard.push(listener.take(Incoming::Packet(packet.unwrap().as_packet())));
        }
    }
    heard
}

fn heard_in_frames<L: Listener>(listener: &mut L, frames: &[Frame]) -> Vec<String> {
    frames.iter().map(|frame| listener.take_frame(frame)).collect()
}

#[test]
fn a_conversation_means_the_same_wherever_its_transport_changes() {
    let (up, down) = recorded();
    let frames_up = frames(Role::Server, &up);
    let whole = heard_in_frames(&mut <ServerConnection<_>>::begun_on(Transport::WebSocket), &frames_up);
    for by_polling in 0..=frames_up.len() {
        let (first, rest) = frames_up.split_at(by_polling);
        let mut server = <ServerConnection<_>>::begun_on(Transport::Polling);
        let mut heard = heard_in_payloads(&mut server, first);
        let session = server.session();
        session.handle_probe_opened(at(0)).unwrap();
        session.handle_probe_packet(Packet::Ping("probe"), at(0)).unwrap();
        session.handle_probe_packet(Packet::Upgrade, at(0)).unwrap();
        heard.extend(heard_in_frames(&mut server, rest));
        assert_eq!(heard, whole, "after {by_polling}");
    }

    // The first packet opens the session, and only then can it be upgraded.
    let mut frames_down = frames(Role::Client, &down);
    let Some(Frame::Text(open)) = frames_down.first_mut() else { panic!() };
    *open = open.replace("\"upgrades\":[]", "\"upgrades\":[\"websocket\"]");
    let whole = heard_in_frames(&mut <ClientConnection<_>>::begun_on(Transport::WebSocket), &frames_down);
    for by_polling in 1..=frames_down.len() {
        let (first, rest) = frames_down.split_at(by_polling);
        let mut client = <ClientConnection<_>>::begun_on(Transport::Polling);
        let mut heard = heard_in_payloads(&mut client, first);
        let session = client.session();
        session.start_probe(at(0)).unwrap();
        session.handle_probe_packet(Packet::Pong("probe")).unwrap();
        session.handle_polling_idle();
        assert_eq!(session.transport(), Transport::WebSocket);
        heard.extend(heard_in_frames(&mut client, rest));
        assert_eq!(heard, whole, "after {by_polling}");
    }
}
