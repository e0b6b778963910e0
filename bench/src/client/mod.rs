//! Thousands of Socket.IO clients in one thread: one epoll, frames encoded once, no JSON.
//!
//! [`Client`] owns the connections and moves bytes; `handshake` takes one from TCP to the namespace; the
//! scenarios decide what to send and what an answer must look like. Pings are answered here, everywhere.
//! A slow server never blocks the thread: what the kernel does not take waits in the connection.

pub mod form;
mod handshake;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt::IpBindAddressNoPort};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use slab::Slab;

use self::form::Form;
use crate::failure::Failure;
use crate::frame;
use crate::http;
use crate::options::Options;
use crate::window::Progress;

/// Which connection: dense from 0, and free again after [`Client::close`].
pub type Key = usize;

/// How long a turn waits for events before it looks at the clock.
pub const TURN: Duration = Duration::from_millis(100);

/// Where WebSocket clients connect.
pub const WEBSOCKET_TARGET: &str = "/socket.io/?EIO=4&transport=websocket";

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// TCP is not established yet.
    Connecting,
    /// The upgrade request is sent, its response awaited.
    Upgrading,
    /// Engine.IO's open packet is awaited.
    Opening,
    /// The CONNECT packet is sent, its answer awaited.
    Joining,
    /// Everything that comes now is for the scenario.
    Ready,
}

#[derive(Debug)]
struct Connection {
    socket: OwnedFd,
    stage: Stage,
    /// Received bytes that are not a whole frame yet.
    partial: Vec<u8>,
    /// Bytes that the kernel did not take yet.
    unsent: Vec<u8>,
}

/// All connections of a load generator.
pub struct Client {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    connections: Slab<Connection>,
    /// Every connection reads into this, so that an idle one holds no buffer.
    scratch: Vec<u8>,
    port: u16,
    spin: bool,
    dialed: u32,
    form: Form,
    upgrade: Vec<u8>,
    connect: Vec<u8>,
    pong: Vec<u8>,
    /// Pings answered so far.
    pings: u64,
    /// Sends that failed.
    send_errors: u64,
}

