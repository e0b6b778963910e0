//! In which rooms a session was when. With it a packet of the log is for a session exactly if it was sent to its
//! socket, or would have been: neither joining nor leaving a room later changes that. From the disconnection on the
//! rooms stay as they were then.

use std::collections::HashMap;
use std::sync::Arc;

pub(super) struct History {
    stays: Vec<Stay>,
    /// Places up to this one are not told apart any more.
    forgotten: u64,
    /// So many stays are worth a look at what may be forgotten.
    tidy_at: usize,
}

/// The session was in `room` for the packets behind `from`, up to and with `to`.
struct Stay {
    room: Arc<str>,
    from: u64,
    to: u64,
}

/// Still in it.
const NOW: u64 = u64::MAX;

/// More stays that are over than this are not remembered.
const MAX_ENDED: usize = 1_000;

/// Fewer stays than this are not looked through for what may be forgotten.
const TIDY_FROM: usize = 64;

/// The stays by room, to look up many packets.
pub(super) struct Rooms<'a>(HashMap<&'a str, Vec<(u64, u64)>>);

impl History {
    /// A session that begins behind `place`, in its own-id room.
    pub(super) fn new(own_room: &str, place: u64) -> Self {
        let mut history = Self { stays: Vec::new(), forgotten: 0, tidy_at: TIDY_FROM };
        history.join(own_room, place);
        history
    }

    /// In a room from behind `place` on. Being in it already changes nothing.
    pub(super) fn join(&mut self, room: &str, place: u64) {
        if !self.stays.iter().any(|stay| stay.to == NOW && *stay.room == *room) {
            self.stays.push(Stay { room: room.into(), from: place, to: NOW });
        }
    }

    /// In a room up to `place`.
    pub(super) fn leave(&mut self, room: &str, place: u64) {
        if let Some(stay) = self.stays.iter_mut().find(|stay| stay.to == NOW && *stay.room == *room) {
            stay.to = place;
        }
    }

    /// Forgets stays that no packet behind `place` falls in, and the oldest of too many.
    pub(super) fn tidy(&mut self, place: u64) {
        self.stays.retain(|stay| stay.to > place && stay.from < stay.to);
        let mut ended: Vec<u64> = self.stays.iter().map(|stay| stay.to).filter(|&to| to != NOW).collect();
        if let Some(surplus) = ended.len().checked_sub(MAX_ENDED).filter(|&surplus| surplus > 0) {
            ended.sort_unstable();
            let forgotten = ended.get(surplus - 1).copied().unwrap_or_default();
            self.stays.retain(|stay| stay.to > forgotten);
            self.forgotten = self.forgotten.max(forgotten);
        }
        self.tidy_at = (self.stays.len() * 2).max(TIDY_FROM);
    }

    /// Whether it has grown enough since the last time to be tidied.
    pub(super) fn has_grown(&self) -> bool {
        self.stays.len() >= self.tidy_at
    }

    /// The place up to which it is not known any more what was for the session.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// How many stays are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.stays.len()
    }

    /// The rooms it is in now.
    pub(super) fn current(&self) -> impl Iterator<Item = &Arc<str>> {
        self.stays.iter().filter(|stay| stay.to == NOW).map(|stay| &stay.room)
    }

    pub(super) fn rooms(&self) -> Rooms<'_> {
        let mut rooms = HashMap::<_, Vec<_>>::new();
        for stay in &self.stays {
            rooms.entry(&*stay.room).or_default().push((stay.from, stay.to));
        }
        Rooms(rooms)
    }
}

impl Rooms<'_> {
    /// Whether the session was in `room` when the packet at `place` was sent.
    pub(super) fn had(&self, room: &str, place: u64) -> bool {
        let stays = self.0.get(room);
        stays.is_some_and(|stays| stays.iter().any(|&(from, to)| from < place && place <= to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_the_room_behind_its_joining_up_to_its_leaving() {
        let mut history = History::new("id", 3);
        history.join("r", 5);
        history.join("r", 6);
        history.leave("r", 8);
        history.join("r", 9);
        let had = |place| history.rooms().had("r", place);
        assert!((0..12).filter(|&place| had(place)).eq([6, 7, 8, 10, 11]));
        assert!(!history.rooms().had("id", 3) && history.rooms().had("id", 4));
        assert!(history.current().map(|room| &**room).eq(["id", "r"]));
    }

    #[test]
    fn stays_that_no_packet_falls_in_are_forgotten() {
        let mut history = History::new("id", 0);
        history.join("empty", 4);
        history.leave("empty", 4);
        history.join("old", 1);
        history.leave("old", 5);
        history.tidy(4);
        assert_eq!(history.len(), 2);
        history.tidy(5);
        assert_eq!((history.len(), history.forgotten()), (1, 0));
    }

    #[test]
    fn a_history_that_grows_by_any_step_is_tidied() {
        for rooms in [1, 2, 3, 7, 64] {
            let mut history = History::new("id", 0);
            let names: Vec<String> = (0..rooms).map(|room| format!("r{room}")).collect();
            for _ in 0..1_000 {
                names.iter().for_each(|room| history.join(room, 5));
                for room in &names {
                    history.leave(room, 5);
                    if history.has_grown() {
                        history.tidy(0);
                    }
                }
            }
            assert!(history.len() <= 2 * TIDY_FROM.max(rooms), "{rooms}: {}", history.len());
        }
    }

    #[test]
    fn at_most_a_thousand_ended_stays_are_remembered() {
        for (ended, forgotten) in [(999, 0), (1_000, 0), (1_001, 2)] {
            let mut history = History::new("id", 0);
            for stay in 0..ended {
                history.join("r", stay * 2);
                history.leave("r", stay * 2 + 2);
            }
            history.tidy(0);
            assert_eq!(
                (history.forgotten(), history.len()),
                (forgotten, 1 + (ended as usize).min(1_000)),
                "{ended}"
            );
        }
    }
}
