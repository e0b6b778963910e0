//! The events of one namespace that may have to be sent again, oldest first, shared by all its sessions. Plain data:
//! the lock, the clock and the sockets are elsewhere.

use super::history::Rooms;
use super::offset::Epoch;
use bytes::Bytes;
use sockeye_adapter::Target;
use sockeye_proto::SocketId;
use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::time::Duration;
use tokio::time::Instant;

pub(super) struct Log {
    pub(super) epoch: Epoch,
    entries: VecDeque<Entry>,
    /// Place of the newest entry there ever was; they are numbered from 1 without a gap.
    head: u64,
    bytes: usize,
    max_bytes: usize,
    keep_for: Duration,
}

struct Entry {
    for_whom: Addressee,
    /// With their offset.
    frames: Bytes,
    at: Instant,
    bytes: usize,
}

/// Whom an event was for.
#[derive(Clone, Debug)]
pub(super) enum Addressee {
    Socket(SocketId),
    Target(Target),
}

impl Log {
    pub(super) fn new(max_bytes: usize, keep_for: Duration) -> Self {
        Self { epoch: Epoch::new(), entries: VecDeque::new(), head: 0, bytes: 0, max_bytes, keep_for }
    }

    /// Place of the newest entry, 0 before the first.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// The place that the next entry will have.
    pub(super) fn next(&self) -> NonZeroU64 {
        NonZeroU64::MIN.saturating_add(self.head)
    }

    /// Place of the oldest entry that is still here, or of the next one.
    pub(super) fn first(&self) -> u64 {
        self.head + 1 - self.entries.len() as u64
    }

    /// Bytes that the limit counts.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps an event at [`next`](Self::next), and forgets the oldest beyond the limit.
    pub(super) fn append(&mut self, for_whom: Addressee, frames: Bytes, now: Instant) {
        let names = match &for_whom {
            Addressee::Socket(_) => 0,
            Addressee::Target(target) => {
                target.rooms.iter().chain(&*target.except).map(|name| name.len()).sum()
            }
        };
        let bytes = size_of::<Entry>() + frames.len() + names;
        self.entries.push_back(Entry { for_whom, frames, at: now, bytes });
        self.head += 1;
        self.bytes += bytes;
        self.trim(now);
    }

