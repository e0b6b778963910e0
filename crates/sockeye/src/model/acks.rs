//! Acknowledgements: the answer, the time limit, the end of the socket and a wait that is given up meet in
//! every order. The futures are the real ones; their time limit either passes at once or never does.

use super::{SCHEDULES, conn, explore, frozen_clock};
use crate::socket::Socket;
use crate::{AckError, Server};
use shuttle::future::block_on;
use shuttle::thread::{self, JoinHandle};
use sockeye_proto::SocketId;
use sockeye_proto::engine::Transport;
use sockeye_proto::socket::{ArgsBuf, DisconnectReason, MuxLimits, ServerEvent, ServerMux};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

/// The clock stands still, so this never passes.
const NEVER: Duration = Duration::from_secs(30);

/// The ids of a namespace's first acknowledgements.
const FIRST: u64 = 0;
const SECOND: u64 = 1;
const THIRD: u64 = 2;

/// Sockets in the main namespace of a server of their own.
struct World {
    server: Server,
    sockets: Vec<Socket>,
}

impl World {
    fn new(sockets: u8) -> Self {
        let server = Server::new();
        let namespace = server.inner().clone();
        let sockets = (0..sockets).map(|who| {
            let conn = conn(server.shared(), Transport::WebSocket);
            let socket = Socket::new(namespace.clone(), conn, SocketId::from_entropy([who; 15]), None);
            assert!(socket.enter().is_ok());
            socket
        });
        Self { sockets: sockets.collect(), server }
    }

    /// The client of a socket answers a question.
    fn answer(&self, who: usize, id: u64) -> JoinHandle<()> {
        let (socket, args) = (self.sockets[who].clone(), seven());
        thread::spawn(move || socket.acks().answer(id, *socket.id(), args))
    }

    /// The client of a socket goes away.
    fn leave(&self, who: usize) -> JoinHandle<()> {
        let socket = self.sockets[who].clone();
        thread::spawn(move || socket.leave_namespace(DisconnectReason::TransportClose))
    }

    /// After everything: no table has an entry, and nothing holds a socket that is gone.
    fn assert_nothing_is_left(self) {
        for socket in self.sockets {
            assert_eq!(socket.acks().len(), 0, "an answer is expected that nobody waits for");
            socket.leave_namespace(DisconnectReason::TransportClose);
            let conn = socket.conn().clone();
            drop(socket);
            assert_eq!(Arc::strong_count(&conn), 1, "a socket that has ended is held");
        }
        assert_eq!(self.server.counts().sockets, 0);
    }
}

/// The arguments of an answer, as a client sends them.
fn seven() -> ArgsBuf {
    let mut mux = ServerMux::new(MuxLimits::default());
    assert!(matches!(mux.handle_text("0"), Ok(ServerEvent::Connect { .. })));
    mux.accept("/", ()).unwrap();
    match mux.handle_text("30[7]") {
        Ok(ServerEvent::Ack { args, .. }) => args.to_owned_args(),
        other => panic!("no answer: {other:?}"),
    }
}

fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn an_answer_that_comes_is_received() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES, || {
        let world = World::new(1);
        let wait = world.sockets[0].emit_with_ack_timeout::<u32>("ask", (), NEVER);
        let answer = world.answer(0, FIRST);
        assert_eq!(block_on(wait).unwrap(), 7);
        join([answer]);
        world.assert_nothing_is_left();
    });
}

#[test]
fn a_wait_ends_with_the_answer_or_with_the_socket() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES, || {
        let world = World::new(1);
        let leave = world.leave(0);
        let wait = world.sockets[0].emit_with_ack_timeout::<u32>("ask", (), NEVER);
        let answer = world.answer(0, FIRST);
        let outcome = block_on(wait);
        // One that began after the end was not sent.
        assert!(matches!(outcome, Ok(7) | Err(AckError::Disconnected | AckError::Emit(_))), "{outcome:?}");
        join([leave, answer]);
        world.assert_nothing_is_left();
    });
}

