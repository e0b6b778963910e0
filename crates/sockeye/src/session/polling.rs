//! The polling transport of a session: the poll that waits, the frames that did not fit the last payload,
//! and the POST whose packets are being handled. HTTP itself is elsewhere; a request is a channel here.

use super::dialect::{Content, Dialect, Payload, frames_of};
use super::mailbox::Runs;
use crate::http::RequestHead;
use bytes::Bytes;
use sockeye_proto::engine::{MAX_PAYLOAD_PACKETS, PayloadPacket, RequestError, SEPARATOR, v3};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

pub(crate) struct Polling {
    dialect: Dialect,
    parked: Option<oneshot::Sender<Vec<u8>>>,
    backlog: Option<Backlog>,
    /// The POST whose packets are being handled. Its verdict is held back while an inbox is full.
    pub(crate) post: Option<Box<HeldPost>>,
}

/// Frames on their way into payloads.
struct Backlog {
    runs: Runs,
    /// Bytes of `runs` that have left.
    sent: usize,
    total: usize,
}

pub(crate) struct HeldPost {
    body: Bytes,
    /// Its head, where the handler of the messages wants to see it.
    pub(crate) request: Option<RequestHead>,
    /// Where the next packet starts; `None` when all are handled.
    next: Option<usize>,
    dialect: Dialect,
    /// Packets that were looked at.
    taken: usize,
    verdict: oneshot::Sender<Result<(), RequestError>>,
}

/// A poll could not be parked.
pub(crate) struct Overlap;

impl Polling {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, parked: None, backlog: None, post: None }
    }

    /// Takes a poll.
    ///
    /// # Errors
    /// Another one waits already; it is answered as the end of the session, the new one is refused.
    pub(crate) fn park(&mut self, poll: oneshot::Sender<Vec<u8>>) -> Result<(), Overlap> {
        if self.is_parked() {
            return Err(Overlap);
        }
        self.parked = Some(poll);
        Ok(())
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.parked.is_some()
    }

    /// Whether the waiting poll's request was aborted; registers for the news otherwise.
    pub(crate) fn is_aborted(&mut self, cx: &mut Context<'_>) -> bool {
        let aborted = self.parked.as_mut().is_some_and(|parked| parked.poll_closed(cx).is_ready());
        if aborted {
            self.parked = None;
        }
        aborted
    }

    /// Answers the waiting poll. False if its request is gone, with whatever was in the payload.
    pub(crate) fn answer(&mut self, payload: Vec<u8>) -> bool {
        self.parked.take().is_none_or(|parked| parked.send(payload).is_ok())
    }

    /// Answers the waiting poll with a noop, so that it ends.
    pub(crate) fn release(&mut self) -> bool {
        let mut payload = self.dialect.payload(usize::MAX);
        payload.push(Content::Text(b"6"));
        self.answer(payload.finish().unwrap_or_default())
    }

    /// True when frames from the mailbox may be loaded.
    pub(crate) fn wants_frames(&self) -> bool {
        self.backlog.is_none()
    }

    pub(crate) fn load(&mut self, runs: Runs) {
        let total = runs.iter().map(<[u8]>::len).sum();
        self.backlog = Some(Backlog { runs, sent: 0, total });
    }

    /// Bytes that were loaded and have not left.
    pub(crate) fn unwritten(&self) -> usize {
        self.backlog.as_ref().map_or(0, |backlog| backlog.total - backlog.sent)
    }

    /// What is loaded and has not left, with how much of it has: for the transport that takes over.
    pub(crate) fn take_backlog(&mut self) -> Option<(Runs, usize)> {
        self.backlog.take().map(|backlog| (backlog.runs, backlog.sent))
    }

    /// As many of the loaded packets as a payload may hold, with `last` behind them if all fit.
    pub(crate) fn payload(&mut self, max_bytes: usize, last: &[&[u8]]) -> Option<Vec<u8>> {
        let mut payload = self.dialect.payload(max_bytes);
        let all = self.backlog.as_mut().is_none_or(|backlog| backlog.fill(&mut payload));
        if all {
            last.iter().for_each(|packet| payload.push(Content::Text(packet)));
        }
        let body = payload.finish();
        if all {
            self.backlog = None;
        }
        body
    }
}

impl Backlog {
    /// Puts frame after frame into the payload, while they fit. True when all have left.
    fn fill<'a>(&'a mut self, payload: &mut Payload<'a>) -> bool {
        for frame in frames_of(&self.runs, self.sent) {
            if !payload.fits(frame.content) {
                return false;
            }
            payload.push(frame.content);
            self.sent += frame.bytes.len();
        }
        true
    }
}

impl HeldPost {
    /// Takes the body of a POST, or refuses it at once.
    pub(crate) fn new(
        body: Bytes,
        request: Option<RequestHead>,
        verdict: oneshot::Sender<Result<(), RequestError>>,
        dialect: Dialect,
    ) -> Option<Box<Self>> {
        let acceptable = match dialect {
            Dialect::V4 => {
                let separators = body.iter().filter(|&&byte| byte == SEPARATOR).count();
                std::str::from_utf8(&body).is_ok() && separators < MAX_PAYLOAD_PACKETS
            }
            // Its packets are found one by one.
            Dialect::V3(_) => !body.is_empty(),
        };
        if !acceptable {
            let _ = verdict.send(Err(RequestError::BadRequest("PARSE_ERROR")));
            return None;
        }
        Some(Box::new(Self { body, request, next: Some(0), dialect, taken: 0, verdict }))
    }

    /// The next packet. `None` when there is none left, an error when it is no packet.
    pub(crate) fn next(&mut self) -> Option<Result<PayloadPacket<'_>, ()>> {
        let start = self.next?;
        if let Dialect::V3(_) = self.dialect {
            return self.next_v3(start);
        }
        let rest = self.body.get(start..)?;
        let end = rest.iter().position(|&byte| byte == SEPARATOR);
        self.next = end.map(|end| start + end + 1);
        // The whole is UTF-8 and the separator ASCII, so each packet is UTF-8. Only the packet is looked at: with
        // all that follows it, a body of many packets would cost its square.
        let packet = std::str::from_utf8(rest.get(..end.unwrap_or(rest.len()))?).ok()?;
        Some(PayloadPacket::decode_text(packet).map_err(drop))
    }

    fn next_v3(&mut self, start: usize) -> Option<Result<PayloadPacket<'_>, ()>> {
        self.taken += 1;
        let decoded = v3::decode_packet(&self.body, start).map_err(drop);
        match decoded.transpose()? {
            Ok((packet, next)) if self.taken <= MAX_PAYLOAD_PACKETS => {
                self.next = Some(next);
                Some(Ok(packet))
            }
            _ => Some(Err(())),
        }
    }

    pub(crate) fn answer(self, verdict: Result<(), RequestError>) {
        let _ = self.verdict.send(verdict);
    }

    /// Whether the request was aborted.
    pub(crate) fn is_aborted(&mut self, cx: &mut Context<'_>) -> bool {
        matches!(self.verdict.poll_closed(cx), Poll::Ready(()))
    }
}
