//! What other tasks leave for a session task: frames to write and controls to obey, under one lock.
//!
//! Everything queued is a run of whole, unmasked WebSocket frames. A polling session takes the frames
//! apart again, so a message is encoded once whatever the transport will be when it leaves.
//! The byte limits are counted here; they are judged by the session task, after it has tried to write.

mod ready;

pub(crate) use ready::Ready;

use super::sync::{Mutex, MutexGuard};
use crate::config::SlowReader;
use crate::error::EmitError;
use bytes::Bytes;
use ready::{Waiters, wake_all};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::task::Waker;

/// A shared frame up to this size is copied into the receiver's own buffer: cheaper than touching the
/// reference count that all receivers share, and the run leaves in one plain write.
const COPY_UP_TO: usize = 1024;

/// Beyond this a run is not extended but followed by a new one, so that growing never moves much.
const RUN_BYTES: usize = 64 * 1024;

/// The mailbox of one session. `C` is what controls it.
pub(crate) struct Mailbox<C> {
    inner: Mutex<Inner<C>>,
    limits: Limits,
}

/// How many bytes a session may hold back; see `ServerBuilder::max_buffered_bytes`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// More than this after an attempt to write: the reader is too slow.
    pub(crate) buffered: usize,
    /// More than this at any moment: refused, and the reader is too slow.
    pub(crate) burst: usize,
    /// Whether a reader that is too slow is closed or gets no more.
    pub(crate) slow_reader: SlowReader,
}

impl Limits {
    /// More than this and the session is backed up: it is not read, and `ready` waits.
    pub(crate) fn high_water(&self) -> usize {
        self.buffered / 4
    }

    /// So little and it is not any more.
    pub(crate) fn low_water(&self) -> usize {
        self.buffered / 16
    }

    /// The most that may be held with the frames of this delivery.
    fn most(&self, delivery: Delivery, writable: bool) -> usize {
        match self.slow_reader {
            SlowReader::Refuse if delivery != Delivery::Protocol && !writable => {
                self.buffered.min(self.burst)
            }
            SlowReader::Close | SlowReader::Refuse => self.burst,
        }
    }
}

struct Inner<C> {
    queued: Runs,
    /// Bytes of `queued`.
    bytes: usize,
    /// Bytes that the session task took and the kernel has not accepted yet.
    in_flight: usize,
    /// The task is running or will run: nobody needs to wake it.
    scheduled: bool,
    /// What `volatile` asks: the last write was accepted whole, or a poll is waiting.
    writable: bool,
    /// No more frames are taken.
    closed: bool,
    /// The task has ended: orders are not kept either.
    finished: bool,
    /// A push went past `Limits::burst`, and the session is to end for it.
    overflowed: bool,
    /// More than the high water was held, and not yet as little as the low water since.
    backed_up: bool,
    /// Who waits until the session is not backed up any more.
    waiters: Option<Box<Waiters>>,
    controls: Vec<C>,
}

/// Frames in order: a first run that the session owns, then whatever did not fit it.
#[derive(Default)]
pub(crate) struct Runs {
    first: Vec<u8>,
    rest: VecDeque<Run>,
}

enum Run {
    Own(Vec<u8>),
    Shared(Bytes),
}

/// What became of pushed frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Push {
    /// Queued; the caller wakes the session task if told so.
    Queued { wake: bool },
    /// A volatile frame met a transport that cannot take it now.
    Dropped,
    /// The queue is at its limit: the session will close as a slow reader, or the frames are not for it.
    Refused { queued: usize, limit: usize, wake: bool },
    /// The session has ended.
    Closed,
}

/// Whether frames may be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Reliable,
    Volatile,
    /// What the session itself has to say: never refused to a slow reader that may stay.
    Protocol,
}

/// What a session task finds when it looks.
pub(crate) struct Pending {
    /// Bytes still queued, those in flight included.
    pub(crate) bytes: usize,
    pub(crate) overflowed: bool,
    pub(crate) backed_up: bool,
    /// It was backed up until this look.
    pub(crate) drained: bool,
}

/// What others may know of the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) bytes: usize,
    pub(crate) backed_up: bool,
}

impl Push {
    /// What the emit that pushed comes to. A dropped volatile event is no error.
    pub(crate) fn outcome(self) -> Result<(), EmitError> {
        match self {
            Push::Queued { .. } | Push::Dropped => Ok(()),
            Push::Refused { queued, limit, .. } => {
                Err(EmitError::Refused { queued_bytes: queued, limit_bytes: limit })
            }
            Push::Closed => Err(EmitError::Closed),
        }
    }
}

