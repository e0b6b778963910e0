//! The listeners of a namespace or of one socket: by event name, for any event, and for the two ends of a
//! socket's life. Names are the program's own, so the table cannot be flooded from outside.

use super::ErasedHandler;
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names one registration, so that it can be taken back with `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Listener(u64);

impl Listener {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The handlers one event calls, in order.
pub(crate) type Listeners = SmallVec<[Arc<dyn ErasedHandler>; 2]>;

#[derive(Default)]
pub(crate) struct ListenerTable {
    events: HashMap<Box<str>, Vec<Entry>>,
    any: Vec<Entry>,
    connect: Vec<Entry>,
    drain: Vec<Entry>,
    middleware: Vec<Entry>,
    disconnecting: Vec<Entry>,
    disconnect: Vec<Entry>,
}

pub(crate) struct Entry {
    listener: Listener,
    handler: Arc<dyn ErasedHandler>,
    once: bool,
}

/// What a listener listens to.
#[derive(Clone, Copy)]
pub(crate) enum On<'a> {
    Event(&'a str),
    Any,
    Connect,
    Drain,
    /// Before every event of one socket, with the right to refuse it.
    Middleware,
    Disconnecting,
    Disconnect,
}

impl ListenerTable {
    pub(crate) fn add(&mut self, on: On<'_>, handler: Arc<dyn ErasedHandler>, once: bool) -> Listener {
        let listener = Listener::next();
        self.entries_mut(on).push(Entry { listener, handler, once });
        listener
    }

    /// Adds a listener in front of those that are there.
    pub(crate) fn prepend(&mut self, on: On<'_>, handler: Arc<dyn ErasedHandler>) -> Listener {
        let listener = Listener::next();
        self.entries_mut(on).insert(0, Entry { listener, handler, once: false });
        listener
    }

    pub(crate) fn count(&self, on: On<'_>) -> usize {
        self.entries(on).len()
    }

    /// Takes back all listeners of `on`; they are dropped as in [`ListenerTable::remove`].
    pub(crate) fn remove_on(&mut self, on: On<'_>) -> Vec<Entry> {
        match on {
            On::Event(name) => self.events.remove(name).unwrap_or_default(),
            on => std::mem::take(self.entries_mut(on)),
        }
    }

    fn entries(&self, on: On<'_>) -> &[Entry] {
        match on {
            On::Event(name) => self.events.get(name).map(Vec::as_slice).unwrap_or_default(),
            On::Any => &self.any,
            On::Connect => &self.connect,
            On::Drain => &self.drain,
            On::Middleware => &self.middleware,
            On::Disconnecting => &self.disconnecting,
            On::Disconnect => &self.disconnect,
        }
    }

    /// Takes one registration back. `None` if it is not here. The caller drops the handler, and what it
    /// captured, without its lock: that may be code of the user which comes back here.
    pub(crate) fn remove(&mut self, listener: Listener) -> Option<Arc<dyn ErasedHandler>> {
        let take_from = |entries: &mut Vec<Entry>| {
            let at = entries.iter().position(|entry| entry.listener == listener)?;
            Some(entries.remove(at).handler)
        };
        let mut removed = None;
        self.events.retain(|_, entries| {
            removed = removed.take().or_else(|| take_from(entries));
            !entries.is_empty()
        });
        let others = [
            &mut self.any,
            &mut self.connect,
            &mut self.drain,
            &mut self.middleware,
            &mut self.disconnecting,
            &mut self.disconnect,
        ];
        for entries in others {
            removed = removed.or_else(|| take_from(entries));
        }
        removed
    }

    /// Adds to `into` what `on` calls. True when one of them was to be called only once, so that the caller
    /// must `take` instead, under a lock that allows it.
    pub(crate) fn collect(&self, on: On<'_>, into: &mut Listeners) -> bool {
        let entries = self.entries(on);
        into.extend(entries.iter().map(|entry| entry.handler.clone()));
        entries.iter().any(|entry| entry.once)
    }

    /// Collects and removes in one step, so that no two events get the same `once` listener.
    pub(crate) fn take(&mut self, on: On<'_>, into: &mut Listeners) {
        // Looked up first: a name that only a client knows must leave nothing behind.
        if self.collect(on, into) {
            self.entries_mut(on).retain(|entry| !entry.once);
        }
    }

    fn entries_mut(&mut self, on: On<'_>) -> &mut Vec<Entry> {
        match on {
            On::Event(name) => self.events.entry_ref(name).or_default(),
            On::Any => &mut self.any,
            On::Connect => &mut self.connect,
            On::Drain => &mut self.drain,
            On::Middleware => &mut self.middleware,
            On::Disconnecting => &mut self.disconnecting,
            On::Disconnect => &mut self.disconnect,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::erase;

    fn collected(table: &mut ListenerTable, event: &str) -> usize {
        let mut listeners = Listeners::new();
        table.take(On::Event(event), &mut listeners);
        listeners.len()
    }

    #[test]
    fn an_event_that_nobody_listens_to_leaves_nothing_in_the_table() {
        let mut table = ListenerTable::default();
        table.add(On::Event("known"), erase(async || {}), false);
        assert_eq!((collected(&mut table, "known"), collected(&mut table, "unknown")), (1, 0));
        assert_eq!(table.events.len(), 1);
    }

    #[test]
    fn a_once_listener_is_taken_once() {
        let mut table = ListenerTable::default();
        table.add(On::Event("e"), erase(async || {}), true);
        table.add(On::Event("e"), erase(async || {}), false);
        assert_eq!((collected(&mut table, "e"), collected(&mut table, "e")), (2, 1));
    }
}
