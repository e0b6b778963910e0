//! The Socket.IO side of a session: joins and leaves namespaces, and brings each event to its inbox.

use super::inbox::{self, Inbox, Load};
use super::joining::{self, By};
use crate::conn::Conn;
use crate::error::{ConnectError, HandlerError};
use crate::middleware::{Deciding, admit};
use crate::namespace::parent::choose;
use crate::namespace::{NamespaceInner, NamespaceRequest, Namespaces};
use crate::session::mailbox::Delivery;
use crate::socket::{Close, Socket};
use smallvec::SmallVec;
use sockeye_proto::SocketId;
use sockeye_proto::socket::{DisconnectReason, MuxError, ServerEvent, ServerMux, encode_disconnect};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Names a joined socket inside its session: the place in `Sockets::joined`.
pub(crate) type Place = usize;

#[derive(Default)]
pub(crate) struct Sockets {
    joined: SmallVec<[Option<Joined>; 1]>,
    /// Clients that nobody has decided on.
    joining: Vec<Joining>,
}

struct Joined {
    socket: Socket,
    inbox: Inbox,
}

/// What a CONNECT waits for.
enum Joining {
    /// The tests of the parents, for a namespace that is not there.
    Parent(NamespaceRequest, Choosing),
    /// The namespace's middleware.
    Middleware(Socket, Deciding),
}

