//! The task that owns one connection: its protocol machine, its transport, its sockets. Everything else
//! reaches it through the mailbox.
//!
//! The drive rule: obey the controls, go on with handlers, read, look at the clock, write, and wait only when
//! a look at the mailbox finds nothing new.

pub(crate) mod control;
pub(crate) mod current;
mod inbox;
pub(crate) mod link;
pub(crate) mod mailbox;
mod polling;
mod sockets;
pub(crate) mod sync;

use crate::conn::Conn;
use crate::engine::{EngineSocket, Message};
use crate::server::{Shared, TaskGuard, Upper};
use bytes::Bytes;
use control::Control;
use inbox::Load;
use link::{Flow, Link, LinkError, Read};
use polling::{HeldPost, Overlap, Polling};
use sockets::{Place, Request, Sockets};
use sockeye_proto::Timestamp;
use sockeye_proto::connection::{ServerConnection, ServerEvent};
use sockeye_proto::engine::{
    CloseReason, Packet, PayloadPacket, ProbeStep, RequestError, ServerSession, Timeout, Transport,
};
use sockeye_proto::socket::{DisconnectReason, ServerMux};
use sockeye_proto::websocket::{CloseCode, Message as Frame, Opcode};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// More than this unwritten and the connection is not read, until it is down to a quarter: an echo that
/// nobody reads stops itself.
const HIGH_WATER_BYTES: usize = 1024 * 1024;
const LOW_WATER_BYTES: usize = HIGH_WATER_BYTES / 4;

/// How long a closed connection may take to accept its last bytes and to close its side.
const LINGER: Duration = Duration::from_secs(5);

/// How long a polling client may take to fetch the news that its session was closed.
const CLOSE_POLL: Duration = Duration::from_secs(30);

/// One session.
pub(crate) struct Session {
    core: Core,
    wire: Wire,
    /// A WebSocket that is being tried while polling goes on.
    probe: Option<Box<Link>>,
    /// Since when and until when the session is closing.
    closing: Option<Timestamp>,
    /// Not read because too much is unwritten.
    throttled: bool,
    /// A poll was waiting when the session ended.
    parked_at_end: bool,
    /// What `sleep` was set to.
    armed: Timestamp,
    guard: TaskGuard,
}

enum Wire {
    Polling(Polling),
    WebSocket(Link),
}

/// The part of a session that messages go through.
struct Core {
    conn: Arc<Conn>,
    connection: ServerConnection<Place>,
    sockets: Sockets,
    /// Until when a namespace must have been joined.
    join_by: Option<Timestamp>,
    /// Not read because an inbox is full.
    paused: bool,
    /// Set once: the session is to end.
    end: Option<End>,
}

/// How a session ends.
#[derive(Clone, Copy)]
struct End {
    reason: CloseReason,
    goodbye: Goodbye,
}

