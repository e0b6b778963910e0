mod model;
mod order;

use super::*;
use crate::RoomEvent;
use crate::Rooms;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A member that writes down what reaches it.
struct Probe {
    id: SocketId,
    got: Mutex<Vec<u64>>,
    wakes: AtomicUsize,
    /// What `deliver` answers.
    sleeps: bool,
    /// What `prepare` answers, and how often it was asked.
    prepared: Prepared,
    prepares: AtomicUsize,
}

impl Probe {
    fn new(seed: u8) -> Arc<Self> {
        Self::with_sleep(seed, true)
    }

    /// One that prepares packets for itself alone.
    fn particular(seed: u8) -> Arc<Self> {
        let id = SocketId::from_entropy([seed; 15]);
        let (got, wakes, prepares) = Default::default();
        Arc::new(Self { id, got, wakes, sleeps: true, prepared: Prepared::ForOne, prepares })
    }

    fn with_sleep(seed: u8, sleeps: bool) -> Arc<Self> {
        let id = SocketId::from_entropy([seed; 15]);
        let (got, wakes, prepares) = Default::default();
        Arc::new(Self { id, got, wakes, sleeps, prepared: Prepared::ForAll, prepares })
    }

    fn name(&self) -> &str {
        self.id.as_str()
    }

    fn got(&self) -> Vec<u64> {
        self.got.lock().unwrap().clone()
    }
}

impl Member for Probe {
    fn id(&self) -> &SocketId {
        &self.id
    }

    fn prepare(&self, _: &Packet) -> Prepared {
        self.prepares.fetch_add(1, Ordering::Relaxed);
        self.prepared
    }

    fn deliver(&self, packet: &Packet) -> bool {
        self.got.lock().unwrap().push(packet.ack().unwrap().0);
        self.sleeps
    }