type Choosing = Pin<Box<dyn Future<Output = Option<Arc<NamespaceInner>>> + Send>>;

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
                    if event.args.is_repaired() {
                        conn.shared.count_repaired();
                    }
                    joined.inbox.event(&joined.socket, &event, cx);
                }
            }
            ServerEvent::Ack { socket, id, args } => {
                if let Some(Some(joined)) = self.joined.get(*socket) {
                    if args.is_repaired() {
                        conn.shared.count_repaired();
                    }
                    joined.socket.acks().answer(id, *joined.socket.id(), args.to_owned_args());
                }
            }
            ServerEvent::Disconnect { socket, .. } => {
                self.end(socket, DisconnectReason::ClientNamespaceDisconnect);
            }
            ServerEvent::Connect { namespace, auth, query } => {
                return Some(match joining::auth(auth, query, conn) {
                    Ok(auth) => ask(namespace, auth.as_deref(), conn),
                    Err(error) => Request::Break(error),
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
            Request::Break(error) => Err(error),
            Request::Refuse(namespace, error) => refuse(&namespace, &error, By::Server, mux, conn),
            Request::Choose(asked) => {
                let parents = conn.shared.namespaces().map(Namespaces::parents).unwrap_or_default();
                let choosing = Box::pin(choose(parents, asked.clone()));
                self.joining.push(Joining::Parent(asked, choosing));
                self.decide(mux, conn, cx)
            }
            Request::Join(socket) if socket.skips_middleware() => self.accept(socket, mux, conn, cx),
            Request::Join(socket) => match admit(socket.inner_namespace(), &socket) {
                None => self.accept(socket, mux, conn, cx),
                Some(verdict) => {
                    self.joining.push(Joining::Middleware(socket, verdict));
                    self.decide(mux, conn, cx)
                }
            },
            Request::Enter(socket) => self.accept(socket, mux, conn, cx),
            Request::Dismiss(socket, error) => {
                dismiss(&socket, DisconnectReason::ServerNamespaceDisconnect);
                refuse(socket.inner_namespace().name(), &error, By::Middleware, mux, conn)
            }
        }
    }

    /// Goes on with decisions that are pending.
    pub(crate) fn decide(
        &mut self,
        mux: &mut ServerMux<Place>,
        conn: &Arc<Conn>,
        cx: &mut Context<'_>,
    ) -> Result<(), MuxError> {
        for _ in 0..self.joining.len() {
            if self.joining.is_empty() {
                break;
            }
            match self.joining.remove(0).poll(conn, cx) {
                Ok(request) => self.request(request, mux, conn, cx)?,
                Err(pending) => self.joining.push(pending),
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
        if namespace.is_closed() {
            return self.request(Request::Dismiss(socket, no_such_namespace()), mux, conn, cx);
        }
        if !mux.is_connecting(namespace.name()) {
            // The client left while the middleware was deciding, which the mux forgets with this answer.
            let _ = mux.accept(namespace.name(), place);
            dismiss(&socket, DisconnectReason::ClientNamespaceDisconnect);
            return Ok(());
        }
        let Ok(before) = socket.enter() else {
            // The session went while the middleware was deciding: as if it had never been.
            let entered = conn.shared.namespaces().and_then(|namespaces| namespaces.enter(namespace.name()));
            let anew = entered.and_then(|namespace| socket.begin_anew(namespace)).map(Request::Join);
            dismiss(&socket, DisconnectReason::TakenOver);
            let refusal = || Request::Refuse(namespace.name().to_owned(), no_such_namespace());
            return self.request(anew.unwrap_or_else(refusal), mux, conn, cx);
        };
        let _ = mux.accept(namespace.name(), place);
        conn.end_unjoined();
        tracing::debug!(namespace = %namespace.name(), socket = %socket.id(), "socket_connected");
        let mut joined = Joined { inbox: Inbox::default(), socket };
        joined.inbox.connected(&joined.socket, before, cx);
        if namespace.is_closed() {
            // Taken away after the look above: this socket may have come too late to be disconnected with the others.
            joined.socket.disconnect(Close::Namespace);
        }
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

    /// Whether nothing is under way: no handler runs or waits, no acknowledgement is due, nobody is joining.
    pub(crate) fn are_idle(&self) -> bool {
        let idle = |joined: &Joined| joined.inbox.is_idle() && joined.socket.acks().is_empty();
        self.joining.is_empty() && self.joined.iter().flatten().all(idle)
    }

    /// The fullest inbox.
    pub(crate) fn load(&self, max_bytes: usize, conn: &Conn) -> Load {
        let inboxes = self.joined.iter().flatten().map(|joined| joined.inbox.load(max_bytes));
        inboxes.chain([Load::of_events(conn.handlers_outside())]).max().unwrap_or(Load::Light)
    }

    /// Whether the socket at `place` is this one, which our side has disconnected. One that came after it may bear
    /// the same id, if the client speaks version 3.
    pub(crate) fn is(&self, place: Place, id: &SocketId) -> bool {
        let socket = self.joined.get(place).and_then(Option::as_ref).map(|joined| &joined.socket);
        socket.is_some_and(|socket| socket.id() == id && !socket.connected())
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
                    let encoding = &socket.inner_namespace().encoding;
                    let packet = encode_disconnect(socket.inner_namespace().name(), encoding.room());
                    let _ = encoding.with_frames(packet, |frames| conn.push(frames, Delivery::Protocol));
                }
                self.end(place, DisconnectReason::ServerNamespaceDisconnect);
            }
        }
    }

    /// Tells every socket of an error of the connection.
    pub(crate) fn raise(&self, error: &HandlerError) {
        for Joined { socket, .. } in self.joined.iter().flatten() {
            socket.inner_namespace().raise(socket, error);
        }
    }

    pub(crate) fn end_all(&mut self, reason: DisconnectReason) {
        for place in 0..self.joined.len() {
            self.end(place, reason);
        }
        for joining in self.joining.drain(..) {
            // What user code has begun it may finish, although its verdict does not matter any more.
            tokio::spawn(joining.finish(reason));
        }
    }

    /// The session was dropped in the middle of its life: what others see of its sockets ends, without the
    /// disconnect listeners, for which there may be no runtime.
    pub(crate) fn abandon(&mut self, reason: DisconnectReason) {
        for Joined { socket, .. } in self.joined.drain(..).flatten() {
            socket.leave_namespace(reason);
        }
        for joining in self.joining.drain(..) {
            if let Joining::Middleware(socket, _) = joining {
                dismiss(&socket, reason);
            }
        }
    }
}

/// What to do about a CONNECT packet.
pub(crate) enum Request {
    /// Ask the parents for a namespace that is not there.
    Choose(NamespaceRequest),
    /// Ask the namespace's middleware.
    Join(Socket),
    /// Let the socket in.
    Enter(Socket),
    /// Refuse a socket that was to be let in.
    Dismiss(Socket, ConnectError),
    Refuse(String, ConnectError),
    /// Close the connection: no CONNECT may be so.
    Break(MuxError),
}

