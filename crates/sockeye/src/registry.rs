//! The sessions of a server by their secret id, in shards because every polling request looks here. Only ids
//! that we minted from random bits are inserted, or that the application made, so no client can choose keys
//! that collide.

use crate::conn::Conn;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use sockeye_proto::SessionId;
use sockeye_proto::engine::Transport;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

const SHARDS: usize = 16;

type Shard = HashMap<SessionId, Arc<Conn>>;

#[derive(Default)]
pub(crate) struct Registry {
    shards: [Mutex<Shard>; SHARDS],
    polling: AtomicUsize,
    websocket: AtomicUsize,
}

impl Registry {
    /// False when another session has this id.
    pub(crate) fn insert(&self, conn: &Arc<Conn>) -> bool {
        let free = match self.shard(&conn.sid).entry(conn.sid) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(conn.clone());
                true
            }
        };
        if free {
            self.counter(conn.transport()).fetch_add(1, Ordering::SeqCst);
        }
        free
    }

    pub(crate) fn get(&self, sid: &SessionId) -> Option<Arc<Conn>> {
        self.shard(sid).get(sid).cloned()
    }

    /// Takes out this session, not another one that has its id by now.
    pub(crate) fn remove(&self, conn: &Arc<Conn>) {
        let mut shard = self.shard(&conn.sid);
        if shard.get(&conn.sid).is_some_and(|held| Arc::ptr_eq(held, conn)) {
            shard.remove(&conn.sid);
            self.counter(conn.transport()).fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// A session that is in here goes from polling to WebSocket.
    pub(crate) fn upgraded(&self) {
        self.websocket.fetch_add(1, Ordering::SeqCst);
        self.polling.fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn count(&self, transport: Transport) -> usize {
        self.counter(transport).load(Ordering::SeqCst)
    }

    pub(crate) fn len(&self) -> usize {
        self.count(Transport::Polling) + self.count(Transport::WebSocket)
    }

    fn counter(&self, transport: Transport) -> &AtomicUsize {
        match transport {
            Transport::Polling => &self.polling,
            Transport::WebSocket => &self.websocket,
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<Conn>> {
        self.shards.iter().flat_map(|shard| lock(shard).values().cloned().collect::<Vec<_>>()).collect()
    }

    fn shard(&self, sid: &SessionId) -> MutexGuard<'_, Shard> {
        let spread = sid.as_str().bytes().fold(0, |sum: u8, byte| sum.wrapping_add(byte));
        lock(self.shards.get(usize::from(spread) % SHARDS).unwrap_or(&self.shards[0]))
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