    fn wake(&self) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// A packet that is told apart by its number.
fn packet(number: u64) -> Packet {
    Packet::new(&b"\x81\x0642[\"n\"]"[..]).with_ack(number, Arc::new(()))
}

fn adapter() -> LocalAdapter {
    LocalAdapter::default()
}

/// Three sockets in no room.
fn three(adapter: &dyn Adapter) -> ([Arc<Probe>; 3], [SocketKey; 3]) {
    let probes = [Probe::new(1), Probe::new(2), Probe::new(3)];
    let keys = [0, 1, 2].map(|i: usize| adapter.add(probes[i].clone()));
    (probes, keys)
}

fn ids(members: &Members) -> Vec<SocketId> {
    let ids: BTreeSet<_> = members.iter().map(|member| *member.id()).collect();
    assert_eq!(ids.len(), members.len(), "each once");
    ids.into_iter().collect()
}

fn names(rooms: &[Arc<str>]) -> Vec<&str> {
    rooms.iter().map(|room| &**room).collect()
}

#[test]
fn the_own_id_is_a_room_that_reaches_its_owner() {
    let adapter = adapter();
    let ([a, b, _], keys) = three(&adapter);
    assert_eq!(adapter.broadcast(&Target::to(a.name()), &packet(1)), 1);
    assert_eq!((a.got(), b.got()), (vec![1], vec![]));
    assert_eq!(names(&adapter.rooms(keys[0])), [a.name()]);
}

#[test]
fn an_empty_target_is_the_whole_namespace() {
    let adapter = adapter();
    assert_eq!(adapter.broadcast(&Target::everyone(), &packet(0)), 0);
    let ([a, b, c], _) = three(&adapter);
    assert_eq!(adapter.broadcast(&Target::everyone(), &packet(1)), 3);
    assert_eq!((a.got(), b.got(), c.got()), (vec![1], vec![1], vec![1]));
}

#[test]
fn a_target_of_rooms_that_do_not_exist_is_nobody() {
    let adapter = adapter();
    let ([a, ..], _) = three(&adapter);
    assert!(adapter.members(&Target::to("nowhere")).is_empty());
    assert!(adapter.members(&Target::to("nowhere").and("never").except(a.name())).is_empty());
    assert!(adapter.members(&Target::to("AAAAAAAAAAAAAAAAAAAA")).is_empty(), "an id of nobody");
}

#[test]
fn a_room_joined_twice_delivers_once_and_is_left_by_one_leave() {
    let adapter = adapter();
    let ([a, ..], [key, ..]) = three(&adapter);
    adapter.join(key, &["tea", "tea"]).unwrap();
    adapter.join(key, &["tea"]).unwrap();
    assert_eq!(adapter.broadcast(&Target::to("tea"), &packet(1)), 1);
    assert_eq!(a.got(), [1]);
    adapter.leave(key, &["tea"]);
    assert_eq!(adapter.broadcast(&Target::to("tea"), &packet(2)), 0);
}

#[test]
fn a_union_of_rooms_delivers_once() {
    let adapter = adapter();
    let ([a, b, c], keys) = three(&adapter);
    adapter.join(keys[0], &["tea", "cake"]).unwrap();
    adapter.join(keys[1], &["cake"]).unwrap();
    let target = Target::to("tea").and("cake").and(a.name()).and("tea");
    assert_eq!(adapter.broadcast(&target, &packet(1)), 2);
    assert_eq!((a.got(), b.got(), c.got()), (vec![1], vec![1], vec![]));
}

#[test]
fn except_wins_over_every_room() {
    let adapter = adapter();
    let ([a, b, c], keys) = three(&adapter);
    adapter.join(keys[0], &["tea", "muted"]).unwrap();
    adapter.join(keys[1], &["tea"]).unwrap();
    let cases = [
        (Target::to("tea").except("muted"), vec![b.id]),
        (Target::to("tea").and(a.name()).except("muted"), vec![b.id]),
        (Target::to(a.name()).except("muted"), vec![]),
        (Target::to(a.name()).except(a.name()), vec![]),
        (Target::everyone().except("muted"), vec![b.id, c.id]),
        (Target::everyone().except("muted").except(c.name()), vec![b.id]),
        (Target::to("tea").except("tea"), vec![]),
        (Target::to("tea").except("nowhere"), vec![a.id, b.id]),
    ];
    for (target, expected) in cases {
        assert_eq!(ids(&adapter.members(&target)), expected, "{target:?}");
    }
}

#[test]
fn a_sender_is_left_out_wherever_it_stands_in_the_list() {
    let adapter = adapter();
    let (probes, keys) = three(&adapter);
    for key in keys {
        adapter.join(key, &["tea"]).unwrap();
    }
    for (i, sender) in probes.iter().enumerate() {
        let others: Vec<_> = probes.iter().map(|p| p.id).filter(|id| *id != sender.id).collect();
        assert_eq!(ids(&adapter.members(&Target::everyone().except(sender.name()))), others, "{i}");
        assert_eq!(ids(&adapter.members(&Target::to("tea").except(sender.name()))), others, "{i}");
    }
    adapter.leave(keys[2], &["tea"]);
    let without_a_stranger = Target::to("tea").except(probes[2].name());
    assert_eq!(ids(&adapter.members(&without_a_stranger)), [probes[0].id, probes[1].id]);
}

#[test]
fn a_room_ends_with_its_last_member() {
    let adapter = adapter();
    let (_, keys) = three(&adapter);
    adapter.join(keys[0], &["tea"]).unwrap();
    adapter.join(keys[1], &["tea"]).unwrap();
    assert_eq!(adapter.counts(), Counts { sockets: 3, rooms: 4 });
    adapter.leave(keys[0], &["tea"]);
    assert_eq!(adapter.counts(), Counts { sockets: 3, rooms: 4 });
    adapter.remove(keys[1]);
    assert_eq!(adapter.counts(), Counts { sockets: 2, rooms: 2 });
    assert!(adapter.members(&Target::to("tea")).is_empty());
}

#[test]
fn who_left_its_own_id_room_is_not_reached_through_it_until_it_joins_again() {
    let adapter = adapter();
    let ([a, b, _], keys) = three(&adapter);
    adapter.leave(keys[1], &[a.name()]);
    assert_eq!(adapter.counts().rooms, 3, "who is not in it cannot leave it for its owner");
    adapter.leave(keys[0], &[a.name()]);
    assert_eq!(adapter.broadcast(&Target::to(a.name()), &packet(1)), 0);
    assert_eq!(ids(&adapter.members(&Target::to(b.name()).except(a.name()))), [b.id]);
    assert_eq!(adapter.broadcast(&Target::everyone().except(a.name()), &packet(2)), 3);
    assert!(adapter.rooms(keys[0]).is_empty());
    assert_eq!(adapter.counts(), Counts { sockets: 3, rooms: 2 });
    assert!(adapter.member(&a.id).is_some(), "still there by its id");

    adapter.join(keys[0], &["tea", a.name()]).unwrap();
    assert_eq!(adapter.broadcast(&Target::to(a.name()), &packet(3)), 1);
    assert_eq!(names(&adapter.rooms(keys[0])), [a.name(), "tea"], "own id first");
    adapter.remove(keys[0]);
    assert_eq!(adapter.counts(), Counts { sockets: 2, rooms: 2 });
}

#[test]
fn someone_else_in_an_own_id_room_is_reached_together_with_its_owner() {
    let adapter = adapter();
    let ([a, b, c], keys) = three(&adapter);
    adapter.join(keys[1], &[a.name()]).unwrap();
    assert_eq!(ids(&adapter.members(&Target::to(a.name()))), [a.id, b.id]);
    assert_eq!(ids(&adapter.members(&Target::everyone().except(a.name()))), [c.id]);
    assert_eq!(names(&adapter.rooms(keys[1])), [b.name(), a.name()]);
    assert_eq!(adapter.counts(), Counts { sockets: 3, rooms: 3 });

    adapter.remove(keys[0]);
    assert_eq!(ids(&adapter.members(&Target::to(a.name()))), [b.id], "the room outlives its owner");
    assert_eq!(adapter.counts(), Counts { sockets: 2, rooms: 3 });
    let key = adapter.add(a.clone());
    assert_eq!(ids(&adapter.members(&Target::to(a.name()))), [a.id, b.id], "and its owner comes back to it");
    adapter.remove(keys[1]);
    assert_eq!(ids(&adapter.members(&Target::to(a.name()))), [a.id]);
    adapter.remove(key);
    assert_eq!(adapter.counts(), Counts { sockets: 1, rooms: 1 });
}

#[test]
fn remove_returns_the_rooms_once() {
    let adapter = adapter();
    let ([a, ..], [key, ..]) = three(&adapter);
    adapter.join(key, &["tea"]).unwrap();
    assert_eq!(names(&adapter.remove(key)), [a.name(), "tea"]);
    assert!(adapter.remove(key).is_empty());
    assert!(adapter.member(&a.id).is_none());
    assert_eq!(adapter.counts(), Counts { sockets: 2, rooms: 2 });
}

#[test]
fn a_join_after_remove_leaks_nothing() {
    let adapter = adapter();
    let a = Probe::new(1);
    let key = adapter.add(a.clone());
    adapter.remove(key);
    assert_eq!(adapter.join(key, &["tea", a.name(), &"x".repeat(10_000)]), Ok(()));
    assert_eq!(adapter.counts(), Counts::default());
    assert_eq!(Arc::strong_count(&a), 1);
}

#[test]
fn a_stale_key_does_not_touch_who_took_its_place() {
    let adapter = adapter();
    let (a, b) = (Probe::new(1), Probe::new(2));
    let stale = adapter.add(a);
    adapter.remove(stale);
    let key = adapter.add(b.clone());
    assert_eq!(key.index, stale.index);
    assert_ne!(key, stale);
    adapter.join(key, &["tea"]).unwrap();
    adapter.join(stale, &["cake"]).unwrap();
    adapter.leave(stale, &["tea", b.name()]);
    assert!(adapter.rooms(stale).is_empty());
    assert!(adapter.remove(stale).is_empty());
    assert_eq!(names(&adapter.rooms(key)), [b.name(), "tea"]);
}

#[test]
fn a_socket_may_be_in_as_many_rooms_as_the_limit_says() {
    let adapter = adapter();
    let ([a, ..], [key, other, _]) = three(&adapter);
    let all: Vec<String> = (0..1_001).map(|i| i.to_string()).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let refused = Err(JoinError::TooManyRooms { limit: 1_000 });
    assert_eq!(adapter.join(key, &all), refused);
    assert_eq!(names(&adapter.rooms(key)), [a.name()], "all or none");
    assert_eq!(adapter.counts(), Counts { sockets: 3, rooms: 3 });
    assert_eq!(adapter.join(key, &all[..999]), Ok(()));
    assert_eq!(adapter.join(key, &all[999..]), refused);
    assert_eq!(adapter.join(key, &all[999..1_000]), Ok(()));
    assert_eq!(adapter.join(key, &all[1_000..]), refused);
    assert_eq!(adapter.join(key, &all[..1_000]), Ok(()), "in them already");

    // Its own-id room is one more, also when it is a room like any other.
    adapter.join(other, &[a.name()]).unwrap();
    assert_eq!(adapter.rooms(key).len(), 1_001);
    assert_eq!(adapter.join(key, &all[1_000..]), refused);
    adapter.leave(key, &["0"]);
    assert_eq!(adapter.join(key, &all[1_000..]), Ok(()));
    adapter.leave(key, &[a.name()]);
    assert_eq!(adapter.join(key, &["0"]), refused);
    assert_eq!(adapter.join(key, &[a.name()]), Ok(()));
}

#[test]
fn a_room_name_may_be_as_long_as_the_limit_says() {
    let adapter = adapter();
    let key = adapter.add(Probe::new(1));
    for len in [254, 255, 256] {
        let name = "x".repeat(len);
        let expected = if len > 255 { Err(JoinError::NameTooLong { len, limit: 255 }) } else { Ok(()) };
        assert_eq!(adapter.join(key, &["first", &name]), expected, "{len}");
    }
    let umlauts = "ü".repeat(128);
    assert_eq!(adapter.join(key, &[&umlauts]), Err(JoinError::NameTooLong { len: 256, limit: 255 }));
    assert_eq!(adapter.join(key, &[""]), Ok(()));
    assert_eq!(adapter.counts().rooms, 5, "own id, first, two long ones, the empty one");
}

#[test]
fn limits_may_be_changed() {
    let adapter = LocalAdapter::new(Limits { max_rooms_per_socket: 0, max_room_name_bytes: 1 });
    let key = adapter.add(Probe::new(1));
    assert_eq!(adapter.join(key, &["a"]), Err(JoinError::TooManyRooms { limit: 0 }));
    assert_eq!(adapter.join(key, &["ab"]), Err(JoinError::NameTooLong { len: 2, limit: 1 }));
}

#[test]
fn a_join_error_says_what_arrived_and_the_limit() {
    assert_eq!(
        JoinError::NameTooLong { len: 256, limit: 255 }.to_string(),
        "room name of 256 bytes exceeds max_room_name_bytes (255)"
    );
    assert_eq!(
        JoinError::TooManyRooms { limit: 1_000 }.to_string(),
        "socket would be in more than max_rooms_per_socket (1000) rooms"
    );
}

#[test]
fn repeated_broadcasts_share_one_list_until_somebody_comes_or_goes() {
    let adapter = adapter();
    let ([a, ..], keys) = three(&adapter);
    adapter.join(keys[0], &["tea"]).unwrap();
    adapter.join(keys[1], &["tea"]).unwrap();
    let list = |target: &Target| adapter.members(target).runs()[0].as_ptr_range().start;
    let targets = [
        (Target::everyone(), Target::everyone().except(a.name())),
        (Target::to("tea"), Target::to("tea").except("nowhere")),
    ];
    for (target, other_view) in &targets {
        let first = adapter.members(target);
        assert_eq!(first.runs()[0].as_ptr(), list(target), "{target:?}");
        assert_eq!(first.runs()[0].as_ptr(), list(other_view), "{other_view:?}");
    }
    let before = targets.clone().map(|(target, _)| adapter.members(&target));
    adapter.join(keys[2], &["tea"]).unwrap();
    assert_eq!(before[0].runs()[0].as_ptr(), list(&targets[0].0), "a join changes the room only");
    assert_eq!((before[1].len(), adapter.members(&targets[1].0).len()), (2, 3));
    adapter.remove(keys[2]);
    assert_eq!((before[0].len(), adapter.members(&targets[0].0).len()), (3, 2));
    assert_eq!(adapter.members(&targets[1].0).len(), 2);
}

#[test]
fn close_forgets_everyone_and_lets_nobody_in() {
    let adapter = adapter();
    let ([a, ..], keys) = three(&adapter);
    adapter.join(keys[0], &["tea"]).unwrap();
    adapter.broadcast(&Target::everyone(), &packet(1));
    adapter.close();
    assert_eq!(adapter.counts(), Counts::default());
    assert_eq!(Arc::strong_count(&a), 1);
    let late = Probe::new(9);
    let key = adapter.add(late.clone());
    adapter.join(key, &["tea"]).unwrap();
    assert!(adapter.remove(key).is_empty() && adapter.remove(keys[0]).is_empty());
    assert_eq!(adapter.broadcast(&Target::everyone(), &packet(2)), 0);
    assert_eq!(Arc::strong_count(&late), 1);
}

#[test]
fn the_server_gets_its_own_type_back() {
    let adapter = adapter();
    let ([a, ..], _) = three(&adapter);
    let member = adapter.member(&a.id).unwrap();
    assert!(Arc::ptr_eq(&member.into_any().downcast::<Probe>().unwrap(), &a));
    let mut rooms: Rooms = ["tea"].into_iter().collect();
    rooms.extend([a.name()]);
    let target = Target { rooms, except: Rooms::new() };
    assert_eq!(format!("{:?}", adapter.members(&target)), format!("[{:?}]", a.id));
}

/// A member whose last reference may be anywhere.
struct Dropped {
    id: SocketId,
    adapter: std::sync::Weak<LocalAdapter>,
    was_unlocked: Arc<AtomicBool>,
}

impl Member for Dropped {
    fn id(&self) -> &SocketId {
        &self.id
    }

