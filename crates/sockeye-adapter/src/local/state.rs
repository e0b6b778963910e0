//! The tables: sockets, rooms, and who is where. Plain data without locks; nothing here calls a member.
//!
//! Names are text at the edge only. Inside, a socket and a room are indices, and a membership is two notes that
//! point at each other: a [`Seat`] at the socket, an [`Occupant`] in the room. So joining, leaving and
//! disconnecting cost the same however full a room is.
//!
//! The own-id room of a socket is usually no room at all but a flag, [`Entry::own_room`]: its id leads to the
//! socket. It becomes an entry of the room table when somebody else joins it.

use crate::member::Snapshot;
use crate::{Counts, JoinError, Limits, Member, Members, RoomEvent, SocketKey, Target};
use hashbrown::HashTable;
use slab::Slab;
use smallvec::SmallVec;
use sockeye_proto::SocketId;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

pub(super) struct State {
    sockets: Slab<Entry>,
    rooms: Slab<Room>,
    /// Indices into `sockets` by id, and into `rooms` by name. Clients may choose names, so the hash is keyed.
    ids: HashTable<u32>,
    names: HashTable<u32>,
    hash: RandomState,
    /// All sockets, as long as none comes or goes; filled by the first broadcast that asks.
    everyone: Option<Snapshot>,
    /// How many entries have `own_room`.
    own_rooms: usize,
    /// Generation of the latest socket.
    generation: u32,
    /// The mark of the latest search; see [`Entry::mark`].
    mark: u32,
    closed: bool,
    /// Whether anybody wants to hear of what changes.
    watched: bool,
    /// What changed and was not told yet.
    events: Vec<RoomEvent>,
}

/// A socket: 72 bytes, paid for every idle connection.
struct Entry {
    member: Arc<dyn Member>,
    id: SocketId,
    generation: u32,
    seats: SmallVec<[Seat; 2]>,
    /// Equals [`State::mark`] when the current search has met this socket, so that it is counted once.
    mark: u32,
    /// Whether its id alone leads to it: nobody else was ever in that room and the socket has not left it.
    own_room: bool,
}

/// A socket is in `room`, where `occupants[position]` is this socket.
#[derive(Clone, Copy)]
struct Seat {
    room: u32,
    position: u32,
}

struct Room {
    name: Arc<str>,
    occupants: SmallVec<[Occupant; 2]>,
    /// The occupants in the same order; filled by the first broadcast, emptied by every change.
    snapshot: Option<Snapshot>,
}

