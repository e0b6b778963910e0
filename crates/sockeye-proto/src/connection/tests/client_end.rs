//! The client's shell: it asks for every namespace as soon as it may, polls, posts, and upgrades when told.

use super::link::{Frame, Link, Parcel, Socket};
use super::pair::Setup;
use super::talk::{Incoming, NAMESPACES, Talk};
use crate::connection::{ClientConnection, ClientConnectionError, ClientEvent};
use crate::engine::*;
use crate::socket::{self, ClientMux, MuxLimits};
use crate::testing::at;
use crate::websocket::{Opcode, Role};

pub(super) struct ClientEnd {
    pub(super) connection: ClientConnection<&'static str>,
    pub(super) talk: Talk,
    pub(super) closed: Option<(u64, CloseReason)>,
    /// What the server did that closed it.
    pub(super) error: Option<ClientConnectionError>,
    /// The client sends this in place of `2probe`.
    pub(super) probe_text: &'static str,
    /// Namespaces are asked for.
    asks: bool,
    websocket: Option<Socket>,
    get_in_flight: bool,
    post_in_flight: bool,
    /// A `1` is to be posted once no POST is in flight.
    leaves: bool,
}

impl ClientEnd {
    /// A session whose first request is answered already.
    pub(super) fn new(setup: &Setup) -> Self {
        let session = ClientSession::new(setup.transport, ClientTimeouts::default(), at(0));
        Self {
            connection: ClientConnection::new(session, ClientMux::new(MuxLimits::default())),
            talk: Talk::default(),
            closed: None,
            error: None,
            probe_text: "2probe",
            asks: setup.client_asks,
            websocket: None,
            get_in_flight: setup.transport == Transport::Polling,
            post_in_flight: false,
            leaves: false,
        }
    }

    pub(super) fn transport(&mut self) -> Transport {
        self.connection.session().transport()
    }

    pub(super) fn is_joined(&mut self) -> bool {
        let mux = self.connection.mux().unwrap();
        NAMESPACES.into_iter().all(|namespace| mux.is_connected(namespace))
    }

    pub(super) fn say(&mut self) {
        let mux = self.connection.mux().unwrap();
        self.talk.say(|namespace| mux.next_ack_id(namespace).unwrap());
    }

    pub(super) fn leave_namespace(&mut self, namespace: &str) {
        let (_, packet) = self.connection.mux().unwrap().disconnect(namespace, 0).unwrap();
        self.talk.push(packet);
    }

    pub(super) fn handle(&mut self, parcel: Parcel, link: &mut Link) {
        match parcel {
            Parcel::GetAnswer(body) => {
                assert!(std::mem::take(&mut self.get_in_flight));
                for packet in decode_payload(&body).unwrap() {
                    match packet {
                        Ok(packet) => self.take(Incoming::Packet(packet.as_packet()), link),
                        Err(error) => {
                            let error = SessionError::from(error);
                            self.connection.session().close_for(error.reason());
                            self.error = Some(error.into());
                        }
                    }
                }
            }
            Parcel::PostAnswer => assert!(std::mem::take(&mut self.post_in_flight)),
            Parcel::Refused => self.connection.session().handle_transport_closed(CloseReason::TransportError),
            Parcel::WsOpen => {
                let is_transport = self.transport() == Transport::WebSocket;
                if is_transport || self.connection.session().start_probe(at(link.now)).is_ok() {
                    self.websocket = Some(Socket::new(Role::Client));
                }
            }
            Parcel::Down(bytes) => {
                let Some(websocket) = &mut self.websocket else { return };
                for frame in websocket.feed(&bytes).unwrap() {
                    self.take_frame(&frame, link);
                }
            }
            _ => panic!("not for the client"),
        }
    }

    fn take_frame(&mut self, frame: &Frame, link: &mut Link) {
        let incoming = match frame {
            _ if self.websocket.is_none() => return,
            Frame::Text(text) => Incoming::Text(text),
            Frame::Binary(data) => Incoming::Packet(Packet::Binary(data)),
            Frame::Close => return self.websocket_closed(),
        };
        if self.transport() == Transport::WebSocket {
            return self.take(incoming, link);
        }
        let Incoming::Text(text) = incoming else { panic!("a server never answers a probe with bytes") };
        let packet = Packet::decode_text(text).unwrap();
        self.connection.session().handle_probe_packet(packet).unwrap();
    }

