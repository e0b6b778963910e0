//! The acknowledgements one socket owes us: by id, each with the collector that waits for it.
//!
//! An id is unique in its namespace, because all receivers of one broadcast share it. Whoever takes an
//! entry out settles it before anybody else can look; so a wait resolves exactly once, and one that finds its
//! entry gone has been settled.

use crate::session::sync::{Mutex, MutexGuard};
use hashbrown::HashMap;
use sockeye_proto::SocketId;
use sockeye_proto::socket::ArgsBuf;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The outstanding acknowledgements of one socket.
pub(crate) struct AckTable<R> {
    inner: Mutex<Inner<R>>,
}

struct Inner<R> {
    /// Made with the first entry and freed with the last: most sockets never owe an answer.
    waiting: Option<Box<HashMap<u64, Arc<Collector<R>>>>>,
    /// The socket has ended: what is added now is settled at once.
    closed: bool,
}

/// What became of one expected answer.
#[derive(Debug)]
pub(crate) enum Settled {
    Answer(SocketId, ArgsBuf),
    Disconnected(SocketId),
}

/// Gathers the answers to one emit, of one socket or of many. `R` is a receiver.
pub(crate) struct Collector<R> {
    state: Mutex<Gathered<R>>,
}

struct Gathered<R> {
    settled: Vec<Settled>,
    /// Whose tables have an entry for this; filled while a broadcast is delivered.
    receivers: Vec<R>,
    /// How many answers are expected; `None` while the receivers are still being counted.
    expected: Option<usize>,
    waker: Option<Waker>,
}

/// More answers of one socket than this are not waited for.
pub(crate) const MAX_OUTSTANDING: usize = 10_000;

/// Why an entry was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Closed,
    TooMany,
}

impl<R> AckTable<R> {
    pub(crate) fn new() -> Self {
        Self { inner: Mutex::new(Inner { waiting: None, closed: false }) }
    }

    /// Expects the answer `id`.
    pub(crate) fn expect(&self, id: u64, collector: Arc<Collector<R>>) -> Result<(), Refused> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(Refused::Closed);
        }
        let waiting = inner.waiting.get_or_insert_default();
        if waiting.len() >= MAX_OUTSTANDING {
            return Err(Refused::TooMany);
        }
        waiting.insert(id, collector);
        Ok(())
    }

    /// The answer `id` came. One that nobody waits for is ignored.
    pub(crate) fn answer(&self, id: u64, socket: SocketId, args: ArgsBuf) {
        let (collector, waker) = {
            let mut inner = self.lock();
            let Some(collector) = inner.remove(id) else { return };
            let waker = collector.put(Settled::Answer(socket, args));
            (collector, waker)
        };
        // The last of its collectors may end other sockets with it: not under the lock.
        drop(collector);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Nobody waits for `id` any more.
    pub(crate) fn forget(&self, id: u64) -> Option<Arc<Collector<R>>> {
        self.lock().remove(id)
    }

    /// The socket ended: every wait is over.
    pub(crate) fn close(&self, socket: SocketId) {
        let mut wakers = Vec::new();
        let waiting = {
            let mut inner = self.lock();
            inner.closed = true;
            let waiting = inner.waiting.take();
            for collector in waiting.iter().flat_map(|waiting| waiting.values()) {
                wakers.extend(collector.put(Settled::Disconnected(socket)));
            }
            waiting
        };
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether no answer is outstanding.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().waiting.is_none()
    }

    /// How many answers are outstanding.
    #[cfg(all(test, feature = "__model"))]
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.as_ref().map_or(0, |waiting| waiting.len())
    }

    fn lock(&self) -> MutexGuard<'_, Inner<R>> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<R> Inner<R> {
    fn remove(&mut self, id: u64) -> Option<Arc<Collector<R>>> {
        let waiting = self.waiting.as_mut()?;
        let collector = waiting.remove(&id);
        if waiting.is_empty() {
            self.waiting = None;
        }
        collector
    }
}

impl<R> Collector<R> {
    /// Waits for as many answers as `expect` will say.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(Gathered {
                settled: Vec::new(),
                receivers: Vec::new(),
                expected: None,
                waker: None,
            }),
        })
    }

    /// Says how many answers there will be, answers and disconnections counted.
    pub(crate) fn expect(&self, expected: usize) {
        self.lock().expected = Some(expected);
    }

    /// Settles one wait that has no entry in a table.
    pub(crate) fn settle(&self, settled: Settled) {
        self.put(settled).into_iter().for_each(Waker::wake);
    }

    /// Returns whom to wake once no lock is held.
    fn put(&self, settled: Settled) -> Option<Waker> {
        let mut state = self.lock();
        state.settled.push(settled);
        if state.is_complete() { state.waker.take() } else { None }
    }

    /// Ready with everything that came once all of it has.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Vec<Settled>> {
        let mut state = self.lock();
        if state.is_complete() {
            return Poll::Ready(std::mem::take(&mut state.settled));
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Remembers one more receiver, for the end of the wait.
    pub(crate) fn add_receiver(&self, receiver: R) {
        self.lock().receivers.push(receiver);
    }

    /// The first receiver that `wanted` picks.
    pub(crate) fn find_receiver(&self, wanted: impl Fn(&R) -> bool) -> Option<R>
    where
        R: Clone,
    {
        self.lock().receivers.iter().find(|receiver| wanted(receiver)).cloned()
    }

    /// The wait is over: who was asked. Each one's entry is forgotten before what has come is taken: an entry
    /// that is gone by then has been settled, so no answer falls between the two.
    pub(crate) fn take_receivers(&self) -> Vec<R> {
        std::mem::take(&mut self.lock().receivers)
    }

    /// What has come so far.
    pub(crate) fn take_settled(&self) -> Vec<Settled> {
        std::mem::take(&mut self.lock().settled)
    }

    fn lock(&self) -> MutexGuard<'_, Gathered<R>> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<R> Gathered<R> {
    fn is_complete(&self) -> bool {
        self.expected.is_some_and(|expected| self.settled.len() >= expected)
    }
}
