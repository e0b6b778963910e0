//! Both sessions behind the smallest possible shells, on a link in virtual time. Requests take each their
//! own way, so they may overtake each other and the WebSocket's frames; those keep their order.

use super::{Random, at};
use crate::engine::*;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What travels.
enum Parcel {
    /// A GET reaches the server.
    Get,
    /// Its answer reaches the client.
    GetAnswer(Vec<u8>),
    /// A POST reaches the server.
    Post(Vec<u8>),
    /// Its `ok` reaches the client.
    PostAnswer,
    /// The upgrade request reaches the server.
    WsRequest,
    /// The WebSocket is open at the client.
    WsOpen,
    /// A frame reaches the server.
    WsUp(Frame),
    /// A frame reaches the client.
    WsDown(Frame),
    /// The client's close reaches the server.
    WsUpClosed,
    /// The server's close reaches the client.
    WsDownClosed,
}

/// A WebSocket message.
#[derive(Clone, PartialEq)]
pub(super) enum Frame {
    Text(String),
    Binary(Vec<u8>),
}

pub(super) struct World {
    pub(super) now: u64,
    pub(super) server: ServerSession,
    pub(super) client: ClientSession,
    pub(super) received_by_server: Vec<u64>,
    pub(super) received_by_client: Vec<u64>,
    pub(super) server_closed: Option<(u64, CloseReason)>,
    pub(super) client_closed: Option<(u64, CloseReason)>,
    /// When pings reached the server's queue.
    pub(super) pings: Vec<u64>,
    /// Why probes failed at the server.
    pub(super) probe_errors: Vec<ProbeError>,
    pub(super) upgrade_timeouts: usize,
    /// From here on nothing arrives any more.
    pub(super) cut_at: u64,
    /// So many frames of the client still reach the server: a WebSocket that a proxy lets open and starves.
    pub(super) ws_up_frames_left: u64,
    /// The client sends this in place of `2probe`.
    pub(super) probe_text: &'static str,
    random: Random,
    max_delay: u64,
    sequence: u64,
    /// Keyed by arrival and a number that keeps the order of equal arrivals.
    parcels: BTreeMap<(u64, u64), Parcel>,
    last_ws_up: u64,
    last_ws_down: u64,
    server_queue: VecDeque<Frame>,
    client_queue: VecDeque<Frame>,
    parked: bool,
    server_ws: bool,
    client_ws: bool,
    get_in_flight: bool,
    post_in_flight: bool,
    /// What arrived while the server does not read; `None` while it does.
    unread: Option<VecDeque<Parcel>>,
    sent_by_server: u64,
    sent_by_client: u64,
}

pub(super) const HEARTBEAT: Heartbeat =
    Heartbeat { interval: Duration::from_secs(25), timeout: Duration::from_secs(20) };

impl World {
    /// An open session on polling, each way of a parcel taking up to `max_delay` ms.
    pub(super) fn new(seed: u64, max_delay: u64) -> Self {
        let client = ClientSession::new(Transport::Polling, ClientTimeouts::default(), at(0));
        let server = ServerSession::new(Transport::Polling, HEARTBEAT, Duration::from_secs(10), at(0));
        let mut world = Self {
            now: 0,
            server,
            client,
            received_by_server: Vec::new(),
            received_by_client: Vec::new(),
            server_closed: None,
            client_closed: None,
            pings: Vec::new(),
            probe_errors: Vec::new(),
            upgrade_timeouts: 0,
            cut_at: u64::MAX,
            ws_up_frames_left: u64::MAX,
            probe_text: "2probe",
            random: Random::new(seed),
            max_delay,
            sequence: 0,
            parcels: BTreeMap::new(),
            last_ws_up: 0,
            last_ws_down: 0,
            server_queue: VecDeque::new(),
            client_queue: VecDeque::new(),
            parked: false,
            server_ws: false,
            client_ws: false,
            get_in_flight: false,
            post_in_flight: false,
            unread: None,
            sent_by_server: 0,
            sent_by_client: 0,
        };
        let mut wire = Vec::new();
        let open = Open {
            sid: crate::SessionId::from_entropy([9; 15]),
            upgrades: &[Transport::WebSocket],
            ping_interval: HEARTBEAT.interval,
            ping_timeout: HEARTBEAT.timeout,
            max_payload_bytes: 2_000,
        };
        open.encode(&mut wire);
        let Ok(Packet::Open(json)) = Packet::decode_text(std::str::from_utf8(&wire).unwrap()) else {
            panic!()
        };
        world.client.handle_open(&OwnedOpen::decode(json).unwrap(), at(0)).unwrap();
        world.drive();
        world
    }

