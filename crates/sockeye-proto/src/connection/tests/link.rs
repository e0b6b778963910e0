//! The way between two ends. Requests take each their own way, so they may overtake each other and the
//! WebSocket; its bytes keep their order, but arrive in pieces that know nothing of frames.

use crate::testing::Random;
use crate::websocket::{Decoder, Message, Opcode, Role, encode_frame};
use bytes::Bytes;
use std::collections::BTreeMap;

/// What arrives.
pub(super) enum Parcel {
    /// A GET, at the server.
    Get,
    /// Its answer, at the client.
    GetAnswer(Vec<u8>),
    /// A POST, at the server.
    Post(Vec<u8>),
    /// Its `ok`, at the client.
    PostAnswer,
    /// Status 400 to either, at the client.
    Refused,
    /// The request for a WebSocket, at the server.
    WsRequest,
    /// Its consent, at the client.
    WsOpen,
    /// Bytes of the WebSocket, at the server.
    Up(Vec<u8>),
    /// Bytes of the WebSocket, at the client.
    Down(Vec<u8>),
}

impl Parcel {
    pub(super) fn is_for_server(&self) -> bool {
        matches!(self, Parcel::Get | Parcel::Post(_) | Parcel::WsRequest | Parcel::Up(_))
    }
}

pub(super) struct Link {
    pub(super) now: u64,
    /// From here on nothing arrives at the server any more.
    pub(super) up_cut_at: u64,
    /// From here on nothing arrives at the client any more.
    pub(super) down_cut_at: u64,
    /// So many frames of the client still reach the server: a WebSocket that a proxy lets open and starves.
    pub(super) frames_up_left: u64,
    random: Random,
    max_delay: u64,
    /// Nothing arrives before.
    stalled_until: u64,
    sequence: u64,
    /// Keyed by arrival and a number that keeps the order of equal arrivals.
    parcels: BTreeMap<(u64, u64), Parcel>,
    pub(super) up: Way,
    pub(super) down: Way,
}

/// One direction of the WebSocket.
#[derive(Default)]
pub(super) struct Way {
    /// All that was ever written.
    pub(super) recorded: Vec<u8>,
    /// How much of that is on its way.
    sent: usize,
    last_arrival: u64,
}

impl Link {
    /// Parcels take up to `max_delay` ms each.
    pub(super) fn new(seed: u64, max_delay: u64) -> Self {
        Self {
            now: 0,
            up_cut_at: u64::MAX,
            down_cut_at: u64::MAX,
            frames_up_left: u64::MAX,
            random: Random::new(seed),
            max_delay,
            stalled_until: 0,
            sequence: 0,
            parcels: BTreeMap::new(),
            up: Way::default(),
            down: Way::default(),
        }
    }

    /// Sends a request or an answer.
    pub(super) fn send(&mut self, parcel: Parcel) {
        let arrival = self.arrival();
        self.dispatch(arrival, parcel);
    }

    /// Sends the consent to a WebSocket; nothing of the WebSocket overtakes it.
    pub(super) fn open_websocket(&mut self) {
        self.down.last_arrival = self.arrival();
        self.dispatch(self.down.last_arrival, Parcel::WsOpen);
    }

    pub(super) fn write_up(&mut self, opcode: Opcode, payload: &[u8]) {
        let Some(left) = self.frames_up_left.checked_sub(1) else { return };
        self.frames_up_left = left;
        let mask = (self.random.next() as u32).to_be_bytes();
        encode_frame(&mut self.up.recorded, opcode, payload, Some(mask));
    }

    pub(super) fn write_down(&mut self, opcode: Opcode, payload: &[u8]) {
        encode_frame(&mut self.down.recorded, opcode, payload, None);
    }

    /// Sends what was written since the last time, in pieces cut anywhere.
    pub(super) fn flush(&mut self) {
        while let Some(piece) = self.up.cut_piece(&mut self.random) {
            self.up.last_arrival = self.up.last_arrival.max(self.arrival());
            self.dispatch(self.up.last_arrival, Parcel::Up(piece));
        }
        while let Some(piece) = self.down.cut_piece(&mut self.random) {
            self.down.last_arrival = self.down.last_arrival.max(self.arrival());
            self.dispatch(self.down.last_arrival, Parcel::Down(piece));
        }
    }

    /// Holds up whatever is on its way, and whatever follows, until `until`.
    pub(super) fn stall(&mut self, until: u64) {
        self.stalled_until = until;
        for ((arrival, sequence), parcel) in std::mem::take(&mut self.parcels) {
            self.parcels.insert((arrival.max(until), sequence), parcel);
        }
    }

    /// When the next parcel arrives, `u64::MAX` if none is on its way.
    pub(super) fn next_arrival(&self) -> u64 {
        self.parcels.keys().next().map_or(u64::MAX, |key| key.0)
    }

    /// The next parcel, unless a cut has swallowed it.
    pub(super) fn receive(&mut self) -> Option<Parcel> {
        let ((arrival, _), parcel) = self.parcels.pop_first()?;
        let cut_at = if parcel.is_for_server() { self.up_cut_at } else { self.down_cut_at };
        (arrival < cut_at).then_some(parcel)
    }

    fn arrival(&mut self) -> u64 {
        (self.now + self.random.below(self.max_delay + 1)).max(self.stalled_until)
    }

    fn dispatch(&mut self, arrival: u64, parcel: Parcel) {
        self.sequence += 1;
        self.parcels.insert((arrival, self.sequence), parcel);
    }
}

impl Way {
    /// One in two pieces is a short one, so that headers are cut, too.
    fn cut_piece(&mut self, random: &mut Random) -> Option<Vec<u8>> {
        let rest = &self.recorded[self.sent..];
        if rest.is_empty() {
            return None;
        }
        let limit = if random.below(2) == 0 { rest.len() } else { rest.len().min(16) };
        let piece = rest[..1 + random.index(limit)].to_vec();
        self.sent += piece.len();
        Some(piece)
    }
}

/// A message of a WebSocket, kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Frame {
    Text(String),
    Binary(Bytes),
    Close,
}

/// The receiving half of a WebSocket.
pub(super) struct Socket {
    decoder: Decoder,
    buffer: Vec<u8>,
}

impl Socket {
    pub(super) fn new(role: Role) -> Self {
        Self { decoder: Decoder::new(role, 1_000_000), buffer: Vec::new() }
    }

    /// The messages that `bytes` complete; the connection fails on an error.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, crate::websocket::FrameError> {
        self.buffer.extend_from_slice(bytes);
        let mut frames = Vec::new();
        let mut start = 0;
        loop {
            let decoded = self.decoder.decode(&mut self.buffer[start..])?;
            start += decoded.consumed;
            frames.push(match decoded.message {
                Some(Message::Text(text)) => Frame::Text(text.into()),
                Some(Message::Binary(data)) => Frame::Binary(Bytes::copy_from_slice(data)),
                Some(Message::Close(_)) => Frame::Close,
                Some(Message::Ping(_) | Message::Pong(_)) => continue,
                None => break,
            });
        }
        self.buffer.drain(..start);
        Ok(frames)
    }
}
