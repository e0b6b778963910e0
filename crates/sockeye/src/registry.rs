//! The sessions of a server by their secret id. Clients choose the keys they ask for, so the hash is keyed
//! with random bits; the table is cut in shards because every polling request looks here.

use crate::conn::Conn;
use sockeye_proto::SessionId;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

const SHARDS: usize = 16;

type Shard = HashMap<SessionId, Arc<Conn>>;

#[derive(Default)]
pub(crate) struct Registry {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
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
        let hash = usize::try_from(self.hasher.hash_one(sid) % SHARDS as u64).unwrap_or(0);
        lock(self.shards.get(hash).unwrap_or(&self.shards[0]))
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
