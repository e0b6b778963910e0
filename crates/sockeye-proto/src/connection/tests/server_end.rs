//! The server's shell: it joins the client to any namespace, and answers what asks for an ack.

use super::link::{Frame, Link, Parcel, Socket};
use super::pair::Setup;
use super::talk::{Incoming, Talk, known};
use crate::connection::{ConnectionError, ServerConnection, ServerEvent};
use crate::engine::*;
use crate::socket::{self, MuxLimits, ServerMux, encode_connect};
use crate::testing::at;
use crate::websocket::{Opcode, Role};
use crate::{SessionId, SocketId};
use std::collections::VecDeque;
use std::time::Duration;

pub(super) struct ServerEnd {
    pub(super) connection: ServerConnection<&'static str>,
    pub(super) talk: Talk,
    pub(super) closed: Option<(u64, CloseReason)>,
    /// What the client did that closed it.
    pub(super) error: Option<ConnectionError>,
    /// The namespaces that the client left.
    pub(super) left: Vec<Box<str>>,
    /// When pings were queued.
    pub(super) pings: Vec<u64>,
    /// Why WebSockets were refused or closed.
    pub(super) probe_errors: Vec<ProbeError>,
    pub(super) upgrade_timeouts: usize,
    /// CONNECTs are answered.
    answers: bool,
    max_payload_bytes: usize,
    websocket: Option<Socket>,
    parked: bool,
    /// What arrived while the server does not read; `None` while it does.
    unread: Option<VecDeque<Parcel>>,
    next_ack_id: u64,
}

impl ServerEnd {
    /// A session whose open packet is on its way.
    pub(super) fn new(setup: &Setup, link: &mut Link) -> Self {
        let upgrade_timeout = Duration::from_secs(10);
        let session = ServerSession::new(setup.transport, setup.heartbeat, upgrade_timeout, at(0));
        let mut open = Vec::new();
        Open {
            sid: SessionId::from_entropy([9; 15]),
            upgrades: if setup.transport == Transport::Polling { &[Transport::WebSocket] } else { &[] },
            ping_interval: setup.heartbeat.interval,
            ping_timeout: setup.heartbeat.timeout,
            max_payload_bytes: setup.max_payload_bytes,
        }
        .encode(&mut open);
        let websocket = match setup.transport {
            Transport::Polling => {
                link.send(Parcel::GetAnswer(open));
                None
            }
            Transport::WebSocket => {
                link.open_websocket();
                link.write_down(Opcode::Text, &open);
                Some(Socket::new(Role::Server))
            }
        };
        Self {
            connection: ServerConnection::new(session, ServerMux::new(MuxLimits::default())),
            talk: Talk::default(),
            closed: None,
            error: None,
            left: Vec::new(),
            pings: Vec::new(),
            probe_errors: Vec::new(),
            upgrade_timeouts: 0,
            answers: setup.server_answers,
            max_payload_bytes: setup.max_payload_bytes,
            websocket,
            parked: false,
            unread: None,
            next_ack_id: 0,
        }
    }

    pub(super) fn transport(&mut self) -> Transport {
        self.connection.session().transport()
    }

    pub(super) fn say(&mut self) {
        let id = self.next_ack_id;
        self.talk.say(|_| id);
        self.next_ack_id += 1;
    }

    pub(super) fn stop_reading(&mut self, now: u64) {
        self.unread = Some(VecDeque::new());
        self.connection.session().pause_heartbeat(at(now));
    }

    pub(super) fn read_again(&mut self, link: &mut Link) {
        self.connection.session().resume_heartbeat(at(link.now));
        for parcel in self.unread.take().unwrap() {
            self.read(parcel, link);
        }
    }

    pub(super) fn handle(&mut self, parcel: Parcel, link: &mut Link) {
        match &mut self.unread {
            // Polls are answered even while nothing is read.
            Some(unread) if !matches!(parcel, Parcel::Get) => unread.push_back(parcel),
            _ => self.read(parcel, link),
        }
    }

    fn read(&mut self, parcel: Parcel, link: &mut Link) {
        match parcel {
            Parcel::Get | Parcel::Post(_) if self.closed.is_some() => link.send(Parcel::Refused),
            Parcel::Get => {
                assert!(!std::mem::replace(&mut self.parked, true), "two polls at once");
                assert_eq!(self.transport(), Transport::Polling);
            }
            Parcel::Post(body) => {
                assert_eq!(self.transport(), Transport::Polling);
                for packet in decode_payload(&body).unwrap() {
                    match packet {
                        _ if self.closed.is_some() => {}
                        Ok(packet) => self.take(Incoming::Packet(packet.as_packet()), link),
                        Err(error) => {
                            let error = ConnectionError::Session(error.into());
                            self.fail(error, link);
                        }
                    }
                }
                link.send(if self.error.is_some() { Parcel::Refused } else { Parcel::PostAnswer });
            }
            Parcel::WsRequest => match self.connection.session().handle_probe_opened(at(link.now)) {
                Ok(()) => {
                    self.websocket = Some(Socket::new(Role::Server));
                    link.open_websocket();
                }
                // This WebSocket is closed; one that came before it is not touched.
                Err(error) => self.probe_errors.push(error),
            },
            Parcel::Up(bytes) => {
                let Some(websocket) = &mut self.websocket else { return };
                for frame in websocket.feed(&bytes).unwrap() {
                    self.take_frame(&frame, link);
                }
            }
            _ => panic!("not for the server"),
        }
    }

