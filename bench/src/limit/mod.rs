//! The physical limit: the least work that answers the contract of `README.md`, as a yardstick.
//!
//! One thread, one epoll, one `recv` per readable connection, frames recognised by their first bytes. No
//! JSON, no session work, no timers, no pings, no limits: nothing of the protocol but its bytes, and
//! nothing to build a server on. `sockeye` and its peers are measured as multiples of it.

mod handshake;
mod packet;
mod polling;

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;

use memchr::memmem;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{self, RecvFlags, SendFlags, SocketFlags};
use slab::Slab;

use crate::frame;
use packet::Packet;
use polling::Sessions;

/// When a frame leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// At once: one `send` per delivery, and one for all answers to what was read together.
    AtOnce,
    /// Corked: what goes to one connection within one batch of events leaves in one `send` at its end. For
    /// fan-out this is the real floor.
    Corked,
}

type Key = usize;

#[derive(Debug)]
struct Connection {
    socket: OwnedFd,
    /// Its place among the members once it speaks WebSocket.
    member: Option<Member>,
    /// It is on the list of connections with corked frames.
    corked: bool,
    /// Received bytes that are not a whole frame or request yet.
    partial: Vec<u8>,
    /// Bytes that are corked, or that the kernel did not take.
    unsent: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    /// Position in the list of all members.
    position: u32,
    /// Number of its only room, 0 for none.
    room: u16,
}

/// The server. It runs until its process ends.
#[derive(Debug)]
pub struct Limit {
    epoll: OwnedFd,
    listener: TcpListener,
    writes: Writes,
    connections: Slab<Connection>,
    /// All connections of the namespace.
    members: Vec<Key>,
    /// Members of each room, by its number plus one; the first is nobody's.
    rooms: Vec<Vec<Key>>,
    /// Connections with corked frames.
    corked: Vec<Key>,
    sessions: Sessions,
    next_id: u32,
    /// Answers to one read, kept for its memory only.
    answers: Vec<u8>,
}

/// What becomes of a connection after its bytes were handled.
enum Verdict {
    /// Bytes that were used; the rest is not complete yet.
    Used(usize),
    Close,
}

