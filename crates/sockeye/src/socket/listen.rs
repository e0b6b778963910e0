//! What a socket listens to, beside what its namespace does for all its sockets.

use super::Socket;
use crate::handler::{Handler, IntoOutcome, Listener, Listeners, On, erase};
use std::sync::atomic::Ordering;

impl Socket {
    /// Listens to an event of this socket. What all sockets of a namespace share is cheaper to register once,
    /// with [`Namespace::on`](crate::Namespace::on).
    pub fn on<H, A: 'static>(&self, event: &str, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Event(event), handler, false)
    }

    /// Listens to the next event of this name only.
    pub fn once<H, A: 'static>(&self, event: &str, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Event(event), handler, true)
    }

    /// Listens to every event, before the event's own listeners. [`EventName`](crate::EventName) tells which.
    pub fn on_any<H, A: 'static>(&self, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Any, handler, false)
    }

    /// Listens to the end of this socket, when the rooms can still be seen.
    pub fn on_disconnecting<H, A: 'static>(&self, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Disconnecting, handler, false)
    }

    /// Listens to the end of this socket. Take a [`DisconnectReason`](crate::DisconnectReason) to know why.
    pub fn on_disconnect<H, A: 'static>(&self, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Disconnect, handler, false)
    }

    /// Takes a listener back. False if it is not one of this socket, or fired once already.
    pub fn off(&self, listener: Listener) -> bool {
        let removed = self.store().as_mut().and_then(|store| store.listeners.remove(listener));
        removed.is_some()
    }

    /// Takes back all listeners of an event.
    pub fn off_event(&self, event: &str) {
        let removed = self.store().as_mut().and_then(|store| store.listeners.remove_event(event));
        drop(removed);
    }

    pub(crate) fn listen<H, A: 'static>(&self, on: On<'_>, handler: H, once: bool) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        let listener = self.with_store(|store| store.listeners.add(on, erase(handler), once));
        self.0.has_listeners.store(true, Ordering::Release);
        listener
    }

    /// The socket's own listeners for `on`, `once` ones used up.
    pub(crate) fn collect_listeners(&self, on: On<'_>, into: &mut Listeners) {
        if self.0.has_listeners.load(Ordering::Acquire) {
            self.with_store(|store| store.listeners.take(on, into));
        }
    }
}
