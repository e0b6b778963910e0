//! One connection as the rest of the server sees it: a handle to its session task, which alone owns the
//! protocol machine and the transport.

use crate::deflate::deflate_frames;
use crate::handshake::Handshake;
use crate::server::Shared;
use crate::session::MAX_WAITING;
use crate::session::control::Control;
use crate::session::mailbox::{Delivery, Mailbox, Push};
use bytes::Bytes;
use sockeye_proto::SessionId;
use sockeye_proto::engine::{CloseReason, Protocol, Transport};
use sockeye_proto::websocket::WindowBits;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

pub(crate) struct Conn {
    pub(crate) sid: SessionId,
    pub(crate) mailbox: Mailbox<Control>,
    /// The session task's, set by its first poll; it never changes.
    waker: OnceLock<Waker>,
    pub(crate) handshake: Handshake,
    pub(crate) shared: Arc<Shared>,
    /// A POST is being received: another one at the same time ends the session.
    pub(crate) posting: AtomicBool,
    /// Counted among the sessions that are in no namespace yet.
    unjoined: AtomicBool,
    /// How many handlers of this connection await an answer of their own client.
    handler_waits: AtomicI32,
    outside: AtomicUsize,
    transport: AtomicU8,
    /// Bits of the window that frames for this connection are compressed with; 0 while none are.
    deflate_window: AtomicU8,
}

/// Counts events that are handled outside an inbox, until dropped: a client cannot make more of them than it
/// could have waiting.
pub(crate) struct Outside {
    conn: Arc<Conn>,
    events: usize,
}

impl Outside {
    pub(crate) fn new(conn: &Arc<Conn>, events: usize) -> Self {
        conn.outside.fetch_add(events, Ordering::Relaxed);
        Self { conn: conn.clone(), events }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let before = self.conn.outside.fetch_sub(self.events, Ordering::Relaxed);
        if before >= MAX_WAITING || self.conn.shared.is_closing() {
            // The session may have stopped to read, or may wait for nothing but this.
            self.conn.wake();
        }
    }
}

impl Conn {
    pub(crate) fn new(
        sid: SessionId,
        handshake: Handshake,
        shared: Arc<Shared>,
        transport: Transport,
    ) -> Self {
        let conn = Self {
            sid,
            mailbox: Mailbox::new(shared.config.queue_limits()),
            waker: OnceLock::new(),
            handshake,
            shared,
            posting: AtomicBool::new(false),
            unjoined: AtomicBool::new(false),
            handler_waits: AtomicI32::new(0),
            outside: AtomicUsize::new(0),
            transport: AtomicU8::new(0),
            deflate_window: AtomicU8::new(0),
        };
        conn.set_transport(transport);
        conn
    }

    /// Counts this session among those that are in no namespace yet. False when there are as many as there may be.
    pub(crate) fn begin_unjoined(&self) -> bool {
        let counted = self.shared.count_unjoined();
        self.unjoined.store(counted, Ordering::Relaxed);
        counted
    }

    /// The session has joined a namespace, or never will.
    pub(crate) fn end_unjoined(&self) {
        if self.unjoined.load(Ordering::Relaxed) && self.unjoined.swap(false, Ordering::Relaxed) {
            self.shared.uncount_unjoined();
        }
    }

    pub(crate) fn register(&self, waker: &Waker) {
        if self.waker.get().is_none() {
            let _ = self.waker.set(waker.clone());
        }
    }

    pub(crate) fn wake(&self) {
        // Without a waker the first poll is still to come, and it looks at everything.
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }

    /// Queues frames of this connection alone, compressed where it agreed on that.
    #[inline]
    pub(crate) fn push(&self, frames: &[u8], delivery: Delivery) -> Push {
        match self.deflate_window() {
            None => self.push_uncompressed(frames, delivery),
            Some(window) => self.push_compressed(frames, window, delivery),
        }
    }

    #[inline(never)]
    fn push_compressed(&self, frames: &[u8], window: WindowBits, delivery: Delivery) -> Push {
        let options = self.shared.config.per_message_deflate.as_ref();
        match options.and_then(|options| deflate_frames(frames, window, options)) {
            None => self.push_uncompressed(frames, delivery),
            Some(deflated) => self.push_uncompressed(&deflated, delivery),
        }
    }

    /// Queues frames of this connection alone as they are.
    pub(crate) fn push_uncompressed(&self, frames: &[u8], delivery: Delivery) -> Push {
        self.woken(self.mailbox.push(frames, delivery))
    }

    /// Queues shared frames; the caller wakes the task if the outcome says so.
    #[inline]
    pub(crate) fn push_shared(&self, frames: &Bytes, delivery: Delivery) -> Push {
        self.mailbox.push_shared(frames, delivery)
    }

    /// How many bytes of what was missed may be sent again at once, so that nobody is taken for a slow reader by it.
    pub(crate) fn room_for_replay(&self) -> usize {
        let limits = self.mailbox.limits();
        limits.buffered.min(limits.burst.saturating_sub(self.mailbox.held().bytes))
    }

    fn woken(&self, push: Push) -> Push {
        if let Push::Queued { wake: true } | Push::Refused { wake: true, .. } = push {
            self.wake();
        }
        push
    }

    /// Leaves an order for the session task.
    pub(crate) fn control(&self, control: Control) {
        if self.mailbox.control(control) {
            self.wake();
        }
    }

    pub(crate) fn close(&self, reason: CloseReason) {
        self.control(Control::Close(reason));
    }

    /// A handler of this connection starts (1) or stops (−1) to await its own client's answer. The session
    /// looks again whether it may read.
    pub(crate) fn handler_waits(&self, change: i32) {
        self.handler_waits.fetch_add(change, Ordering::Relaxed);
        if change > 0 {
            self.wake();
        }
    }

    /// Events whose handlers run or wait in tasks of their own, not in an inbox.
    pub(crate) fn handlers_outside(&self) -> usize {
        self.outside.load(Ordering::Relaxed)
    }

    pub(crate) fn has_waiting_handler(&self) -> bool {
        self.handler_waits.load(Ordering::Relaxed) > 0
    }

    /// The window to compress with. `None` while the session polls, and on a WebSocket that did not agree.
    #[inline]
    pub(crate) fn deflate_window(&self) -> Option<WindowBits> {
        match self.deflate_window.load(Ordering::Relaxed) {
            0 => None,
            bits => WindowBits::new(bits),
        }
    }

    /// The session is on a WebSocket, for good, so what is pushed from now on may be compressed if that was agreed
    /// on. What was pushed before is not, which a WebSocket may mix. Frames for clients of protocol 3 are rewritten
    /// when they leave, so they stay as they are.
    pub(crate) fn set_deflate_window(&self, window: Option<WindowBits>) {
        if let (Some(window), Protocol::V4) = (window, self.handshake.protocol()) {
            self.deflate_window.store(window.get(), Ordering::Relaxed);
        }
    }

    pub(crate) fn transport(&self) -> Transport {
        if self.transport.load(Ordering::Relaxed) == 0 { Transport::Polling } else { Transport::WebSocket }
    }

    pub(crate) fn set_transport(&self, transport: Transport) {
        self.transport.store(u8::from(transport == Transport::WebSocket), Ordering::Relaxed);
    }
}

/// A WebSocket that never came about has no session task that would say so.
impl Drop for Conn {
    fn drop(&mut self) {
        self.end_unjoined();
    }
}