    fn take(&mut self, incoming: Incoming<'_>, link: &mut Link) {
        let transport = self.transport();
        self.talk.see(incoming, transport);
        let outcome = match incoming {
            Incoming::Text(text) => self.connection.handle_text(text, at(link.now)),
            Incoming::Packet(packet) => self.connection.handle_packet(packet, at(link.now)),
        };
        let mut opened = false;
        match outcome {
            Ok(ClientEvent::Socket(event)) => match event {
                socket::ClientEvent::Event { socket, event } => self.talk.hear(socket, &event),
                socket::ClientEvent::Ack { socket, id, args } => self.talk.hear_answer(socket, id, &args),
                socket::ClientEvent::Connected { .. } | socket::ClientEvent::Nothing => {}
                socket::ClientEvent::ConnectError { .. } | socket::ClientEvent::Disconnected { .. } => {
                    panic!("this server refuses nobody")
                }
            },
            Ok(ClientEvent::Opened(_)) => opened = true,
            Ok(ClientEvent::Nothing | ClientEvent::Closed) => {}
            Ok(ClientEvent::Text(_) | ClientEvent::Binary(_)) => panic!("the mux was passed by"),
            Err(error) => self.error = Some(error),
        }
        for namespace in NAMESPACES.into_iter().filter(|_| opened && self.asks) {
            let mux = self.connection.mux().unwrap();
            let request = mux.connect(namespace, namespace, None::<&()>, 0).unwrap();
            self.talk.push(request);
        }
    }

    /// One pass: what is due and what the session asks for, then what can be written.
    pub(super) fn drive(&mut self, link: &mut Link) {
        self.connection.session().handle_timeout(at(link.now));
        self.take_outputs(link);
        self.write(link);
        if self.connection.session().is_upgrading() && !self.get_in_flight && !self.post_in_flight {
            self.connection.session().handle_polling_idle();
            self.take_outputs(link);
            self.write(link);
        }
    }

    fn take_outputs(&mut self, link: &mut Link) {
        while let Some(output) = self.connection.session().poll_output() {
            match output {
                Output::SendPong => self.talk.push_engine("3"),
                Output::SendProbe => link.write_up(Opcode::Text, self.probe_text.as_bytes()),
                Output::SendUpgrade => link.write_up(Opcode::Text, b"5"),
                Output::CloseProbe => self.close_websocket(link),
                Output::SendClose => self.leaves = self.transport() == Transport::Polling,
                Output::Closed(reason) => {
                    self.closed = Some((link.now, reason));
                    self.close_websocket(link);
                }
            }
        }
    }

    fn write(&mut self, link: &mut Link) {
        if self.connection.session().may_poll() && !self.get_in_flight {
            self.get_in_flight = true;
            link.send(Parcel::Get);
        }
        if self.leaves && !self.post_in_flight {
            (self.leaves, self.post_in_flight) = (false, true);
            link.send(Parcel::Post(b"1".to_vec()));
        }
        if !self.connection.session().may_write() || self.talk.queue.is_empty() {
            return;
        }
        if self.transport() == Transport::WebSocket {
            for frame in self.talk.queue.drain(..) {
                match frame {
                    Frame::Text(text) => link.write_up(Opcode::Text, text.as_bytes()),
                    Frame::Binary(data) => link.write_up(Opcode::Binary, &data),
                    Frame::Close => panic!("never queued"),
                }
            }
        } else if !self.post_in_flight {
            self.post_in_flight = true;
            let body = self.talk.fill(self.connection.session().payload_encoder());
            link.send(Parcel::Post(body));
        }
    }

    fn close_websocket(&mut self, link: &mut Link) {
        if self.websocket.take().is_some() {
            link.write_up(Opcode::Close, &[]);
        }
    }

    fn websocket_closed(&mut self) {
        self.websocket = None;
        match self.transport() {
            Transport::Polling => self.connection.session().handle_probe_closed(),
            Transport::WebSocket => {
                self.connection.session().handle_transport_closed(CloseReason::TransportClose);
            }
        }
    }
}
