//! The client's end of one session: pong, ping watch, and the upgrade to a WebSocket.
//!
//! Loop of a driver: one input, then [`ClientSession::poll_output`] until `None`, then start the requests
//! that [`may_poll`](ClientSession::may_poll) and [`may_write`](ClientSession::may_write) allow, then wait
//! until [`deadline`](ClientSession::deadline). Reconnection is the layer's above: a session ends once.

use super::{Input, NEVER, PROBE, ProbeError, SessionError};
use crate::Timestamp;
use crate::engine::{CloseReason, OwnedOpen, Packet, PayloadEncoder, Transport};
use std::time::Duration;

/// How long a client waits for the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// From the start of the session to its open packet; 20 s by default.
    pub open: Duration,
    /// From an open WebSocket to the `5` that completes the upgrade; 8 s by default, less than the 10 s of
    /// servers, so that no `5` goes to a WebSocket that the server has given up.
    pub upgrade: Duration,
}

impl Default for ClientTimeouts {
    fn default() -> Self {
        Self { open: Duration::from_secs(20), upgrade: Duration::from_secs(8) }
    }
}

/// What the driver has to do, besides the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Queue a `3`. However many pings arrived, one is enough.
    SendPong,
    /// Send `2probe` on the probing WebSocket.
    SendProbe,
    /// Send `5` on the probing WebSocket: it is the session's transport now. Then write what is queued.
    SendUpgrade,
    /// Close the probing WebSocket; polling goes on.
    CloseProbe,
    /// Tell the server: `1` in a last POST once none is in flight, or close the WebSocket.
    SendClose,
    /// The session is over.
    Closed(CloseReason),
}

/// One session.
///
/// ```
/// use sockeye_proto::Timestamp;
/// use sockeye_proto::engine::{ClientSession, ClientTimeouts, Input, Output, OwnedOpen, Packet, Transport};
///
/// let start = Timestamp::from_millis(0);
/// let mut session = ClientSession::new(Transport::WebSocket, ClientTimeouts::default(), start);
/// let open = r#"{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
/// session.handle_open(&OwnedOpen::decode(open)?, start)?;
/// assert_eq!(session.handle_packet(Packet::Ping(""), start), Ok(Input::Pong));
/// assert_eq!(session.poll_output(), Some(Output::SendPong)); // the driver queues "3"
/// assert_eq!(session.poll_output(), None);
/// assert_eq!(session.deadline().as_millis(), 45_000); // without a ping until then, the server is gone
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ClientSession {
    state: State,
    transport: Transport,
    timeouts: ClientTimeouts,
    pending: Pending,
}

#[derive(Debug)]
enum State {
    /// The open packet is awaited.
    Opening {
        due: Timestamp,
    },
    Open(OpenState),
    Closed,
}

#[derive(Debug)]
struct OpenState {
    upgrade_offered: bool,
    max_payload_bytes: usize,
    /// Interval and timeout of the server's heartbeat together.
    ping_within: Duration,
    ping_due: Timestamp,
    upgrade: Upgrade,
}

#[derive(Debug)]
enum Upgrade {
    None,
    /// The WebSocket is open; `3probe` is awaited. Polling goes on.
    Probing {
        due: Timestamp,
    },
    /// `3probe` came. Nothing new is polled or posted, and what is in flight has to end, or packets on the
    /// two transports could overtake each other.
    Pausing {
        due: Timestamp,
    },
}

/// Outputs not yet taken. Each can wait but once, so a flood of inputs cannot pile them up.
#[derive(Debug, Default)]
struct Pending {
    pong: bool,
    probe: Option<Output>,
    send_close: bool,
    closed: Option<CloseReason>,
}

impl ClientSession {
    /// A session whose first request is on its way.
    pub fn new(transport: Transport, timeouts: ClientTimeouts, now: Timestamp) -> Self {
        let state = State::Opening { due: now + timeouts.open };
        Self { state, transport, timeouts, pending: Pending::default() }
    }

