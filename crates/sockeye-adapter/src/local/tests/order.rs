//! What a broadcast promises while other threads do the same: one order, each once, no lock in a member's way.

use super::*;
use std::thread;

/// A member that looks at the locks when it is called, and gives other threads every chance to get between.
struct Witness {
    probe: Arc<Probe>,
    adapter: std::sync::Weak<LocalAdapter>,
    /// (order, state) locked, at each call of `prepare`, `deliver` and `wake`.
    at_prepare: Mutex<Vec<(bool, bool)>>,
    at_deliver: Mutex<Vec<(bool, bool)>>,
    at_wake: Mutex<Vec<(bool, bool)>>,
}

impl Witness {
    fn new(seed: u8, adapter: &Arc<LocalAdapter>) -> Arc<Self> {
        let (at_prepare, at_deliver, at_wake) = Default::default();
        let adapter = Arc::downgrade(adapter);
        Arc::new(Self { probe: Probe::new(seed), adapter, at_prepare, at_deliver, at_wake })
    }

    fn locks(&self) -> (bool, bool) {
        let adapter = self.adapter.upgrade().unwrap();
        (adapter.order.try_lock().is_err(), adapter.state.try_lock().is_err())
    }
}

impl Member for Witness {
    fn id(&self) -> &SocketId {
        &self.probe.id
    }

    fn prepare(&self, _: &Packet) -> Prepared {
        assert!(self.probe.got().is_empty(), "is prepared before anybody gets it");
        self.at_prepare.lock().unwrap().push(self.locks());
        Prepared::ForOne
    }

    fn deliver(&self, packet: &Packet) -> bool {
        self.at_deliver.lock().unwrap().push(self.locks());
        self.probe.deliver(packet)
    }

