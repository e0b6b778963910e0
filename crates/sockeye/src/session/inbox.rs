//! The events of one socket, handled one after another in the order of their arrival.
//!
//! A handler is polled at once, inside the session task; most finish there. While one is pending, later
//! events wait here. A panic is caught, reported, and costs that event only.

use super::current;
use crate::conn::Outside;
use crate::error::{BoxError, HandlerError};
use crate::extract::EventParts;
use crate::handler::{Listeners, On, Running};
use crate::recovery::Farewell;
use crate::socket::Socket;
use sockeye_proto::socket::{DisconnectReason, Event, EventBuf};
use std::any::Any;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

/// So many events stop the reading of the connection.
pub(crate) const MAX_WAITING: usize = 1024;

/// While a handler awaits an answer of the same client, reading goes on to this multiple of the limits; one
/// event more ends the session.
pub(crate) const WAITING_FOR_ACK: usize = 4;

#[derive(Default)]
pub(crate) struct Inbox {
    running: Option<Running>,
    waiting: VecDeque<EventBuf>,
    waiting_bytes: usize,
}

/// How full an inbox is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Load {
    Light,
    Full,
    Overflowing,
}

impl Load {
    /// What so many events weigh.
    pub(crate) fn of_events(events: usize) -> Self {
        match events {
            0..MAX_WAITING => Load::Light,
            events if events <= MAX_WAITING * WAITING_FOR_ACK => Load::Full,
            _ => Load::Overflowing,
        }
    }
}

impl Inbox {
    /// Calls the event's handlers now, or keeps the event until its turn.
    pub(crate) fn event(&mut self, socket: &Socket, event: &Event<'_>, cx: &mut Context<'_>) {
        if self.running.is_some() || !self.waiting.is_empty() {
            let event = event.to_owned_event();
            self.waiting_bytes += event.size_bytes();
            self.waiting.push_back(event);
        } else if let Some(running) = start_event(socket, event) {
            self.run(socket, running, cx);
        }
    }

    /// The first entry of every inbox: events wait until the connect handlers have returned.
    /// The listeners of the socket before, whose session this one goes on with, come first.
    pub(crate) fn connected(&mut self, socket: &Socket, before: Option<Farewell>, cx: &mut Context<'_>) {
        if let Some(before) = before {
            let recovered = socket.clone();
            let behind = async move {
                before.wait().await;
                match start(&recovered, &[On::Connect], EventParts::of_connection(&recovered)) {
                    Some(running) => running.await,
                    None => Ok(()),
                }
            };
            self.run(socket, Box::pin(behind), cx);
        } else if let Some(running) = start(socket, &[On::Connect], EventParts::of_connection(socket)) {
            self.run(socket, running, cx);
        }
    }

    fn run(&mut self, socket: &Socket, mut running: Running, cx: &mut Context<'_>) {
        if poll_running(socket, &mut running, cx).is_pending() {
            self.running = Some(running);
        }
    }

