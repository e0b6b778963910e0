//! A socket's catch-all listeners on the way out: kept beside its other ones, counted in its namespace, so that an emit
//! looks at one number and not at each receiver.

use super::Socket;
use crate::frames::HEADROOM;
use crate::handler::Listener;
use crate::outgoing::{Outgoing, Position};
use sockeye_proto::socket::Encoded;
use std::sync::Arc;

impl Socket {
    pub(crate) fn add_outgoing(&self, hook: Arc<Outgoing>, position: Position) -> Listener {
        let mut hook = Some(hook);
        let added = self.with_store(|store| {
            // Nothing leaves any more, and nobody would count the listener out again.
            let hook = if store.reason.is_none() { hook.take() } else { None };
            hook.map(|hook| store.outgoing.add(hook, position))
        });
        self.inner_namespace().more_outgoing(usize::from(added.is_some()));
        added.unwrap_or_else(Listener::next)
    }

    pub(super) fn remove_outgoing(&self, listener: Listener) -> bool {
        let removed = self.store().as_mut().and_then(|store| store.outgoing.remove(listener));
        self.inner_namespace().fewer_outgoing(usize::from(removed.is_some()));
        removed.is_some()
    }

    pub(crate) fn remove_all_outgoing(&self) {
        let removed =
            self.store().as_mut().map(|store| std::mem::take(&mut store.outgoing)).unwrap_or_default();
        self.inner_namespace().fewer_outgoing(removed.len());
    }

    pub(crate) fn count_outgoing(&self) -> usize {
        self.store().as_ref().map_or(0, |store| store.outgoing.len())
    }

    pub(crate) fn collect_outgoing(&self, into: &mut Vec<Arc<Outgoing>>) {
        if let Some(store) = self.store().as_ref() {
            store.outgoing.collect(into);
        }
    }

    /// Shows an event that leaves for this socket alone to whoever wants to see it, unless it is too late for it.
    #[inline]
    pub(super) fn show(&self, encoded: &Encoded) {
        if self.inner_namespace().hears_outgoing() {
            self.show_unless_ended(encoded);
        }
    }

    #[cold]
    fn show_unless_ended(&self, encoded: &Encoded) {
        if !self.disconnected()
            && let Some(event) = encoded.event(HEADROOM)
        {
            self.show_outgoing(&event.name, &event.args);
        }
    }
}