    fn deliver(&self, _: &Packet) -> bool {
        false
    }

    fn wake(&self) {}

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        let unlocked = self.adapter.upgrade().is_some_and(|adapter| adapter.state.try_lock().is_ok());
        self.was_unlocked.store(unlocked, Ordering::Relaxed);
    }
}

#[test]
fn a_member_is_dropped_without_a_lock() {
    type Way = fn(&LocalAdapter, Arc<dyn Member>);
    let ways: [Way; 5] = [
        |adapter, member| {
            let key = adapter.add(member);
            adapter.remove(key);
        },
        |adapter, member| {
            let key = adapter.add(member);
            adapter.broadcast(&Target::everyone(), &packet(1));
            adapter.remove(key);
        },
        |adapter, member| {
            let key = adapter.add(member);
            let held = adapter.members(&Target::everyone());
            adapter.remove(key);
            drop(held);
        },
        |adapter, member| {
            adapter.add(member);
            adapter.close();
        },
        |adapter, member| {
            adapter.close();
            adapter.add(member);
        },
    ];
    for (i, way) in ways.into_iter().enumerate() {
        let shared = Arc::new(adapter());
        let was_unlocked = Arc::new(AtomicBool::new(false));
        let (id, adapter) = (SocketId::from_entropy([1; 15]), Arc::downgrade(&shared));
        way(&shared, Arc::new(Dropped { id, adapter, was_unlocked: Arc::clone(&was_unlocked) }));
        assert!(was_unlocked.load(Ordering::Relaxed), "{i}");
    }
}

