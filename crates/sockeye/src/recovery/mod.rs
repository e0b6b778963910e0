//! Connection state recovery: the sessions of one namespace, each with its one living socket or waiting for its
//! client to come back, and the log of what they may have missed.
//!
//! One lock orders everything: an event gets its place in the log, is queued at its receivers, and rooms change, in
//! one step each. So the log is in the order in which every socket gets its events, and a client that comes back finds
//! a moment at which what it missed ends and what is sent live begins. No code of a user runs under the lock, and no
//! task is woken under it. The protocol of the client (`pid`, offset) is here; what a socket is stays in `socket/`.
//!
//! This is recovery in memory: it knows the sockets of this process. An adapter that spans several nodes orders the
//! events itself and keeps the sessions where all nodes see them; it takes the place of this module, whose verbs
//! (`enter`, `end`, `emit`, `broadcast`, `join`, `leave`) are all that the rest of the server uses.

mod dedup;
mod expiry;
mod history;
mod life;
mod log;
mod offset;
mod watched;

pub(crate) use dedup::Clients;
pub use dedup::DuplicateError;
pub use expiry::ExpiredSession;
pub(crate) use expiry::expire_all;
pub(crate) use life::{Claim, Farewell, Life};
pub(crate) use offset::ends_in_a_string;

