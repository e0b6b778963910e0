//! The hand-over from polling to WebSocket, and the end of a polling session: the real session task against
//! a client that polls and probes, while others send.

use super::client::{WebSocket, poll, post};
use super::{SCHEDULES, conn, explore, frozen_clock};
use crate::Server;
use crate::conn::Conn;
use crate::engine::{EngineServer, EngineSocket, Message};
use crate::server::Shared;
use crate::session::Session;
use shuttle::future::block_on;
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::thread::{self, JoinHandle};
use sockeye_proto::engine::{CloseReason, Transport};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

/// Longer than any check moves the clock.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// A session that began with polling, with its task running. It sends back what it gets.
struct World {
    shared: Arc<Shared>,
    conn: Arc<Conn>,
    task: JoinHandle<()>,
}

impl World {
    fn new(max_payload_bytes: usize) -> Self {
        let options =
            Server::builder().max_payload_bytes(max_payload_bytes).ping_interval(LONG).upgrade_timeout(LONG);
        let server = EngineServer::new(options, |socket, message| {
            let _ = socket.send(message);
        });
        let shared = server.shared().clone();
        let conn = conn(&shared, Transport::Polling);
        shared.registry.insert(&conn);
        let session = Session::new(conn.clone(), None);
        let task = thread::spawn(move || block_on(session.run()));
        Self { shared, conn, task }
    }

    /// Sends three messages, and returns those that were taken.
    fn emit(&self, who: char) -> JoinHandle<Vec<String>> {
        let socket = EngineSocket::new(self.conn.clone());
        thread::spawn(move || {
            let texts = (0..3).map(|count| format!("{who}{count}"));
            texts.filter(|text| socket.send(Message::Text(text.clone())).is_ok()).collect()
        })
    }

    /// Polls until told to pause: everything that came.
    fn poll_until(&self, pause: &Arc<Pause>) -> JoinHandle<Vec<String>> {
        let (conn, pause) = (self.conn.clone(), pause.clone());
        thread::spawn(move || {
            let mut received = Vec::new();
            while !pause.wanted.load(Ordering::SeqCst) {
                received.extend(poll(&conn).unwrap());
            }
            pause.reached.store(true, Ordering::SeqCst);
            received
        })
    }

    fn assert_ended(self) {
        self.task.join().unwrap();
        let counts = Server::from(self.shared.clone()).counts();
        assert_eq!((counts.tasks, counts.clients), (0, 0));
    }
}

/// Whether the polling is to pause, and whether it does.
#[derive(Default)]
struct Pause {
    wanted: AtomicBool,
    reached: AtomicBool,
}

/// A tenth of a second passes, after which the timer wakes the session.
fn let_time_pass(conn: &Conn) {
    let mut passing = std::pin::pin!(tokio::time::advance(Duration::from_millis(100)));
    let _ = passing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    conn.wake();
}

/// The messages among `packets` that begin with `who`.
fn of(who: char, packets: &[String]) -> Vec<&str> {
    packets
        .iter()
        .filter_map(|packet| packet.strip_prefix('4'))
        .filter(|text| text.starts_with(who))
        .collect()
}

/// The client goes over as the official one does: `2probe`, `3probe`, the last poll comes back, `5`.
fn upgrade(max_payload_bytes: usize) {
    let world = World::new(max_payload_bytes);
    let pause = Arc::new(Pause::default());
    let poller = world.poll_until(&pause);
    let emitters = [world.emit('a'), world.emit('b')];
    post(&world.conn, "4u0\x1e4u1");

    let mut websocket = WebSocket::open(&world.conn);
    websocket.send(&["2probe"]);
    assert_eq!(websocket.receive().as_deref(), Some("3probe"));
    pause.wanted.store(true, Ordering::SeqCst);
    while !pause.reached.load(Ordering::SeqCst) {
        let_time_pass(&world.conn);
        thread::yield_now();
    }
    let mut received = poller.join().unwrap();
    // What follows the `5` at once is not read before the hand-over.
    websocket.send(&["5", "4u2"]);
    while of('a', &received).len() + of('b', &received).len() + of('u', &received).len() < 9 {
        received.push(websocket.receive().unwrap());
    }
    for emitter in emitters {
        emitter.join().unwrap();
    }
    assert_eq!(of('a', &received), ["a0", "a1", "a2"]);
    assert_eq!(of('b', &received), ["b0", "b1", "b2"]);
    assert_eq!(of('u', &received), ["u0", "u1", "u2"]);
    assert_eq!(world.conn.transport(), Transport::WebSocket);
    websocket.end();
    assert_eq!(websocket.receive(), None, "nothing follows");
    world.assert_ended();
}

#[test]
fn every_message_leaves_once_and_in_order_whichever_transport_takes_it() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES, || upgrade(1000));
}

/// Two messages fill a payload, so that some are left for the WebSocket.
#[test]
fn what_did_not_fit_the_last_payload_goes_over_to_the_websocket() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES, || upgrade(7));
}

#[test]
fn every_poll_is_answered_and_the_last_one_says_that_it_is_over() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES, || {
        let world = World::new(1000);
        let emitter = world.emit('a');
        let closer = thread::spawn({
            let conn = world.conn.clone();
            move || conn.close(CloseReason::ForcedClose)
        });
        let mut received = Vec::new();
        while received.last().is_none_or(|packet| packet != "1") {
            received.extend(poll(&world.conn).unwrap());
        }
        let taken = emitter.join().unwrap();
        closer.join().unwrap();
        assert_eq!(of('a', &received), taken);
        assert_eq!(poll(&world.conn), None, "nobody waits for a session that has ended");
        world.assert_ended();
    });
}