#[test]
fn a_packet_is_prepared_until_one_member_speaks_for_all() {
    let adapter = adapter();
    let members = [Probe::particular(1), Probe::particular(2), Probe::new(3), Probe::new(4)];
    for member in &members {
        adapter.add(member.clone());
    }
    for number in 0..20 {
        adapter.broadcast(&Target::everyone(), &packet(number));
    }
    let asked: Vec<_> = members.iter().map(|member| member.prepares.load(Ordering::Relaxed)).collect();
    // In whatever order they come, one of the last two ends it each time.
    assert_eq!(asked[2] + asked[3], 20);
    assert!(asked[0] <= 20 && asked[1] <= 20);
    assert!(members.iter().all(|member| member.got().len() == 20));
}

#[test]
fn a_packet_is_compressed_once_for_each_window() {
    use sockeye_proto::websocket::WindowBits;
    let packet = packet(1);
    let mut compressed = 0;
    for _ in 0..3 {
        for window in WindowBits::ALL {
            packet.deflate(window, |frames| {
                compressed += 1;
                assert_eq!(frames, packet.frames());
                (window != WindowBits::Nine).then(|| vec![window.get()])
            });
        }
    }
    assert_eq!(compressed, WindowBits::ALL.len());
    for packet in [&packet.clone().into_volatile(), &packet] {
        for window in WindowBits::ALL {
            let form = packet.deflated(window).map(|form| form[0]);
            assert_eq!(form, (window != WindowBits::Nine).then_some(window.get()));
        }
    }
    assert_eq!(self::packet(2).deflated(WindowBits::Fifteen), None);
}