    /// The next number from the server to the client.
    pub(super) fn server_sends(&mut self) {
        self.server_queue.push_back(numbered(self.sent_by_server));
        self.sent_by_server += 1;
        self.drive();
    }

    /// The next number from the client to the server.
    pub(super) fn client_sends(&mut self) {
        self.client_queue.push_back(numbered(self.sent_by_client));
        self.sent_by_client += 1;
        self.drive();
    }

    pub(super) fn start_upgrade(&mut self) {
        self.send(Parcel::WsRequest);
    }

    pub(super) fn stop_reading(&mut self) {
        self.unread = Some(VecDeque::new());
        self.server.pause_heartbeat(at(self.now));
    }

    pub(super) fn read_again(&mut self) {
        self.server.resume_heartbeat(at(self.now));
        for parcel in self.unread.take().unwrap() {
            self.handle(parcel);
        }
        self.drive();
    }

    /// Lets everything happen up to and including `until`.
    pub(super) fn run_until(&mut self, until: u64) {
        loop {
            let arrival = self.parcels.keys().next().map_or(u64::MAX, |key| key.0);
            let due = self.server.deadline().min(self.client.deadline()).as_millis();
            let next = arrival.min(due);
            if next > until {
                break;
            }
            self.now = self.now.max(next);
            if arrival <= next {
                let (_, parcel) = self.parcels.pop_first().unwrap();
                self.handle(parcel);
            }
            self.drive();
        }
        self.now = until;
    }

    /// Both ends have received every number that the other sent, once and in order.
    pub(super) fn assert_nothing_lost_doubled_or_reordered(&self) {
        assert!(self.received_by_server.iter().copied().eq(0..self.sent_by_client), "client to server");
        assert!(self.received_by_client.iter().copied().eq(0..self.sent_by_server), "server to client");
    }

    fn handle(&mut self, parcel: Parcel) {
        if self.now >= self.cut_at {
            return;
        }
        let for_server = matches!(
            parcel,
            Parcel::Get | Parcel::Post(_) | Parcel::WsRequest | Parcel::WsUp(_) | Parcel::WsUpClosed
        );
        // Polls are answered even while nothing is read.
        let to_read = for_server && !matches!(parcel, Parcel::Get);
        match &mut self.unread {
            Some(unread) if to_read => unread.push_back(parcel),
            _ if for_server => self.handle_at_server(parcel),
            _ => self.handle_at_client(parcel),
        }
    }

    fn handle_at_server(&mut self, parcel: Parcel) {
        if self.server_closed.is_some() {
            return;
        }
        match parcel {
            Parcel::Get => {
                assert!(!self.parked, "two polls at once");
                assert_eq!(self.server.transport(), Transport::Polling);
                self.parked = true;
            }
            Parcel::Post(body) => {
                assert_eq!(self.server.transport(), Transport::Polling);
                for packet in decode_payload(&body).unwrap() {
                    self.server_takes(packet.unwrap().as_packet());
                }
                self.send(Parcel::PostAnswer);
            }
            Parcel::WsRequest => match self.server.handle_probe_opened(at(self.now)) {
                Ok(()) => {
                    self.server_ws = true;
                    self.send_ws_down(Parcel::WsOpen);
                }
                // The shell closes this WebSocket; one that came before it is not touched.
                Err(error) => self.probe_errors.push(error),
            },
            Parcel::WsUp(frame) if self.server_ws => {
                if self.server.transport() == Transport::WebSocket {
                    match &frame {
                        Frame::Text(text) => self.server_takes(Packet::decode_text(text).unwrap()),
                        Frame::Binary(data) => self.server_takes(Packet::Binary(data)),
                    }
                    return;
                }
                let Frame::Text(text) = frame else { panic!("binary on a probe") };
                let packet = Packet::decode_text(&text).unwrap();
                match self.server.handle_probe_packet(packet, at(self.now)) {
                    Ok(ProbeStep::AnswerProbe) => {
                        self.send_ws_down(Parcel::WsDown(Frame::Text("3probe".into())));
                        self.release_poll();
                    }
                    Ok(ProbeStep::Upgraded) => assert!(!self.parked, "5 overtook a poll"),
                    Err(error) => self.refuse_probe(error),
                }
            }
            Parcel::WsUpClosed if self.server_ws => {
                self.server_ws = false;
                match self.server.transport() {
                    Transport::Polling => self.server.handle_probe_closed(),
                    Transport::WebSocket => {
                        self.server_closed = Some((self.now, CloseReason::TransportClose));
                    }
                }
            }
            _ => {}
        }
    }

