//! Catch-all listeners on the way out. They see each event as it was encoded, so they cost nothing where there are none,
//! and are called where no lock is held: before the event is queued for one socket, and for a broadcast after all its
//! receivers have it queued.

use crate::handler::Listener;
use crate::namespace::Namespace;
use crate::socket::Socket;
use sockeye_proto::socket::Args;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Called with the socket, the name of the event and its arguments.
pub(crate) type Outgoing = dyn Fn(&Socket, &str, &Args<'_>) + Send + Sync;

/// The listeners of a namespace or a socket, in the order of their calls.
#[derive(Default)]
pub(crate) struct OutgoingListeners(Vec<(Listener, Arc<Outgoing>)>);

/// Where in the order a listener goes.
#[derive(Clone, Copy)]
pub(crate) enum Position {
    First,
    Last,
}

impl OutgoingListeners {
    pub(crate) fn add(&mut self, hook: Arc<Outgoing>, position: Position) -> Listener {
        let listener = Listener::next();
        let at = match position {
            Position::First => 0,
            Position::Last => self.0.len(),
        };
        self.0.insert(at, (listener, hook));
        listener
    }

    /// The caller drops the listener without its lock.
    pub(crate) fn remove(&mut self, listener: Listener) -> Option<Arc<Outgoing>> {
        let at = self.0.iter().position(|(known, _)| *known == listener)?;
        Some(self.0.remove(at).1)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn collect(&self, into: &mut Vec<Arc<Outgoing>>) {
        into.extend(self.0.iter().map(|(_, hook)| hook.clone()));
    }
}

impl Namespace {
    /// Shows every event that leaves for a socket of this namespace: the socket, the name and the arguments. A broadcast
    /// is shown once for each receiver, after it is queued for all of them; who joins or leaves during the broadcast
    /// may get the one without the other. Acknowledgements are no events. A listener that panics is logged.
    ///
    /// As in a handler, the thread must not be blocked.
    ///
    /// ```
    /// # sockeye::Server::new()
    /// .on_any_outgoing(|socket, event, args| println!("{} gets {event}, {} arguments", socket.id(), args.len()));
    /// ```
    ///
    /// Source: Node has it for one socket; see [`Socket::on_any_outgoing`].
    pub fn on_any_outgoing(
        &self,
        listener: impl Fn(&Socket, &str, &Args<'_>) + Send + Sync + 'static,
    ) -> Listener {
        self.inner().add_outgoing(Arc::new(listener), Position::Last)
    }

    /// [`Namespace::on_any_outgoing`], called before those that are there.
    pub fn prepend_any_outgoing(
        &self,
        listener: impl Fn(&Socket, &str, &Args<'_>) + Send + Sync + 'static,
    ) -> Listener {
        self.inner().add_outgoing(Arc::new(listener), Position::First)
    }

    /// Takes all catch-all listeners on the way out back; one of them with [`Namespace::off`].
    pub fn off_any_outgoing(&self) {
        self.inner().remove_all_outgoing();
    }

    /// How many catch-all listeners on the way out there are, without those of single sockets.
    pub fn outgoing_listener_count(&self) -> usize {
        self.inner().outgoing_count()
    }
}

impl Socket {
    /// Shows every event that leaves for this socket, broadcasts too; see [`Namespace::on_any_outgoing`], whose listeners
    /// come first.
    ///
    /// Source: mirrors `socket.onAnyOutgoing` in Node.
    pub fn on_any_outgoing(
        &self,
        listener: impl Fn(&Socket, &str, &Args<'_>) + Send + Sync + 'static,
    ) -> Listener {
        self.add_outgoing(Arc::new(listener), Position::Last)
    }

    /// [`Socket::on_any_outgoing`], called before those that are there.
    ///
    /// Source: mirrors `socket.prependAnyOutgoing` in Node.
    pub fn prepend_any_outgoing(
        &self,
        listener: impl Fn(&Socket, &str, &Args<'_>) + Send + Sync + 'static,
    ) -> Listener {
        self.add_outgoing(Arc::new(listener), Position::First)
    }

    /// Takes all catch-all listeners of this socket on the way out back; one of them with [`Socket::off`].
    ///
    /// Source: mirrors `socket.offAnyOutgoing()` in Node.
    pub fn off_any_outgoing(&self) {
        self.remove_all_outgoing();
    }

    /// How many catch-all listeners this socket has on the way out.
    ///
    /// Source: mirrors `socket.listenersAnyOutgoing().length` in Node.
    pub fn outgoing_listener_count(&self) -> usize {
        self.count_outgoing()
    }

    /// Shows an event to the listeners of the namespace, then to those of this socket.
    pub(crate) fn show_outgoing(&self, event: &str, args: &Args<'_>) {
        let mut hooks = Vec::new();
        self.inner_namespace().collect_outgoing(&mut hooks);
        self.collect_outgoing(&mut hooks);
        for hook in hooks {
            if catch_unwind(AssertUnwindSafe(|| hook(self, event, args))).is_err() {
                tracing::error!(socket = %self.id(), "outgoing_listener_panicked");
            }
        }
    }
}