fn told(adapter: &LocalAdapter) -> Arc<Mutex<Vec<String>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    adapter.watch_rooms(Arc::new(move |event| {
        let line = match event {
            RoomEvent::Created { room } => format!("create {room}"),
            RoomEvent::Joined { room, socket } => format!("join {room} {socket}"),
            RoomEvent::Left { room, socket } => format!("leave {room} {socket}"),
            RoomEvent::Deleted { room } => format!("delete {room}"),
        };
        tell.lock().unwrap().push(line);
    }));
    told
}

#[test]
fn who_watches_hears_of_rooms_in_the_words_of_the_official_adapter() {
    let adapter = adapter();
    let told = told(&adapter);
    let take = || std::mem::take(&mut *told.lock().unwrap());
    let (a, b) = (Probe::new(1), Probe::new(2));
    let (a_name, b_name) = (a.id.as_str(), b.id.as_str());
    let (a_key, b_key) = (adapter.add(a.clone()), adapter.add(b.clone()));
    let added = |name| [format!("create {name}"), format!("join {name} {name}")];
    assert_eq!(take(), [added(a_name), added(b_name)].concat());

    adapter.join(a_key, &["tea", "tea"]).unwrap();
    adapter.join(b_key, &["tea"]).unwrap();
    assert_eq!(take(), ["create tea".to_owned(), format!("join tea {a_name}"), format!("join tea {b_name}")]);

    adapter.leave(a_key, &["tea", "nowhere"]);
    adapter.leave(b_key, &["tea"]);
    assert_eq!(
        take(),
        [format!("leave tea {a_name}"), format!("leave tea {b_name}"), "delete tea".to_owned()]
    );

    // The room of a's id is a's alone, then b's too, then b's alone.
    adapter.join(b_key, &[a_name]).unwrap();
    adapter.leave(a_key, &[a_name]);
    adapter.leave(b_key, &[a_name]);
    let expected = [
        format!("join {a_name} {b_name}"),
        format!("leave {a_name} {a_name}"),
        format!("leave {a_name} {b_name}"),
        format!("delete {a_name}"),
    ];
    assert_eq!(take(), expected);

    adapter.remove(a_key);
    adapter.join(b_key, &["tea"]).unwrap();
    take();
    adapter.remove(b_key);
    let mut left = take();
    left.sort();
    let mut expected = [
        format!("leave {b_name} {b_name}"),
        format!("delete {b_name}"),
        format!("leave tea {b_name}"),
        "delete tea".to_owned(),
    ];
    expected.sort();
    assert_eq!(left, expected);
    adapter.join(b_key, &["tea"]).unwrap();
    assert_eq!(take(), [""; 0], "a stale key changes nothing");
}

#[test]
fn a_join_that_is_refused_is_not_told() {
    let adapter = LocalAdapter::new(Limits { max_rooms_per_socket: 1, max_room_name_bytes: 10 });
    let key = adapter.add(Probe::new(1));
    let told = told(&adapter);
    adapter.join(key, &["tea", "cake"]).unwrap_err();
    assert_eq!(*told.lock().unwrap(), [""; 0]);
}

#[test]
fn who_watches_may_use_the_adapter() {
    let adapter = Arc::new(adapter());
    let (inner, seen) = (Arc::downgrade(&adapter), Arc::new(Mutex::new(0)));
    let count = seen.clone();
    adapter.watch_rooms(Arc::new(move |_| *count.lock().unwrap() = inner.upgrade().unwrap().counts().rooms));
    adapter.add(Probe::new(1));
    assert_eq!(*seen.lock().unwrap(), 1);
}