impl Client {
    /// A client of the server on `options.port`, without connections.
    ///
    /// # Errors
    /// The kernel refuses an epoll descriptor.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        let extension = if options.deflate { form::DEFLATE_OFFER } else { "" };
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC);
        Ok(Client {
            epoll: epoll.map_err(|error| Failure::call("epoll_create", error))?,
            events: Vec::with_capacity(512),
            connections: Slab::new(),
            scratch: vec![0; 1 << 20],
            port: options.port,
            spin: options.spin,
            dialed: 0,
            form: Form::new(options),
            upgrade: http::upgrade_request(options.port, WEBSOCKET_TARGET, extension),
            connect: form::connect(options),
            pong: frame::masked(frame::TEXT, b"3"),
            pings: 0,
            send_errors: 0,
        })
    }

    /// Pings answered so far.
    pub fn pings(&self) -> u64 {
        self.pings
    }

    /// Sends that failed so far; they count as errors of the server.
    pub fn send_errors(&self) -> u64 {
        self.send_errors
    }

    /// Begins a TCP connection; [`advance`](Self::advance) takes it on from its first event.
    ///
    /// # Errors
    /// The kernel refuses, most likely for want of descriptors.
    pub fn dial(&mut self) -> Result<Key, Failure> {
        let socket = connecting_socket(self.port, self.dialed)?;
        self.dialed = self.dialed.wrapping_add(1);
        let entry = self.connections.vacant_entry();
        let key = entry.key();
        epoll::add(&self.epoll, &socket, epoll::EventData::new_u64(key as u64), READ | WRITE)
            .map_err(|error| Failure::call("epoll_ctl", error))?;
        let (partial, unsent) = (Vec::new(), Vec::new());
        entry.insert(Connection { socket, stage: Stage::Connecting, partial, unsent });
        Ok(key)
    }

    /// Closes a connection's socket; its key is free for the next.
    pub fn close(&mut self, key: Key) {
        self.connections.remove(key);
    }

    /// Opens connections with keys up to `total`, all of them in the namespace on return.
    ///
    /// # Errors
    /// The server refuses one, closes one, or accepts none for fifteen seconds.
    pub fn establish(&mut self, total: usize) -> Result<(), Failure> {
        let mut ready = self.connections.len();
        let mut progress = Progress::new(Duration::from_secs(15));
        while ready < total {
            while self.connections.len() < total && self.connections.len() - ready < DIALS_AT_ONCE {
                self.dial()?;
            }
            self.turn(TURN, |client, key, readiness| {
                if !client.is_ready(key) {
                    ready += usize::from(client.advance(key)?);
                    return Ok(());
                }
                readiness.flush(client, key);
                client.receive(key, |_, _| {})
            })?;
            progress.check(Instant::now(), ready as u64)?;
        }
        Ok(())
    }

    /// Answers pings, and nothing else, for some time.
    ///
    /// # Errors
    /// The server closes a connection.
    pub fn rest(&mut self, time: Duration) -> Result<(), Failure> {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let turn = left.clamp(Duration::from_millis(1), Duration::from_millis(500));
            self.on_readable(turn, |client, key| client.receive(key, |_, _| {}))?;
        }
    }

    /// Whether everything that comes on this connection now is for the scenario.
    #[inline]
    pub fn is_ready(&self, key: Key) -> bool {
        self.connections[key].stage == Stage::Ready
    }

    /// Waits once for events and hands out each connection that has something to read, its unsent bytes
    /// being sent on the way.
    ///
    /// # Errors
    /// What `handle` returns.
    #[inline]
    pub fn on_readable(
        &mut self,
        wait: Duration,
        mut handle: impl FnMut(&mut Self, Key) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.turn(wait, |client, key, readiness| {
            readiness.flush(client, key);
            if readiness.is_readable() { handle(client, key) } else { Ok(()) }
        })
    }

    /// Waits once for events, not at all when spinning, and hands out each.
    ///
    /// # Errors
    /// What `handle` returns.
    #[inline]
    pub fn turn(
        &mut self,
        wait: Duration,
        mut handle: impl FnMut(&mut Self, Key, Readiness) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let wait = if self.spin { Duration::ZERO } else { wait };
        // Whole milliseconds, because that is what every kernel's epoll understands.
        let nanoseconds = i64::from(wait.subsec_millis()) * 1_000_000;
        let timeout = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: nanoseconds };
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Failure::call("epoll_wait", error)),
        }
        for index in 0..self.events.len() {
            let epoll::Event { flags, data } = self.events[index];
            handle(self, data.u64() as Key, Readiness(flags))?;
        }
        Ok(())
    }

    /// Sends bytes now, or as soon as the kernel takes them.
    #[inline]
    pub fn send(&mut self, key: Key, bytes: &[u8]) {
        let connection = &mut self.connections[key];
        if !connection.unsent.is_empty() {
            connection.unsent.extend_from_slice(bytes);
            return;
        }
        let sent = match net::send(&connection.socket, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => sent,
            Err(Errno::AGAIN) => 0,
            Err(_) => {
                self.send_errors += 1;
                return;
            }
        };
        if sent < bytes.len() {
            connection.unsent.extend_from_slice(&bytes[sent..]);
            self.watch(key, READ | WRITE);
        }
    }

    fn flush(&mut self, key: Key) {
        let connection = &mut self.connections[key];
        if let Ok(sent) = net::send(&connection.socket, &connection.unsent, SendFlags::NOSIGNAL) {
            connection.unsent.drain(..sent);
        }
        if connection.unsent.is_empty() {
            self.watch(key, READ);
        }
    }

    /// Reads once and hands every complete message to `on_message` with its opcode. Pings are answered.
    ///
    /// # Errors
    /// The server closed the connection.
    #[inline]
    pub fn receive(&mut self, key: Key, mut on_message: impl FnMut(u8, &[u8])) -> Result<(), Failure> {
        let connection = &mut self.connections[key];
        let before = connection.partial.len();
        self.scratch[..before].copy_from_slice(&connection.partial);
        connection.partial.clear();
        let end = before + read(&connection.socket, &mut self.scratch[before..])?;
        let mut rest = &self.scratch[..end];
        let mut pings = 0;
        let mut closed = false;
        while let Some(layout) = frame::unmasked_layout(rest) {
            let (whole, behind) = rest.split_at(layout.total());
            let payload = &whole[layout.header..];
            rest = behind;
            match layout.opcode {
                frame::TEXT if payload == b"2" => pings += 1,
                frame::TEXT | frame::BINARY => on_message(layout.opcode, self.form.plain(layout, payload)),
                frame::CLOSE => closed = true,
                _ => {}
            }
        }
        if !rest.is_empty() {
            connection.partial.extend_from_slice(rest);
        }
        if pings > 0 {
            self.answer_pings(key, pings);
        }
        if closed { Err(closed_by_server()) } else { Ok(()) }
    }

    /// Reads once, for HTTP: [`take_response`](Self::take_response) has what came.
    ///
    /// # Errors
    /// The server closed the connection.
    pub fn receive_bytes(&mut self, key: Key) -> Result<(), Failure> {
        let connection = &mut self.connections[key];
        let count = read(&connection.socket, &mut self.scratch)?;
        connection.partial.extend_from_slice(&self.scratch[..count]);
        Ok(())
    }

    /// The next complete HTTP response, if there is one.
    pub fn take_response(&mut self, key: Key) -> Option<http::Response> {
        let received = &mut self.connections[key].partial;
        let response = http::response(received)?;
        received.drain(..response.length);
        Some(response)
    }

    fn answer_pings(&mut self, key: Key, pings: u64) {
        let pong = std::mem::take(&mut self.pong);
        for _ in 0..pings {
            self.send(key, &pong);
        }
        self.pings += pings;
        self.pong = pong;
    }

    fn watch(&self, key: Key, flags: epoll::EventFlags) {
        // It cannot fail for a socket that is open and was added.
        let _ = epoll::modify(
            &self.epoll,
            &self.connections[key].socket,
            epoll::EventData::new_u64(key as u64),
            flags,
        );
    }
}

