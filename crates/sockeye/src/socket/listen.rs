//! What a socket listens to, beside what its namespace does for all its sockets.

use super::{CHECKS, LISTENS, Socket};
use crate::error::HandlerError;
use crate::handler::{Handler, IntoOutcome, Listener, Listeners, On, erase};
use crate::namespace::ErrorHandler;
use std::sync::Arc;
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

    /// [`Socket::on_any`], called before those that are there.
    ///
    /// Source: mirrors `socket.prependAny` in Node.
    pub fn prepend_any<H, A: 'static>(&self, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        let listener = self.with_store(|store| store.listeners.prepend(On::Any, erase(handler)));
        self.0.uses.fetch_or(LISTENS, Ordering::Release);
        listener
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
        removed.is_some() || self.remove_outgoing(listener)
    }

    /// Takes back all listeners of an event.
    pub fn off_event(&self, event: &str) {
        self.off_all(On::Event(event));
    }

    /// Takes back all listeners of [`Socket::on_any`]; one of them with [`Socket::off`].
    ///
    /// Source: mirrors `socket.offAny()` in Node.
    pub fn off_any(&self) {
        self.off_all(On::Any);
    }

    /// Takes back everything that listens to this socket, what its namespace has for all apart. Middleware goes too.
    ///
    /// Source: mirrors `socket.removeAllListeners()` in Node.
    pub fn remove_all_listeners(&self) {
        self.forget_listeners();
    }

    /// How many listeners of its own this socket has for an event.
    ///
    /// Source: mirrors `socket.listenerCount(event)` in Node.
    pub fn listener_count(&self, event: &str) -> usize {
        self.count(On::Event(event))
    }

    /// How many listeners of [`Socket::on_any`] this socket has.
    ///
    /// Source: mirrors `socket.listenersAny().length` in Node.
    pub fn any_listener_count(&self) -> usize {
        self.count(On::Any)
    }

    /// Runs before the listeners of each event of this socket, in order with its events: an event waits while the
    /// middleware of the one before it decides. The first one that fails refuses the event, which then reaches no
    /// listener; the error goes to [`Socket::on_error`] and [`Namespace::on_error`](crate::Namespace::on_error), and
    /// the client hears nothing unless the middleware takes the [`Ack`](crate::Ack) and answers.
    ///
    /// ```
    /// use sockeye::{BoxError, EventName, Server, Socket};
    ///
    /// Server::new().on_connect(async |socket: Socket| {
    ///     socket.middleware(async |EventName(event): EventName| {
    ///         if event.starts_with("admin:") { Err(BoxError::from("not an admin")) } else { Ok(()) }
    ///     });
    /// });
    /// ```
    ///
    /// Source: mirrors `socket.use` in Node.
    pub fn middleware<H, A: 'static>(&self, middleware: H)
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Middleware, middleware, false);
        self.0.uses.fetch_or(CHECKS, Ordering::Release);
    }

    /// Hears of this socket's errors: handlers that could not be called, failed or panicked, events that a middleware
    /// refused, packets that could not be read. One hook for each socket; a second one takes its place.
    ///
    /// Source: mirrors the `error` event of a socket in Node. There an event of that name which the client emits arrives
    /// in the same place; here it is an event like others.
    pub fn on_error(&self, hook: impl Fn(&Socket, &HandlerError) + Send + Sync + 'static) {
        let replaced = self.with_store(|store| store.on_error.replace(Arc::new(hook)));
        drop(replaced);
    }

    pub(crate) fn error_hook(&self) -> Option<Arc<ErrorHandler>> {
        self.store().as_ref()?.on_error.clone()
    }

    /// Whether it has listeners of its own, or had.
    #[inline]
    pub(crate) fn has_listeners(&self) -> bool {
        self.0.uses.load(Ordering::Acquire) & LISTENS != 0
    }

    /// Whether events have to pass a middleware.
    #[inline]
    pub(crate) fn has_middleware(&self) -> bool {
        self.0.uses.load(Ordering::Acquire) & CHECKS != 0
    }

    fn off_all(&self, on: On<'_>) {
        let removed = self.store().as_mut().map(|store| store.listeners.remove_on(on));
        drop(removed);
    }

    fn count(&self, on: On<'_>) -> usize {
        self.store().as_ref().map_or(0, |store| store.listeners.count(on))
    }

    pub(crate) fn listen<H, A: 'static>(&self, on: On<'_>, handler: H, once: bool) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        let listener = self.with_store(|store| store.listeners.add(on, erase(handler), once));
        self.0.uses.fetch_or(LISTENS, Ordering::Release);
        listener
    }

    /// The socket's own listeners for `on`, `once` ones used up.
    pub(crate) fn collect_listeners(&self, on: On<'_>, into: &mut Listeners) {
        if self.has_listeners() {
            self.with_store(|store| store.listeners.take(on, into));
        }
    }
}
