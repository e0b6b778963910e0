//! The polling transport of a session: the poll that waits, the frames that did not fit the last payload,
//! and the POST whose packets are being handled. HTTP itself is elsewhere; a request is a channel here.

use super::mailbox::Runs;
use crate::frames::split_frame;
use bytes::Bytes;
use sockeye_proto::engine::{MAX_PAYLOAD_PACKETS, PayloadEncoder, PayloadPacket, RequestError, SEPARATOR};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

#[derive(Default)]
pub(crate) struct Polling {
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
    /// Where the next packet starts; `None` when all are handled.
    next: Option<usize>,
    verdict: oneshot::Sender<Result<(), RequestError>>,
}

/// A poll could not be parked.
pub(crate) struct Overlap;

impl Polling {
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
        let mut payload = PayloadEncoder::new(max_bytes);
        if let Some(backlog) = &mut self.backlog {
            backlog.fill(&mut payload);
            if backlog.sent == backlog.total {
                self.backlog = None;
            }
        }
        if self.backlog.is_none() {
            last.iter().for_each(|packet| payload.push_text(packet));
        }
        (!payload.is_empty()).then(|| payload.finish())
    }
}

impl Backlog {
    fn fill(&mut self, payload: &mut PayloadEncoder) {
        let mut skip = self.sent;
        for run in self.runs.iter() {
            if skip >= run.len() {
                skip -= run.len();
                continue;
            }
            let mut rest = run.get(skip..).unwrap_or_default();
            skip = 0;
            while let Some((frame_len, is_text, content)) = split_frame(rest) {
                let fits = if is_text {
                    payload.fits_text(content.len())
                } else {
                    payload.fits_binary(content.len())
                };
                if !fits {
                    return;
                }
                if is_text {
                    payload.push_text(content)
                } else {
                    payload.push_binary(content)
                }
                self.sent += frame_len;
                rest = rest.get(frame_len..).unwrap_or_default();
            }
        }
    }
}

impl HeldPost {
    /// Takes the body of a POST, or refuses it at once.
    pub(crate) fn new(body: Bytes, verdict: oneshot::Sender<Result<(), RequestError>>) -> Option<Box<Self>> {
        let is_text = std::str::from_utf8(&body).is_ok();
        match body.iter().filter(|&&byte| byte == SEPARATOR).count() {
            separators if is_text && separators < MAX_PAYLOAD_PACKETS => {
                Some(Box::new(Self { body, next: Some(0), verdict }))
            }
            _ => {
                let _ = verdict.send(Err(RequestError::BadRequest("PARSE_ERROR")));
                None
            }
        }
    }

    /// The next packet. `None` when there is none left, an error when it is no packet.
    pub(crate) fn next(&mut self) -> Option<Result<PayloadPacket<'_>, ()>> {
        let start = self.next?;
        let rest = self.body.get(start..)?;
        let end = rest.iter().position(|&byte| byte == SEPARATOR);
        self.next = end.map(|end| start + end + 1);
        // The whole is UTF-8 and the separator ASCII, so each packet is UTF-8. Only the packet is looked at: with
        // all that follows it, a body of many packets would cost its square.
        let packet = std::str::from_utf8(rest.get(..end.unwrap_or(rest.len()))?).ok()?;
        Some(PayloadPacket::decode_text(packet).map_err(drop))
    }

    pub(crate) fn answer(self, verdict: Result<(), RequestError>) {
        let _ = self.verdict.send(verdict);
    }

    /// Whether the request was aborted.
    pub(crate) fn is_aborted(&mut self, cx: &mut Context<'_>) -> bool {
        matches!(self.verdict.poll_closed(cx), Poll::Ready(()))
    }
}
