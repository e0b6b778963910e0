//! The end of a session: its sockets end at once, then the peer is told, in the way of its transport and
//! within a time limit.

use super::control::Control;
use super::core::{End, Parting};
use super::dialect::Dialect;
use super::link::Link;
use super::mailbox::Mailbox;
use super::polling::Polling;
use super::{LINGER, Session, Step, Wire, flush_link};
use crate::server::Upper;
use sockeye_proto::engine::{CloseReason, RequestError};
use sockeye_proto::socket::DisconnectReason;
use sockeye_proto::websocket::CloseCode;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// How long a polling client may take to fetch the news that its session was closed.
const CLOSE_POLL: Duration = Duration::from_secs(30);

/// The same when the server stops.
const SHUTDOWN_POLL: Duration = Duration::from_secs(1);

impl Session {
    /// Ends the sockets at once, then takes leave of the peer.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>, sleep: Pin<&mut Sleep>) -> Step {
        let Some(End { reason, parting }) = self.core.end else { return Step::Again };
        let now = self.shared().now();
        let Some(until) = self.closing else {
            tracing::debug!(%reason, "closed");
            let until = now + self.linger(reason);
            self.closing = Some(until);
            self.parked_at_end = matches!(&self.wire, Wire::Polling(polling) if polling.is_parked());
            self.core.conn.mailbox.close();
            self.core.sockets.end_all(disconnect_reason(reason));
            if let Upper::Engine(handlers) = &self.core.conn.shared.upper {
                handlers.closed(&self.core.conn, reason);
            }
            if let Some(link) = self.probe.take() {
                self.probe_goodbye(link);
            }
            if let Wire::Polling(polling) = &mut self.wire {
                if let Some(post) = polling.post.take() {
                    post.answer(Err(RequestError::BadRequest("CLOSED")));
                }
            } else {
                self.core.conn.shared.forget(&self.core.conn);
            }
            self.armed = until;
            return Step::Again;
        };
        let mailbox = &self.core.conn.mailbox;
        let gone = match (&mut self.wire, parting) {
            (_, Parting::None) => Poll::Ready(()),
            (Wire::WebSocket(link), Parting::Close(code)) => {
                poll_close_link(link, code, mailbox, self.core.dialect, cx)
            }
            (Wire::Polling(polling), Parting::Close(_)) => poll_close_polling(
                polling,
                mailbox,
                self.core.conn.shared.config.max_payload_bytes,
                farewell(reason, self.parked_at_end),
            ),
        };
        if gone.is_ready() || until <= now {
            self.core.conn.shared.forget(&self.core.conn);
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
        if let Some(retiring) = &self.retiring
            && !parked
        {
            // The client comes for the rest within the time it was given, or is gone.
            return retiring.until.since(self.shared().now()).max(SHUTDOWN_POLL);
        }
        match reason {
            // A poll that waits hears of it at once; of other news a client must come and ask.
            CloseReason::ForcedClose if !parked => CLOSE_POLL,
            CloseReason::ServerShuttingDown if !parked => SHUTDOWN_POLL,
            _ => Duration::ZERO,
        }
    }
}

/// All that was queued, then the close frame, then until the peer closes too.
fn poll_close_link(
    link: &mut Link,
    code: Option<CloseCode>,
    mailbox: &Mailbox<Control>,
    dialect: Dialect,
    cx: &mut Context<'_>,
) -> Poll<()> {
    match flush_link(link, mailbox, dialect, cx) {
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
    mailbox: &Mailbox<Control>,
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
