//! The adapter for one process: the tables of [`State`] behind a lock, and ordered delivery.
//!
//! Two locks that are never held together. The state lock guards the tables and is held for look-ups and
//! changes only, never while a member runs. The order lock is held while a broadcast is queued at its members:
//! whoever holds it delivers before everyone who takes it later, at every member. Joins, leaves and what a socket
//! sends on its own never wait for it.

mod state;

use crate::{
    Adapter, Counts, JoinError, Limits, Member, Members, Packet, Prepared, RoomWatcher, SocketKey, Target,
};
use smallvec::SmallVec;
use sockeye_proto::SocketId;
use state::State;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// The rooms of the sockets of this process. Repeated broadcasts to the whole namespace or to one room, also
/// without the sender, allocate nothing: the list of members is kept until somebody comes or goes.
///
/// See the [crate] for an example.
pub struct LocalAdapter {
    limits: Limits,
    state: Mutex<State>,
    order: Mutex<()>,
    watchers: RwLock<Vec<Arc<RoomWatcher>>>,
}

impl LocalAdapter {
    /// An adapter without sockets.
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::new(State::new()), order: Mutex::new(()), watchers: RwLock::default() }
    }

    /// Changes the tables, then tells who watches of it.
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let (result, events) = {
            let mut state = self.state();
            let result = change(&mut state);
            (result, state.take_events())
        };
        if !events.is_empty() {
            let watchers = self.watchers.read().unwrap_or_else(PoisonError::into_inner).clone();
            events.iter().for_each(|event| watchers.iter().for_each(|watcher| watcher(event)));
        }
        result
    }

    #[inline]
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Default for LocalAdapter {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Adapter for LocalAdapter {
    fn add(&self, member: Arc<dyn Member>) -> SocketKey {
        let id = *member.id();
        self.change(|state| state.add(id, &member))
    }

    fn remove(&self, key: SocketKey) -> Vec<Arc<str>> {
        let (rooms, member) = self.change(|state| state.remove(key));
        drop(member);
        rooms
    }

    fn join(&self, key: SocketKey, rooms: &[&str]) -> Result<(), JoinError> {
        self.change(|state| state.join(key, rooms, &self.limits))
    }

    fn leave(&self, key: SocketKey, rooms: &[&str]) {
        self.change(|state| state.leave(key, rooms));
    }

    fn rooms(&self, key: SocketKey) -> Vec<Arc<str>> {
        self.state().rooms(key)
    }

    fn members(&self, target: &Target) -> Members {
        let (members, skipped) = self.state().select(target);
        match skipped {
            Some(skipped) => members.without(&skipped),
            None => members,
        }
    }

    fn broadcast(&self, target: &Target, packet: &Packet) -> usize {
        let members = self.members(target);
        let mut panicked = Panicked::default();
        // One bit for each member to wake, so that 2048 of them cost no allocation.
        let mut to_wake = SmallVec::<[u64; 32]>::new();
        let _ = members
            .iter()
            .any(|member| panicked.shield(|| Some(member.prepare(packet))) == Some(Prepared::ForAll));
        {
            // A single receiver is in nobody else's order.
            let _order = (members.len() > 1).then(|| lock(&self.order));
            for chunk in chunks(&members) {
                to_wake.push(chunk.iter().enumerate().fold(0, |bits, (place, member)| {
                    bits | u64::from(panicked.shield(|| member.deliver(packet))) << place
                }));
            }
        }
        for (chunk, bits) in chunks(&members).zip(to_wake) {
            for (place, member) in chunk.iter().enumerate() {
                if bits >> place & 1 == 1 {
                    panicked.shield(|| member.wake());
                }
            }
        }
        panicked.resume();
        members.len()
    }

    fn watch_rooms(&self, watcher: Arc<RoomWatcher>) {
        self.watchers.write().unwrap_or_else(PoisonError::into_inner).push(watcher);
        self.state().watch();
    }

    fn counts(&self) -> Counts {
        self.state().counts()
    }

    fn member(&self, id: &SocketId) -> Option<Arc<dyn Member>> {
        self.state().member(id)
    }

    fn close(&self) {
        // All tables go at once, after the lock.
        let closed = std::mem::replace(&mut *self.state(), State::closed());
        drop(closed);
    }
}

/// The members in pieces of one word of bits each, the same pieces every time.
fn chunks(members: &Members) -> impl Iterator<Item = &[Arc<dyn Member>]> {
    members.runs().into_iter().flat_map(|run| run.chunks(u64::BITS as usize))
}

/// A panic of a member is a bug of that member: the others get the packet and their wake-up all the same, then it
/// goes on to whoever broadcast.
#[derive(Default)]
struct Panicked(Option<Box<dyn Any + Send>>);

impl Panicked {
    #[inline]
    fn shield<T: Default>(&mut self, call: impl FnOnce() -> T) -> T {
        catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
            self.0.get_or_insert(panic);
            T::default()
        })
    }

    fn resume(self) {
        if let Some(panic) = self.0 {
            resume_unwind(panic);
        }
    }
}

/// The data behind a lock is whole between any two statements that may panic, so poison says nothing.
#[inline]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
