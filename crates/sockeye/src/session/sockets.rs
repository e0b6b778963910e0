//! The Socket.IO side of a session: joins and leaves namespaces, and brings each event to its inbox.

use super::inbox::{self, Inbox, Load};
use crate::conn::Conn;
use crate::error::ConnectError;
use crate::frames::{room, with_frames};
use crate::middleware::{Deciding, admit};
use crate::namespace::Verdict;
use crate::random;
use crate::session::mailbox::Delivery;
use crate::socket::Socket;
use smallvec::SmallVec;
use sockeye_proto::SocketId;
use sockeye_proto::socket::{
    DisconnectReason, MuxError, ServerEvent, ServerMux, encode_connect_error, encode_disconnect,
};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Names a joined socket inside its session: the place in `Sockets::joined`.
pub(crate) type Place = usize;

#[derive(Default)]
pub(crate) struct Sockets {
    joined: SmallVec<[Option<Joined>; 1]>,
    /// Clients whose middleware has not decided.
    joining: Vec<Joining>,
}

struct Joined {
    socket: Socket,
    inbox: Inbox,
}

struct Joining {
    socket: Socket,
    verdict: Deciding,
}

/// Handlers that one pass may start before other sessions of the thread get their turn.
const PASS_EVENTS: usize = 256;

impl Sockets {
    /// Obeys one event of the mux. `Some` asks for a decision on a namespace, which needs the mux again.
    pub(crate) fn handle(
        &mut self,
        event: ServerEvent<'_, Place>,
        conn: &Arc<Conn>,
        cx: &mut Context<'_>,
    ) -> Option<Request> {
        match event {
            ServerEvent::Event { socket, event } => {
                // What the client sent before it heard of its disconnection is ignored.
                if let Some(Some(joined)) = self.joined.get_mut(*socket)
                    && joined.socket.connected()
                {
                    tracing::trace!(event = %event.name, "event");
                    joined.inbox.event(&joined.socket, &event, cx);
                }
            }
            ServerEvent::Ack { socket, id, args } => {
                if let Some(Some(joined)) = self.joined.get(*socket) {
                    joined.socket.acks().answer(id, *joined.socket.id(), args.to_owned_args());
                }
            }
            ServerEvent::Disconnect { socket, .. } => {
                self.end(socket, DisconnectReason::ClientNamespaceDisconnect);
            }
            ServerEvent::Connect { namespace, auth } => {
                return Some(match conn.shared.namespace(namespace) {
                    Some(namespace) => Request::Join(match namespace.recovery() {
                        Some(recovery) => {
                            let claim = recovery.claim(auth, conn.room_for_replay());
                            Socket::of_claim(namespace, conn.clone(), auth, claim)
                        }
                        None => {
                            let id = SocketId::from_entropy(random::entropy());
                            Socket::new(namespace, conn.clone(), id, auth)
                        }
                    }),
                    None => Request::Refuse(namespace.to_owned(), ConnectError::new("Invalid namespace")),
                });
            }
            ServerEvent::Nothing => {}
        }
        None
    }

    /// Lets the client in, or asks the namespace's middleware to decide.
    pub(crate) fn request(
        &mut self,
        request: Request,
        mux: &mut ServerMux<Place>,
        conn: &Arc<Conn>,
        cx: &mut Context<'_>,
    ) -> Result<(), MuxError> {
        match request {
            Request::Refuse(namespace, error) => refuse(&namespace, &error, mux, conn),
            Request::Join(socket) if socket.skips_middleware() => self.accept(socket, mux, conn, cx),
            Request::Join(socket) => match admit(socket.inner_namespace(), &socket) {
                None => self.accept(socket, mux, conn, cx),
                Some(verdict) => {
                    self.joining.push(Joining { socket, verdict });
                    self.decide(mux, conn, cx)
                }
            },
        }
    }

    /// Goes on with middleware that is pending.
    pub(crate) fn decide(
        &mut self,
        mux: &mut ServerMux<Place>,
        conn: &Arc<Conn>,
        cx: &mut Context<'_>,
    ) -> Result<(), MuxError> {
        let mut at = 0;
        while let Some(joining) = self.joining.get_mut(at) {
            let Poll::Ready(verdict) = poll_verdict(&mut joining.verdict, cx) else {
                at += 1;
                continue;
            };
            let Joining { socket, .. } = self.joining.swap_remove(at);
            match verdict {
                Ok(()) => self.accept(socket, mux, conn, cx)?,
                Err(error) => {
                    dismiss(&socket, DisconnectReason::ServerNamespaceDisconnect);
                    refuse(socket.inner_namespace().name(), &error, mux, conn)?;
                }
            }
        }
        Ok(())
    }

