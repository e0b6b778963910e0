//! What an end says and hears: numbered events in two namespaces, of which some ask for an ack, some carry
//! attachments and some do both. What a number stands for follows from the number alone, so that whoever
//! hears it can tell whether it is complete.

use super::link::Frame;
use crate::engine::{Packet, PayloadEncoder, Transport};
use crate::socket::{Args, Encoded, Event, encode_ack, encode_event};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

pub(super) const NAMESPACES: [&str; 2] = ["/", "/room"];

/// One end's half of the talk.
#[derive(Default)]
pub(super) struct Talk {
    /// What is encoded and not yet written.
    pub(super) queue: VecDeque<Frame>,
    pub(super) said: u64,
    pub(super) heard: Vec<u64>,
    /// Events whose ack is awaited.
    pub(super) asked: BTreeMap<(&'static str, u64), u64>,
    /// Events whose ack came, in the order of coming.
    pub(super) answered: Vec<u64>,
    /// Every packet that arrived, and by which transport.
    pub(super) seen: Vec<(Transport, Seen)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A Socket.IO packet that announces so many attachments.
    Text {
        attachments: usize,
    },
    Attachment,
    /// A packet that never leaves the engine, or none at all.
    Engine,
}

/// What a shell hands to its connection.
#[derive(Clone, Copy)]
pub(super) enum Incoming<'a> {
    /// The text of a WebSocket message.
    Text(&'a str),
    /// A binary message, or a packet of a payload.
    Packet(Packet<'a>),
}

impl Talk {
    /// Queues the next event. `ack_id` gives a fresh one for a namespace.
    pub(super) fn say(&mut self, ack_id: impl FnOnce(&str) -> u64) {
        let number = self.said;
        self.said += 1;
        let namespace = namespace_of(number);
        let id = (number % 4 == 1).then(|| ack_id(namespace));
        if let Some(id) = id {
            assert_eq!(self.asked.insert((namespace, id), number), None, "an ack id twice");
        }
        let encoded = if number % 5 == 2 {
            encode_event(namespace, "count", id, (number, vec![bytes_of(number)], bytes_of(number + 1)), 0)
        } else {
            encode_event(namespace, "count", id, &number, 0)
        };
        self.push(encoded.unwrap());
    }

    /// Takes an event of the other end, and answers it if that is asked for.
    pub(super) fn hear(&mut self, namespace: &'static str, event: &Event<'_>) {
        assert_eq!(event.name, "count");
        let (number, nested, plain) =
            event.args.decode_all::<(u64, Option<Vec<Bytes>>, Option<Bytes>)>().unwrap();
        let attached = number % 5 == 2;
        assert_eq!(namespace, namespace_of(number));
        assert_eq!(nested, attached.then(|| vec![bytes_of(number)]), "of {number}");
        assert_eq!(plain, attached.then(|| bytes_of(number + 1)), "of {number}");
        assert_eq!(event.ack_id.is_some(), number % 4 == 1);
        self.heard.push(number);
        if let Some(id) = event.ack_id {
            let answer = if number % 8 == 1 {
                encode_ack(namespace, id, (number, bytes_of(number)), 0)
            } else {
                encode_ack(namespace, id, &number, 0)
            };
            self.push(answer.unwrap());
        }
    }

    /// Takes an ack of the other end.
    pub(super) fn hear_answer(&mut self, namespace: &'static str, id: u64, args: &Args<'_>) {
        let (number, attachment) = args.decode_all::<(u64, Option<Bytes>)>().unwrap();
        assert_eq!(self.asked.remove(&(namespace, id)), Some(number), "id {id} of {namespace}");
        assert_eq!(attachment, (number % 8 == 1).then(|| bytes_of(number)));
        self.answered.push(number);
    }

    /// Notes what arrived before it is handled.
    pub(super) fn see(&mut self, incoming: Incoming<'_>, transport: Transport) {
        let packet = match incoming {
            Incoming::Packet(packet) => Ok(packet),
            Incoming::Text(text) => Packet::decode_text(text),
        };
        let seen = match packet {
            Ok(Packet::Message(text)) => Seen::Text { attachments: announced(text) },
            Ok(Packet::Binary(_)) => Seen::Attachment,
            Ok(_) | Err(_) => Seen::Engine,
        };
        self.seen.push((transport, seen));
    }

    pub(super) fn push(&mut self, encoded: Encoded) {
        self.queue.push_back(Frame::Text(String::from_utf8(encoded.text).unwrap()));
        self.queue.extend(encoded.attachments.into_iter().map(Frame::Binary));
    }

    /// Queues a packet of the engine, which waits for nothing, not even for the rest of a binary packet.
    pub(super) fn push_engine(&mut self, packet: &str) {
        self.queue.push_front(Frame::Text(packet.into()));
    }

    /// As much of the queue as one body takes.
    pub(super) fn fill(&mut self, mut body: PayloadEncoder) -> Vec<u8> {
        while let Some(frame) = self.queue.front() {
            match frame {
                Frame::Text(text) if body.fits_text(text.len()) => body.push_text(text.as_bytes()),
                Frame::Binary(data) if body.fits_binary(data.len()) => body.push_binary(data),
                _ => break,
            }
            self.queue.pop_front();
        }
        body.finish()
    }

    /// Everything that `other` said was heard once and in order, and everything asked was answered.
    pub(super) fn assert_heard_all_of(&self, other: &Talk) {
        assert!(self.heard.iter().copied().eq(0..other.said), "heard {:?} of {}", self.heard, other.said);
        assert_eq!(self.asked, BTreeMap::new(), "unanswered");
        let asked = (0..self.said).filter(|number| number % 4 == 1);
        assert!(self.answered.iter().copied().eq(asked), "answered {:?}", self.answered);
    }
}

fn namespace_of(number: u64) -> &'static str {
    NAMESPACES[usize::from(number.is_multiple_of(3))]
}

fn bytes_of(number: u64) -> Bytes {
    (0..number % 41).map(|at| (number ^ at) as u8).collect()
}

/// The namespace of this name, for as long as the tests run.
pub(super) fn known(namespace: &str) -> &'static str {
    NAMESPACES.into_iter().find(|known| *known == namespace).unwrap()
}

fn announced(text: &str) -> usize {
    match text.strip_prefix(['5', '6']).and_then(|rest| rest.split_once('-')) {
        Some((count, _)) => count.parse().unwrap(),
        None => 0,
    }
}