    /// Goes on with the pending handler, then with the waiting events, at most `budget` of them. False when
    /// the budget ran out before the events did.
    pub(crate) fn drive(&mut self, socket: &Socket, cx: &mut Context<'_>, budget: &mut usize) -> bool {
        loop {
            if let Some(running) = &mut self.running {
                if poll_running(socket, running, cx).is_pending() {
                    return true;
                }
                self.running = None;
            }
            if *budget == 0 {
                return self.waiting.is_empty();
            }
            let Some(event) = self.waiting.pop_front() else {
                self.waiting = VecDeque::new();
                return true;
            };
            *budget -= 1;
            self.waiting_bytes -= event.size_bytes();
            self.running = start_event(socket, &event.as_event());
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_none() && self.waiting.is_empty()
    }

    pub(crate) fn load(&self, max_bytes: usize) -> Load {
        let is_full = self.waiting.len() >= MAX_WAITING || self.waiting_bytes >= max_bytes;
        let overflows = || {
            self.waiting.len() > MAX_WAITING * WAITING_FOR_ACK
                || self.waiting_bytes > max_bytes.saturating_mul(WAITING_FOR_ACK)
        };
        match is_full {
            true if overflows() => Load::Overflowing,
            true => Load::Full,
            false => Load::Light,
        }
    }

    /// The socket has ended. What is pending and waiting runs to its end in a task of its own, then the
    /// disconnect listeners; no task is made when there is nothing to run.
    pub(crate) fn finish(self, socket: Socket, reason: DisconnectReason) {
        let nothing_left = self.is_idle();
        let epilogue = Epilogue { socket, reason };
        if nothing_left {
            let disconnecting = epilogue.start(On::Disconnecting);
            let disconnect = if disconnecting.is_none() { epilogue.last() } else { None };
            if disconnecting.is_none() && disconnect.is_none() {
                return;
            }
            let outside = Outside::new(epilogue.socket.conn(), 1);
            tokio::spawn(async move {
                let _outside = outside;
                if let Some(running) = disconnecting {
                    run_to_end(&epilogue.socket, running).await;
                    epilogue.run_last().await;
                } else if let Some(running) = disconnect {
                    run_to_end(&epilogue.socket, running).await;
                }
            });
            return;
        }
        let outside = Outside::new(epilogue.socket.conn(), 1 + self.waiting.len());
        tokio::spawn(async move {
            let _outside = outside;
            if let Some(running) = self.running {
                run_to_end(&epilogue.socket, running).await;
            }
            for event in self.waiting {
                if let Some(running) = start_event(&epilogue.socket, &event.as_event()) {
                    run_to_end(&epilogue.socket, running).await;
                }
            }
            if let Some(running) = epilogue.start(On::Disconnecting) {
                run_to_end(&epilogue.socket, running).await;
            }
            epilogue.run_last().await;
        });
    }
}

/// Calls the listeners of `drain`, beside the events: one of those may be what waits for it.
pub(crate) fn drained(socket: &Socket) {
    if let Some(running) = start(socket, &[On::Drain], EventParts::of_connection(socket)) {
        overlap(socket, running);
    }
}

/// The two last events of a socket.
struct Epilogue {
    socket: Socket,
    reason: DisconnectReason,
}

impl Drop for Epilogue {
    fn drop(&mut self) {
        if let Some(life) = self.socket.life() {
            life.is_over();
        }
    }
}

impl Epilogue {
    fn start(&self, on: On<'_>) -> Option<Running> {
        let parts = EventParts { reason: Some(self.reason), ..EventParts::of_connection(&self.socket) };
        start(&self.socket, &[on], parts)
    }

    /// The rooms can be seen until `disconnect`. The listeners have served: one that captured its own socket
    /// would keep it, and itself, for ever.
    fn last(&self) -> Option<Running> {
        self.socket.forget_rooms();
        let running = self.start(On::Disconnect);
        self.socket.forget_listeners();
        running
    }

    async fn run_last(&self) {
        if let Some(running) = self.last() {
            run_to_end(&self.socket, running).await;
        }
    }
}

#[inline]
fn start_event(socket: &Socket, event: &Event<'_>) -> Option<Running> {
    if socket.has_middleware() {
        return Some(Box::pin(check_event(socket.clone(), event.to_owned_event())));
    }
    call_listeners(socket, event)
}

/// Runs the socket's middleware, each to its end, then the listeners, unless one of the former refuses the event.
async fn check_event(socket: Socket, event: EventBuf) -> Result<(), BoxError> {
    let mut checks = Listeners::new();
    socket.collect_listeners(On::Middleware, &mut checks);
    for check in checks {
        let started =
            catch_unwind(AssertUnwindSafe(|| check.start(&mut parts_of(&socket, &event.as_event()))));
        let refusal = match started {
            Ok(Ok(mut running)) => {
                let polled =
                    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx))) {
                        Ok(poll) => poll.map(|outcome| outcome.err().map(HandlerError::Refused)),
                        Err(panic) => Poll::Ready(Some(panicked(panic.as_ref()))),
                    });
                polled.await
            }
            Ok(Err(error)) => Some(HandlerError::Extract(error)),
            Err(panic) => Some(panicked(panic.as_ref())),
        };
        if let Some(refusal) = refusal {
            socket.inner_namespace().report(&socket, &refusal);
            return Ok(());
        }
    }
    if let Some(running) = call_listeners(&socket, &event.as_event()) {
        run_to_end(&socket, running).await;
    }
    Ok(())
}