impl<C> Mailbox<C> {
    /// Born scheduled: the first poll of the task looks without being woken.
    pub(crate) fn new(limits: Limits) -> Self {
        let inner = Inner {
            queued: Runs::default(),
            bytes: 0,
            in_flight: 0,
            scheduled: true,
            writable: true,
            closed: false,
            finished: false,
            overflowed: false,
            backed_up: false,
            waiters: None,
            controls: Vec::new(),
        };
        Self { inner: Mutex::new(inner), limits }
    }

    /// Queues frames that belong to this session alone.
    pub(crate) fn push(&self, frames: &[u8], delivery: Delivery) -> Push {
        self.push_with(frames.len(), delivery, |queued| queued.push(frames))
    }

    /// Queues frames that other sessions get too.
    pub(crate) fn push_shared(&self, frames: &Bytes, delivery: Delivery) -> Push {
        self.push_with(frames.len(), delivery, |queued| {
            if frames.len() <= COPY_UP_TO { queued.push(frames) } else { queued.push_shared(frames.clone()) }
        })
    }

    /// In line, since each delivery of a broadcast is little more than this: a call is a tenth of it.
    #[inline(always)]
    fn push_with(&self, len: usize, delivery: Delivery, put: impl FnOnce(&mut Runs)) -> Push {
        let mut inner = self.lock();
        if inner.closed {
            return Push::Closed;
        }
        if delivery == Delivery::Volatile && !inner.writable {
            return Push::Dropped;
        }
        let held = inner.bytes + inner.in_flight + len;
        if (held > self.limits.high_water() || held > self.limits.burst)
            && let Some(refused) = inner.judge(len, delivery, &self.limits)
        {
            return refused;
        }
        put(&mut inner.queued);
        inner.bytes += len;
        Push::Queued { wake: inner.schedule() }
    }

    /// Leaves an order for the task. True when the task must be woken. Once the task has ended the order is
    /// dropped: kept, it would keep a request waiting for ever.
    pub(crate) fn control(&self, control: C) -> bool {
        let mut inner = self.lock();
        if inner.finished {
            drop(inner);
            drop(control);
            return false;
        }
        inner.controls.push(control);
        inner.schedule()
    }

    /// The task starts to run: takes the controls, and pushes stop waking it.
    pub(crate) fn begin(&self) -> Vec<C> {
        let mut inner = self.lock();
        inner.scheduled = true;
        std::mem::take(&mut inner.controls)
    }

    /// Whether frames wait.
    pub(crate) fn has_frames(&self) -> bool {
        self.lock().bytes > 0
    }

    /// The task wants frames, because what it took before has left. `None` when there are none.
    pub(crate) fn take(&self) -> Option<Runs> {
        let mut inner = self.lock();
        if inner.bytes == 0 {
            return None;
        }
        inner.in_flight = std::mem::take(&mut inner.bytes);
        Some(std::mem::take(&mut inner.queued))
    }

    /// The task has done what it could and is about to wait, with `in_flight` bytes still unwritten.
    /// False when something came meanwhile, so that it must look again.
    pub(crate) fn rest(&self, in_flight: usize, writable: bool) -> bool {
        let mut inner = self.lock();
        inner.in_flight = in_flight;
        inner.writable = writable;
        let idle = inner.controls.is_empty() && (inner.bytes == 0 || !writable) && !inner.overflowed;
        if idle {
            inner.scheduled = false;
        }
        idle
    }

    /// What is held back now, with `in_flight` bytes not yet written.
    /// Wakes who waits for less.
    pub(crate) fn pending(&self, in_flight: usize) -> Pending {
        let mut inner = self.lock();
        inner.in_flight = in_flight;
        let bytes = inner.bytes + in_flight;
        let drained = inner.backed_up && bytes <= self.limits.low_water();
        inner.backed_up &= !drained;
        let pending = Pending { bytes, overflowed: inner.overflowed, backed_up: inner.backed_up, drained };
        let waiters = if drained { inner.take_waiters() } else { Vec::new() };
        drop(inner);
        wake_all(waiters);
        pending
    }

    /// What is held back at this moment.
    pub(crate) fn held(&self) -> Held {
        let inner = self.lock();
        Held { bytes: inner.bytes + inner.in_flight, backed_up: inner.backed_up }
    }