    fn wake(&self) {
        self.at_wake.lock().unwrap().push(self.locks());
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

#[test]
fn members_get_the_packet_under_the_order_lock_alone_and_prepare_and_wake_under_none() {
    let adapter = Arc::new(adapter());
    let witnesses = [Witness::new(1, &adapter), Witness::new(2, &adapter)];
    for witness in &witnesses {
        adapter.add(witness.clone());
    }
    adapter.broadcast(&Target::everyone(), &packet(1));
    for witness in witnesses {
        assert_eq!(*witness.at_prepare.lock().unwrap(), [(false, false)]);
        assert_eq!(*witness.at_deliver.lock().unwrap(), [(true, false)]);
        assert_eq!(*witness.at_wake.lock().unwrap(), [(false, false)]);
    }
}

#[test]
fn a_packet_for_one_waits_for_no_other_broadcast() {
    let adapter = adapter();
    let ([a, ..], [key, ..]) = three(&adapter);
    let _other_broadcast = adapter.order.lock().unwrap();
    adapter.join(key, &["alone"]).unwrap();
    assert_eq!(adapter.broadcast(&Target::to(a.name()), &packet(1)), 1);
    assert_eq!(adapter.broadcast(&Target::to("alone"), &packet(2)), 1);
    assert_eq!(a.got(), [1, 2]);
}

#[test]
fn joins_and_leaves_wait_for_no_broadcast() {
    let adapter = adapter();
    let (_, [key, ..]) = three(&adapter);
    let _broadcast = adapter.order.lock().unwrap();
    adapter.join(key, &["tea"]).unwrap();
    adapter.leave(key, &["tea"]);
    assert_eq!(adapter.remove(key).len(), 1);
    assert_eq!(adapter.members(&Target::everyone()).len(), 2);
}

#[test]
fn only_who_asked_is_woken_once_for_each_packet() {
    let adapter = adapter();
    // More than one word of bits, and the one left out in the middle of them.
    let probes: Vec<_> = (0..200).map(|i| Probe::with_sleep(i, i % 3 == 0)).collect();
    for probe in &probes {
        adapter.add(probe.clone());
    }
    let sender = &probes[99];
    assert_eq!(adapter.broadcast(&Target::everyone().except(sender.name()), &packet(1)), 199);
    assert_eq!(adapter.broadcast(&Target::everyone(), &packet(2)), 200);
    for probe in &probes {
        let packets: &[u64] = if probe.id == sender.id { &[2] } else { &[1, 2] };
        assert_eq!(probe.got(), packets);
        let wakes = if probe.sleeps { packets.len() } else { 0 };
        assert_eq!(probe.wakes.load(Ordering::Relaxed), wakes);
    }
}

/// A member that panics in `deliver`, or in `wake`.
struct Faulty(SocketId, bool);

impl Member for Faulty {
    fn id(&self) -> &SocketId {
        &self.0
    }

    fn deliver(&self, _: &Packet) -> bool {
        assert!(!self.1, "faulty deliver");
        true
    }

    fn wake(&self) {
        panic!("faulty wake");
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

#[test]
fn a_member_that_panics_costs_no_other_member_its_packet_or_its_wake_up() {
    for in_deliver in [true, false] {
        let adapter = adapter();
        let (before, after) = (Probe::new(1), Probe::new(3));
        adapter.add(before.clone());
        let faulty = adapter.add(Arc::new(Faulty(SocketId::from_entropy([2; 15]), in_deliver)));
        adapter.add(after.clone());
        let everyone = Target::everyone();
        let broadcast = catch_unwind(AssertUnwindSafe(|| adapter.broadcast(&everyone, &packet(1))));
        let message = broadcast.unwrap_err();
        let expected = if in_deliver { "faulty deliver" } else { "faulty wake" };
        assert_eq!(message.downcast_ref::<&str>(), Some(&expected), "whoever broadcast hears of it");
        adapter.remove(faulty);
        assert_eq!(adapter.broadcast(&everyone, &packet(2)), 2);
        for probe in [before, after] {
            assert_eq!(probe.got(), [1, 2]);
            assert_eq!(probe.wakes.load(Ordering::Relaxed), 2);
        }
    }
}

/// A probe that lets another thread run between two deliveries.
struct Yielding(Arc<Probe>);

impl Member for Yielding {
    fn id(&self) -> &SocketId {
        &self.0.id
    }

    fn deliver(&self, packet: &Packet) -> bool {
        thread::yield_now();
        self.0.deliver(packet)
    }

    fn wake(&self) {
        self.0.wake();
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

const SENDERS: u64 = 3;
const PACKETS: u64 = 500;

/// Broadcasts from several threads at once, while `meanwhile` runs on one more, and returns what each of eight
/// members got who were in the namespace and in `tea` all the time.
fn concurrent_broadcasts(adapter: &LocalAdapter, meanwhile: impl FnOnce() + Send) -> Vec<Vec<u64>> {
    let probes: Vec<_> = (0..8).map(Probe::new).collect();
    for probe in &probes {
        let key = adapter.add(Arc::new(Yielding(probe.clone())));
        adapter.join(key, &["tea"]).unwrap();
    }
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            scope.spawn(move || {
                for n in 0..PACKETS {
                    // All ways to find the members share the one order.
                    let target = match n % 3 {
                        0 => Target::everyone(),
                        1 => Target::to("tea"),
                        _ => Target::to("tea").and("cake").except("nobody"),
                    };
                    assert!(adapter.broadcast(&target, &packet(sender * PACKETS + n)) >= 8);
                }
            });
        }
        scope.spawn(meanwhile);
    });
    probes.iter().map(|probe| probe.got()).collect()
}

fn assert_one_order_and_each_once(got: &[Vec<u64>]) {
    assert!(got.windows(2).all(|pair| pair[0] == pair[1]), "one order at every member");
    let mut each = got[0].clone();
    each.sort_unstable();
    assert!(each.into_iter().eq(0..SENDERS * PACKETS), "each packet once");
    for sender in 0..SENDERS {
        let own = got[0].iter().filter(|n| *n / PACKETS == sender);
        assert!(own.is_sorted(), "and those of one sender as it sent them");
    }
}

#[test]
fn concurrent_broadcasts_reach_every_member_in_one_order() {
    let adapter = adapter();
    let got = concurrent_broadcasts(&adapter, || {});
    assert_one_order_and_each_once(&got);
}

#[test]
fn one_order_and_each_once_hold_while_others_come_and_go() {
    let adapter = adapter();
    let got = concurrent_broadcasts(&adapter, || {
        for round in 0..2_000_u64 {
            let visitor = Probe::new(100);
            let key = adapter.add(visitor.clone());
            adapter.join(key, &["tea", "cake"]).unwrap();
            adapter.broadcast(&Target::to("cake"), &packet(u64::MAX - round));
            adapter.leave(key, &["tea"]);
            adapter.remove(key);
            assert!(visitor.got().contains(&(u64::MAX - round)), "who joined before gets it");
        }
    });
    assert_one_order_and_each_once(&got);
    assert_eq!(adapter.counts(), Counts { sockets: 8, rooms: 9 });
}

#[test]
fn who_joins_gets_what_follows_and_nothing_from_before() {
    let adapter = adapter();
    let ([a, b, _], keys) = three(&adapter);
    adapter.join(keys[0], &["tea"]).unwrap();
    let tea = Target::to("tea");
    adapter.broadcast(&tea, &packet(1));
    adapter.join(keys[1], &["tea"]).unwrap();
    adapter.broadcast(&tea, &packet(2));
    adapter.leave(keys[1], &["tea"]);
    adapter.broadcast(&tea, &packet(3));
    assert_eq!((a.got(), b.got()), (vec![1, 2, 3], vec![2]));
}
