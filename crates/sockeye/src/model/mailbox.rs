//! The mailbox against a task that uses it as the session does: begin, take, write, pending, rest.

use super::{SCHEDULES, explore};
use crate::config::SlowReader;
use crate::session::mailbox::{Delivery, Limits, Mailbox, Push};
use bytes::Bytes;
use shuttle::sync::{Condvar, Mutex, mpsc};
use shuttle::thread::{self, JoinHandle};
use std::sync::Arc;

/// Limits that are never met.
const WIDE: Limits = limits(1 << 20);

/// Longer than what is copied, so that a shared frame stands as a run of its own.
const LONG: u16 = 1100;

const fn limits(bytes: usize) -> Limits {
    Limits { buffered: bytes, burst: bytes, slow_reader: SlowReader::Close }
}

/// A mailbox, its task, and the kernel the task writes to.
struct World {
    mailbox: Mailbox<Order>,
    alarm: Alarm,
    kernel: Mutex<Kernel>,
    changed: Condvar,
}

#[derive(Default)]
struct Kernel {
    /// Bytes it takes before it says no.
    room: usize,
    accepted: Vec<u8>,
    /// How many of them the mailbox was told of.
    told: usize,
    /// Orders that the task obeyed.
    obeyed: Vec<Order>,
    /// The task waits; whether it could write all it had.
    resting: Option<bool>,
    rests: usize,
    /// Times the mailbox asked for a wake-up.
    wakes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Note(u8),
    Stop,
}

impl World {
    /// The world, with its task running.
    fn start(limits: Limits, room: usize) -> (Arc<Self>, JoinHandle<()>) {
        let world = Arc::new(Self {
            mailbox: Mailbox::new(limits),
            alarm: Alarm::default(),
            kernel: Mutex::new(Kernel { room, ..Kernel::default() }),
            changed: Condvar::new(),
        });
        let task = spawn(&world, Self::run);
        (world, task)
    }

    /// The task, until it is stopped and has written all.
    fn run(&self) {
        let mut flight = Flight::default();
        let mut stopping = false;
        loop {
            let orders = self.mailbox.begin();
            stopping |= orders.contains(&Order::Stop);
            self.change(|kernel| {
                kernel.resting = None;
                kernel.obeyed.extend(orders);
            });
            let writable = self.flush(&mut flight);
            let pending = self.mailbox.pending(flight.unwritten());
            assert!(pending.bytes >= flight.unwritten() && !pending.overflowed);
            self.change(|kernel| kernel.told = kernel.accepted.len());
            if stopping && writable {
                assert_eq!(self.mailbox.finish(), [], "nobody orders after a stop");
                return;
            }
            if self.mailbox.rest(flight.unwritten(), writable) {
                self.change(|kernel| {
                    kernel.resting = Some(writable);
                    kernel.rests += 1;
                });
                self.alarm.wait();
            }
        }
    }

    /// As the session writes to a link. False when the kernel takes no more.
    fn flush(&self, flight: &mut Flight) -> bool {
        loop {
            self.change(|kernel| flight.write(kernel));
            if flight.unwritten() > 0 {
                return false;
            }
            let accepted = self.kernel.lock().unwrap().accepted.len();
            let Some(runs) = self.mailbox.take() else { return true };
            self.change(|kernel| kernel.told = accepted);
            *flight = Flight { bytes: runs.iter().flatten().copied().collect(), written: 0 };
        }
    }

    fn change<R>(&self, change: impl FnOnce(&mut Kernel) -> R) -> R {
        let result = change(&mut self.kernel.lock().unwrap());
        self.changed.notify_all();
        result
    }

    fn wait_until(&self, done: impl Fn(&Kernel) -> bool) {
        drop(self.changed.wait_while(self.kernel.lock().unwrap(), |kernel| !done(kernel)).unwrap());
    }

    fn push(&self, frame: &[u8], delivery: Delivery) -> Push {
        self.woken(self.mailbox.push(frame, delivery))
    }

    fn push_shared(&self, frame: &[u8]) -> Push {
        self.woken(self.mailbox.push_shared(&Bytes::copy_from_slice(frame), Delivery::Reliable))
    }

    fn woken(&self, push: Push) -> Push {
        if let Push::Queued { wake: true } | Push::Refused { wake: true, .. } = push {
            self.wake();
        }
        push
    }

    fn order(&self, order: Order) {
        if self.mailbox.control(order) {
            self.wake();
        }
    }