impl Limit {
    /// A server on this listener.
    ///
    /// # Errors
    /// The kernel refuses an epoll descriptor.
    pub fn new(listener: TcpListener, writes: Writes) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        Ok(Limit {
            epoll,
            listener,
            writes,
            connections: Slab::new(),
            members: Vec::new(),
            rooms: vec![Vec::new()],
            corked: Vec::new(),
            sessions: Sessions::default(),
            next_id: 0,
            answers: Vec::with_capacity(1 << 16),
        })
    }

    /// Serves for ever.
    ///
    /// # Errors
    /// `epoll_wait` fails for another reason than a signal.
    pub fn run(mut self) -> io::Result<()> {
        let batch = if self.writes == Writes::Corked { CORKED_BATCH } else { PLAIN_BATCH };
        let mut events: Vec<epoll::Event> = Vec::with_capacity(batch);
        let mut buffer = vec![0; 1 << 18];
        loop {
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for &epoll::Event { flags, data } in &events {
                if data.u64() == LISTENER {
                    self.accept();
                } else {
                    self.handle(data.u64() as Key, flags, &mut buffer);
                }
            }
            if !self.corked.is_empty() {
                self.uncork();
            }
        }
    }

    fn accept(&mut self) {
        for _ in 0..ACCEPTS_AT_ONCE {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let Ok(socket) = net::accept_with(&self.listener, flags) else { return };
            // A connection that is gone already shows as one that ends at its first read.
            let _ = net::sockopt::set_tcp_nodelay(&socket, true);
            let entry = self.connections.vacant_entry();
            if epoll::add(&self.epoll, &socket, EventData::new_u64(entry.key() as u64), EventFlags::IN)
                .is_ok()
            {
                let (partial, unsent) = (Vec::new(), Vec::new());
                entry.insert(Connection { socket, member: None, corked: false, partial, unsent });
            }
        }
    }

    fn handle(&mut self, key: Key, flags: EventFlags, buffer: &mut [u8]) {
        // An earlier event of the batch may have closed it.
        let Some(connection) = self.connections.get_mut(key) else { return };
        if flags.intersects(EventFlags::OUT) {
            if let Ok(sent) = net::send(&connection.socket, &connection.unsent, SendFlags::NOSIGNAL) {
                connection.unsent.drain(..sent);
            }
            if connection.unsent.is_empty() {
                connection.unsent = Vec::new();
                watch(&self.epoll, connection, key, EventFlags::IN);
            }
        }
        if !flags.intersects(READABLE) {
            return;
        }
        let before = connection.partial.len();
        if before >= buffer.len() {
            return self.close(key);
        }
        buffer[..before].copy_from_slice(&connection.partial);
        connection.partial = Vec::new();
        let end = match net::recv(&connection.socket, &mut buffer[before..], RecvFlags::empty()) {
            Ok((0, _)) => return self.close(key),
            Ok((count, _)) => before + count,
            Err(Errno::AGAIN) => before,
            Err(_) => return self.close(key),
        };
        match self.handle_bytes(key, &mut buffer[..end]) {
            Verdict::Used(used) if used < end => self.connections[key].partial = buffer[used..end].to_vec(),
            Verdict::Used(_) => {}
            Verdict::Close => self.close(key),
        }
    }

    fn handle_bytes(&mut self, key: Key, bytes: &mut [u8]) -> Verdict {
        if self.connections[key].member.is_some() {
            return self.handle_frames(key, bytes, 0);
        }
        let mut used = 0;
        while let Some(length) = memmem::find(&bytes[used..], b"\r\n\r\n") {
            let head = &bytes[used..used + length];
            if handshake::is_upgrade(head) {
                self.next_id += 1;
                let response = handshake::response(head, self.next_id);
                self.write(key, &response);
                let position = self.members.len() as u32;
                self.connections[key].member = Some(Member { position, room: 0 });
                self.members.push(key);
                return self.handle_frames(key, bytes, used + length + 4);
            }
            let Some(request) = polling::parse(&bytes[used..], length) else { return Verdict::Used(used) };
            used += request.length;
            if !self.handle_request(key, request) {
                return Verdict::Close;
            }
        }
        Verdict::Used(used)
    }

    fn handle_frames(&mut self, key: Key, bytes: &mut [u8], mut used: usize) -> Verdict {
        let mut answers = std::mem::take(&mut self.answers);
        answers.clear();
        while let Some(layout) = frame::masked_layout(&bytes[used..]) {
            let payload = frame::unmask(&mut bytes[used..], layout);
            used += layout.total();
            match layout.opcode {
                frame::TEXT => {
                    let packet = packet::classify(payload);
                    if matches!(packet, Packet::Disconnect) {
                        self.answers = answers;
                        return Verdict::Close;
                    }
                    self.handle_packet(key, packet, &mut answers);
                }
                frame::BINARY => frame::push(&mut answers, frame::BINARY, payload),
                frame::CLOSE => {
                    self.answers = answers;
                    return Verdict::Close;
                }
                _ => {}
            }
        }
        if !answers.is_empty() {
            // Behind corked frames, because their order is the order of their causes.
            if self.writes == Writes::Corked && !self.connections[key].unsent.is_empty() {
                self.put(key, &answers);
            } else {
                self.write(key, &answers);
            }
        }
        self.answers = answers;
        Verdict::Used(used)
    }

    #[inline]
    fn handle_packet(&mut self, key: Key, packet: Packet<'_>, answers: &mut Vec<u8>) {
        match packet {
            Packet::Same(payload) => frame::push(answers, frame::TEXT, payload),
            Packet::Ack { id, argument } => packet::push_ack(answers, id, argument),
            Packet::Broadcast(payload) => {
                let mut frame = Vec::with_capacity(payload.len() + 4);
                frame::push(&mut frame, frame::TEXT, payload);
                let members = std::mem::take(&mut self.members);
                members.iter().for_each(|member| self.put(*member, &frame));
                self.members = members;
            }
            Packet::Room { argument } => {
                let frame = packet::room_frame(argument);
                let room = self.connections[key].member.map_or(0, |member| usize::from(member.room));
                let members = std::mem::take(&mut self.rooms[room]);
                members.iter().for_each(|member| self.put(*member, &frame));
                self.rooms[room] = members;
            }
            Packet::Join { room } => {
                self.join(key, room);
                frame::push(answers, frame::TEXT, b"430[]");
            }
            Packet::Connect => frame::push(answers, frame::TEXT, packet::CONNECTED),
            Packet::Disconnect | Packet::Unknown => {}
        }
    }

    fn join(&mut self, key: Key, room: u16) {
        if self.rooms.len() <= usize::from(room) {
            self.rooms.resize(usize::from(room) + 1, Vec::new());
        }
        self.leave(key);
        self.rooms[usize::from(room)].push(key);
        if let Some(member) = &mut self.connections[key].member {
            member.room = room;
        }
    }

    fn leave(&mut self, key: Key) {
        let room = self.connections[key].member.map_or(0, |member| usize::from(member.room));
        if room > 0 {
            self.rooms[room].retain(|member| *member != key);
        }
    }

    /// Sends now, or corks.
    #[inline]
    fn put(&mut self, key: Key, bytes: &[u8]) {
        if self.writes == Writes::AtOnce {
            return self.write(key, bytes);
        }
        let connection = &mut self.connections[key];
        connection.unsent.extend_from_slice(bytes);
        if !connection.corked {
            connection.corked = true;
            self.corked.push(key);
        }
    }

    fn uncork(&mut self) {
        let mut corked = std::mem::take(&mut self.corked);
        for key in corked.drain(..) {
            let connection = &mut self.connections[key];
            connection.corked = false;
            let mut bytes = std::mem::take(&mut connection.unsent);
            self.write(key, &bytes);
            let connection = &mut self.connections[key];
            if connection.unsent.is_empty() && bytes.capacity() <= KEPT_BUFFER {
                bytes.clear();
                connection.unsent = bytes;
            }
        }
        self.corked = corked;
    }

    #[inline]
    fn write(&mut self, key: Key, bytes: &[u8]) {
        let connection = &mut self.connections[key];
        if !connection.unsent.is_empty() {
            connection.unsent.extend_from_slice(bytes);
            return;
        }
        let sent = match net::send(&connection.socket, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => sent,
            Err(Errno::AGAIN) => 0,
            Err(_) => return, // its next read says that it is gone
        };
        if sent < bytes.len() {
            connection.unsent.extend_from_slice(&bytes[sent..]);
            watch(&self.epoll, connection, key, EventFlags::IN | EventFlags::OUT);
        }
    }

    fn close(&mut self, key: Key) {
        self.leave(key);
        let connection = self.connections.remove(key);
        if let Some(Member { position, .. }) = connection.member {
            self.members.swap_remove(position as usize);
            if let Some(&moved) = self.members.get(position as usize)
                && let Some(member) = &mut self.connections[moved].member
            {
                member.position = position;
            }
        } else {
            self.sessions.forget(key);
        }
        if connection.corked {
            self.corked.retain(|other| *other != key);
        }
    }
}

fn watch(epoll: &OwnedFd, connection: &Connection, key: Key, flags: EventFlags) {
    // It cannot fail for a socket that is open and was added.
    let _ = epoll::modify(epoll, &connection.socket, EventData::new_u64(key as u64), flags);
}

/// The listener's mark among the events; no connection has this key.
const LISTENER: u64 = u64::MAX;

const READABLE: EventFlags = EventFlags::IN.union(EventFlags::HUP).union(EventFlags::ERR);

/// Events taken at once without corking: more would only delay the first answers.
const PLAIN_BATCH: usize = 256;
/// Events taken at once with corking: the larger, the more frames share a `send`.
const CORKED_BATCH: usize = 4096;
const ACCEPTS_AT_ONCE: usize = 64;
/// Corked connections keep buffers up to this size.
const KEPT_BUFFER: usize = 4096;