    /// Takes the open packet.
    ///
    /// # Errors
    /// [`SessionError::UnexpectedPacket`] if there was one before; the session is over.
    pub fn handle_open(&mut self, open: &OwnedOpen, now: Timestamp) -> Result<(), SessionError> {
        match self.state {
            State::Opening { .. } => {}
            State::Open(_) => return self.fail(SessionError::UnexpectedPacket),
            State::Closed => return Ok(()),
        }
        let ping_within = open.ping_interval.saturating_add(open.ping_timeout);
        self.state = State::Open(OpenState {
            upgrade_offered: open.upgrades.contains(&Transport::WebSocket),
            max_payload_bytes: open.max_payload_bytes.unwrap_or(usize::MAX),
            ping_within,
            ping_due: now + ping_within,
            upgrade: Upgrade::None,
        });
        Ok(())
    }

    /// Takes a packet of the current transport; an open packet goes to [`handle_open`](Self::handle_open).
    ///
    /// # Errors
    /// [`SessionError::UnexpectedPacket`] for an open packet and for anything before it; the session is over.
    #[inline]
    pub fn handle_packet<'a>(
        &mut self,
        packet: Packet<'a>,
        now: Timestamp,
    ) -> Result<Input<'a>, SessionError> {
        let open = match &mut self.state {
            State::Open(open) => open,
            State::Opening { .. } => return self.fail(SessionError::UnexpectedPacket),
            State::Closed => return Ok(Input::Nothing),
        };
        match packet {
            Packet::Message(text) => Ok(Input::Text(text)),
            Packet::Binary(data) => Ok(Input::Binary(data)),
            Packet::Ping(_) => {
                open.ping_due = now + open.ping_within;
                self.pending.pong = true;
                Ok(Input::Pong)
            }
            Packet::Pong(_) | Packet::Upgrade | Packet::Noop => Ok(Input::Nothing),
            Packet::Close => {
                self.end(CloseReason::TransportClose);
                Ok(Input::Closed)
            }
            Packet::Open(_) => self.fail(SessionError::UnexpectedPacket),
        }
    }

    /// A WebSocket with the id of this session is open: its probe begins.
    ///
    /// # Errors
    /// [`ProbeError`] if the session cannot be upgraded: close the WebSocket.
    pub fn start_probe(&mut self, now: Timestamp) -> Result<(), ProbeError> {
        let on_polling = self.transport == Transport::Polling;
        let due = now + self.timeouts.upgrade;
        let open = self.open_state().filter(|_| on_polling).ok_or(ProbeError::NotPolling)?;
        if !open.upgrade_offered {
            return Err(ProbeError::NotOffered);
        }
        if !matches!(open.upgrade, Upgrade::None) {
            return Err(ProbeError::AlreadyProbing);
        }
        open.upgrade = Upgrade::Probing { due };
        self.pending.probe = Some(Output::SendProbe);
        Ok(())
    }

    /// Takes a packet of the probing WebSocket: `3probe`, after which polling pauses.
    ///
    /// # Errors
    /// [`ProbeError`]: the probe failed, its WebSocket is to be closed; polling goes on.
    pub fn handle_probe_packet(&mut self, packet: Packet<'_>) -> Result<(), ProbeError> {
        let Some(open) = self.open_state() else { return Err(ProbeError::NotProbing) };
        match (std::mem::replace(&mut open.upgrade, Upgrade::None), packet) {
            (Upgrade::Probing { due }, Packet::Pong(PROBE)) => {
                open.upgrade = Upgrade::Pausing { due };
                Ok(())
            }
            (Upgrade::None, _) => Err(ProbeError::NotProbing),
            (Upgrade::Probing { .. } | Upgrade::Pausing { .. }, _) => {
                self.pending.probe = None;
                Err(ProbeError::UnexpectedPacket)
            }
        }
    }

    /// The probing WebSocket is gone or could not be opened. Polling goes on.
    pub fn handle_probe_closed(&mut self) {
        if let Some(open) = self.open_state() {
            open.upgrade = Upgrade::None;
            self.pending.probe = None;
        }
    }

    /// No poll and no POST is in flight, and every packet they brought was handled. Tell it whenever that
    /// is so while [`is_upgrading`](Self::is_upgrading): it completes the upgrade.
    pub fn handle_polling_idle(&mut self) {
        let Some(open) = self.open_state() else { return };
        if matches!(open.upgrade, Upgrade::Pausing { .. }) {
            open.upgrade = Upgrade::None;
            self.transport = Transport::WebSocket;
            self.pending.probe = Some(Output::SendUpgrade);
        }
    }

    /// The current transport failed or ended; `reason` is [`CloseReason::TransportError`] or
    /// [`CloseReason::TransportClose`].
    pub fn handle_transport_closed(&mut self, reason: CloseReason) {
        self.end(reason);
    }

    /// Tells that time has passed; what came due is in the outputs.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        match &mut self.state {
            State::Opening { due } if now >= *due => self.end(CloseReason::TransportError),
            State::Open(open) if now >= open.ping_due => self.end(CloseReason::PingTimeout),
            State::Open(open) => {
                if let Upgrade::Probing { due } | Upgrade::Pausing { due } = open.upgrade
                    && now >= due
                {
                    open.upgrade = Upgrade::None;
                    self.pending.probe = Some(Output::CloseProbe);
                }
            }
            State::Opening { .. } | State::Closed => {}
        }
    }

    /// Leaves, with [`CloseReason::ForcedClose`]. What is still queued is lost: a polite driver drains its
    /// queue first. An upgrade under way is given up.
    pub fn close(&mut self) {
        self.close_for(CloseReason::ForcedClose);
    }

    /// Leaves as [`close`](Self::close) does, for a reason that the layer above found in what it received.
    pub fn close_for(&mut self, reason: CloseReason) {
        if !self.is_closed() {
            self.pending.send_close = self.is_open();
            self.end(reason);
        }
    }

    /// The next thing to do: call it after every input, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        if std::mem::take(&mut self.pending.pong) {
            return Some(Output::SendPong);
        }
        if let Some(output) = self.pending.probe.take() {
            return Some(output);
        }
        if std::mem::take(&mut self.pending.send_close) {
            return Some(Output::SendClose);
        }
        self.pending.closed.take().map(Output::Closed)
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[inline]
    pub fn deadline(&self) -> Timestamp {
        match &self.state {
            State::Opening { due } => *due,
            State::Open(open) => match open.upgrade {
                Upgrade::Probing { due } | Upgrade::Pausing { due } => due.min(open.ping_due),
                Upgrade::None => open.ping_due,
            },
            State::Closed => NEVER,
        }
    }

    /// The transport that carries the session's packets.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether the open packet came and the session lasts.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether polling pauses for the upgrade: [`handle_polling_idle`](Self::handle_polling_idle) is awaited.
    pub fn is_upgrading(&self) -> bool {
        matches!(&self.state, State::Open(OpenState { upgrade: Upgrade::Pausing { .. }, .. }))
    }

    /// Whether a WebSocket is worth trying: offered, and not under way.
    pub fn can_upgrade(&self) -> bool {
        match &self.state {
            State::Open(open) => {
                let idle = matches!(open.upgrade, Upgrade::None);
                self.transport == Transport::Polling && open.upgrade_offered && idle
            }
            State::Opening { .. } | State::Closed => false,
        }
    }

    /// Whether a GET may start, if none is in flight.
    pub fn may_poll(&self) -> bool {
        self.transport == Transport::Polling && self.is_open() && !self.is_upgrading()
    }

    /// Whether queued packets may be written: on polling in a POST if none is in flight, else on the
    /// WebSocket.
    #[inline]
    pub fn may_write(&self) -> bool {
        self.is_open() && !self.is_upgrading()
    }

    /// An encoder for the next POST, bounded by what the server takes.
    pub fn payload_encoder(&self) -> PayloadEncoder {
        match &self.state {
            State::Open(open) => PayloadEncoder::new(open.max_payload_bytes),
            State::Opening { .. } | State::Closed => PayloadEncoder::new(usize::MAX),
        }
    }

    fn open_state(&mut self) -> Option<&mut OpenState> {
        match &mut self.state {
            State::Open(open) => Some(open),
            State::Opening { .. } | State::Closed => None,
        }
    }

    fn end(&mut self, reason: CloseReason) {
        let was = std::mem::replace(&mut self.state, State::Closed);
        let probing = match was {
            State::Closed => return,
            State::Opening { .. } => false,
            State::Open(open) => !matches!(open.upgrade, Upgrade::None),
        };
        self.pending.pong = false;
        self.pending.probe = probing.then_some(Output::CloseProbe);
        self.pending.closed = Some(reason);
    }

    fn fail<T>(&mut self, error: SessionError) -> Result<T, SessionError> {
        self.close_for(error.reason());
        Err(error)
    }
}