/// What the peer is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goodbye {
    /// Nothing: it is gone, or takes nothing.
    None,
    /// All that was queued, then the transport's own close.
    Close(Option<CloseCode>),
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
        let session = ServerSession::new(transport, config.heartbeat, config.upgrade_timeout, now);
        let (connection, join_by) = match &shared.upper {
            Upper::SocketIo(_) => {
                let mux = ServerMux::new(config.mux_limits());
                (ServerConnection::new(session, mux), Some(now + config.connect_timeout))
            }
            Upper::Engine(_) => (ServerConnection::engine_only(session), None),
        };
        let mut guard = shared.task_started();
        if link.as_ref().is_some_and(Link::is_direct) {
            guard.set_direct();
        }
        Self {
            core: Core { conn, connection, sockets: Sockets::default(), join_by, paused: false, end: None },
            wire: link.map_or_else(|| Wire::Polling(Polling::default()), Wire::WebSocket),
            probe: None,
            closing: None,
            throttled: false,
            parked_at_end: false,
            armed: now,
            guard,
        }
    }

    /// The whole life of the session. The future borrows what it captured, so its size is the session's.
    pub(crate) async fn run(mut self) {
        let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
        std::future::poll_fn(|cx| self.poll(cx, sleep.as_mut())).await;
        self.core.conn.mailbox.finish().into_iter().for_each(refuse);
    }

    fn poll(&mut self, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) -> Poll<()> {
        let conn = self.core.conn.clone();
        conn.register(cx.waker());
        let _entered = current::enter(&conn);
        loop {
            for control in conn.mailbox.begin() {
                self.obey(control);
            }
            let mut yielding = false;
            if self.core.end.is_none() {
                yielding = self.drive(cx);
                self.look_at_clock(cx, sleep.as_mut());
            }
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
            return self.obey_while_closing(control);
        }
        match (control, &mut self.wire) {
            (Control::Poll(poll), Wire::Polling(polling)) => {
                if let Err(Overlap) = polling.park(poll) {
                    // The new poll is refused by the drop of its sender.
                    self.core.end(CloseReason::TransportError, Goodbye::Close(None));
                }
            }
            (Control::Post(body, verdict), Wire::Polling(polling)) => match HeldPost::new(body, verdict) {
                Some(post) if polling.post.is_none() => polling.post = Some(post),
                Some(post) => {
                    post.answer(Err(RequestError::BadRequest("OVERLAP")));
                    self.core.end(CloseReason::TransportError, Goodbye::Close(None));
                }
                None => self.core.end(CloseReason::ParseError, Goodbye::Close(None)),
            },
            (Control::Probe(link), _) => self.open_probe(link),
            (Control::Leave(namespace), _) => {
                if let Some(place) = self.core.connection.mux().and_then(|mux| mux.remove(&namespace)) {
                    self.core.sockets.end(place, DisconnectReason::ServerNamespaceDisconnect);
                }
            }
            (Control::Close(reason), _) => self.core.end(reason, Goodbye::Close(None)),
            // A request of a transport that was left: its channel closes, and it is answered with an error.
            (control, _) => refuse(control),
        }
    }

    fn obey_while_closing(&mut self, control: Control) {
        match (control, &mut self.wire) {
            (Control::Poll(poll), Wire::Polling(polling)) => {
                // An overlapping poll is refused by the drop of its sender.
                let _ = polling.park(poll);
            }
            (control, _) => refuse(control),
        }
    }

    fn open_probe(&mut self, mut link: Box<Link>) {
        let now = self.shared().now();
        match self.core.connection.session().handle_probe_opened(now) {
            Ok(()) => self.probe = Some(link),
            Err(error) => {
                tracing::debug!(%error, "upgrade_refused");
                link.queue_close(None);
                self.probe_goodbye(link);
            }
        }
    }

    /// Lets a refused WebSocket have its close frame, in a task that ends soon.
    fn probe_goodbye(&self, mut link: Box<Link>) {
        link.queue_close(None);
        tokio::spawn(async move {
            let goodbye = std::future::poll_fn(|cx| match link.poll_write(cx) {
                Poll::Ready(Ok(())) => link.poll_drain(cx),
                Poll::Ready(Err(_)) => Poll::Ready(()),
                Poll::Pending => Poll::Pending,
            });
            let _ = tokio::time::timeout(LINGER, goodbye).await;
        });
    }

    /// Handlers, then input. True when there is more to do than one pass may.
    fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        let mut more = !self.core.sockets.drive(cx);
        self.core.decide(cx);
        let now = self.core.conn.shared.now();
        self.core.review_pause(now);
        if self.core.paused || self.throttled || self.core.end.is_some() {
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

    /// Reads a WebSocket that is being tried. True when there may be more.
    fn read_probe(&mut self, mut link: Box<Link>, now: Timestamp, cx: &mut Context<'_>) -> bool {
        let mut step = None;
        let session = self.core.connection.session();
        let read = link.poll_read(cx, |message| {
            let packet = match message {
                Frame::Text(text) => Packet::decode_text(text).ok(),
                _ => None,
            };
            step = Some(packet.map(|packet| session.handle_probe_packet(packet, now)));
            Flow::Pause
        });
        match (step, read) {
            (Some(Some(Ok(ProbeStep::AnswerProbe))), Ok(_)) => {
                link.append(Opcode::Text, b"3probe");
                if let Wire::Polling(polling) = &mut self.wire {
                    // The client pauses polling only when no poll is open.
                    polling.answer(b"6".to_vec());
                }
                if let Poll::Ready(Err(_)) = link.poll_write(cx) {
                    self.core.connection.session().handle_probe_closed();
                    return false;
                }
                // There may be more to read already; if not, this registers for it.
                self.read_probe(link, now, cx)
            }
            (Some(Some(Ok(ProbeStep::Upgraded))), Ok(_)) => {
                self.switch_to(*link);
                // What the client sent behind its `5` may be here, and nothing else would tell.
                true
            }
            (None, Ok(read @ (Read::Pending | Read::Stopped))) => {
                let _ = link.poll_write(cx);
                self.probe = Some(link);
                matches!(read, Read::Stopped)
            }
            _ => {
                tracing::debug!("upgrade_failed");
                self.core.connection.session().handle_probe_closed();
                self.probe_goodbye(link);
                false
            }
        }
    }

    /// The WebSocket takes over. What was loaded for polls goes first.
    fn switch_to(&mut self, mut link: Link) {
        if let Wire::Polling(polling) = &mut self.wire {
            polling.answer(b"6".to_vec());
            if let Some(post) = polling.post.take() {
                post.answer(Err(RequestError::TRANSPORT_MISMATCH));
            }
            if let Some((runs, sent)) = polling.take_backlog() {
                link.load_after(runs, sent);
            }
        }
        if link.is_direct() {
            self.guard.set_direct();
        }
        self.core.conn.set_transport(Transport::WebSocket);
        self.wire = Wire::WebSocket(link);
        tracing::debug!("upgraded");
    }

    fn look_at_clock(&mut self, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) {
        loop {
            let now = self.shared().now();
            // Data that waits unread may hold the pong: a pass that was cut short is finished first.
            if tokio::task::coop::has_budget_remaining() {
                self.handle_timeouts(now, cx);
            }
            let session = self.core.connection.session().deadline();
            let deadline = self.core.join_by.map_or(session, |join_by| join_by.min(session));
            if !self.arm(deadline, cx, sleep.as_mut()) || self.core.end.is_some() {
                return;
            }
        }
    }

    /// Sets the timer. True when the deadline has come already. A timer that is set earlier than needed is
    /// left alone: it costs one look at the clock.
    fn arm(&mut self, deadline: Timestamp, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) -> bool {
        let now = self.shared().now();
        if deadline <= now {
            return tokio::task::coop::has_budget_remaining();
        }
        if self.armed <= now || deadline < self.armed {
            self.armed = deadline;
            let at = self.shared().instant(deadline);
            sleep.as_mut().reset(at);
        }
        // Registers the waker; a timer that fires now shows at the next poll.
        if sleep.poll(cx).is_ready() {
            self.armed = now;
            cx.waker().wake_by_ref();
        }
        false
    }

    fn handle_timeouts(&mut self, now: Timestamp, cx: &mut Context<'_>) {
        while let Some(timeout) = self.core.connection.session().handle_timeout(now) {
            match timeout {
                Timeout::SendPing => {
                    let ping = [0x81, 1, b'2'];
                    self.core.conn.mailbox.push(&ping, mailbox::Delivery::Reliable);
                }
                Timeout::PingTimeout => {
                    if self.throttled && self.read_once_more(now, cx) {
                        continue;
                    }
                    self.core.end(CloseReason::PingTimeout, Goodbye::Close(None));
                    return;
                }
                Timeout::UpgradeTimeout => {
                    if let Some(link) = self.probe.take() {
                        self.probe_goodbye(link);
                    }
                }
                Timeout::ReleasePoll => {
                    if let Wire::Polling(polling) = &mut self.wire {
                        polling.answer(b"6".to_vec());
                    }
                }
            }
        }
        if self.core.join_by.is_some_and(|join_by| join_by <= now) {
            self.core.end(CloseReason::ForcedClose, Goodbye::Close(None));
        }
    }

    /// A connection that was not read may hold the pong that is missed. True if something came.
    fn read_once_more(&mut self, now: Timestamp, cx: &mut Context<'_>) -> bool {
        let Wire::WebSocket(link) = &mut self.wire else { return false };
        let before = self.core.connection.session().deadline();
        read_link(link, &mut self.core, now, cx);
        self.core.end.is_none() && self.core.connection.session().deadline() > before
    }

    /// Writes what can be written, and judges what is left.
    fn flush(&mut self, cx: &mut Context<'_>) -> Step {
        let mailbox = &self.core.conn.mailbox;
        let (in_flight, writable) = match &mut self.wire {
            Wire::WebSocket(link) => match flush_link(link, mailbox, cx) {
                Ok(writable) => (link.unwritten(), writable),
                Err(_) => {
                    self.core.end(CloseReason::TransportError, Goodbye::None);
                    return Step::Again;
                }
            },
            Wire::Polling(polling) => {
                if polling.is_aborted(cx) || polling.post.as_mut().is_some_and(|post| post.is_aborted(cx)) {
                    self.core.end(CloseReason::TransportError, Goodbye::None);
                    return Step::Again;
                }
                if !flush_polling(polling, mailbox, self.core.conn.shared.config.max_payload_bytes) {
                    self.core.end(CloseReason::TransportError, Goodbye::None);
                    return Step::Again;
                }
                (polling.unwritten(), polling.is_parked())
            }
        };
        let pending = mailbox.pending(in_flight);
        let too_slow = !writable && pending.bytes > mailbox.limits().buffered;
        if too_slow || pending.overflowed {
            tracing::warn!(bytes = pending.bytes, "slow_consumer");
            self.core.end(CloseReason::SlowConsumer, Goodbye::None);
            return Step::Again;
        }
        let was_throttled = self.throttled;
        let mark = if was_throttled { LOW_WATER_BYTES } else { HIGH_WATER_BYTES };
        self.throttled = matches!(self.wire, Wire::WebSocket(_)) && pending.bytes > mark;
        if was_throttled && !self.throttled {
            return Step::Again;
        }
        Step::Wait { in_flight, writable }
    }

    /// Ends the sockets at once, then takes leave of the peer.
    fn poll_end(&mut self, cx: &mut Context<'_>, sleep: Pin<&mut Sleep>) -> Step {
        let Some(End { reason, goodbye }) = self.core.end else { return Step::Again };
        let now = self.shared().now();
        let Some(until) = self.closing else {
            tracing::debug!(%reason, "closed");
            let until = now + self.linger(reason);
            self.closing = Some(until);
            self.parked_at_end = matches!(&self.wire, Wire::Polling(polling) if polling.is_parked());
            self.core.conn.mailbox.close();
            self.core.sockets.end_all(disconnect_reason(reason));
            if let Some(link) = self.probe.take() {
                self.probe_goodbye(link);
            }
            if let Wire::Polling(polling) = &mut self.wire {
                if let Some(post) = polling.post.take() {
                    post.answer(Err(RequestError::BadRequest("CLOSED")));
                }
            } else {
                self.core.conn.shared.registry.remove(&self.core.conn.sid);
            }
            self.armed = until;
            return Step::Again;
        };
        let mailbox = &self.core.conn.mailbox;
        let gone = match (&mut self.wire, goodbye) {
            (_, Goodbye::None) => Poll::Ready(()),
            (Wire::WebSocket(link), Goodbye::Close(code)) => poll_close_link(link, code, mailbox, cx),
            (Wire::Polling(polling), Goodbye::Close(_)) => poll_close_polling(
                polling,
                mailbox,
                self.core.conn.shared.config.max_payload_bytes,
                farewell(reason, self.parked_at_end),
            ),
        };
        if gone.is_ready() || until <= now {
            self.core.conn.shared.registry.remove(&self.core.conn.sid);
            return Step::Done;
        }
        let at = self.shared().instant(until);
        let mut sleep = sleep;
        sleep.as_mut().reset(at);
        if sleep.poll(cx).is_ready() {
            return Step::Done;
        }
        Step::Wait { in_flight: 0, writable: false }
    }

    fn linger(&self, reason: CloseReason) -> Duration {
        let parked = match &self.wire {
            Wire::WebSocket(_) => return LINGER,
            Wire::Polling(polling) => polling.is_parked(),
        };
        match reason {
            // A poll that waits hears of it at once; of other news a client must come and ask.
            CloseReason::ForcedClose if !parked => CLOSE_POLL,
            CloseReason::ServerShuttingDown if !parked => Duration::from_secs(1),
            _ => Duration::ZERO,
        }
    }
}

