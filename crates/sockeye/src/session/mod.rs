//! The task that owns one connection: its protocol machine, its transport, its sockets. Everything else
//! reaches it through the mailbox.
//!
//! The drive rule: obey the controls, go on with handlers, read, look at the clock, write, and wait only when
//! a look at the mailbox finds nothing new. This file is that rule, the clock and the writing; `core` is what
//! reading leads to, `upgrade` the change of transport, `farewell` the end.

pub(crate) mod control;
mod core;
pub(crate) mod current;
pub(crate) mod dialect;
mod farewell;
mod inbox;
pub(crate) use inbox::MAX_WAITING;
pub(crate) mod joining;
pub(crate) mod link;
pub(crate) mod mailbox;
mod polling;
mod retire;
mod sockets;
pub(crate) mod sync;
mod upgrade;

use self::core::{Core, Parting, read_link, read_post};
use crate::config::SlowReader;
use crate::conn::Conn;
use crate::server::{Shared, TaskGuard, Upper};
use control::{Control, PollAnswer};
use dialect::Dialect;
use link::Link;
use mailbox::Mailbox;
use polling::{HeldPost, Overlap, Polling};
use retire::Retiring;
use smallvec::SmallVec;
use sockets::Sockets;
use sockeye_proto::Timestamp;
use sockeye_proto::connection::ServerConnection;
use sockeye_proto::engine::{CloseReason, RequestError, ServerSession, Timeout, Transport};
use sockeye_proto::socket::{DisconnectReason, ServerMux};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Sleep;

/// How long a closed connection may take to accept its last bytes and to close its side.
const LINGER: Duration = Duration::from_secs(5);

/// One session.
pub(crate) struct Session {
    core: Core,
    wire: Wire,
    /// A WebSocket that is being tried while polling goes on.
    probe: Option<Box<Link>>,
    /// Until when the session may take leave of its peer; `None` while it is open.
    closing: Option<Timestamp>,
    /// Not read because it is backed up: an echo that nobody reads stops itself.
    throttled: bool,
    /// The server leaves: until when the session may finish what is under way.
    retiring: Option<Box<Retiring>>,
    /// A poll was waiting when the session ended.
    parked_at_end: bool,
    /// The runtime has several workers, so frames of others are let gather before they are written.
    gathers: bool,
    /// They are gathering: the next poll writes.
    gathering: bool,
    /// What `sleep` was set to.
    armed: Timestamp,
    guard: TaskGuard,
}

enum Wire {
    Polling(Polling),
    WebSocket(Link),
}

impl Session {
    /// Starts the task of a session.
    pub(crate) fn spawn(conn: Arc<Conn>, link: Option<Link>) {
        let session = Self::new(conn, link);
        tokio::spawn(session.run());
    }

    pub(crate) fn new(conn: Arc<Conn>, link: Option<Link>) -> Self {
        let shared = conn.shared.clone();
        let now = shared.now();
        let config = &shared.config;
        let transport = if link.is_some() { Transport::WebSocket } else { Transport::Polling };
        let dialect = conn.handshake.dialect();
        let session = match dialect {
            Dialect::V4 => ServerSession::new,
            Dialect::V3(_) => ServerSession::of_v3,
        }(transport, config.heartbeat, config.upgrade_timeout, now);
        let (connection, join_by) = match &shared.upper {
            Upper::SocketIo(_) => {
                let mux = match &config.encoding.parser {
                    None => ServerMux::new(config.mux_limits()),
                    Some(parser) => ServerMux::with_parser(config.mux_limits(), &**parser),
                };
                (ServerConnection::new(session, mux), Some(now + config.connect_timeout))
            }
            Upper::Engine(_) => (ServerConnection::engine_only(session), None),
        };
        conn.set_deflate_window(link.as_ref().and_then(Link::deflate_window));
        let mut guard = shared.task_started();
        if link.as_ref().is_some_and(Link::is_direct) {
            guard.set_direct();
        }
        Self {
            core: Core {
                conn,
                connection,
                sockets: Sockets::default(),
                join_by,
                paused: false,
                dialect,
                end: None,
            },
            wire: link.map_or_else(|| Wire::Polling(Polling::new(dialect)), Wire::WebSocket),
            probe: None,
            closing: None,
            throttled: false,
            retiring: None,
            parked_at_end: false,
            gathers: Handle::try_current()
                .is_ok_and(|handle| handle.runtime_flavor() != RuntimeFlavor::CurrentThread),
            gathering: false,
            armed: now,
            guard,
        }
    }

