//! The adapter against the plainest model of rooms, through 100 000 random steps.

use super::*;
use std::collections::{HashMap, HashSet};

/// What the documentation says, as sets of text.
#[derive(Default)]
struct Model {
    keys: HashMap<String, SocketKey>,
    rooms: HashMap<String, HashSet<String>>,
}

impl Model {
    fn join(&mut self, id: &str, room: &str) {
        self.rooms.entry(room.into()).or_default().insert(id.into());
    }

    fn leave(&mut self, id: &str, room: &str) {
        if let Some(members) = self.rooms.get_mut(room) {
            members.remove(id);
        }
        self.rooms.retain(|_, members| !members.is_empty());
    }

    fn remove(&mut self, id: &str) -> HashSet<String> {
        let rooms = self.rooms_of(id);
        for room in &rooms {
            self.leave(id, room);
        }
        self.keys.remove(id);
        rooms
    }

    fn rooms_of(&self, id: &str) -> HashSet<String> {
        self.rooms.iter().filter(|(_, members)| members.contains(id)).map(|(name, _)| name.clone()).collect()
    }

    fn members(&self, target: &Target) -> HashSet<String> {
        let union = |names: &[Arc<str>]| -> HashSet<String> {
            names.iter().filter_map(|name| self.rooms.get(&**name)).flatten().cloned().collect()
        };
        let all =
            if target.rooms.is_empty() { self.keys.keys().cloned().collect() } else { union(&target.rooms) };
        &all - &union(&target.except)
    }

    fn counts(&self) -> Counts {
        Counts { sockets: self.keys.len(), rooms: self.rooms.len() }
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % end
    }

    fn pick<'a>(&mut self, from: &'a [String]) -> &'a str {
        &from[self.below(from.len())]
    }

    fn target(&mut self, names: &[String]) -> Target {
        let mut some = |end: usize| (0..self.below(end)).map(|_| self.pick(names).to_owned()).collect();
        Target { rooms: some(4), except: some(3) }
    }
}

fn as_set(rooms: Vec<Arc<str>>) -> HashSet<String> {
    let set: HashSet<_> = rooms.iter().map(|room| room.to_string()).collect();
    assert_eq!(set.len(), rooms.len(), "each once");
    set
}

fn storm(seed: u64, sockets: u8, rooms: usize, steps: usize) {
    let adapter = adapter();
    let mut model = Model::default();
    let mut dice = Dice(seed);
    let probes: Vec<_> = (0..sockets).map(Probe::new).collect();
    let ids: Vec<String> = probes.iter().map(|probe| probe.name().to_owned()).collect();
    // A room may be named after a socket that is there, was there or never comes.
    let mut names = ids.clone();
    names.extend((0..rooms).map(|i| format!("room {i}")));

    for step in 0..steps {
        let who = dice.below(ids.len());
        let id = &ids[who];
        match (model.keys.get(id).copied(), dice.below(10)) {
            (None, 0..=4) => {
                model.keys.insert(id.clone(), adapter.add(probes[who].clone()));
                model.join(id, id);
            }
            (Some(key), 0) => assert_eq!(as_set(adapter.remove(key)), model.remove(id), "{step}"),
            (Some(key), 1..=4) => {
                let rooms = [dice.pick(&names), dice.pick(&names)];
                adapter.join(key, &rooms).unwrap();
                rooms.iter().for_each(|room| model.join(id, room));
            }
            (Some(key), 5..=7) => {
                let room = dice.pick(&names);
                adapter.leave(key, &[room]);
                model.leave(id, room);
            }
            (Some(key), _) => {
                let rooms = adapter.rooms(key);
                assert!(!model.rooms_of(id).contains(id) || &*rooms[0] == id, "own id first, {step}");
                assert_eq!(as_set(rooms), model.rooms_of(id), "{step}");
            }
            (None, _) => assert!(adapter.member(&probes[who].id).is_none()),
        }
        let target = dice.target(&names);
        let members = adapter.members(&target);
        let found: HashSet<String> = members.iter().map(|member| member.id().to_string()).collect();
        assert_eq!((found.len(), &found), (members.len(), &model.members(&target)), "{step} {target:?}");
        assert_eq!(adapter.counts(), model.counts(), "{step}");
    }
    for (id, key) in model.keys.clone() {
        assert_eq!(as_set(adapter.remove(key)), model.remove(&id));
    }
    assert_eq!(adapter.counts(), Counts::default());
    assert!(probes.iter().all(|probe| Arc::strong_count(probe) == 1), "nobody is held");
}

#[test]
fn a_storm_of_a_few_sockets_in_many_rooms_agrees_with_the_model() {
    storm(0x5eed, 6, 30, 50_000);
}

#[test]
fn a_storm_of_many_sockets_in_a_few_rooms_agrees_with_the_model() {
    storm(0xcafe, 40, 4, 50_000);
}