enum Step {
    Done,
    Again,
    Wait { in_flight: usize, writable: bool },
}

impl Core {
    fn end(&mut self, reason: CloseReason, goodbye: Goodbye) {
        self.end.get_or_insert(End { reason, goodbye });
    }

    fn on_packet(&mut self, packet: Packet<'_>, now: Timestamp, cx: &mut Context<'_>) -> Flow {
        let event = match self.connection.handle_packet(packet, now) {
            Ok(event) => event,
            Err(error) => {
                tracing::debug!(%error, "bad_packet");
                self.end(error.reason(), Goodbye::Close(None));
                return Flow::Pause;
            }
        };
        match event {
            ServerEvent::Socket(event) => {
                if let Some(request) = self.sockets.handle(event, &self.conn, cx) {
                    self.request(request, cx);
                }
            }
            ServerEvent::Text(text) => raw(&self.conn, Message::Text(text.to_owned())),
            ServerEvent::Binary(data) => raw(&self.conn, Message::Binary(Bytes::copy_from_slice(data))),
            ServerEvent::Closed => self.end(CloseReason::TransportClose, Goodbye::Close(None)),
            ServerEvent::Nothing => {}
        }
        self.review_load(now)
    }

    fn request(&mut self, request: Request, cx: &mut Context<'_>) {
        if matches!(request, Request::Join(_)) {
            // Any answer to a CONNECT shows a client that means it; refusals are counted by the mux.
            self.join_by = None;
        }
        let Some(mux) = self.connection.mux() else { return };
        if let Err(error) = self.sockets.request(request, mux, &self.conn, cx) {
            tracing::debug!(%error, "bad_connect");
            self.end(CloseReason::ForcedClose, Goodbye::Close(None));
        }
    }

