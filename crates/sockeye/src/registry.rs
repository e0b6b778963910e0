//! The sessions of a server by their secret id, in shards because every polling request looks here. Only ids
//! that we minted from random bits are ever inserted, so nobody can choose keys that collide.

use crate::conn::Conn;
use hashbrown::HashMap;
use sockeye_proto::SessionId;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

const SHARDS: usize = 16;

type Shard = HashMap<SessionId, Arc<Conn>>;

#[derive(Default)]
pub(crate) struct Registry {
    shards: [Mutex<Shard>; SHARDS],
    len: AtomicUsize,
}

impl Registry {
    pub(crate) fn insert(&self, conn: Arc<Conn>) {
        if self.shard(&conn.sid).insert(conn.sid, conn.clone()).is_none() {
            self.len.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(crate) fn get(&self, sid: &SessionId) -> Option<Arc<Conn>> {
        self.shard(sid).get(sid).cloned()
    }

    pub(crate) fn remove(&self, sid: &SessionId) {
        if self.shard(sid).remove(sid).is_some() {
            self.len.fetch_sub(1, Ordering::SeqCst);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::SeqCst)
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