/// What a connection is ready for.
#[derive(Clone, Copy, Debug)]
pub struct Readiness(epoll::EventFlags);

impl Readiness {
    /// Something to read, be it the end.
    #[inline]
    pub fn is_readable(self) -> bool {
        self.0.intersects(READ.union(epoll::EventFlags::HUP).union(epoll::EventFlags::ERR))
    }

    /// Sends what the kernel did not take before, if it would now.
    #[inline]
    pub fn flush(self, client: &mut Client, key: Key) {
        if self.0.intersects(WRITE) {
            client.flush(key);
        }
    }
}

const READ: epoll::EventFlags = epoll::EventFlags::IN;
const WRITE: epoll::EventFlags = epoll::EventFlags::OUT;

/// TCP connections under way while [`Client::establish`] builds them up: well below the servers' backlogs.
const DIALS_AT_ONCE: usize = 128;

fn closed_by_server() -> Failure {
    Failure::new("server closed a connection")
}

/// Reads once: how many bytes came, 0 when nothing is there yet.
#[inline]
fn read(socket: &OwnedFd, buffer: &mut [u8]) -> Result<usize, Failure> {
    match net::recv(socket, buffer, RecvFlags::empty()) {
        Ok((0, _)) => Err(closed_by_server()),
        Ok((count, _)) => Ok(count),
        Err(Errno::AGAIN) => Ok(0),
        Err(_) => Err(closed_by_server()),
    }
}

/// A socket on its way to the server. `number` spreads the clients over 200 source addresses, because one
/// address has only 28 000 ports.
fn connecting_socket(port: u16, number: u32) -> Result<OwnedFd, Failure> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
        .map_err(|error| Failure::call("socket", error))?;
    net::sockopt::set_tcp_nodelay(&socket, true).map_err(|error| Failure::call("TCP_NODELAY", error))?;
    // Without it the kernel looks for a port that is free towards everyone, slowly, and finds too few.
    setsockopt(&socket, IpBindAddressNoPort, &true)
        .map_err(|error| Failure::new(format!("IP_BIND_ADDRESS_NO_PORT: {error}")))?;
    let source = Ipv4Addr::new(127, 0, 0, 2 + (number % 200) as u8);
    net::bind(&socket, &SocketAddrV4::new(source, 0)).map_err(|error| Failure::call("bind", error))?;
    match net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(Failure::call("connect", error)),
    }
}