impl Joining {
    /// The next step once there is one; itself before that. A panic refuses the client and nobody else.
    fn poll(mut self, conn: &Arc<Conn>, cx: &mut Context<'_>) -> Result<Request, Self> {
        let polled = catch_unwind(AssertUnwindSafe(|| match &mut self {
            Self::Parent(_, choosing) => choosing.as_mut().poll(cx).map(Decision::Parent),
            Self::Middleware(_, verdict) => verdict.as_mut().poll(cx).map(Decision::Verdict),
        }));
        let decision = polled.unwrap_or_else(|_| {
            tracing::error!("middleware_panicked");
            Poll::Ready(Decision::Verdict(Err(ConnectError::new("internal error"))))
        });
        let Poll::Ready(decision) = decision else { return Err(self) };
        Ok(match (self, decision) {
            (Self::Parent(asked, _), Decision::Parent(Some(parent))) => enter_child(&parent, &asked, conn),
            (Self::Parent(asked, _), _) => Request::Refuse(asked.name().to_owned(), no_such_namespace()),
            (Self::Middleware(socket, _), Decision::Verdict(Err(error))) => Request::Dismiss(socket, error),
            (Self::Middleware(socket, _), _) => Request::Enter(socket),
        })
    }

    async fn finish(self, reason: DisconnectReason) {
        match self {
            Self::Parent(_, choosing) => drop(choosing.await),
            Self::Middleware(socket, verdict) => {
                let _ = verdict.await;
                dismiss(&socket, reason);
            }
        }
    }
}

enum Decision {
    Parent(Option<Arc<NamespaceInner>>),
    Verdict(Result<(), ConnectError>),
}

/// A client asks for a namespace.
pub(super) fn ask(name: &str, auth: Option<&str>, conn: &Arc<Conn>) -> Request {
    let namespaces = conn.shared.namespaces();
    match namespaces.and_then(|namespaces| namespaces.enter(name)) {
        Some(namespace) => Request::Join(new_socket(namespace, auth, conn)),
        None if namespaces.is_some_and(Namespaces::has_parents) => {
            let (handshake, shared) = (conn.handshake.clone(), conn.shared.clone());
            Request::Choose(NamespaceRequest::new(name, auth, handshake, shared))
        }
        None => Request::Refuse(name.to_owned(), no_such_namespace()),
    }
}

/// A parent allows the name. Meanwhile another client may have brought it about, which is no matter.
fn enter_child(parent: &Arc<NamespaceInner>, asked: &NamespaceRequest, conn: &Arc<Conn>) -> Request {
    let Some(namespaces) = conn.shared.namespaces() else {
        return Request::Refuse(asked.name().to_owned(), no_such_namespace());
    };
    match namespaces.enter_child(parent, asked.name()) {
        Ok(namespace) => Request::Join(new_socket(namespace, asked.raw_auth(), conn)),
        Err(error) => Request::Refuse(asked.name().to_owned(), error),
    }
}

fn new_socket(namespace: Arc<NamespaceInner>, auth: Option<&str>, conn: &Arc<Conn>) -> Socket {
    match namespace.recovery() {
        // Clients of Engine.IO 3 know nothing of it.
        Some(recovery) if joining::can_recover(conn) => {
            let claim = recovery.claim(auth, conn.room_for_replay());
            Socket::of_claim(namespace, conn.clone(), auth, claim)
        }
        _ => Socket::new(namespace, conn.clone(), joining::id(conn), auth),
    }
}

fn no_such_namespace() -> ConnectError {
    ConnectError::new("Invalid namespace")
}

/// A socket that never joined ends too: what a middleware registered on it would keep it for ever.
fn dismiss(socket: &Socket, reason: DisconnectReason) {
    socket.leave_namespace(reason);
    socket.forget_listeners();
}

fn refuse(
    namespace: &str,
    error: &ConnectError,
    by: By,
    mux: &mut ServerMux<Place>,
    conn: &Arc<Conn>,
) -> Result<(), MuxError> {
    tracing::debug!("connect_refused");
    mux.refuse(namespace)?;
    let encoding = &conn.shared.config.encoding;
    let packet = joining::refusal(namespace, error, by, conn);
    match packet
        .and_then(|packet| encoding.with_frames(packet, |frames| conn.push(frames, Delivery::Protocol)))
    {
        Ok(_) => {}
        // The data is a JSON value already; only its depth can be too much.
        Err(error) => tracing::error!(%error, "connect_error_not_sent"),
    }
    Ok(())
}
