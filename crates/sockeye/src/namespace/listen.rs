//! What all sockets of a namespace listen to, at no cost for each of them, and what is shown of what they send.

use super::{Namespace, NamespaceInner, read, write};
use crate::error::HandlerError;
use crate::handler::{Handler, IntoOutcome, Listener, On, erase};
use crate::outgoing::{Outgoing, Position};
use crate::socket::Socket;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Namespace {
    /// Called for each client that joins. Its events wait until the handler returns, so that listeners
    /// registered after an `.await` miss nothing; spawn what lives longer.
    ///
    /// Source: mirrors the `connection` event in Node.
    pub fn on_connect<H, A: 'static>(&self, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Connect, handler, false)
    }

    /// Listens to an event of every socket in the namespace, at no cost per socket.
    pub fn on<H, A: 'static>(&self, event: &str, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Event(event), handler, false)
    }

    /// Listens to the next event of this name only, whichever socket it comes from.
    pub fn once<H, A: 'static>(&self, event: &str, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Event(event), handler, true)
    }

    /// Listens to every event of every socket, before the event's own listeners.
    pub fn on_any<H, A: 'static>(&self, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Any, handler, false)
    }

    /// Listens to the end of every socket, while its rooms can still be seen.
    pub fn on_disconnecting<H, A: 'static>(&self, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Disconnecting, handler, false)
    }

    /// Listens to the end of every socket.
    pub fn on_disconnect<H, A: 'static>(&self, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        self.listen(On::Disconnect, handler, false)
    }

    /// [`Namespace::on_any`], called before those that are there.
    pub fn prepend_any<H, A: 'static>(&self, handler: H) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        write(&self.0.listeners).prepend(On::Any, erase(handler))
    }

    /// Takes a listener back. False if it is not one of this namespace, or fired once already.
    pub fn off(&self, listener: Listener) -> bool {
        let removed = write(&self.0.listeners).remove(listener);
        let outgoing = write(&self.0.outgoing).remove(listener);
        self.0.fewer_outgoing(usize::from(outgoing.is_some()));
        removed.is_some() || outgoing.is_some()
    }

    /// Takes back all listeners of an event.
    pub fn off_event(&self, event: &str) {
        self.off_all(On::Event(event));
    }

    /// Takes back all listeners of [`Namespace::on_any`]; one of them with [`Namespace::off`].
    pub fn off_any(&self) {
        self.off_all(On::Any);
    }

    /// Takes back everything that listens in this namespace, those of single sockets apart. Middleware stays.
    ///
    /// Source: mirrors `removeAllListeners()` in Node.
    pub fn remove_all_listeners(&self) {
        let removed = std::mem::take(&mut *write(&self.0.listeners));
        drop(removed);
        self.off_any_outgoing();
    }

    /// How many listeners the namespace has for an event, those of single sockets and of its parent apart.
    ///
    /// Source: mirrors `listenerCount(event)` in Node.
    pub fn listener_count(&self, event: &str) -> usize {
        read(&self.0.listeners).count(On::Event(event))
    }

    /// How many listeners of [`Namespace::on_any`] there are.
    pub fn any_listener_count(&self) -> usize {
        read(&self.0.listeners).count(On::Any)
    }

    /// Hears of every handler that could not be called, failed, or panicked, of events that a middleware refused, and
    /// of packets that could not be read. The socket's own hook comes first.
    pub fn on_error(&self, hook: impl Fn(&Socket, &HandlerError) + Send + Sync + 'static) {
        let replaced = write(&self.0.on_error).replace(Arc::new(hook));
        drop(replaced);
    }

    /// Lets all handlers of the namespace overlap; see [`concurrent`](crate::concurrent) for one of them.
    pub fn set_concurrent(&self, concurrent: bool) {
        self.0.concurrent.store(concurrent, Ordering::Relaxed);
    }

    pub(crate) fn listen<H, A: 'static>(&self, on: On<'_>, handler: H, once: bool) -> Listener
    where
        H: Handler<A>,
        H::Output: IntoOutcome,
    {
        write(&self.0.listeners).add(on, erase(handler), once)
    }

    fn off_all(&self, on: On<'_>) {
        let removed = write(&self.0.listeners).remove_on(on);
        drop(removed);
    }
}

/// Catch-all listeners on the way out.
impl NamespaceInner {
    /// Whether anybody wants to see what leaves.
    #[inline]
    pub(crate) fn hears_outgoing(&self) -> bool {
        self.hears_outgoing.load(Ordering::Relaxed) > 0
            || self.ancestor().is_some_and(|parent| parent.hears_outgoing())
    }

    /// A socket has so many listeners more.
    pub(crate) fn more_outgoing(&self, listeners: usize) {
        self.hears_outgoing.fetch_add(listeners, Ordering::Relaxed);
    }

    /// A socket has so many listeners fewer.
    pub(crate) fn fewer_outgoing(&self, listeners: usize) {
        self.hears_outgoing.fetch_sub(listeners, Ordering::Relaxed);
    }

    pub(crate) fn add_outgoing(&self, hook: Arc<Outgoing>, position: Position) -> Listener {
        let listener = write(&self.outgoing).add(hook, position);
        self.more_outgoing(1);
        listener
    }

    pub(crate) fn remove_all_outgoing(&self) {
        let removed = std::mem::take(&mut *write(&self.outgoing));
        self.fewer_outgoing(removed.len());
    }

    pub(crate) fn outgoing_count(&self) -> usize {
        read(&self.outgoing).len()
    }

    pub(crate) fn collect_outgoing(&self, into: &mut Vec<Arc<Outgoing>>) {
        if let Some(parent) = self.ancestor() {
            parent.collect_outgoing(into);
        }
        read(&self.outgoing).collect(into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Server;
    use std::sync::mpsc;
    use std::time::Duration;

    /// Captured by a listener: comes back to the namespace when it is dropped, and tells.
    struct Returning(Namespace, mpsc::Sender<()>);

    impl Drop for Returning {
        fn drop(&mut self) {
            self.0.on("later", async || {});
            let _ = self.1.send(());
        }
    }

    #[test]
    fn what_a_listener_captured_may_use_the_namespace_while_it_is_dropped() {
        let takes_back: [fn(&Namespace, Listener); 2] =
            [|namespace, listener| assert!(namespace.off(listener)), |namespace, _| namespace.off_event("e")];
        for take_back in takes_back {
            let (tell, dropped) = mpsc::channel();
            // In a thread of its own: what would go wrong is a deadlock.
            std::thread::spawn(move || {
                let namespace = Server::new().of("/");
                let captured = Arc::new(Returning(namespace.clone(), tell));
                let listener = namespace.on("e", async move || drop(captured));
                take_back(&namespace, listener);
            });
            assert_eq!(dropped.recv_timeout(Duration::from_secs(30)), Ok(()));
        }
    }
}