#[test]
fn a_wait_ends_with_the_answer_or_with_its_time_limit_or_with_the_socket() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES, || {
        let world = World::new(1);
        let wait = world.sockets[0].emit_with_ack_timeout::<u32>("ask", (), Duration::ZERO);
        let others = [world.answer(0, FIRST), world.leave(0)];
        let outcome = block_on(wait);
        assert!(
            matches!(outcome, Ok(7) | Err(AckError::Timeout { .. } | AckError::Disconnected)),
            "{outcome:?}"
        );
        join(others);
        world.assert_nothing_is_left();
    });
}

#[test]
fn what_was_answered_before_the_time_limit_is_looked_at_is_no_timeout() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES / 20, || {
        let world = World::new(1);
        let one = world.sockets[0].emit_with_ack_timeout::<u32>("ask", (), Duration::ZERO);
        let all = world.server.broadcast().timeout(Duration::ZERO).emit_with_ack::<u32>("ask", ());
        join([world.answer(0, FIRST), world.answer(0, SECOND)]);
        assert_eq!(block_on(one).unwrap(), 7);
        assert_eq!(block_on(all).unwrap().len(), 1);
        world.assert_nothing_is_left();
    });
}

#[test]
fn a_wait_that_is_given_up_leaves_nothing_behind() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES, || {
        let world = World::new(2);
        let [answered, unanswered] =
            [0, 0].map(|who: usize| world.sockets[who].emit_with_ack_timeout::<u32>("ask", (), NEVER));
        let all = world.server.broadcast().timeout(NEVER).emit_with_ack::<u32>("ask", ());
        let others = [world.answer(0, FIRST), world.answer(1, THIRD), world.leave(1)];
        {
            let mut cx = Context::from_waker(Waker::noop());
            let (answered, unanswered, all) = (pin!(answered), pin!(unanswered), pin!(all));
            let _ = (answered.poll(&mut cx), unanswered.poll(&mut cx), all.poll(&mut cx));
        }
        join(others);
        world.assert_nothing_is_left();
    });
}

/// When the third socket goes away.
#[derive(Clone, Copy, PartialEq)]
enum Leaves {
    /// While the event is sent: it is asked, or it is not.
    Meanwhile,
    /// After it was asked.
    Asked,
}

/// Two sockets answer a broadcast, the third leaves.
fn broadcast(limit: Duration, leaves: Leaves) {
    let world = World::new(3);
    let mut others = Vec::new();
    if leaves == Leaves::Meanwhile {
        others.push(world.leave(2));
    }
    let wait = world.server.broadcast().timeout(limit).emit_with_ack::<u32>("ask", ());
    if leaves == Leaves::Asked {
        others.push(world.leave(2));
    }
    others.extend([world.answer(0, FIRST), world.answer(1, FIRST)]);
    let (answered, missing) = match block_on(wait) {
        Ok(answers) => (answers, Vec::new()),
        Err(error) => (error.answers, error.missing),
    };
    join(others);

    assert!(answered.iter().all(|answer| answer.value == 7));
    for (who, socket) in world.sockets.iter().enumerate() {
        let answers = answered.iter().filter(|answer| answer.socket == *socket.id()).count();
        let missing: Vec<_> =
            missing.iter().filter(|(id, _)| id == socket.id()).map(|(_, why)| why).collect();
        match (who, answers, missing.as_slice()) {
            (0 | 1, 1, []) | (2, 0, [AckError::Disconnected]) => {}
            (_, 0, [AckError::Timeout { .. }]) if limit.is_zero() => {}
            (2, 0, []) if leaves == Leaves::Meanwhile => {}
            wrong => panic!("socket, answers, reasons for none: {wrong:?}"),
        }
    }
    world.assert_nothing_is_left();
}

#[test]
fn every_receiver_of_a_broadcast_is_accounted_for_once() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES, || broadcast(NEVER, Leaves::Asked));
}

#[test]
fn at_the_time_limit_every_receiver_of_a_broadcast_is_accounted_for_once() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES, || broadcast(Duration::ZERO, Leaves::Asked));
}

#[test]
fn a_socket_that_leaves_during_a_broadcast_holds_nobody_up() {
    let clock = frozen_clock();
    let _entered = clock.enter();
    explore(SCHEDULES, || broadcast(NEVER, Leaves::Meanwhile));
}