    fn take_frame(&mut self, frame: &Frame, link: &mut Link) {
        let incoming = match frame {
            _ if self.websocket.is_none() => return,
            Frame::Text(text) => Incoming::Text(text),
            Frame::Binary(data) => Incoming::Packet(Packet::Binary(data)),
            Frame::Close => return self.websocket_closed(link),
        };
        if self.transport() == Transport::WebSocket {
            return self.take(incoming, link);
        }
        let Incoming::Text(text) = incoming else { panic!("a client never probes with bytes") };
        let packet = Packet::decode_text(text).unwrap();
        match self.connection.session().handle_probe_packet(packet, at(link.now)) {
            Ok(ProbeStep::AnswerProbe) => {
                link.write_down(Opcode::Text, b"3probe");
                self.release_poll(link);
            }
            Ok(ProbeStep::Upgraded) => assert!(!self.parked, "5 overtook a poll"),
            Err(error) => {
                self.probe_errors.push(error);
                self.close_websocket(link);
            }
        }
    }

    fn take(&mut self, incoming: Incoming<'_>, link: &mut Link) {
        let transport = self.transport();
        self.talk.see(incoming, transport);
        let outcome = match incoming {
            Incoming::Text(text) => self.connection.handle_text(text, at(link.now)),
            Incoming::Packet(packet) => self.connection.handle_packet(packet, at(link.now)),
        };
        let mut asked_for = None;
        match outcome {
            Ok(ServerEvent::Socket(event)) => match event {
                socket::ServerEvent::Connect { namespace, .. } => asked_for = Some(known(namespace)),
                socket::ServerEvent::Event { socket, event } => self.talk.hear(socket, &event),
                socket::ServerEvent::Ack { socket, id, args } => self.talk.hear_answer(socket, id, &args),
                socket::ServerEvent::Disconnect { namespace, .. } => self.left.push(namespace),
                socket::ServerEvent::Nothing => {}
            },
            Ok(ServerEvent::Closed) => self.closed = Some((link.now, CloseReason::TransportClose)),
            Ok(ServerEvent::Nothing) => {}
            Ok(ServerEvent::Text(_) | ServerEvent::Binary(_)) => panic!("the mux was passed by"),
            Ok(ServerEvent::Ping) => panic!("a ping of version 3"),
            Err(error) => self.fail(error, link),
        }
        if let Some(namespace) = asked_for.filter(|_| self.answers) {
            self.connection.mux().unwrap().accept(namespace, namespace).unwrap();
            self.talk.push(encode_connect(namespace, &SocketId::from_entropy([7; 15]), None, 0));
        }
    }

    /// One pass: what is due, then what can be written.
    pub(super) fn drive(&mut self, link: &mut Link) {
        while let Some(timeout) = self.connection.session().handle_timeout(at(link.now)) {
            match timeout {
                _ if self.closed.is_some() => {}
                Timeout::SendPing => {
                    self.pings.push(link.now);
                    self.talk.push_engine("2");
                }
                Timeout::PingTimeout => self.close(CloseReason::PingTimeout, link),
                Timeout::UpgradeTimeout => {
                    self.upgrade_timeouts += 1;
                    self.close_websocket(link);
                }
                Timeout::ReleasePoll => self.release_poll(link),
            }
        }
        if self.closed.is_some() {
            return;
        }
        if self.transport() == Transport::WebSocket {
            for frame in self.talk.queue.drain(..) {
                match frame {
                    Frame::Text(text) => link.write_down(Opcode::Text, text.as_bytes()),
                    Frame::Binary(data) => link.write_down(Opcode::Binary, &data),
                    Frame::Close => panic!("never queued"),
                }
            }
        } else if self.parked && !self.talk.queue.is_empty() {
            self.parked = false;
            let body = self.talk.fill(PayloadEncoder::new(self.max_payload_bytes));
            link.send(Parcel::GetAnswer(body));
        }
    }

    fn release_poll(&mut self, link: &mut Link) {
        if std::mem::take(&mut self.parked) {
            link.send(Parcel::GetAnswer(b"6".to_vec()));
        }
    }

    fn fail(&mut self, error: ConnectionError, link: &mut Link) {
        let reason = error.reason();
        self.error = Some(error);
        self.close(reason, link);
    }

    fn close(&mut self, reason: CloseReason, link: &mut Link) {
        self.closed = Some((link.now, reason));
        self.close_websocket(link);
        if std::mem::take(&mut self.parked) {
            link.send(Parcel::Refused);
        }
    }

    fn close_websocket(&mut self, link: &mut Link) {
        if self.websocket.take().is_some() {
            link.write_down(Opcode::Close, &[]);
        }
    }

    fn websocket_closed(&mut self, link: &mut Link) {
        self.websocket = None;
        match self.transport() {
            Transport::Polling => self.connection.session().handle_probe_closed(),
            Transport::WebSocket => self.closed = Some((link.now, CloseReason::TransportClose)),
        }
    }
}