    fn wake(&self) {
        self.kernel.lock().unwrap().wakes += 1;
        self.alarm.ring();
    }

    /// The kernel takes more: the task hears of it from the kernel, not from the mailbox.
    fn grant(&self, room: usize) {
        self.kernel.lock().unwrap().room += room;
        self.alarm.ring();
    }
}

/// A thread that stands for a task: it runs when it is woken, and not before.
#[derive(Default)]
struct Alarm {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Alarm {
    fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.heard.notify_all();
    }

    /// Waits for the next ring, or takes the one that came already.
    fn wait(&self) {
        let mut rung = self.heard.wait_while(self.rung.lock().unwrap(), |rung| !*rung).unwrap();
        *rung = false;
    }
}

fn spawn<R: Send + 'static>(
    world: &Arc<World>,
    run: impl FnOnce(&World) -> R + Send + 'static,
) -> JoinHandle<R> {
    let world = world.clone();
    thread::spawn(move || run(&world))
}

/// What the task took and the kernel has not.
#[derive(Default)]
struct Flight {
    bytes: Vec<u8>,
    written: usize,
}

impl Flight {
    fn unwritten(&self) -> usize {
        self.bytes.len() - self.written
    }

    fn write(&mut self, kernel: &mut Kernel) {
        let accepted = self.unwritten().min(kernel.room);
        kernel.accepted.extend_from_slice(&self.bytes[self.written..self.written + accepted]);
        kernel.room -= accepted;
        self.written += accepted;
    }
}

/// A frame of `4 + len` bytes that tells who wrote it, and which of his it is.
fn frame(who: u8, count: u8, len: u16) -> Vec<u8> {
    let [high, low] = len.to_be_bytes();
    let mut frame = vec![who, count, high, low];
    frame.resize(4 + usize::from(len), count);
    frame
}

/// Which frames of `who` stand in `bytes`, all of which are whole.
fn counts_of(who: u8, mut bytes: &[u8]) -> Vec<u8> {
    let mut counts = Vec::new();
    while let Some((&[from, count, high, low], rest)) = bytes.split_first_chunk() {
        let (content, rest) = rest.split_at(usize::from(u16::from_be_bytes([high, low])));
        assert!(content.iter().all(|&byte| byte == count), "frames run into each other");
        if from == who {
            counts.push(count);
        }
        bytes = rest;
    }
    assert!(bytes.is_empty(), "half a frame");
    counts
}

/// Two producers, orders, a kernel that takes little at a time; then a wait for all of it before another word
/// is said, so that a lost wake-up is a deadlock.
#[test]
fn whatever_is_queued_leaves_once_and_in_order_without_another_wake_up() {
    explore(SCHEDULES, || {
        let (world, task) = World::start(WIDE, 0);
        let shared = spawn(&world, |world| {
            for (count, len) in [(0, 2), (1, LONG), (2, LONG)] {
                assert!(matches!(world.push_shared(&frame(1, count, len)), Push::Queued { .. }));
            }
        });
        let own = spawn(&world, |world| {
            for count in 0..2 {
                assert!(matches!(world.push(&frame(2, count, 3), Delivery::Reliable), Push::Queued { .. }));
                world.order(Order::Note(count));
            }
        });
        let total = [6, 4 + LONG, 4 + LONG, 7, 7].map(usize::from).iter().sum();
        world.grant(9);
        world.grant(total);
        shared.join().unwrap();
        own.join().unwrap();
        world.wait_until(|kernel| kernel.accepted.len() == total && kernel.obeyed.len() == 2);
        world.order(Order::Stop);
        task.join().unwrap();

        let kernel = world.kernel.lock().unwrap();
        assert_eq!(counts_of(1, &kernel.accepted), [0, 1, 2]);
        assert_eq!(counts_of(2, &kernel.accepted), [0, 1]);
        assert_eq!(kernel.obeyed, [Order::Note(0), Order::Note(1), Order::Stop]);
        assert!(kernel.wakes <= kernel.rests, "a rest is ended once");
    });
}