    /// The whole life of the session. The future borrows what it captured, so its size is the session's.
    pub(crate) async fn run(mut self) {
        let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
        if let Upper::Engine(handlers) = &self.core.conn.shared.upper {
            handlers.connected(&self.core.conn);
        }
        if let Dialect::V3(_) = self.core.dialect {
            std::future::poll_fn(|cx| {
                self.join_unasked(cx);
                Poll::Ready(())
            })
            .await;
        }
        std::future::poll_fn(|cx| self.poll(cx, sleep.as_mut())).await;
    }

    /// A client of version 3 is in the main namespace without asking.
    fn join_unasked(&mut self, cx: &mut Context<'_>) {
        let conn = self.core.conn.clone();
        conn.register(cx.waker());
        let _entered = current::enter(&conn);
        self.core.join_unasked(cx);
    }

    fn poll(&mut self, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) -> Poll<()> {
        let conn = self.core.conn.clone();
        conn.register(cx.waker());
        if self.gathers && !std::mem::replace(&mut self.gathering, true) && conn.mailbox.has_frames() {
            // Others woke us to write. With several workers an idle one would do so at once, frame by frame;
            // after the events that are due by then, what they bring leaves in the same write.
            let _ = pin!(tokio::task::yield_now()).poll(cx);
            return Poll::Pending;
        }
        self.gathering = false;
        let _entered = current::enter(&conn);
        loop {
            let mut polls = SmallVec::<[PollAnswer; 1]>::new();
            for control in conn.mailbox.begin() {
                match control {
                    Control::Poll(poll) => polls.push(poll),
                    other => self.obey(other),
                }
            }
            let now = conn.shared.now();
            let mut yielding = false;
            if self.core.end.is_none() {
                yielding = self.drive(now, cx);
                self.retire(now, yielding);
                yielding |= self.look_at_clock(now, cx, sleep.as_mut());
            }
            polls.into_iter().for_each(|poll| self.park(poll));
            let state =
                if self.core.end.is_some() { self.poll_end(cx, sleep.as_mut()) } else { self.flush(cx) };
            match state {
                Step::Done => return Poll::Ready(()),
                Step::Again => continue,
                Step::Wait { in_flight, writable } => {
                    if yielding {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    if conn.mailbox.rest(in_flight, writable) {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.core.conn.shared
    }

    fn obey(&mut self, control: Control) {
        if self.core.end.is_some() {
            return refuse(control);
        }
        match (control, &mut self.wire) {
            (Control::Post(body, request, verdict), Wire::Polling(polling)) => {
                match HeldPost::new(body, request, verdict, self.core.dialect) {
                    Some(post) if polling.post.is_none() => polling.post = Some(post),
                    Some(post) => {
                        post.answer(Err(RequestError::BadRequest("OVERLAP")));
                        self.core.end(CloseReason::TransportError, Parting::Close(None));
                    }
                    None => self.core.end(CloseReason::ParseError, Parting::Close(None)),
                }
            }
            (Control::Probe(link), _) => self.open_probe(link),
            (Control::Leave(namespace, socket, reason), wire) => {
                let Some(mux) = self.core.connection.mux() else { return };
                // The client may have left and joined again meanwhile: that is another socket.
                let place =
                    mux.socket(&namespace).copied().filter(|&place| self.core.sockets.is(place, &socket));
                if let Some(place) = place {
                    mux.remove(&namespace);
                    self.core.sockets.end(place, reason);
                    let is_idle = reason == DisconnectReason::TakenOver && mux.joined() == 0;
                    if is_idle && !matches!(wire, Wire::Polling(_)) {
                        // Most likely its client is not there any more. One that polls would take a close in the same
                        // payload for the whole story, and come back to take the session over in turn.
                        self.core.end(CloseReason::ForcedClose, Parting::Close(None));
                    }
                }
            }
            (Control::Disconnect, _) => {
                self.core.sockets.disconnect_all(&self.core.conn);
                self.core.end(CloseReason::ForcedClose, Parting::Close(None));
            }
            (Control::Close(reason), _) => self.core.end(reason, Parting::Close(None)),
            (Control::Retire(retirement), _) => self.begin_retiring(retirement),
            // A request of a transport that was left: its channel closes, and it is answered with an error.
            (control, _) => refuse(control),
        }
    }

    /// Lets a poll wait for packets. It comes after the look at the clock: a client that asks too late finds
    /// no session. A poll is refused by the drop of its channel.
    fn park(&mut self, poll: PollAnswer) {
        let Wire::Polling(polling) = &mut self.wire else { return };
        match self.core.end {
            None => {
                if let Err(Overlap) = polling.park(poll) {
                    self.core.end(CloseReason::TransportError, Parting::Close(None));
                }
            }
            Some(end) if end.reason != CloseReason::PingTimeout => {
                let _ = polling.park(poll);
            }
            Some(_) => {}
        }
    }

    /// Handlers, then input. True when there is more to do than one pass may.
    fn drive(&mut self, now: Timestamp, cx: &mut Context<'_>) -> bool {
        let mut more = !self.core.sockets.drive(cx);
        self.core.decide(cx);
        self.core.review_pause(now);
        // A connection that is not read for what it has not taken may hold the pong that is missed: one pass
        // always precedes a ping timeout.
        let throttled = self.throttled && now < self.core.connection.session().deadline();
        if self.core.paused || throttled || self.core.end.is_some() {
            // A link that is not read still has to notice that its peer is gone: the next write will.
            return more;
        }
        let unread = match &mut self.wire {
            Wire::WebSocket(link) => read_link(link, &mut self.core, now, cx),
            Wire::Polling(polling) => read_post(polling, &mut self.core, now, cx),
        };
        more |= unread;
        if let Some(link) = self.probe.take() {
            more |= self.read_probe(link, now, cx);
        }
        more
    }

    /// Obeys what is due and sets the timer for what comes next. True when another pass must look again.
    fn look_at_clock(&mut self, now: Timestamp, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) -> bool {
        // Data that waits unread may hold the pong: a pass that was cut short is finished first.
        if tokio::task::coop::has_budget_remaining() {
            self.handle_timeouts(now);
        }
        let session = self.core.connection.session().deadline();
        let deadline = self.core.join_by.map_or(session, |join_by| join_by.min(session));
        let deadline = self.retiring.as_ref().map_or(deadline, |retiring| deadline.min(retiring.until));
        if deadline <= now {
            return self.core.end.is_none();
        }
        // A timer that is set already is left alone: earlier than needed it costs one look at the clock, and it
        // keeps the waker, which never changes.
        if now < self.armed && self.armed <= deadline {
            return false;
        }
        self.armed = deadline;
        let at = self.shared().instant(deadline);
        sleep.as_mut().reset(at);
        if sleep.poll(cx).is_pending() {
            return false;
        }
        self.armed = now;
        true
    }

    fn handle_timeouts(&mut self, now: Timestamp) {
        while let Some(timeout) = self.core.connection.session().handle_timeout(now) {
            match timeout {
                Timeout::SendPing => {
                    let ping = [0x81, 1, b'2'];
                    self.core.conn.mailbox.push(&ping, mailbox::Delivery::Protocol);
                }
                Timeout::PingTimeout => {
                    self.core.end(CloseReason::PingTimeout, Parting::Close(None));
                    return;
                }
                Timeout::UpgradeTimeout => {
                    if let Some(link) = self.probe.take() {
                        self.probe_goodbye(link);
                    }
                }
                Timeout::ReleasePoll => {
                    if let Wire::Polling(polling) = &mut self.wire {
                        polling.release();
                    }
                }
            }
        }
        if self.core.join_by.is_some_and(|join_by| join_by <= now) {
            self.core.join_by = None;
            if self.core.connection.mux().is_some_and(|mux| mux.joined() == 0) {
                self.core.end(CloseReason::ForcedClose, Parting::Close(None));
            }
        }
    }

    /// Writes what can be written, and judges what is left.
    fn flush(&mut self, cx: &mut Context<'_>) -> Step {
        let mailbox = &self.core.conn.mailbox;
        let (in_flight, writable) = match &mut self.wire {
            Wire::WebSocket(link) => match flush_link(link, mailbox, self.core.dialect, cx) {
                Ok(writable) => (link.unwritten(), writable),
                Err(_) => {
                    self.core.end(CloseReason::TransportError, Parting::None);
                    return Step::Again;
                }
            },
            Wire::Polling(polling) => {
                if polling.is_aborted(cx) || polling.post.as_mut().is_some_and(|post| post.is_aborted(cx)) {
                    self.core.end(CloseReason::TransportError, Parting::None);
                    return Step::Again;
                }
                if !flush_polling(polling, mailbox, self.core.conn.shared.config.max_payload_bytes) {
                    self.core.end(CloseReason::TransportError, Parting::None);
                    return Step::Again;
                }
                (polling.unwritten(), polling.is_parked())
            }
        };
        let pending = mailbox.pending(in_flight);
        let limits = mailbox.limits();
        let closes = limits.slow_reader == SlowReader::Close;
        let too_slow = closes && !writable && pending.bytes > limits.buffered;
        if too_slow || pending.overflowed {
            let shared = self.shared();
            if shared.warnings.allow(shared.now()) {
                tracing::warn!(bytes = pending.bytes, "slow_consumer");
            }
            self.core.end(CloseReason::SlowConsumer, Parting::None);
            return Step::Again;
        }
        let was_throttled = self.throttled;
        self.throttled = matches!(self.wire, Wire::WebSocket(_)) && pending.backed_up;
        if pending.drained {
            self.core.sockets.drained();
        }
        if was_throttled && !self.throttled {
            return Step::Again;
        }
        Step::Wait { in_flight, writable }
    }
}

/// A session that does not end by itself, because code of the user panicked outside a handler or the runtime
/// is going away, still leaves nothing behind that others would see.
impl Drop for Session {
    fn drop(&mut self) {
        self.core.conn.end_unjoined();
        self.core.conn.shared.forget(&self.core.conn);
        self.core.conn.mailbox.finish().into_iter().for_each(refuse);
        if tokio::runtime::Handle::try_current().is_ok() {
            self.core.sockets.end_all(DisconnectReason::TransportError);
        } else {
            self.core.sockets.abandon(DisconnectReason::TransportError);
        }
    }
}

enum Step {
    Done,
    Again,
    Wait { in_flight: usize, writable: bool },
}

/// Writes all there is. False when the kernel takes no more.
fn flush_link(
    link: &mut Link,
    mailbox: &Mailbox<Control>,
    dialect: Dialect,
    cx: &mut Context<'_>,
) -> std::io::Result<bool> {
    loop {
        match link.poll_write(cx) {
            Poll::Pending => return Ok(false),
            Poll::Ready(result) => result?,
        }
        match mailbox.take() {
            Some(runs) => link.load(dialect.frames(runs, 0).0),
            None => return Ok(true),
        }
    }
}

/// Answers the waiting poll if there is something to say. False when its request is gone.
fn flush_polling(polling: &mut Polling, mailbox: &Mailbox<Control>, max_bytes: usize) -> bool {
    if !polling.is_parked() {
        return true;
    }
    if polling.wants_frames() {
        match mailbox.take() {
            Some(runs) => polling.load(runs),
            None => return true,
        }
    }
    match polling.payload(max_bytes, &[]) {
        Some(payload) => polling.answer(payload),
        None => true,
    }
}

/// Nobody will obey this any more.
fn refuse(control: Control) {
    match control {
        Control::Post(_, _, verdict) => {
            let _ = verdict.send(Err(RequestError::UnknownSid));
        }
        // A poll is refused by the drop of its channel, a WebSocket by its own drop.
        Control::Poll(_)
        | Control::Probe(_)
        | Control::Leave(..)
        | Control::Disconnect
        | Control::Close(_)
        | Control::Retire(_) => {}
    }
}