    fn decide(&mut self, cx: &mut Context<'_>) {
        let Some(mux) = self.connection.mux() else { return };
        if let Err(error) = self.sockets.decide(mux, &self.conn, cx) {
            tracing::debug!(%error, "bad_connect");
            self.end(CloseReason::ForcedClose, Goodbye::Close(None));
        }
    }

    /// After an event was kept: may the next one be read?
    #[inline]
    fn review_load(&mut self, now: Timestamp) -> Flow {
        if self.end.is_some() {
            return Flow::Pause;
        }
        match self.sockets.load(self.conn.shared.config.max_payload_bytes) {
            Load::Light => Flow::More,
            Load::Full if self.conn.has_waiting_handler() => Flow::More,
            Load::Overflowing if self.conn.has_waiting_handler() => {
                self.end(CloseReason::InboxOverflow, Goodbye::Close(None));
                Flow::Pause
            }
            _ => {
                self.paused = true;
                self.connection.session().pause_heartbeat(now);
                Flow::Pause
            }
        }
    }

    /// After handlers ran: may a paused connection be read again?
    fn review_pause(&mut self, now: Timestamp) {
        if !self.paused {
            return;
        }
        let load = self.sockets.load(self.conn.shared.config.max_payload_bytes);
        if load == Load::Light || (load == Load::Full && self.conn.has_waiting_handler()) {
            self.paused = false;
            self.connection.session().resume_heartbeat(now);
        }
    }
}