    fn accept(
        &mut self,
        socket: Socket,
        mux: &mut ServerMux<Place>,
        conn: &Arc<Conn>,
        cx: &mut Context<'_>,
    ) -> Result<(), MuxError> {
        let place = self.joined.iter().position(Option::is_none).unwrap_or(self.joined.len());
        let namespace = socket.inner_namespace().clone();
        if !mux.is_connecting(namespace.name()) {
            // The client left while the middleware was deciding.
            dismiss(&socket, DisconnectReason::ClientNamespaceDisconnect);
            return Ok(());
        }
        let Ok(before) = socket.enter() else {
            // The session went while the middleware was deciding: as if it had never been.
            let anew = socket.begin_anew();
            dismiss(&socket, DisconnectReason::TakenOver);
            return anew.map_or(Ok(()), |socket| self.request(Request::Join(socket), mux, conn, cx));
        };
        let _ = mux.accept(namespace.name(), place);
        tracing::debug!(namespace = %namespace.name(), socket = %socket.id(), "socket_connected");
        let mut joined = Joined { inbox: Inbox::default(), socket };
        joined.inbox.connected(&joined.socket, before, cx);
        match self.joined.get_mut(place) {
            Some(free) => *free = Some(joined),
            None => self.joined.push(Some(joined)),
        }
        Ok(())
    }

    /// Goes on with pending handlers. False when there is more to do than one pass may.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        let mut budget = PASS_EVENTS;
        let mut done = true;
        for joined in self.joined.iter_mut().flatten() {
            done &= joined.inbox.drive(&joined.socket, cx, &mut budget);
        }
        done
    }

    /// The connection was backed up, and is not any more.
    pub(crate) fn drained(&self) {
        self.joined.iter().flatten().for_each(|joined| inbox::drained(&joined.socket));
    }

    /// The fullest inbox.
    pub(crate) fn load(&self, max_bytes: usize, conn: &Conn) -> Load {
        let inboxes = self.joined.iter().flatten().map(|joined| joined.inbox.load(max_bytes));
        inboxes.chain([Load::of_events(conn.handlers_outside())]).max().unwrap_or(Load::Light)
    }

    /// Whether the socket at `place` is this one.
    pub(crate) fn is(&self, place: Place, id: &SocketId) -> bool {
        matches!(self.joined.get(place), Some(Some(joined)) if joined.socket.id() == id)
    }

    pub(crate) fn end(&mut self, place: Place, reason: DisconnectReason) {
        if let Some(Joined { socket, inbox }) = self.joined.get_mut(place).and_then(Option::take) {
            tracing::debug!(namespace = %socket.inner_namespace().name(), socket = %socket.id(), %reason, "socket_disconnected");
            socket.leave_namespace(reason);
            inbox.finish(socket, reason);
        }
    }

    /// Our side disconnects the client from every namespace, and tells it so.
    pub(crate) fn disconnect_all(&mut self, conn: &Conn) {
        for place in 0..self.joined.len() {
            if let Some(Some(Joined { socket, .. })) = self.joined.get(place) {
                if socket.connected() {
                    let packet = encode_disconnect(socket.inner_namespace().name(), room());
                    with_frames(packet, |frames| conn.push(frames, Delivery::Protocol));
                }
                self.end(place, DisconnectReason::ServerNamespaceDisconnect);
            }
        }
    }

    pub(crate) fn end_all(&mut self, reason: DisconnectReason) {
        for place in 0..self.joined.len() {
            self.end(place, reason);
        }
        for Joining { socket, verdict } in self.joining.drain(..) {
            // What a middleware has begun it may finish, although its verdict does not matter any more.
            tokio::spawn(async move {
                let _ = verdict.await;
                dismiss(&socket, reason);
            });
        }
    }

    /// The session was dropped in the middle of its life: what others see of its sockets ends, without the
    /// disconnect listeners, for which there may be no runtime.
    pub(crate) fn abandon(&mut self, reason: DisconnectReason) {
        for Joined { socket, .. } in self.joined.drain(..).flatten() {
            socket.leave_namespace(reason);
        }
    }
}

/// What a CONNECT packet asks of the mux.
pub(crate) enum Request {
    Join(Socket),
    Refuse(String, ConnectError),
}

/// A socket that never joined ends too: what a middleware registered on it would keep it for ever.
fn dismiss(socket: &Socket, reason: DisconnectReason) {
    socket.leave_namespace(reason);
    socket.forget_listeners();
}

fn refuse(
    namespace: &str,
    error: &ConnectError,
    mux: &mut ServerMux<Place>,
    conn: &Arc<Conn>,
) -> Result<(), MuxError> {
    tracing::debug!("connect_refused");
    mux.refuse(namespace)?;
    let packet = encode_connect_error(namespace, error.message(), error.payload(), room());
    match packet {
        Ok(packet) => {
            with_frames(packet, |frames| conn.push(frames, Delivery::Protocol));
        }
        // The data is a JSON value already; only its depth can be too much.
        Err(error) => tracing::error!(%error, "connect_error_not_sent"),
    }
    Ok(())
}

/// One poll of a middleware; a panic refuses the client and nobody else.
fn poll_verdict(verdict: &mut Deciding, cx: &mut Context<'_>) -> Poll<Verdict> {
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| verdict.as_mut().poll(cx)));
    polled.unwrap_or_else(|_| {
        tracing::error!("middleware_panicked");
        Poll::Ready(Err(ConnectError::new("internal error")))
    })
}