#[inline]
fn call_listeners(socket: &Socket, event: &Event<'_>) -> Option<Running> {
    start(socket, &[On::Any, On::Event(&event.name)], parts_of(socket, event))
}

#[inline]
fn parts_of<'a>(socket: &'a Socket, event: &'a Event<'a>) -> EventParts<'a> {
    EventParts {
        socket,
        name: Some(&event.name),
        args: Some(&event.args),
        next_arg: 0,
        ack_id: event.ack_id,
        reason: None,
    }
}

/// Calls the listeners of `on`. Those that may overlap get tasks of their own; the others become one future
/// that runs them in order.
fn start(socket: &Socket, on: &[On<'_>], mut parts: EventParts<'_>) -> Option<Running> {
    let mut listeners = Listeners::new();
    if socket.has_listeners() || socket.inner_namespace().ancestor().is_some() {
        for &on in on {
            socket.inner_namespace().collect_listeners(on, &mut listeners);
            socket.collect_listeners(on, &mut listeners);
        }
    } else {
        socket.inner_namespace().collect_own_listeners(on, &mut listeners);
    }
    let overlaps = socket.inner_namespace().is_concurrent();
    let mut running: Option<Running> = None;
    let mut behind: Vec<Running> = Vec::new();
    for listener in listeners {
        // Each listener draws the arguments from the first on.
        parts.next_arg = 0;
        let ack_id = parts.ack_id;
        let started = catch_unwind(AssertUnwindSafe(|| listener.start(&mut parts)));
        match started {
            Ok(Ok(future)) if overlaps || listener.is_concurrent() => overlap(socket, future),
            Ok(Ok(future)) if running.is_none() => running = Some(future),
            Ok(Ok(future)) => behind.push(future),
            Ok(Err(error)) => {
                parts.ack_id = ack_id;
                socket.inner_namespace().report(socket, &HandlerError::Extract(error));
            }
            Err(panic) => report_panic(socket, panic.as_ref()),
        }
    }
    if behind.is_empty() {
        return running;
    }
    let socket = socket.clone();
    Some(Box::pin(async move {
        for running in running.into_iter().chain(behind) {
            run_to_end(&socket, running).await;
        }
        Ok(())
    }))
}

/// Runs a handler in a task of its own.
fn overlap(socket: &Socket, running: Running) {
    let socket = socket.clone();
    let outside = Outside::new(socket.conn(), 1);
    tokio::spawn(async move {
        run_outside(&socket, running).await;
        drop(outside);
    });
}

/// [`run_to_end`] in a task of its own: an answer of the same client that the handler awaits must still be read.
async fn run_outside(socket: &Socket, mut running: Running) {
    poll_fn(|cx| {
        let _entered = current::enter(socket.conn());
        poll_running(socket, &mut running, cx)
    })
    .await;
}

async fn run_to_end(socket: &Socket, mut running: Running) {
    poll_fn(|cx| poll_running(socket, &mut running, cx)).await;
}

/// One poll; an error or a panic is reported, and ends the handler as well.
fn poll_running(socket: &Socket, running: &mut Running, cx: &mut Context<'_>) -> Poll<()> {
    match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx))) {
        Ok(Poll::Pending) => return Poll::Pending,
        Ok(Poll::Ready(Ok(()))) => {}
        Ok(Poll::Ready(Err(error))) => {
            socket.inner_namespace().report(socket, &HandlerError::Failed(error));
        }
        Err(panic) => report_panic(socket, panic.as_ref()),
    }
    Poll::Ready(())
}

fn report_panic(socket: &Socket, panic: &(dyn Any + Send)) {
    socket.inner_namespace().report(socket, &panicked(panic));
}

fn panicked(panic: &(dyn Any + Send)) -> HandlerError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    HandlerError::Panicked(text.unwrap_or_else(|| "no message".to_owned()))
}
