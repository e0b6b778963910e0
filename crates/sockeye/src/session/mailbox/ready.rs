//! Who waits until a session is not backed up any more.

use super::Mailbox;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

#[derive(Default)]
pub(super) struct Waiters {
    /// Never used twice: a wait that was woken and has not looked yet still knows its old number.
    next: u64,
    pub(super) wakers: Vec<(u64, Waker)>,
}

/// The wait of [`Mailbox::ready`]. Dropped, it leaves nothing behind.
pub(crate) struct Ready<'a, C> {
    pub(super) mailbox: &'a Mailbox<C>,
    /// Its number among the waiters, once it has one.
    pub(super) place: Option<u64>,
}

/// Called without the lock: a waker may be code of somebody else.
pub(super) fn wake_all(waiters: Vec<(u64, Waker)>) {
    waiters.into_iter().for_each(|(_, waker)| waker.wake());
}

impl<C> Future for Ready<'_, C> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let mut inner = self.mailbox.lock();
        if inner.closed || !inner.backed_up {
            return Poll::Ready(!inner.closed);
        }
        let Waiters { next, wakers } = &mut **inner.waiters.get_or_insert_default();
        let mine = self.place.and_then(|place| wakers.iter_mut().find(|(of, _)| *of == place));
        if let Some((_, waker)) = mine {
            waker.clone_from(cx.waker());
            return Poll::Pending;
        }
        let place = *next;
        *next += 1;
        wakers.push((place, cx.waker().clone()));
        drop(inner);
        self.place = Some(place);
        Poll::Pending
    }
}

impl<C> Drop for Ready<'_, C> {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let mut inner = self.mailbox.lock();
        let left = inner.waiters.as_mut().and_then(|waiters| {
            let at = waiters.wakers.iter().position(|(of, _)| *of == place)?;
            Some(waiters.wakers.swap_remove(at))
        });
        drop(inner);
        // A waker may be code of somebody else, so it goes without the lock.
        drop(left);
    }
}

#[cfg(all(test, not(feature = "__model")))]
mod tests {
    use super::*;
    use crate::config::SlowReader;
    use crate::session::mailbox::{Delivery, Limits};
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Alarm(AtomicBool);

    impl Wake for Alarm {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_wait_that_was_woken_and_looks_late_takes_no_other_ones_place() {
        let limits = Limits { buffered: 16, burst: 16, slow_reader: SlowReader::Close };
        let mailbox = Mailbox::<()>::new(limits);
        let (first, second) = (Arc::new(Alarm::default()), Arc::new(Alarm::default()));
        let (first_waker, second_waker) = (Waker::from(first.clone()), Waker::from(second.clone()));
        let (mut early, mut late) = (pin!(mailbox.ready()), pin!(mailbox.ready()));
        mailbox.push(&[0; 8], Delivery::Reliable);
        assert!(early.as_mut().poll(&mut Context::from_waker(&first_waker)).is_pending());
        drop(mailbox.take());
        assert!(mailbox.pending(0).drained);
        assert!(first.0.swap(false, Ordering::SeqCst));
        mailbox.push(&[0; 8], Delivery::Reliable);
        assert!(late.as_mut().poll(&mut Context::from_waker(&second_waker)).is_pending());
        assert!(early.as_mut().poll(&mut Context::from_waker(&first_waker)).is_pending());
        drop(mailbox.take());
        assert!(mailbox.pending(0).drained);
        assert!(first.0.load(Ordering::SeqCst) && second.0.load(Ordering::SeqCst));
    }
}