    fn handle_at_client(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::GetAnswer(body) => {
                assert!(std::mem::take(&mut self.get_in_flight));
                for packet in decode_payload(&body).unwrap() {
                    self.client_takes(packet.unwrap().as_packet());
                }
            }
            Parcel::PostAnswer => assert!(std::mem::take(&mut self.post_in_flight)),
            Parcel::WsOpen => {
                self.client_ws = self.client.start_probe(at(self.now)).is_ok();
            }
            Parcel::WsDown(frame) if self.client_ws => {
                if self.client.transport() == Transport::WebSocket {
                    match &frame {
                        Frame::Text(text) => self.client_takes(Packet::decode_text(text).unwrap()),
                        Frame::Binary(data) => self.client_takes(Packet::Binary(data)),
                    }
                    return;
                }
                let Frame::Text(text) = frame else { panic!("binary on a probe") };
                self.client.handle_probe_packet(Packet::decode_text(&text).unwrap()).unwrap();
            }
            Parcel::WsDownClosed if self.client_ws => {
                self.client_ws = false;
                match self.client.transport() {
                    Transport::Polling => self.client.handle_probe_closed(),
                    Transport::WebSocket => self.client.handle_transport_closed(CloseReason::TransportClose),
                }
            }
            _ => {}
        }
    }

    fn server_takes(&mut self, packet: Packet<'_>) {
        match self.server.handle_packet(packet, at(self.now)).unwrap() {
            Input::Text(text) => self.received_by_server.push(text.parse().unwrap()),
            Input::Binary(data) => self.received_by_server.push(from_bytes(data)),
            Input::Closed => self.server_closed = Some((self.now, CloseReason::TransportClose)),
            Input::Nothing | Input::Pong => {}
        }
    }

    fn client_takes(&mut self, packet: Packet<'_>) {
        match self.client.handle_packet(packet, at(self.now)).unwrap() {
            Input::Text(text) => self.received_by_client.push(text.parse().unwrap()),
            Input::Binary(data) => self.received_by_client.push(from_bytes(data)),
            Input::Nothing | Input::Pong | Input::Closed => {}
        }
    }

    /// One pass of both shells.
    fn drive(&mut self) {
        while let Some(timeout) = self.server.handle_timeout(at(self.now)) {
            match timeout {
                Timeout::SendPing => {
                    self.pings.push(self.now);
                    self.server_queue.push_back(Frame::Text("2".into()));
                }
                Timeout::PingTimeout => self.server_closed = Some((self.now, CloseReason::PingTimeout)),
                Timeout::UpgradeTimeout => {
                    self.upgrade_timeouts += 1;
                    self.server_ws = false;
                    self.send_ws_down(Parcel::WsDownClosed);
                }
                Timeout::ReleasePoll => self.release_poll(),
            }
        }
        self.flush_server();
        self.client.handle_timeout(at(self.now));
        self.client_outputs();
        self.start_requests();
        if self.client.is_upgrading() && !self.get_in_flight && !self.post_in_flight {
            self.client.handle_polling_idle();
            self.client_outputs();
            self.start_requests();
        }
    }

    fn flush_server(&mut self) {
        if self.server_closed.is_some() {
            return;
        }
        if self.server.transport() == Transport::WebSocket {
            while let Some(frame) = self.server_queue.pop_front() {
                self.send_ws_down(Parcel::WsDown(frame));
            }
        } else if self.parked && !self.server_queue.is_empty() {
            self.parked = false;
            let body = fill(PayloadEncoder::new(2_000), &mut self.server_queue);
            self.send(Parcel::GetAnswer(body));
        }
    }

    fn client_outputs(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::SendPong => self.client_queue.push_back(Frame::Text("3".into())),
                Output::SendProbe => self.send_ws_up(Parcel::WsUp(Frame::Text(self.probe_text.into()))),
                Output::SendUpgrade => self.send_ws_up(Parcel::WsUp(Frame::Text("5".into()))),
                Output::CloseProbe => {
                    self.client_ws = false;
                    self.send_ws_up(Parcel::WsUpClosed);
                }
                Output::SendClose => match self.client.transport() {
                    Transport::Polling => {
                        assert!(!std::mem::replace(&mut self.post_in_flight, true), "two POSTs at once");
                        self.send(Parcel::Post(b"1".to_vec()));
                    }
                    Transport::WebSocket => self.send_ws_up(Parcel::WsUpClosed),
                },
                Output::Closed(reason) => self.client_closed = Some((self.now, reason)),
            }
        }
    }

    fn start_requests(&mut self) {
        if self.client.may_poll() && !self.get_in_flight {
            self.get_in_flight = true;
            self.send(Parcel::Get);
        }
        if !self.client.may_write() || self.client_queue.is_empty() {
            return;
        }
        if self.client.transport() == Transport::WebSocket {
            while let Some(frame) = self.client_queue.pop_front() {
                self.send_ws_up(Parcel::WsUp(frame));
            }
        } else if !self.post_in_flight {
            self.post_in_flight = true;
            let body = fill(self.client.payload_encoder(), &mut self.client_queue);
            self.send(Parcel::Post(body));
        }
    }

    fn release_poll(&mut self) {
        if std::mem::take(&mut self.parked) {
            self.send(Parcel::GetAnswer(b"6".to_vec()));
        }
    }

    fn refuse_probe(&mut self, error: ProbeError) {
        self.probe_errors.push(error);
        self.server_ws = false;
        self.send_ws_down(Parcel::WsDownClosed);
    }

    fn send(&mut self, parcel: Parcel) {
        let arrival = self.now + self.delay();
        self.dispatch(arrival, parcel);
    }

    fn send_ws_up(&mut self, parcel: Parcel) {
        let Some(left) = self.ws_up_frames_left.checked_sub(1) else { return };
        self.ws_up_frames_left = left;
        self.last_ws_up = self.last_ws_up.max(self.now + self.delay());
        self.dispatch(self.last_ws_up, parcel);
    }

    fn send_ws_down(&mut self, parcel: Parcel) {
        self.last_ws_down = self.last_ws_down.max(self.now + self.delay());
        self.dispatch(self.last_ws_down, parcel);
    }

    fn delay(&mut self) -> u64 {
        self.random.below(self.max_delay + 1)
    }

    fn dispatch(&mut self, arrival: u64, parcel: Parcel) {
        self.sequence += 1;
        self.parcels.insert((arrival, self.sequence), parcel);
    }
}

/// The packet of number `n`: every seventh is binary.
fn numbered(n: u64) -> Frame {
    if n % 7 == 3 { Frame::Binary(n.to_be_bytes().to_vec()) } else { Frame::Text(format!("4{n}")) }
}

fn from_bytes(data: &[u8]) -> u64 {
    u64::from_be_bytes(data.try_into().unwrap())
}

/// As much of the queue as one body takes.
fn fill(mut body: PayloadEncoder, queue: &mut VecDeque<Frame>) -> Vec<u8> {
    while let Some(frame) = queue.front() {
        match frame {
            Frame::Text(text) if body.fits_text(text.len()) => body.push_text(text.as_bytes()),
            Frame::Binary(data) if body.fits_binary(data.len()) => body.push_binary(data),
            _ => break,
        }
        queue.pop_front();
    }
    let body = body.finish();
    assert!(body.len() <= 2_000);
    body
}