    /// Forgets what is too old, and the oldest beyond the limit.
    pub(super) fn trim(&mut self, now: Instant) {
        while let Some(oldest) = self.entries.front()
            && (self.bytes > self.max_bytes || now.duration_since(oldest.at) > self.keep_for)
        {
            self.bytes -= oldest.bytes;
            self.entries.pop_front();
        }
        // What a burst needed is given back.
        if self.entries.capacity() > 64 && self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(self.entries.len() * 2);
        }
    }

    /// Nobody is left to whom anything could be sent again.
    pub(super) fn clear(&mut self) {
        self.entries = VecDeque::new();
        self.bytes = 0;
    }

    /// Whether the entry at `place` is here and was for this socket.
    pub(super) fn was_for(&self, place: u64, id: &SocketId, rooms: &Rooms<'_>) -> bool {
        let index = place.checked_sub(self.first()).and_then(|index| usize::try_from(index).ok());
        let entry = index.and_then(|index| self.entries.get(index));
        entry.is_some_and(|entry| entry.for_whom.includes(place, id, rooms))
    }

    /// What was for this socket behind `place`, in order, with the place of each.
    pub(super) fn behind(
        &self,
        place: u64,
        id: &SocketId,
        rooms: &Rooms<'_>,
    ) -> impl Iterator<Item = (u64, &Bytes)> {
        let first = self.first();
        let skip = usize::try_from((place + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let skip = skip.min(self.entries.len());
        let places = (first + skip as u64..).zip(self.entries.range(skip..));
        places.filter_map(move |(place, entry)| {
            entry.for_whom.includes(place, id, rooms).then_some((place, &entry.frames))
        })
    }
}

impl Addressee {
    fn includes(&self, place: u64, id: &SocketId, rooms: &Rooms<'_>) -> bool {
        match self {
            Addressee::Socket(receiver) => receiver == id,
            Addressee::Target(target) => {
                let included =
                    target.rooms.is_empty() || target.rooms.iter().any(|room| rooms.had(room, place));
                included && !target.except.iter().any(|room| rooms.had(room, place))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::History;
    use super::*;

    const ID: &str = "AAAAAAAAAAAAAAAAAAAA";

    fn log(max_bytes: usize) -> Log {
        Log::new(max_bytes, Duration::from_secs(10))
    }

    fn add(log: &mut Log, bytes: usize, now: Instant) {
        log.append(Addressee::Target(Target::everyone()), Bytes::from(vec![0; bytes]), now);
    }

    #[test]
    fn the_oldest_entries_go_beyond_the_limit_of_bytes() {
        let now = Instant::now();
        let one = size_of::<Entry>() + 100;
        for (limit, left) in [(3 * one - 1, 2), (3 * one, 3), (3 * one + 1, 3)] {
            let mut log = log(limit);
            (0..3).for_each(|_| add(&mut log, 100, now));
            assert_eq!((log.bytes(), log.first(), log.head()), (left * one, 4 - left as u64, 3));
        }
    }

    #[test]
    fn an_entry_beyond_the_limit_by_itself_is_not_kept() {
        let mut log = log(1_000);
        add(&mut log, 1_000, Instant::now());
        assert_eq!((log.bytes(), log.first(), log.head()), (0, 2, 1));
    }

    #[test]
    fn an_entry_is_kept_for_its_time_and_no_longer() {
        let start = Instant::now();
        for (after, first) in [(9_999, 1), (10_000, 1), (10_001, 2)] {
            let mut log = log(1_000_000);
            add(&mut log, 1, start);
            add(&mut log, 1, start + Duration::from_millis(after));
            assert_eq!(log.first(), first, "{after}");
        }
    }

    #[test]
    fn what_was_missed_is_what_the_rooms_of_its_time_say() {
        let id: SocketId = ID.parse().unwrap();
        let now = Instant::now();
        let mut log = log(1_000_000);
        let mut history = History::new(ID, 0);
        let mut send = |history: &mut History, target: Addressee, change: &dyn Fn(&mut History, u64)| {
            log.append(target, Bytes::new(), now);
            change(history, log.head());
        };
        let to = |room: &str| Addressee::Target(Target::to(room));
        let stay = |_: &mut History, _| {};
        send(&mut history, to("r"), &|history, at| history.join("r", at)); // 1: not in it yet
        send(&mut history, to("r"), &stay); // 2
        send(&mut history, Addressee::Target(Target::everyone().except("r")), &stay); // 3: in the excepted room
        send(&mut history, Addressee::Target(Target::everyone().except(ID)), &stay); // 4: its own broadcast
        send(&mut history, to(ID), &stay); // 5
        send(&mut history, Addressee::Socket(id), &|history, at| history.leave("r", at)); // 6
        send(&mut history, to("r"), &stay); // 7: not in it any more
        send(&mut history, Addressee::Socket(SocketId::from_entropy([1; 15])), &stay); // 8: another's
        send(&mut history, Addressee::Target(Target::to("x").and("r").and(ID)), &stay); // 9
        let rooms = history.rooms();
        let places: Vec<u64> = log.behind(0, &id, &rooms).map(|(place, _)| place).collect();
        assert_eq!(places, [2, 5, 6, 9]);
        let places: Vec<u64> = log.behind(5, &id, &rooms).map(|(place, _)| place).collect();
        assert_eq!(places, [6, 9]);
        assert!(
            (0..=10)
                .map(|place| log.was_for(place, &id, &rooms))
                .eq((0..=10).map(|place| [2, 5, 6, 9].contains(&place)))
        );
    }
}
