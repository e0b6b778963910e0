//! A session that comes back, at the moment of its return: broadcasts, its own end, and others who claim it come in
//! every order.

use super::{SCHEDULES, conn, explore, frozen_clock};
use crate::socket::Socket;
use crate::{ConnectionStateRecovery, Server};
use shuttle::thread::{self, JoinHandle};
use sockeye_proto::engine::Transport;
use sockeye_proto::socket::DisconnectReason;
use sockeye_proto::websocket::{Decoder, Message, Role};
use std::sync::Arc;

/// A server with one session, whose socket is connected and was sent event 0.
struct World {
    server: Server,
    first: Socket,
    /// What its client shows when it comes back.
    auth: String,
}

impl World {
    fn new() -> Arc<Self> {
        let recovery = ConnectionStateRecovery::default();
        let server = Server::builder().connection_state_recovery(recovery).build();
        let first = claim(&server, None);
        first.enter().unwrap();
        server.emit("e", &0).unwrap();
        let packets = queued(&first);
        let [reply, event] = &packets[..] else { panic!("{packets:?}") };
        assert!(reply.starts_with("40"), "{reply}");
        let (number, offset) = read(event);
        assert_eq!(number, 0);
        let pid = first.life().unwrap().pid().as_str();
        let auth = format!(r#"{{"pid":"{pid}","offset":"{offset}"}}"#);
        Arc::new(Self { server, first, auth })
    }

    fn spawn<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let world = self.clone();
        thread::spawn(move || work(&world))
    }

    /// The client comes back; to a session of its own if that one is lost.
    fn come_back(&self) -> Socket {
        let socket = claim(&self.server, Some(&self.auth));
        if socket.enter().is_ok() {
            return socket;
        }
        let namespace = self.server.inner().clone();
        let anew = socket.begin_anew(namespace).unwrap();
        anew.enter().unwrap();
        anew
    }

    fn lose(&self) {
        self.first.leave_namespace(DisconnectReason::TransportClose);
    }

    fn emit(&self, number: u8) {
        self.server.emit("e", &number).unwrap();
    }

    /// This is the one living socket of the session: it was sent these events, and is sent what comes.
    fn assert_owned_by(&self, owner: &Socket, events: &[u64]) {
        assert!(owner.recovered() && owner.connected());
        assert_eq!(self.server.counts().sockets, 1);
        self.server.to(self.first.id().as_str()).emit("e", &99).unwrap();
        let packets = queued(owner);
        let replies = packets.iter().filter(|packet| packet.starts_with("40")).count();
        assert_eq!(replies, 1, "{packets:?}");
        let heard: Vec<_> =
            packets.iter().filter(|packet| packet.starts_with("42")).map(|p| read(p)).collect();
        assert!(heard.windows(2).all(|pair| pair[0].1 < pair[1].1), "offsets rise: {heard:?}");
        let mut numbers: Vec<_> = heard.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers.pop(), Some(99));
        let of_one: Vec<_> = numbers.iter().filter(|&&number| number < 10).collect();
        assert!(of_one.is_sorted(), "of one who speaks all comes in order: {numbers:?}");
        numbers.sort_unstable();
        assert_eq!(numbers, events);
    }
}

fn claim(server: &Server, auth: Option<&str>) -> Socket {
    let namespace = server.inner().clone();
    let conn = conn(server.shared(), Transport::WebSocket);
    let claim = namespace.recovery().unwrap().claim(auth, conn.room_for_replay());
    Socket::of_claim(namespace, conn, auth, claim)
}

/// The packets that were queued for a socket and not asked for yet.
fn queued(socket: &Socket) -> Vec<String> {
    let runs = socket.conn().mailbox.take();
    let mut bytes: Vec<u8> = runs.iter().flat_map(|runs| runs.iter()).flatten().copied().collect();
    let mut decoder = Decoder::new(Role::Client, 1_000);
    let mut packets = Vec::new();
    loop {
        let decoded = decoder.decode(&mut bytes).unwrap();
        let consumed = decoded.consumed;
        match decoded.message {
            None => return packets,
            Some(Message::Text(text)) => packets.push(text.to_owned()),
            Some(other) => panic!("no text: {other:?}"),
        }
        bytes.drain(..consumed);
    }
}

/// The number and the offset of an event.
fn read(packet: &str) -> (u64, String) {
    let event: (String, u64, String) = serde_json::from_str(packet.strip_prefix("42").unwrap()).unwrap();
    (event.1, event.2)
}

#[test]
fn a_session_that_comes_back_among_broadcasts_has_each_once() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES / 4, || {
        let world = World::new();
        world.lose();
        let one = world.spawn(|world| (1..=3).for_each(|number| world.emit(number)));
        let another = world.spawn(|world| {
            world.server.to(world.first.id().as_str()).emit("e", &11).unwrap();
            world.first.emit("e", &12).unwrap();
        });
        let back = world.come_back();
        one.join().unwrap();
        another.join().unwrap();
        world.assert_owned_by(&back, &[1, 2, 3, 11, 12]);
    });
}

#[test]
fn a_client_that_comes_back_while_its_old_socket_ends_has_each_once() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES / 4, || {
        let world = World::new();
        let end = world.spawn(World::lose);
        let one = world.spawn(|world| (1..=2).for_each(|number| world.emit(number)));
        let back = world.come_back();
        end.join().unwrap();
        one.join().unwrap();
        assert!(!world.first.connected());
        world.assert_owned_by(&back, &[1, 2]);
    });
}

#[test]
fn of_two_who_claim_a_session_one_has_it() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES / 4, || {
        let world = World::new();
        let takers = [world.spawn(World::come_back), world.spawn(World::come_back)];
        let one = world.spawn(|world| world.emit(1));
        let end = world.spawn(World::lose);
        let takers = takers.map(|taker| taker.join().unwrap());
        one.join().unwrap();
        end.join().unwrap();
        let (owners, others): (Vec<_>, Vec<_>) = takers.iter().partition(|taker| taker.connected());
        let (&[owner], &[other]) = (&owners[..], &others[..]) else { panic!("{} owners", owners.len()) };
        let told = queued(other);
        assert_eq!(told.last().map(String::as_str), Some("41"), "{told:?}");
        world.assert_owned_by(owner, &[1]);
    });
}