/// `socket` is in the room, where its `seats[seat]` is this room.
#[derive(Clone, Copy)]
struct Occupant {
    socket: u32,
    seat: u32,
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Place {
    Room(u32),
    OwnRoom(u32),
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            sockets: Slab::new(),
            rooms: Slab::new(),
            ids: HashTable::new(),
            names: HashTable::new(),
            hash: RandomState::new(),
            everyone: None,
            own_rooms: 0,
            generation: 0,
            mark: 0,
            closed: false,
            watched: false,
            events: Vec::new(),
        }
    }

    /// A state that lets nobody in.
    pub(super) fn closed() -> Self {
        Self { closed: true, ..Self::new() }
    }

    pub(super) fn add(&mut self, id: SocketId, member: &Arc<dyn Member>) -> SocketKey {
        if self.closed {
            return SocketKey { index: u32::MAX, generation: 0 };
        }
        // Never 0, which is the generation of no socket.
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        let key = SocketKey { index: narrow(self.sockets.vacant_key()), generation: self.generation };
        // Somebody may have joined a room of that name before.
        let room = self.room_named(id.as_str());
        let own_room = room.is_none();
        self.own_rooms += usize::from(own_room);
        let (member, seats) = (Arc::clone(member), SmallVec::new());
        let entry = Entry { member, id, generation: key.generation, seats, mark: 0, own_room };
        self.sockets.insert(entry);
        match room {
            Some(room) => {
                self.seat(key.index, room);
                self.note_joined(key.index, id.as_str());
            }
            None => {
                self.note(|| RoomEvent::Created { room: id.as_str().into() });
                self.note_joined(key.index, id.as_str());
            }
        }
        let Self { sockets, ids, hash, .. } = self;
        ids.insert_unique(hash.hash_one(id), key.index, |&index| {
            sockets.get(index as usize).map_or(0, |entry| hash.hash_one(entry.id))
        });
        self.everyone = None;
        key
    }

    /// The rooms it was in, and the member to drop after the lock: until then no list held the last of it.
    pub(super) fn remove(&mut self, key: SocketKey) -> (Vec<Arc<str>>, Option<Arc<dyn Member>>) {
        if self.entry(key).is_none() {
            return (Vec::new(), None);
        }
        let rooms = self.rooms(key);
        if self.entry(key).is_some_and(|entry| entry.own_room) {
            self.note_own_room_left(key.index);
        }
        while let Some(seat) = self.entry(key).and_then(|entry| entry.seats.len().checked_sub(1)) {
            self.unseat(key.index, seat);
        }
        let member = self.sockets.try_remove(key.index as usize).map(|entry| {
            let hash = self.hash.hash_one(entry.id);
            if let Ok(found) = self.ids.find_entry(hash, |&index| index == key.index) {
                found.remove();
            }
            self.own_rooms -= usize::from(entry.own_room);
            entry.member
        });
        self.everyone = None;
        (rooms, member)
    }

    pub(super) fn join(&mut self, key: SocketKey, names: &[&str], limits: &Limits) -> Result<(), JoinError> {
        let Some(entry) = self.entry(key) else { return Ok(()) };
        let seats_before = entry.seats.len();
        let events_before = self.events.len();
        let limit = limits.max_room_name_bytes;
        if let Some(name) = names.iter().find(|name| name.len() > limit) {
            return Err(JoinError::NameTooLong { len: name.len(), limit });
        }
        let joined = names.iter().try_for_each(|name| self.join_one(key.index, name, limits));
        if joined.is_err() {
            // New seats are the last ones.
            while self.entry(key).is_some_and(|entry| entry.seats.len() > seats_before) {
                let last = self.entry(key).map_or(0, |entry| entry.seats.len().saturating_sub(1));
                self.unseat(key.index, last);
            }
            self.events.truncate(events_before);
        }
        joined
    }

    fn join_one(&mut self, socket: u32, name: &str, limits: &Limits) -> Result<(), JoinError> {
        let room = self.room_named(name);
        let owner = if room.is_none() { self.owner_of_own_room(name) } else { None };
        if owner == Some(socket) || room.is_some_and(|room| self.seat_in(socket, room).is_some()) {
            return Ok(());
        }
        if self.is_full(socket, name, limits.max_rooms_per_socket) {
            return Err(JoinError::TooManyRooms { limit: limits.max_rooms_per_socket });
        }
        let is_new = room.is_none() && owner.is_none();
        let room = room.unwrap_or_else(|| self.create_room(name));
        if is_new {
            self.note(|| RoomEvent::Created { room: name.into() });
        }
        if let Some(owner) = owner {
            self.end_own_room(owner);
            self.seat(owner, room);
        }
        self.seat(socket, room);
        self.note_joined(socket, name);
        Ok(())
    }

    pub(super) fn leave(&mut self, key: SocketKey, names: &[&str]) {
        if self.entry(key).is_none() {
            return;
        }
        for name in names {
            match self.place(name) {
                Some(Place::Room(room)) => {
                    if let Some(seat) = self.seat_in(key.index, room) {
                        self.unseat(key.index, seat);
                    }
                }
                Some(Place::OwnRoom(owner)) if owner == key.index => {
                    self.note_own_room_left(owner);
                    self.end_own_room(owner);
                }
                Some(Place::OwnRoom(_)) | None => {}
            }
        }
    }

    pub(super) fn rooms(&self, key: SocketKey) -> Vec<Arc<str>> {
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let own_id = entry.id.as_str();
        let mut names = Vec::with_capacity(entry.seats.len() + 1);
        if entry.own_room {
            names.push(Arc::from(own_id));
        }
        let seats = entry.seats.iter().filter_map(|seat| self.rooms.get(seat.room as usize));
        names.extend(seats.map(|room| Arc::clone(&room.name)));
        if let Some(own) = names.iter().position(|name| **name == *own_id) {
            names.swap(0, own);
        }
        names
    }

    pub(super) fn counts(&self) -> Counts {
        Counts { sockets: self.sockets.len(), rooms: self.rooms.len() + self.own_rooms }
    }

    pub(super) fn member(&self, id: &SocketId) -> Option<Arc<dyn Member>> {
        self.socket_with(id).map(|(_, entry)| Arc::clone(&entry.member))
    }

    /// Who is in the target, and who of those is to be left out of the list after the lock.
    pub(super) fn select(&mut self, target: &Target) -> (Members, Option<Arc<dyn Member>>) {
        let except = self.places(&target.except);
        // A broadcast without its sender, the commonest of all, shares the list of everyone.
        let skipped = match except[..] {
            [] => Some(None),
            [Place::OwnRoom(socket)] => Some(self.member_at(socket)),
            _ => None,
        };
        let rooms = self.places(&target.rooms);
        let members = match (&rooms[..], &skipped) {
            ([], Some(_)) if target.rooms.is_empty() => self.everyone().into(),
            ([], None) if target.rooms.is_empty() => self.gather_all(&except).into(),
            ([], _) => Members::default(),
            ([place], Some(_)) => self.members_of(*place),
            _ => return (self.gather(&rooms, &except).into(), None),
        };
        (members, skipped.flatten())
    }

    /// Notes changes from now on.
    pub(super) fn watch(&mut self) {
        self.watched = true;
    }

    pub(super) fn take_events(&mut self) -> Vec<RoomEvent> {
        std::mem::take(&mut self.events)
    }

    fn note(&mut self, event: impl FnOnce() -> RoomEvent) {
        if self.watched {
            self.events.push(event());
        }
    }

    fn note_joined(&mut self, socket: u32, room: &str) {
        if self.watched
            && let Some(entry) = self.sockets.get(socket as usize)
        {
            self.events.push(RoomEvent::Joined { room: room.into(), socket: entry.id });
        }
    }

    /// The own-id room of a socket ends as a flag.
    fn note_own_room_left(&mut self, socket: u32) {
        if self.watched
            && let Some(entry) = self.sockets.get(socket as usize)
        {
            let (room, socket) = (Arc::<str>::from(entry.id.as_str()), entry.id);
            self.events.extend([RoomEvent::Left { room: room.clone(), socket }, RoomEvent::Deleted { room }]);
        }
    }

    fn everyone(&mut self) -> Snapshot {
        let Self { sockets, everyone, .. } = self;
        let members = || sockets.iter().map(|(_, entry)| Arc::clone(&entry.member)).collect();
        Arc::clone(everyone.get_or_insert_with(members))
    }

    fn members_of(&mut self, place: Place) -> Members {
        let Self { sockets, rooms, .. } = self;
        let member = |socket: u32| sockets.get(socket as usize).map(|entry| Arc::clone(&entry.member));
        let room = match place {
            Place::OwnRoom(socket) => return member(socket).map_or_else(Members::default, Members::from),
            Place::Room(room) => rooms.get_mut(room as usize),
        };
        let Some(room) = room else { return Members::default() };
        if let [occupant] = room.occupants[..] {
            return member(occupant.socket).map_or_else(Members::default, Members::from);
        }
        let occupants = &room.occupants;
        let members = || occupants.iter().filter_map(|occupant| member(occupant.socket)).collect();
        Arc::clone(room.snapshot.get_or_insert_with(members)).into()
    }

    /// Everyone in the rooms, once, but nobody who is in one of `except`.
    fn gather(&mut self, rooms: &[Place], except: &[Place]) -> Vec<Arc<dyn Member>> {
        self.mark_all(except);
        let mut members = Vec::new();
        for &place in rooms {
            self.mark(place, |entry| members.push(Arc::clone(&entry.member)));
        }
        members
    }

    /// Everyone but who is in one of `except`.
    fn gather_all(&mut self, except: &[Place]) -> Vec<Arc<dyn Member>> {
        self.mark_all(except);
        let unmarked = self.sockets.iter().filter(|(_, entry)| entry.mark != self.mark);
        unmarked.map(|(_, entry)| Arc::clone(&entry.member)).collect()
    }

    /// Begins a search that has met exactly the members of `places`.
    fn mark_all(&mut self, places: &[Place]) {
        self.mark = self.mark.checked_add(1).unwrap_or_else(|| {
            self.sockets.iter_mut().for_each(|(_, entry)| entry.mark = 0);
            1
        });
        for &place in places {
            self.mark(place, |_| {});
        }
    }

    /// Marks the members of a place and shows those who were not marked yet.
    fn mark(&mut self, place: Place, mut on_met: impl FnMut(&Entry)) {
        let Self { sockets, rooms, mark, .. } = self;
        let mut meet = |socket: u32| {
            if let Some(entry) = sockets.get_mut(socket as usize).filter(|entry| entry.mark != *mark) {
                entry.mark = *mark;
                on_met(entry);
            }
        };
        match place {
            Place::OwnRoom(socket) => meet(socket),
            Place::Room(room) => {
                let occupants = rooms.get(room as usize).map(|room| &room.occupants[..]).unwrap_or_default();
                occupants.iter().for_each(|occupant| meet(occupant.socket));
            }
        }
    }

    /// What the names stand for, without those that reach nobody.
    fn places(&self, names: &[Arc<str>]) -> SmallVec<[Place; 2]> {
        names.iter().filter_map(|name| self.place(name)).collect()
    }

    fn place(&self, name: &str) -> Option<Place> {
        let room = self.room_named(name).map(Place::Room);
        room.or_else(|| self.owner_of_own_room(name).map(Place::OwnRoom))
    }

    fn room_named(&self, name: &str) -> Option<u32> {
        if self.names.is_empty() {
            return None;
        }
        let same = |&room: &u32| self.rooms.get(room as usize).is_some_and(|room| *room.name == *name);
        self.names.find(self.hash.hash_one(name), same).copied()
    }

    /// The socket whose id this is, if that alone leads to it.
    fn owner_of_own_room(&self, name: &str) -> Option<u32> {
        let (socket, entry) = self.socket_with(&name.parse().ok()?)?;
        entry.own_room.then_some(socket)
    }

    fn socket_with(&self, id: &SocketId) -> Option<(u32, &Entry)> {
        let same = |&socket: &u32| self.sockets.get(socket as usize).is_some_and(|entry| entry.id == *id);
        let socket = *self.ids.find(self.hash.hash_one(id), same)?;
        Some((socket, self.sockets.get(socket as usize)?))
    }

    fn entry(&self, key: SocketKey) -> Option<&Entry> {
        self.sockets.get(key.index as usize).filter(|entry| entry.generation == key.generation)
    }

    fn member_at(&self, socket: u32) -> Option<Arc<dyn Member>> {
        self.sockets.get(socket as usize).map(|entry| Arc::clone(&entry.member))
    }

    fn seat_in(&self, socket: u32, room: u32) -> Option<usize> {
        self.sockets.get(socket as usize)?.seats.iter().position(|seat| seat.room == room)
    }

    /// Whether the socket may take no seat in the room: its own-id room is free, be it taken or to come.
    fn is_full(&self, socket: u32, room: &str, limit: usize) -> bool {
        let Some(entry) = self.sockets.get(socket as usize) else { return true };
        if entry.seats.len() < limit || room == entry.id.as_str() {
            return false;
        }
        let own = |seat: &Seat| {
            self.rooms.get(seat.room as usize).is_some_and(|room| *room.name == *entry.id.as_str())
        };
        entry.seats.len() > limit || !entry.seats.iter().any(own)
    }

    fn end_own_room(&mut self, socket: u32) {
        if let Some(entry) = self.sockets.get_mut(socket as usize) {
            self.own_rooms -= usize::from(entry.own_room);
            entry.own_room = false;
        }
    }

    fn create_room(&mut self, name: &str) -> u32 {
        let room = Room { name: Arc::from(name), occupants: SmallVec::new(), snapshot: None };
        let index = narrow(self.rooms.insert(room));
        let Self { rooms, names, hash, .. } = self;
        names.insert_unique(hash.hash_one(name), index, |&room| {
            rooms.get(room as usize).map_or(0, |room| hash.hash_one(&*room.name))
        });
        index
    }

    fn remove_room(&mut self, room: u32) {
        let Some(removed) = self.rooms.try_remove(room as usize) else { return };
        if let Ok(found) = self.names.find_entry(self.hash.hash_one(&*removed.name), |&index| index == room) {
            found.remove();
        }
    }

    fn seat(&mut self, socket: u32, room: u32) {
        let Some(entry) = self.sockets.get_mut(socket as usize) else { return };
        let Some(place) = self.rooms.get_mut(room as usize) else { return };
        let (seat, position) = (narrow(entry.seats.len()), narrow(place.occupants.len()));
        entry.seats.push(Seat { room, position });
        place.occupants.push(Occupant { socket, seat });
        place.snapshot = None;
    }

    /// Takes a socket out of the room of one of its seats. On both sides the last one fills the gap, and its
    /// counterpart is told the new place.
    fn unseat(&mut self, socket: u32, index: usize) {
        let Some(entry) = self.sockets.get_mut(socket as usize) else { return };
        let Some(&seat) = entry.seats.get(index) else { return };
        entry.seats.swap_remove(index);
        if let Some(moved) = entry.seats.get(index)
            && let Some(room) = self.rooms.get_mut(moved.room as usize)
            && let Some(occupant) = room.occupants.get_mut(moved.position as usize)
        {
            occupant.seat = narrow(index);
        }

        if self.watched
            && let (Some(room), Some(entry)) =
                (self.rooms.get(seat.room as usize), self.sockets.get(socket as usize))
        {
            let (room, is_last) = (room.name.clone(), room.occupants.len() == 1);
            self.events.push(RoomEvent::Left { room: room.clone(), socket: entry.id });
            self.events.extend(is_last.then_some(RoomEvent::Deleted { room }));
        }
        let Some(room) = self.rooms.get_mut(seat.room as usize) else { return };
        room.snapshot = None;
        let position = seat.position as usize;
        if position < room.occupants.len() {
            room.occupants.swap_remove(position);
        }
        if let Some(moved) = room.occupants.get(position)
            && let Some(entry) = self.sockets.get_mut(moved.socket as usize)
            && let Some(seat_there) = entry.seats.get_mut(moved.seat as usize)
        {
            seat_there.position = seat.position;
        }
        if room.occupants.is_empty() {
            self.remove_room(seat.room);
        }
    }
}

/// An index as it is stored. 2³² sockets or rooms would take 300 GB in these tables alone.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
