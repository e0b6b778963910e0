//! `echo`, `ack`, `bin`: every connection keeps its number of messages under way. One operation is one
//! request with its answer; latency is from send to answer.

use std::time::Instant;

use serde_json::Value;

use crate::client::form::msgpack_event;
use crate::client::{Client, Key, TURN};
use crate::failure::Failure;
use crate::frame::{self, masked};
use crate::options::Options;
use crate::procfs::ProcessTree;
use crate::window::{Window, nothing_extra};

/// Which request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `42["echo","x…"]`, answered by the same bytes.
    Echo,
    /// `42<id>["ack","x"]`, answered by `43<id>["x"]`.
    Ack,
    /// A packet with one attachment, answered by the same two frames.
    Binary,
}

pub(super) fn run(options: &Options, server: &ProcessTree, kind: Kind) -> Result<Value, Failure> {
    let mut client = Client::new(options)?;
    client.establish(options.conns)?;
    let traffic = Traffic::new(kind, options);
    let mut under_way = UnderWay::new(options);
    let first = traffic.frames.concat();
    for key in 0..options.conns {
        under_way.all_sent(key, Instant::now());
        client.send(key, &first);
    }
    let mut operations = 0;
    let mut errors = 0;
    let mut answered: Vec<usize> = Vec::new();
    let mut outgoing: Vec<u8> = Vec::new();
    let mut window = Window::new(options, server);
    while !window.is_over(operations)? {
        client.on_readable(TURN, |client, key| {
            answered.clear();
            client.receive(key, |opcode, payload| match traffic.judge(opcode, payload) {
                Answer::Ack(slot) => answered.push(slot),
                Answer::Next => answered.push(under_way.oldest(key)),
                Answer::WrongButNext => {
                    errors += 1;
                    answered.push(under_way.oldest(key));
                }
                Answer::Wrong => errors += 1,
                Answer::Announcement => {}
            })?;
            if answered.is_empty() {
                return Ok(());
            }
            let now = Instant::now();
            operations += answered.len() as u64;
            outgoing.clear();
            for &slot in &answered {
                window.record(now - under_way.resend(key, slot, now));
                outgoing.extend_from_slice(&traffic.frames[slot]);
            }
            client.send(key, &outgoing);
            Ok(())
        })?;
    }
    Ok(window.report(operations, errors + client.send_errors(), nothing_extra()))
}

/// The frames of one connection, one per slot of its depth, and what their answers look like.
struct Traffic {
    kind: Kind,
    frames: Vec<Vec<u8>>,
    expected: Vec<u8>,
}

/// What a received message is.
enum Answer {
    /// The acknowledgement of this slot.
    Ack(usize),
    /// The answer to the oldest request under way.
    Next,
    /// The same, with wrong bytes.
    WrongButNext,
    /// Nothing that could answer a request.
    Wrong,
    /// The header of a binary packet, whose attachment is the answer.
    Announcement,
}

/// Acknowledgement ids of three digits, so that every request and answer of a run has the same length.
const FIRST_ACK_ID: usize = 100;

impl Traffic {
    fn new(kind: Kind, options: &Options) -> Self {
        let (expected, requests): (Vec<u8>, Vec<Vec<u8>>) = match kind {
            Kind::Echo if options.msgpack => {
                let packet = msgpack_event("echo", &"x".repeat(options.size));
                let request = masked(frame::BINARY, &packet);
                (packet, vec![request; options.depth])
            }
            Kind::Echo => {
                let packet = format!("42[\"echo\",\"{}\"]", "x".repeat(options.size)).into_bytes();
                let request = masked(frame::TEXT, &packet);
                (packet, vec![request; options.depth])
            }
            Kind::Ack => {
                let request = |id| masked(frame::TEXT, format!("42{id}[\"ack\",\"x\"]").as_bytes());
                let ids = FIRST_ACK_ID..FIRST_ACK_ID + options.depth;
                (b"[\"x\"]".to_vec(), ids.map(request).collect())
            }
            Kind::Binary => {
                let attachment: Vec<u8> = (0..options.size).map(|i| (i * 7) as u8).collect();
                let mut request = masked(frame::TEXT, b"451-[\"bin\",{\"_placeholder\":true,\"num\":0}]");
                request.extend(masked(frame::BINARY, &attachment));
                (attachment, vec![request; options.depth])
            }
        };
        Traffic { kind, frames: requests, expected }
    }

    #[inline]
    fn judge(&self, opcode: u8, payload: &[u8]) -> Answer {
        match self.kind {
            Kind::Echo if payload == self.expected => Answer::Next,
            Kind::Echo => Answer::WrongButNext,
            Kind::Ack => self.slot_of_ack(payload).map_or(Answer::Wrong, Answer::Ack),
            Kind::Binary if opcode == frame::BINARY && payload == self.expected => Answer::Next,
            Kind::Binary if opcode == frame::BINARY => Answer::WrongButNext,
            Kind::Binary if payload.starts_with(b"451-[\"bin\",") => Answer::Announcement,
            Kind::Binary => Answer::Wrong,
        }
    }

    /// The slot that `43<id>["x"]` answers.
    #[inline]
    fn slot_of_ack(&self, payload: &[u8]) -> Option<usize> {
        let (digits, argument) = payload.strip_prefix(b"43")?.split_first_chunk::<3>()?;
        if argument != self.expected || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let id = digits.iter().fold(0, |id, digit| id * 10 + usize::from(digit - b'0'));
        id.checked_sub(FIRST_ACK_ID).filter(|slot| *slot < self.frames.len())
    }
}

/// When each request under way was sent.
struct UnderWay {
    depth: usize,
    sent: Vec<Instant>,
    /// The slot of each connection whose answer is due next, where answers come in order.
    oldest: Vec<usize>,
}

impl UnderWay {
    fn new(options: &Options) -> Self {
        let sent = vec![Instant::now(); options.conns * options.depth];
        UnderWay { depth: options.depth, sent, oldest: vec![0; options.conns] }
    }

    fn all_sent(&mut self, key: Key, now: Instant) {
        self.sent[key * self.depth..][..self.depth].fill(now);
    }

    #[inline]
    fn oldest(&mut self, key: Key) -> usize {
        let slot = self.oldest[key];
        self.oldest[key] = if slot + 1 == self.depth { 0 } else { slot + 1 };
        slot
    }

    /// Replaces the request in this slot, and says when the former was sent.
    #[inline]
    fn resend(&mut self, key: Key, slot: usize, now: Instant) -> Instant {
        std::mem::replace(&mut self.sent[key * self.depth + slot], now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_names_its_slot_and_nothing_else_passes() {
        let traffic = Traffic::new(Kind::Ack, &Options { depth: 16, ..Options::default() });
        assert_eq!(traffic.slot_of_ack(b"43107[\"x\"]"), Some(7));
        for wrong in ["43116[\"x\"]", "43099[\"x\"]", "43107[\"y\"]", "4310a[\"x\"]", "42107[\"x\"]", "431"] {
            assert_eq!(traffic.slot_of_ack(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
