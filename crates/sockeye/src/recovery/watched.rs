//! Who watches the rooms of a recoverable namespace. Its rooms change under the lock of its recovery, and the watchers
//! are the user's: so the adapter tells this note-taker, which tells them when the lock is gone.

use sockeye_adapter::{Adapter, RoomEvent, RoomWatcher};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

#[derive(Default)]
pub(super) struct Watched(OnceLock<Arc<Notes>>);

#[derive(Default)]
struct Notes {
    events: Mutex<Vec<RoomEvent>>,
    watchers: RwLock<Vec<Arc<RoomWatcher>>>,
}

impl Watched {
    pub(super) fn watch(&self, adapter: &dyn Adapter, watcher: Arc<RoomWatcher>) {
        let notes = self.0.get_or_init(|| {
            let notes = Arc::<Notes>::default();
            let taken = notes.clone();
            adapter.watch_rooms(Arc::new(move |event: &RoomEvent| {
                taken.events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
            }));
            notes
        });
        notes.watchers.write().unwrap_or_else(PoisonError::into_inner).push(watcher);
    }

    /// Called without a lock, after each change of the rooms.
    pub(super) fn tell(&self) {
        let Some(notes) = self.0.get() else { return };
        let events = std::mem::take(&mut *notes.events.lock().unwrap_or_else(PoisonError::into_inner));
        if !events.is_empty() {
            let watchers = notes.watchers.read().unwrap_or_else(PoisonError::into_inner).clone();
            events.iter().for_each(|event| watchers.iter().for_each(|watcher| watcher(event)));
        }
    }
}