fn raw(conn: &Arc<Conn>, message: Message) {
    if let Upper::Engine(on_message) = &conn.shared.upper {
        on_message(&EngineSocket::new(conn.clone()), message);
    }
}

/// Reads a WebSocket. True when there may be more.
fn read_link(link: &mut Link, core: &mut Core, now: Timestamp, cx: &mut Context<'_>) -> bool {
    let waker = cx.waker().clone();
    let mut handler_cx = Context::from_waker(&waker);
    let read = link.poll_read(cx, |message| match message {
        Frame::Text(text) => match PayloadPacket::decode_text(text) {
            Ok(packet) => core.on_packet(packet.as_packet(), now, &mut handler_cx),
            Err(error) => {
                tracing::debug!(%error, "bad_packet");
                core.end(CloseReason::ParseError, Goodbye::Close(None));
                Flow::Pause
            }
        },
        Frame::Binary(data) => core.on_packet(Packet::Binary(data), now, &mut handler_cx),
        // The link answers the others itself.
        _ => Flow::More,
    });
    match read {
        Ok(Read::Pending) => false,
        Ok(Read::Stopped) => core.end.is_none() && !core.paused,
        Ok(Read::Closed) => {
            core.end(CloseReason::TransportClose, Goodbye::Close(None));
            false
        }
        Err(LinkError::Frame(error)) => {
            tracing::debug!(%error, "bad_frame");
            core.end(CloseReason::TransportError, Goodbye::Close(Some(error.close_code())));
            false
        }
        Err(LinkError::Io(error)) => {
            tracing::debug!(%error, "read_failed");
            core.end(CloseReason::TransportClose, Goodbye::None);
            false
        }
    }
}