/// Small enough to try every schedule there is: a frame, an order, and a task that rests whenever it may.
#[test]
fn no_schedule_there_is_loses_a_wake_up() {
    let check = || {
        let mailbox: Arc<Mailbox<Order>> = Arc::new(Mailbox::new(WIDE));
        let (wake, woken) = mpsc::channel();
        let producer = thread::spawn({
            let mailbox = mailbox.clone();
            move || {
                if mailbox.push(b"frame", Delivery::Reliable) == (Push::Queued { wake: true }) {
                    wake.send(()).unwrap();
                }
                if mailbox.control(Order::Stop) {
                    wake.send(()).unwrap();
                }
            }
        });
        let (mut taken, mut obeyed) = (Vec::new(), Vec::new());
        loop {
            obeyed.extend(mailbox.begin());
            taken.extend(mailbox.take().iter().flat_map(|runs| runs.iter()).flatten());
            if !taken.is_empty() && !obeyed.is_empty() {
                break;
            }
            if mailbox.rest(0, true) {
                woken.recv().expect("the task rests for ever");
            }
        }
        producer.join().unwrap();
        assert_eq!((taken.as_slice(), obeyed.as_slice()), (&b"frame"[..], &[Order::Stop][..]));
    };
    shuttle::check_dfs(check, None);
}

#[test]
fn a_task_that_runs_is_not_woken() {
    let check = || {
        let mailbox = Mailbox::new(WIDE);
        assert!(mailbox.rest(0, true));
        assert_eq!(mailbox.push(b"frame", Delivery::Reliable), Push::Queued { wake: true });
        assert!(!mailbox.control(Order::Stop), "it was woken already");
        mailbox.begin();
        mailbox.take();
        assert!(mailbox.rest(0, true));
        // Whatever else ended the rest, it runs now.
        mailbox.begin();
        assert_eq!(mailbox.push(b"frame", Delivery::Reliable), Push::Queued { wake: false });
        assert!(!mailbox.control(Order::Stop));
        assert!(!mailbox.rest(0, true), "it has to look first");
    };
    shuttle::check_dfs(check, None);
}

#[test]
fn a_volatile_frame_is_dropped_only_while_the_kernel_takes_none() {
    explore(SCHEDULES, || {
        let (world, task) = World::start(WIDE, usize::MAX);
        let volatile = spawn(&world, |world| {
            for count in 0..3 {
                let pushed = world.push(&frame(1, count, 1), Delivery::Volatile);
                assert!(matches!(pushed, Push::Queued { .. }), "the kernel takes all: {pushed:?}");
            }
        });
        volatile.join().unwrap();
        world.wait_until(|kernel| kernel.accepted.len() == 15 && kernel.resting.is_some());

        world.change(|kernel| kernel.room = 0);
        world.push(&frame(1, 3, 1), Delivery::Reliable);
        world.wait_until(|kernel| kernel.resting == Some(false));
        assert_eq!(world.push(&frame(1, 4, 1), Delivery::Volatile), Push::Dropped);

        world.grant(10);
        world.wait_until(|kernel| kernel.resting == Some(true));
        assert!(matches!(world.push(&frame(1, 5, 1), Delivery::Volatile), Push::Queued { .. }));
        world.order(Order::Stop);
        task.join().unwrap();
        assert_eq!(counts_of(1, &world.kernel.lock().unwrap().accepted), [0, 1, 2, 3, 5]);
    });
}

/// Nothing leaves, so all that was queued is held: the limit falls at one byte, whoever comes first.
#[test]
fn a_frame_is_refused_exactly_past_the_burst_limit() {
    const FRAME: usize = 10;
    for (burst, fit) in [(4 * FRAME - 1, 3), (4 * FRAME, 4), (4 * FRAME + 1, 4)] {
        explore(SCHEDULES, move || {
            let mailbox: Arc<Mailbox<Order>> = Arc::new(Mailbox::new(limits(burst)));
            let producers: Vec<_> = (0..2)
                .map(|who| {
                    let mailbox = mailbox.clone();
                    thread::spawn(move || {
                        [0, 1, 2].map(|count| mailbox.push(&frame(who, count, 6), Delivery::Reliable))
                    })
                })
                .collect();
            mailbox.begin();
            let taken = mailbox.take().map_or(0, |runs| runs.iter().map(<[u8]>::len).sum());
            let pushed: Vec<Push> = producers.into_iter().flat_map(|who| who.join().unwrap()).collect();
            assert_eq!(pushed.iter().filter(|push| matches!(push, Push::Queued { .. })).count(), fit);
            for push in pushed {
                if let Push::Refused { queued, .. } = push {
                    assert_eq!(queued, fit * FRAME, "the refused are told what is held");
                }
            }
            let pending = mailbox.pending(taken);
            assert_eq!((pending.bytes, pending.overflowed), (fit * FRAME, true));
            assert!(!mailbox.rest(taken, false), "an overflow is not rested on");
        });
    }
}