use crate::config::ConnectionStateRecovery;
use crate::error::EmitError;
use crate::frames::Encoding;
use crate::namespace::NamespaceInner;
use crate::session::mailbox::{Delivery, Push};
use crate::session::sync::{Mutex, MutexGuard};
use crate::socket::{Close, Socket};
use bytes::Bytes;
use expiry::{Dormancy, Hooks};
use history::History;
use log::{Addressee, Log};
use offset::{OFFSET_LEN, Offset};
use serde_json::{Map, Value};
use smallvec::SmallVec;
use sockeye_adapter::{Adapter, JoinError, Members, Packet, RoomWatcher, Target};
use sockeye_proto::socket::{DisconnectReason, EncodeError, Encoded};
use sockeye_proto::{PrivateSessionId, SocketId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use watched::Watched;

pub(crate) struct Recovery {
    pub(crate) options: ConnectionStateRecovery,
    state: Mutex<State>,
    hooks: Hooks,
    watched: Watched,
}

struct State {
    log: Log,
    sessions: HashMap<SocketId, Session>,
    by_pid: HashMap<PrivateSessionId, SocketId>,
    dormancy: Dormancy,
}

/// From the first CONNECT of a client to the end that it cannot come back from.
struct Session {
    /// Where the log ended when it began.
    began: u64,
    /// An offset that the client brought along from an earlier session, and shows until it gets one of this.
    stale: Option<Box<str>>,
    history: History,
    /// Of the latest socket.
    life: Arc<Life>,
    farewell: Option<Farewell>,
    owner: Owner,
}

enum Owner {
    Socket(Socket),
    /// The client may come back.
    Nobody {
        until: Instant,
        since: u64,
        data: Map<String, Value>,
    },
}

/// The session went while the client was coming back, or can give it no whole replay any more.
#[derive(Debug)]
pub(crate) struct Lost;

/// What is to be sent again.
struct Missed {
    frames: Vec<Bytes>,
    bytes: usize,
    /// Place of the last of them.
    last: u64,
}

impl Recovery {
    /// `detection` is how long a broken connection may look alive.
    pub(crate) fn new(options: ConnectionStateRecovery, detection: Duration) -> Self {
        let keep_for = options.max_disconnection_duration.saturating_add(detection);
        let state = State {
            log: Log::new(options.max_log_bytes, keep_for),
            sessions: HashMap::new(),
            by_pid: HashMap::new(),
            dormancy: Dormancy::default(),
        };
        Self { options, state: Mutex::new(state), hooks: Hooks::default(), watched: Watched::default() }
    }

    /// Looks for the session that a CONNECT asks for. Nothing is changed: middleware has yet to decide.
    pub(crate) fn claim(&self, auth: Option<&str>, room: usize) -> Claim {
        let Some((pid, offset)) = auth.and_then(life::read_token) else { return Claim::default() };
        let found = pid.parse().ok().and_then(|pid| {
            let state = self.lock();
            let id = *state.by_pid.get(&pid)?;
            let missed = state.missed(&id, offset.as_deref(), room)?;
            drop(missed);
            let data = match &state.sessions.get(&id)?.owner {
                Owner::Socket(socket) if !socket.connected() => return None,
                Owner::Socket(socket) => socket.all_data(),
                Owner::Nobody { data, .. } => data.clone(),
            };
            Some((id, pid, data))
        });
        Claim::new(found, offset)
    }

    /// Lets a socket in: what its client missed, then `reply`, then what is sent from now on. The farewell is that of
    /// the socket before it, whose listeners are to be heard first.
    ///
    /// # Errors
    /// The session that it claimed is lost; nothing was changed or sent.
    pub(crate) fn enter(&self, socket: &Socket, reply: &[u8]) -> Result<Option<Farewell>, Lost> {
        let Some(life) = socket.life() else { return Err(Lost) };
        let mut state = self.lock();
        let before = if life.recovered() { state.resume(socket, life)? } else { state.begin(socket, life) };
        socket.conn().push(reply, Delivery::Protocol);
        let rooms: Vec<Arc<str>> = state.current_rooms(socket.id());
        socket.add_to(&rooms);
        drop(state);
        self.watched.tell();
        let Before { taken_over, farewell } = before;
        if let Some(old) = taken_over {
            tracing::debug!(socket = %socket.id(), "taken_over");
            old.tell_taken_over();
        }
        Ok(farewell)
    }

    /// A socket has ended. Its session waits for the client to come back if the reason allows it. Gives the rooms it
    /// was in.
    pub(crate) fn end(&self, socket: &Socket, life: &Arc<Life>, reason: DisconnectReason) -> Vec<Arc<str>> {
        let mut state = self.lock();
        let was_connected = socket.mark_disconnected();
        let rooms = socket.remove_from_adapter();
        let owns = state.sessions.get(socket.id()).is_some_and(|session| Arc::ptr_eq(&session.life, life));
        if !owns {
            drop(state);
            self.watched.tell();
            return rooms;
        }
        let mut expired = Vec::new();
        if was_connected && reason.is_recoverable() && self.options.max_sessions > 0 {
            let now = Instant::now();
            let (until, since) = (now + self.options.max_disconnection_duration, state.log.head());
            if let Some(session) = state.sessions.get_mut(socket.id()) {
                session.owner = Owner::Nobody { until, since, data: socket.all_data() };
            }
            state.dormancy.push(until, *socket.id());
            state.tidy_dormancy();
            while state.dormancy.len() > self.options.max_sessions {
                expired.extend(state.expire_oldest());
            }
            if state.dormancy.claim_timer() {
                expiry::start_timer(socket);
            }
        } else {
            let session = state.forget(socket.id());
            drop(state);
            // It may hold the last of a socket, whose data is the user's.
            drop(session);
            self.watched.tell();
            return rooms;
        }
        drop(state);
        self.watched.tell();
        expiry::tell(socket.inner_namespace(), &expired);
        rooms
    }

    /// Sends an event to the one socket of a session, wherever it is now, or keeps it until there is one.
    pub(crate) fn emit(&self, socket: &Socket, event: Encoded, delivery: Delivery) -> Result<(), EmitError> {
        let mut sealing = Sealing::new(event, &socket.inner_namespace().encoding)?;
        let mut state = self.lock();
        let now = Instant::now();
        let known = if socket.is_joining() { None } else { state.sessions.get(socket.id()) };
        let (receiver, place) = match known.map(|session| &session.owner) {
            Some(Owner::Socket(owner)) if owner.connected() => (Some(owner.clone()), Some(state.log.next())),
            Some(Owner::Socket(_)) => return Err(EmitError::Closed),
            Some(Owner::Nobody { .. }) => (None, Some(state.log.next())),
            None if socket.is_joining() => (Some(socket.clone()), None),
            None => return Err(EmitError::Closed),
        };
        let place = place.filter(|_| delivery != Delivery::Volatile);
        let offset = place.map_or(Offset::Between(state.log.head()), Offset::Packet);
        sealing.fill(state.log.epoch.spell(offset));
        let frames = sealing.frames();
        let push = receiver.as_ref().map(|receiver| receiver.conn().push_shared(&frames, delivery));
        if let (Some(place), None | Some(Push::Queued { .. } | Push::Closed)) = (place, push) {
            if let Some(receiver) = receiver.as_ref().and_then(Socket::life) {
                receiver.reached(place);
            }
            state.log.append(Addressee::Socket(*socket.id()), frames, now);
        }
        drop(state);
        let Some((receiver, push)) = receiver.zip(push) else {
            return if delivery == Delivery::Volatile { Err(EmitError::Closed) } else { Ok(()) };
        };
        if let Push::Queued { wake: true } | Push::Refused { wake: true, .. } = push {
            receiver.conn().wake();
        }
        // A connection that has just ended leaves its session, and the event in it.
        if place.is_some() && push == Push::Closed { Ok(()) } else { push.outcome() }
    }

    /// Sends an event to many, and keeps it for those who may come back, unless it is volatile.
    pub(crate) fn broadcast(
        &self,
        namespace: &NamespaceInner,
        target: &Target,
        event: Encoded,
        delivery: Delivery,
    ) -> Result<usize, EncodeError> {
        let volatile = delivery == Delivery::Volatile;
        if volatile && !ends_in_a_string(&event) {
            let packet = Packet::new(namespace.encoding.shared_frames(event)?).into_volatile();
            return Ok(self.in_order(namespace, target, |_| packet));
        }
        let mut sealing = Sealing::new(event, &namespace.encoding)?;
        Ok(self.in_order(namespace, target, |State { log, sessions, .. }| {
            if volatile {
                sealing.fill(log.epoch.spell(Offset::Between(log.head())));
                return Packet::new(sealing.frames()).into_volatile();
            }
            let place = log.next();
            sealing.fill(log.epoch.spell(Offset::Packet(place)));
            let frames = sealing.frames();
            if !sessions.is_empty() {
                log.append(Addressee::Target(target.clone()), frames.clone(), Instant::now());
            }
            Packet::new(frames).at_position(place)
        }))
    }

    /// Sends what is in no log, in the order of what is. Gives the number of receivers.
    pub(crate) fn broadcast_packet(
        &self,
        namespace: &NamespaceInner,
        target: &Target,
        packet: Packet,
    ) -> usize {
        self.in_order(namespace, target, |_| packet)
    }

    /// The receivers are those of the moment at which the packet is made, and the wake-ups come after the lock.
    fn in_order(
        &self,
        namespace: &NamespaceInner,
        target: &Target,
        make: impl FnOnce(&mut State) -> Packet,
    ) -> usize {
        let mut state = self.lock();
        let members: Members = namespace.adapter().members(target);
        let packet = make(&mut state);
        let mut to_wake = SmallVec::<[bool; 128]>::new();
        to_wake.extend(members.iter().map(|member| member.deliver(&packet)));
        drop(state);
        let sleeping = members.iter().zip(&to_wake).filter(|&(_, &wake)| wake);
        sleeping.for_each(|(member, _)| member.wake());
        members.len()
    }

    /// The program disconnects by a handle that is no living socket any more: the session it stood for ends.
    pub(crate) fn send_away(&self, socket: &Socket, close: Close) {
        let mut state = self.lock();
        let pid = socket.life().map(|life| *life.pid());
        let session = state.sessions.get(socket.id()).filter(|session| Some(*session.life.pid()) == pid);
        match session.map(|session| &session.owner) {
            Some(Owner::Socket(owner)) if owner != socket => {
                let owner = owner.clone();
                drop(state);
                owner.disconnect(close);
            }
            Some(Owner::Nobody { .. }) => {
                let expired = state.end_waiting(socket.id());
                drop(state);
                expiry::tell(socket.inner_namespace(), expired.as_slice());
            }
            Some(Owner::Socket(_)) | None => {}
        }
    }

    pub(crate) fn join(
        &self,
        socket: &Socket,
        join: impl FnOnce() -> Result<(), JoinError>,
        room: &str,
    ) -> Result<(), JoinError> {
        let mut state = self.lock();
        join()?;
        let head = state.log.head();
        if let Some(session) = state.owned_by(socket) {
            session.history.join(room, head);
        }
        drop(state);
        self.watched.tell();
        Ok(())
    }

    pub(crate) fn leave(&self, socket: &Socket, leave: impl FnOnce(), room: &str) {
        let mut state = self.lock();
        leave();
        let (head, first) = (state.log.head(), state.log.first());
        if let Some(session) = state.owned_by(socket) {
            session.history.leave(room, head);
            if session.history.has_grown() {
                session.history.tidy(first - 1);
            }
        }
        drop(state);
        self.watched.tell();
    }

    pub(crate) fn watch_rooms(&self, adapter: &dyn Adapter, watcher: Arc<RoomWatcher>) {
        self.watched.watch(adapter, watcher);
    }

    /// Whether somebody is here or waited for.
    pub(crate) fn has_sessions(&self) -> bool {
        !self.lock().sessions.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under this lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// What the new socket of a session finds.
#[derive(Default)]
struct Before {
    taken_over: Option<Socket>,
    farewell: Option<Farewell>,
}

impl State {
    fn begin(&mut self, socket: &Socket, life: &Arc<Life>) -> Before {
        let began = self.log.head();
        let session = Session {
            began,
            stale: life.offset().map(Into::into),
            history: History::new(socket.id().as_str(), began),
            life: life.clone(),
            farewell: life.farewell(),
            owner: Owner::Socket(socket.clone()),
        };
        life.start_from(began);
        self.by_pid.insert(*life.pid(), *socket.id());
        self.sessions.insert(*socket.id(), session);
        Before::default()
    }

    fn resume(&mut self, socket: &Socket, life: &Arc<Life>) -> Result<Before, Lost> {
        let id = socket.id();
        let missed = self.missed(id, life.offset(), socket.conn().room_for_replay()).ok_or(Lost)?;
        let session =
            self.sessions.get_mut(id).filter(|session| session.life.pid() == life.pid()).ok_or(Lost)?;
        let taken_over = match &session.owner {
            Owner::Socket(old) if !old.mark_disconnected() => return Err(Lost),
            Owner::Socket(old) => Some(old.clone()),
            Owner::Nobody { .. } => None,
        };
        match &taken_over {
            Some(old) => old.keep_last_rooms(old.remove_from_adapter()),
            None => self.dormancy.woken(),
        }
        for frames in &missed.frames {
            socket.conn().push_shared(frames, Delivery::Protocol);
        }
        life.start_from(missed.last.max(session.life.last()));
        session.life = life.clone();
        session.owner = Owner::Socket(socket.clone());
        let farewell = std::mem::replace(&mut session.farewell, life.farewell());
        tracing::debug!(socket = %id, packets = missed.frames.len(), bytes = missed.bytes, "recovered");
        Ok(Before { taken_over, farewell })
    }

    /// What was for the session behind the offset; `None` if that cannot be told for sure, or does not fit `room`.
    fn missed(&self, id: &SocketId, offset: Option<&str>, room: usize) -> Option<Missed> {
        let session = self.sessions.get(id)?;
        let end = match session.owner {
            Owner::Socket(_) => self.log.head(),
            Owner::Nobody { until, .. } if until <= Instant::now() => return None,
            Owner::Nobody { since, .. } => since,
        };
        let (rooms, last) = (session.history.rooms(), session.life.last());
        let read = match offset.filter(|&offset| session.stale.as_deref() != Some(offset)) {
            None => session.began,
            Some(text) => match self.log.epoch.read(text)? {
                Offset::Between(at) if at <= end => at.max(session.began),
                Offset::Packet(at) if at.get() > session.began && at.get() <= last => {
                    let at = at.get();
                    (at == last || self.log.was_for(at, id, &rooms)).then_some(at)?
                }
                _ => return None,
            },
        };
        // What came before the disconnection it has, if the last of it is what it has read.
        let from = if last <= read { end } else { read };
        if self.log.first() > from + 1 || session.history.forgotten() > from {
            return None;
        }
        let mut missed = Missed { frames: Vec::new(), bytes: 0, last: read };
        for (place, frames) in self.log.behind(from, id, &rooms) {
            missed.last = place;
            missed.bytes += frames.len();
            missed.frames.push(frames.clone());
            if missed.bytes > room {
                return None;
            }
        }
        Some(missed)
    }

    fn current_rooms(&self, id: &SocketId) -> Vec<Arc<str>> {
        let session = self.sessions.get(id);
        session.map(|session| session.history.current().cloned().collect()).unwrap_or_default()
    }

    /// The session, as long as this is its living socket.
    fn owned_by(&mut self, socket: &Socket) -> Option<&mut Session> {
        let session = self.sessions.get_mut(socket.id())?;
        matches!(&session.owner, Owner::Socket(owner) if owner == socket && owner.connected())
            .then_some(session)
    }

    fn forget(&mut self, id: &SocketId) -> Option<Session> {
        let session = self.sessions.remove(id)?;
        self.by_pid.remove(session.life.pid());
        if matches!(session.owner, Owner::Nobody { .. }) {
            self.dormancy.woken();
        }
        if self.sessions.is_empty() {
            self.log.clear();
        }
        Some(session)
    }
}

/// A packet whose offset is still blank.
struct Sealing {
    frames: Vec<u8>,
    start: usize,
    at: usize,
}

impl Sealing {
    fn new(mut event: Encoded, encoding: &Encoding) -> Result<Self, EncodeError> {
        let at = offset::append_blank(&mut event);
        let (mut frames, start) = encoding.assemble(event)?;
        // A parser of the server's own wrote the blank where it likes; it is the last argument, so the last of its kind.
        let at = if encoding.parser.is_some() { offset::find_blank(&frames) } else { Some(at) };
        let at =
            at.ok_or_else(|| EncodeError::Parser("the offset of the event cannot be found".to_owned()))?;
        // The log keeps it for minutes.
        frames.shrink_to_fit();
        Ok(Self { frames, start, at })
    }

    fn fill(&mut self, offset: [u8; OFFSET_LEN]) {
        self.frames[self.at..self.at + OFFSET_LEN].copy_from_slice(&offset);
    }

    fn frames(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.frames)).slice(self.start..)
    }
}