/// Goes on with the packets of a POST. Its verdict is given when all are handled.
fn read_post(polling: &mut Polling, core: &mut Core, now: Timestamp, cx: &mut Context<'_>) -> bool {
    let Some(mut post) = polling.post.take() else { return false };
    let verdict = loop {
        let flow = match post.next() {
            None => break Ok(()),
            Some(Ok(packet)) => core.on_packet(packet.as_packet(), now, cx),
            Some(Err(())) => {
                core.end(CloseReason::ParseError, Goodbye::Close(None));
                break Err(RequestError::BadRequest("PARSE_ERROR"));
            }
        };
        if core.end.is_some() {
            // As the official server: the packet was received, what it led to shows in the next poll.
            break Ok(());
        }
        if let Flow::Pause = flow {
            polling.post = Some(post);
            return false;
        }
    };
    post.answer(verdict);
    false
}

/// Writes all there is. False when the kernel takes no more.
fn flush_link(
    link: &mut Link,
    mailbox: &mailbox::Mailbox<Control>,
    cx: &mut Context<'_>,
) -> std::io::Result<bool> {
    loop {
        match link.poll_write(cx) {
            Poll::Pending => return Ok(false),
            Poll::Ready(result) => result?,
        }
        match mailbox.take() {
            Some(runs) => link.load(runs),
            None => return Ok(true),
        }
    }
}

/// Answers the waiting poll if there is something to say. False when its request is gone.
fn flush_polling(polling: &mut Polling, mailbox: &mailbox::Mailbox<Control>, max_bytes: usize) -> bool {
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

/// All that was queued, then the close frame, then until the peer closes too.
fn poll_close_link(
    link: &mut Link,
    code: Option<CloseCode>,
    mailbox: &mailbox::Mailbox<Control>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    match flush_link(link, mailbox, cx) {
        Ok(true) => link.queue_close(code),
        Ok(false) => return Poll::Pending,
        Err(_) => return Poll::Ready(()),
    }
    match link.poll_write(cx) {
        Poll::Ready(Ok(())) => link.poll_drain(cx),
        Poll::Ready(Err(_)) => Poll::Ready(()),
        Poll::Pending => Poll::Pending,
    }
}

/// The last packets of a polling session. A poll that waited is released with a noop when the client closed
/// by itself, and with the close packet otherwise; one that comes later gets both, as from the official server.
fn farewell(reason: CloseReason, parked_at_end: bool) -> &'static [&'static [u8]] {
    match (reason, parked_at_end) {
        (CloseReason::TransportClose, true) => &[b"6"],
        (_, true) => &[b"1"],
        (_, false) => &[b"6", b"1"],
    }
}

/// Answers a poll with what was queued and the farewell. Ready when all has left.
fn poll_close_polling(
    polling: &mut Polling,
    mailbox: &mailbox::Mailbox<Control>,
    max_bytes: usize,
    farewell: &[&[u8]],
) -> Poll<()> {
    if !polling.is_parked() {
        return Poll::Pending;
    }
    if polling.wants_frames()
        && let Some(runs) = mailbox.take()
    {
        polling.load(runs);
    }
    if let Some(payload) = polling.payload(max_bytes, farewell) {
        polling.answer(payload);
    }
    if polling.wants_frames() { Poll::Ready(()) } else { Poll::Pending }
}

/// Nobody will obey this any more.
fn refuse(control: Control) {
    match control {
        Control::Post(_, verdict) => {
            let _ = verdict.send(Err(RequestError::UnknownSid));
        }
        // A poll is refused by the drop of its channel, a WebSocket by its own drop.
        Control::Poll(_) | Control::Probe(_) | Control::Leave(_) | Control::Close(_) => {}
    }
}

fn disconnect_reason(reason: CloseReason) -> DisconnectReason {
    match reason {
        CloseReason::TransportClose => DisconnectReason::TransportClose,
        CloseReason::ForcedClose => DisconnectReason::ForcedClose,
        CloseReason::PingTimeout => DisconnectReason::PingTimeout,
        CloseReason::ParseError => DisconnectReason::ParseError,
        CloseReason::SlowConsumer => DisconnectReason::SlowConsumer,
        CloseReason::InboxOverflow => DisconnectReason::InboxOverflow,
        CloseReason::ServerShuttingDown => DisconnectReason::ServerShuttingDown,
        _ => DisconnectReason::TransportError,
    }
}