/// Each of two producers has at most half the burst limit under way.
#[test]
fn what_the_kernel_accepted_counts_no_more() {
    const FRAME: usize = 10;
    explore(SCHEDULES, || {
        let (world, task) = World::start(limits(2 * FRAME), usize::MAX);
        let producers = [1, 2].map(|who| {
            spawn(&world, move |world| {
                for count in 0..3 {
                    let pushed = world.push(&frame(who, count, 6), Delivery::Reliable);
                    assert!(matches!(pushed, Push::Queued { .. }), "{pushed:?}");
                    world.wait_until(|kernel| {
                        counts_of(who, &kernel.accepted[..kernel.told]).len() > usize::from(count)
                    });
                }
            })
        });
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        world.order(Order::Stop);
        task.join().unwrap();
    });
}

/// A session that ends while others push and order: nothing is taken after the close, and nothing stays
/// behind for nobody.
#[test]
fn a_mailbox_whose_task_has_ended_holds_nothing() {
    explore(SCHEDULES, || {
        let mailbox: Arc<Mailbox<Arc<()>>> = Arc::new(Mailbox::new(WIDE));
        let token = Arc::new(());
        let producer = thread::spawn({
            let mailbox = mailbox.clone();
            move || [0, 1, 2].map(|count| mailbox.push(&frame(1, count, 1), Delivery::Reliable))
        });
        let orders = thread::spawn({
            let (mailbox, token) = (mailbox.clone(), token.clone());
            move || {
                for _ in 0..2 {
                    mailbox.control(token.clone());
                }
            }
        });
        let mut obeyed = mailbox.begin();
        let left: Vec<u8> = mailbox.take().iter().flat_map(|runs| runs.iter()).flatten().copied().collect();
        mailbox.close();
        obeyed.extend(mailbox.finish());
        let pushed = producer.join().unwrap();
        orders.join().unwrap();

        drop(obeyed);
        assert_eq!(Arc::strong_count(&token), 1, "an order waits for a task that is gone");
        let queued = pushed.iter().take_while(|push| matches!(push, Push::Queued { .. })).count();
        assert!([0, 1, 2][..queued].starts_with(&counts_of(1, &left)));
        assert!(pushed[queued..].iter().all(|push| *push == Push::Closed));
        assert_eq!((mailbox.pending(0).bytes, mailbox.take().is_none()), (0, true));
    });
}

/// One push too many is judged once: a session that ends anyway must not look again and again for it.
#[test]
fn an_overflow_is_no_news_to_a_session_that_ends() {
    explore(SCHEDULES, || {
        let mailbox: Arc<Mailbox<Order>> = Arc::new(Mailbox::new(limits(5)));
        let producer = thread::spawn({
            let mailbox = mailbox.clone();
            move || [0, 1].map(|count| mailbox.push(&frame(1, count, 1), Delivery::Reliable))
        });
        mailbox.begin();
        mailbox.close();
        assert!(mailbox.rest(0, false), "nothing came that the end would wait for");
        producer.join().unwrap();
        mailbox.begin();
        assert!(mailbox.rest(0, false));
    });
}

/// Who waits for room is woken by the look that finds it, or by the end, whatever comes first.
#[test]
fn a_wait_for_room_ends_with_the_room_or_with_the_session() {
    const FRAME: usize = 10;
    for ends in [false, true] {
        explore(SCHEDULES, move || {
            let mailbox: Arc<Mailbox<Order>> = Arc::new(Mailbox::new(limits(4 * FRAME)));
            let waiter = thread::spawn({
                let mailbox = mailbox.clone();
                move || {
                    mailbox.push(&frame(1, 0, 6), Delivery::Reliable);
                    mailbox.push(&frame(1, 1, 6), Delivery::Reliable);
                    shuttle::future::block_on(mailbox.ready())
                }
            });
            // The task: writes all it finds, twice, and ends or waits for what came last.
            let mut written = 0;
            while written < 2 * FRAME {
                mailbox.begin();
                written += mailbox.take().map_or(0, |runs| runs.iter().map(<[u8]>::len).sum());
                if ends {
                    break;
                }
                mailbox.pending(0);
                thread::yield_now();
            }
            if ends {
                mailbox.close();
            }
            let open = waiter.join().unwrap();
            assert!(ends || open);
        });
    }
}