    /// Resolves when the session is not backed up: to `true`, or to `false` when it takes no more frames at all.
    pub(crate) fn ready(&self) -> Ready<'_, C> {
        Ready { mailbox: self, place: None }
    }

    /// Refuses frames from now on; what is queued may still be taken, and no overflow is judged any more.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.overflowed = false;
        let waiters = inner.take_waiters();
        drop(inner);
        wake_all(waiters);
    }

    /// The task ends: frees what is left, and returns orders nobody will obey.
    pub(crate) fn finish(&self) -> Vec<C> {
        let mut inner = self.lock();
        inner.closed = true;
        inner.finished = true;
        inner.scheduled = true;
        inner.bytes = 0;
        inner.in_flight = 0;
        inner.queued = Runs::default();
        let (waiters, controls) = (inner.take_waiters(), std::mem::take(&mut inner.controls));
        drop(inner);
        wake_all(waiters);
        controls
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    fn lock(&self) -> MutexGuard<'_, Inner<C>> {
        // Nothing that runs under this lock can panic half-way through a change.
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<C> Inner<C> {
    fn take_waiters(&mut self) -> Vec<(u64, Waker)> {
        self.waiters.as_mut().map(|waiters| std::mem::take(&mut waiters.wakers)).unwrap_or_default()
    }

    /// Whether `len` bytes more than the little that is always taken are too much. The session is backed up either way.
    #[cold]
    fn judge(&mut self, len: usize, delivery: Delivery, limits: &Limits) -> Option<Push> {
        let queued = self.bytes + self.in_flight;
        let limit = limits.most(delivery, self.writable);
        self.backed_up |= queued + len > limits.high_water();
        if queued + len <= limit || queued == 0 {
            return None;
        }
        self.backed_up = true;
        if limits.slow_reader == SlowReader::Refuse && delivery != Delivery::Protocol {
            return Some(Push::Refused { queued, limit, wake: false });
        }
        self.overflowed = true;
        Some(Push::Refused { queued, limit, wake: self.schedule() })
    }

    /// True for the one caller that has to wake the task.
    fn schedule(&mut self) -> bool {
        !std::mem::replace(&mut self.scheduled, true)
    }
}

impl Runs {
    fn push(&mut self, frames: &[u8]) {
        let run = match self.rest.back_mut() {
            None if self.first.len() + frames.len() <= RUN_BYTES || self.first.is_empty() => {
                if self.first.capacity() == 0 {
                    self.first = spare();
                }
                &mut self.first
            }
            Some(Run::Own(run)) if run.len() + frames.len() <= RUN_BYTES => run,
            _ => {
                self.rest.push_back(Run::Own(Vec::with_capacity(frames.len())));
                match self.rest.back_mut() {
                    Some(Run::Own(run)) => run,
                    _ => return,
                }
            }
        };
        run.extend_from_slice(frames);
    }

    fn push_shared(&mut self, frames: Bytes) {
        self.rest.push_back(Run::Shared(frames));
    }

    /// Puts frames that only the session task knows of behind all others.
    pub(crate) fn append(&mut self, frames: &[u8]) {
        self.push(frames);
    }

    /// The one run there is, if there is only one: the common case, for a plain write.
    pub(crate) fn only(&self) -> Option<&[u8]> {
        self.rest.is_empty().then_some(self.first.as_slice())
    }

    /// The runs, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.first.as_slice())
            .chain(self.rest.iter().map(Run::as_slice))
            .filter(|run| !run.is_empty())
    }

    /// Gives the first run's memory to the next session of this thread that has something to say.
    pub(crate) fn recycle(self) {
        let mut first = self.first;
        // A thread that is going away has no spares any more; then the buffer is just freed.
        let _ = SPARES.try_with(|spares| {
            let mut spares = spares.borrow_mut();
            if spares.len() < SPARE_RUNS && (1..=SPARE_BYTES).contains(&first.capacity()) {
                first.clear();
                spares.push(first);
            }
        });
    }
}

impl From<Vec<u8>> for Runs {
    fn from(frames: Vec<u8>) -> Self {
        Self { first: frames, rest: VecDeque::new() }
    }
}

impl Run {
    fn as_slice(&self) -> &[u8] {
        match self {
            Run::Own(run) => run,
            Run::Shared(run) => run,
        }
    }
}

// Buffers of sessions that have just been written out: an idle session holds none. A thread keeps a few of
// any size that a run grows to.
const SPARE_RUNS: usize = 8;
const SPARE_BYTES: usize = RUN_BYTES;

thread_local! {
    static SPARES: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

fn spare() -> Vec<u8> {
    SPARES.try_with(|spares| spares.borrow_mut().pop()).ok().flatten().unwrap_or_default()
}
