use super::*;
use crate::Packet;
use std::any::Any;
use std::collections::HashSet;

struct Named(SocketId);

impl Member for Named {
    fn id(&self) -> &SocketId {
        &self.0
    }

    fn deliver(&self, _: &Packet) -> bool {
        false
    }

    fn wake(&self) {}

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

fn add(state: &mut State, seed: u8) -> SocketKey {
    let id = SocketId::from_entropy([seed; 15]);
    let member: Arc<dyn Member> = Arc::new(Named(id));
    state.add(id, &member)
}

#[test]
#[cfg(target_pointer_width = "64")]
fn an_idle_socket_takes_72_bytes_and_its_place_in_the_id_table() {
    #[expect(dead_code, reason = "what the slab stores; only its size is looked at")]
    enum Slot {
        Vacant(usize),
        Occupied(Entry),
    }
    assert_eq!(size_of::<Slot>(), 72);
}

#[test]
fn names_made_to_collide_spread_like_any_others() {
    // 65 536 names with one hash under h = 31 * h + c.
    let crafted = (0..1_u32 << 16)
        .map(|bits| (0..16).map(|i| if bits >> i & 1 == 0 { "Aa" } else { "BB" }).collect::<String>());
    let weak = |name: &str| name.bytes().fold(0_u32, |h, c| h.wrapping_mul(31).wrapping_add(c.into()));
    assert!(crafted.clone().all(|name| weak(&name) == weak(&"Aa".repeat(16))));

    let state = State::new();
    let buckets: HashSet<u64> = crafted.map(|name| state.hash.hash_one(&*name) & 0xffff).collect();
    // Of 65 536 buckets random names fill 1 - 1/e: 41 427, give or take 130.
    assert!(buckets.len() > 40_500, "{}", buckets.len());
    assert_ne!(State::new().hash.hash_one("tea"), state.hash.hash_one("tea"), "and the seed is a secret");
}

#[test]
fn a_search_forgets_the_marks_of_all_searches_before_it() {
    let mut state = State::new();
    let keys = [add(&mut state, 1), add(&mut state, 2)];
    for key in keys {
        state.join(key, &["tea", "cake"], &Limits::default()).unwrap();
    }
    let both = Target::to("tea").and("cake");
    assert_eq!(state.select(&both).0.len(), 2);
    assert_eq!(state.mark, 1);
    // The next search wraps to the mark that the sockets still bear.
    state.mark = u32::MAX;
    assert_eq!(state.select(&both).0.len(), 2);
    assert_eq!(state.mark, 1);
    state.mark = u32::MAX;
    assert_eq!(state.select(&Target::everyone().except("nowhere").except("tea")).0.len(), 0);
    state.mark = u32::MAX;
    state.leave(keys[0], &["tea"]);
    assert_eq!(state.select(&Target::everyone().except("tea")).0.len(), 1);
}

#[test]
fn rooms_and_sockets_that_come_and_go_leave_nothing_in_the_tables() {
    let mut state = State::new();
    for round in 0..1_000 {
        let key = add(&mut state, 1);
        state.join(key, &[&round.to_string(), "tea"], &Limits::default()).unwrap();
        state.remove(key);
    }
    let sizes = (state.sockets.len(), state.ids.len(), state.rooms.len(), state.names.len());
    assert_eq!(sizes, (0, 0, 0, 0));
    assert_eq!(state.own_rooms, 0);
    assert!(state.rooms.capacity() < 10 && state.names.capacity() < 10, "and no more room than two need");
}

#[test]
fn a_room_of_one_keeps_no_list() {
    let mut state = State::new();
    let key = add(&mut state, 1);
    state.join(key, &["alone"], &Limits::default()).unwrap();
    assert_eq!(state.select(&Target::to("alone")).0.len(), 1);
    assert!(state.rooms.iter().all(|(_, room)| room.snapshot.is_none()));
}

#[test]
fn generations_wrap_past_the_one_of_nobody() {
    let mut state = State::new();
    state.generation = u32::MAX - 1;
    assert_eq!([1, 2].map(|seed| add(&mut state, seed).generation), [u32::MAX, 1]);
}

#[test]
fn each_table_hashes_with_a_key_of_its_own() {
    let (one, other) = (State::new(), State::new());
    // Names of rooms that fill one bucket of a table do nothing to another, and nobody is told which they are.
    let names: Vec<String> = (0..50).map(|n| format!("room {n}")).collect();
    let hashes = |state: &State| names.iter().map(|name| state.hash.hash_one(name)).collect::<Vec<_>>();
    assert_ne!(hashes(&one), hashes(&other));
    assert_eq!(hashes(&one), hashes(&one));
}
