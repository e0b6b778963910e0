//! The server's end of one session.
//!
//! The shell decodes packets and writes what is asked for; this machine says what a packet means, when to
//! ping, when to give up, and whether a WebSocket may take over. It allocates nothing.

use super::heartbeat::{Beat, Pulse, millis, whole_millis};
use super::{Heartbeat, Input, NEVER, PROBE, ProbeError, SessionError};
use crate::Timestamp;
use crate::engine::{Packet, Protocol, Transport};
use std::time::Duration;

/// One session. Of an upgrading client the shell keeps both transports: the polling one stays the current
/// one until [`ProbeStep::Upgraded`].
///
/// ```
/// use sockeye_proto::Timestamp;
/// use sockeye_proto::engine::{Heartbeat, Input, Packet, ServerSession, Timeout, Transport};
/// use std::time::Duration;
///
/// let start = Timestamp::from_millis(0);
/// let upgrade_timeout = Duration::from_secs(10);
/// let mut session = ServerSession::new(Transport::WebSocket, Heartbeat::default(), upgrade_timeout, start);
/// assert_eq!(session.handle_packet(Packet::Message("hello"), start), Ok(Input::Text("hello")));
///
/// let ping_due = session.deadline();
/// assert_eq!(ping_due.as_millis(), 25_000);
/// assert_eq!(session.handle_timeout(ping_due), Some(Timeout::SendPing)); // the shell writes "2"
/// assert_eq!(session.handle_timeout(ping_due), None);
/// assert_eq!(session.handle_packet(Packet::Pong(""), ping_due), Ok(Input::Pong));
/// ```
#[derive(Debug)]
pub struct ServerSession {
    pulse: Pulse,
    probe: Probe,
    upgrade_timeout_ms: u32,
    transport: Transport,
    protocol: Protocol,
}

/// The WebSocket that wants to take over from polling.
#[derive(Debug)]
enum Probe {
    None,
    /// It is open; its `2probe` is awaited.
    Opened {
        due: Timestamp,
    },
    /// It got `3probe`; its `5` is awaited. The client sends that only when no poll is in flight, so a
    /// parked one has to be let go every now and then.
    Answered {
        due: Timestamp,
        release_due: Timestamp,
    },
}

/// What to do after a packet of the probing WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeStep {
    /// Send `3probe` on the WebSocket, and answer a parked poll with a noop.
    AnswerProbe,
    /// The WebSocket is the session's transport now: write there what is queued. If a poll is parked
    /// against the rules, end it with a noop.
    Upgraded,
}

/// What has come due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// Send `2`.
    SendPing,
    /// No pong came: the session is over, [`CloseReason::PingTimeout`](crate::engine::CloseReason).
    PingTimeout,
    /// The upgrade took too long: close the WebSocket. Polling lives on.
    UpgradeTimeout,
    /// Answer the poll with a noop if one is parked, so that the client can go on with its upgrade.
    ReleasePoll,
}

impl ServerSession {
    /// A session whose handshake is being answered on `transport`. `upgrade_timeout` is the time from an
    /// arriving WebSocket to its `5`.
    pub fn new(
        transport: Transport,
        heartbeat: Heartbeat,
        upgrade_timeout: Duration,
        now: Timestamp,
    ) -> Self {
        Self {
            pulse: Pulse::new(heartbeat, now),
            probe: Probe::None,
            upgrade_timeout_ms: whole_millis(upgrade_timeout),
            transport,
            protocol: Protocol::V4,
        }
    }

    /// A session of version 3, in which the client pings and the server answers ([`Input::Ping`]); without a ping
    /// for interval and timeout together it is over. Otherwise as [`new`](Self::new).
    ///
    /// ```
    /// use sockeye_proto::Timestamp;
    /// use sockeye_proto::engine::{Heartbeat, Input, Packet, ServerSession, Timeout, Transport};
    /// use std::time::Duration;
    ///
    /// let at = Timestamp::from_millis;
    /// let ten = Duration::from_secs(10);
    /// let mut session = ServerSession::of_v3(Transport::WebSocket, Heartbeat::default(), ten, at(0));
    /// assert_eq!(session.handle_packet(Packet::Ping(""), at(1_000)), Ok(Input::Ping)); // the shell writes "3"
    /// assert_eq!(session.deadline(), at(46_000));
    /// assert_eq!(session.handle_timeout(at(46_000)), Some(Timeout::PingTimeout));
    /// ```
    ///
    /// Source: engine.io-protocol v3 § Packet types, `ping`.
    pub fn of_v3(
        transport: Transport,
        heartbeat: Heartbeat,
        upgrade_timeout: Duration,
        now: Timestamp,
    ) -> Self {
        let pulse = Pulse::of_v3(heartbeat, now);
        Self { pulse, protocol: Protocol::V3, ..Self::new(transport, heartbeat, upgrade_timeout, now) }
    }

    /// Takes a packet that arrived on the current transport.
    ///
    /// # Errors
    /// [`SessionError`]: the session is over, for [`SessionError::reason`]. After the end of the session
    /// everything is [`Input::Nothing`].
    #[inline]
    pub fn handle_packet<'a>(
        &mut self,
        packet: Packet<'a>,
        now: Timestamp,
    ) -> Result<Input<'a>, SessionError> {
        if self.pulse.is_stopped() {
            return Ok(Input::Nothing);
        }
        if let Packet::Pong(_) = packet {
            if self.protocol == Protocol::V3 {
                return self.fail(SessionError::InvalidHeartbeatDirection);
            }
            return Ok(if self.pulse.handle_pong(now) { Input::Pong } else { Input::Nothing });
        }
        self.pulse.handle_other(now);
        match packet {
            Packet::Message(text) => Ok(Input::Text(text)),
            Packet::Binary(data) => Ok(Input::Binary(data)),
            Packet::Pong(_) | Packet::Upgrade | Packet::Noop => Ok(Input::Nothing),
            // A client leaves a WebSocket by closing it; the official server takes `1` from a POST only.
            Packet::Close if self.transport == Transport::WebSocket => Ok(Input::Nothing),
            Packet::Close => {
                self.end();
                Ok(Input::Closed)
            }
            Packet::Ping(_) if self.protocol == Protocol::V3 => {
                self.pulse.handle_ping(now);
                Ok(Input::Ping)
            }
            Packet::Ping(_) => self.fail(SessionError::InvalidHeartbeatDirection),
            Packet::Open(_) => self.fail(SessionError::UnexpectedPacket),
        }
    }

    /// A WebSocket with the id of this session arrived.
    ///
    /// # Errors
    /// [`ProbeError`]: close it; the session is not touched.
    pub fn handle_probe_opened(&mut self, now: Timestamp) -> Result<(), ProbeError> {
        if self.transport != Transport::Polling || self.pulse.is_stopped() {
            return Err(ProbeError::NotPolling);
        }
        if !matches!(self.probe, Probe::None) {
            return Err(ProbeError::AlreadyProbing);
        }
        self.probe = Probe::Opened { due: now + millis(self.upgrade_timeout_ms) };
        Ok(())
    }

    /// Takes a packet of the probing WebSocket: `2probe`, then `5`.
    ///
    /// # Errors
    /// [`ProbeError`]: close the WebSocket; polling lives on and may be upgraded by another.
    pub fn handle_probe_packet(
        &mut self,
        packet: Packet<'_>,
        now: Timestamp,
    ) -> Result<ProbeStep, ProbeError> {
        match (std::mem::replace(&mut self.probe, Probe::None), packet) {
            (Probe::Opened { due }, Packet::Ping(PROBE)) => {
                self.probe = Probe::Answered { due, release_due: now + RELEASE_INTERVAL };
                Ok(ProbeStep::AnswerProbe)
            }
            (Probe::Answered { .. }, Packet::Upgrade) => {
                self.transport = Transport::WebSocket;
                self.pulse.handle_other(now);
                Ok(ProbeStep::Upgraded)
            }
            (Probe::None, _) => Err(ProbeError::NotProbing),
            (Probe::Opened { .. } | Probe::Answered { .. }, _) => Err(ProbeError::UnexpectedPacket),
        }
    }

    /// The probing WebSocket is gone. Polling lives on.
    pub fn handle_probe_closed(&mut self) {
        self.probe = Probe::None;
    }

    /// Tells what has come due, one thing a call: call it until `None`.
    pub fn handle_timeout(&mut self, now: Timestamp) -> Option<Timeout> {
        match self.pulse.handle_timeout(now) {
            Some(Beat::Missed) => {
                self.end();
                return Some(Timeout::PingTimeout);
            }
            Some(Beat::Ping) => return Some(Timeout::SendPing),
            None => {}
        }
        match &mut self.probe {
            Probe::Opened { due } | Probe::Answered { due, .. } if now >= *due => {
                self.probe = Probe::None;
                Some(Timeout::UpgradeTimeout)
            }
            Probe::Answered { release_due, .. } if now >= *release_due => {
                *release_due = now + RELEASE_INTERVAL;
                Some(Timeout::ReleasePoll)
            }
            _ => None,
        }
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to say. It moves with
    /// every input, and is `u64::MAX` milliseconds after the end of the session.
    #[inline]
    pub fn deadline(&self) -> Timestamp {
        let probe = match self.probe {
            Probe::None => NEVER,
            Probe::Opened { due } => due,
            Probe::Answered { due, release_due } => due.min(release_due),
        };
        self.pulse.deadline().min(probe)
    }

    /// The transport that carries the session's packets.
    #[inline]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The version that the client speaks.
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether a probe is answered and its `5` is awaited.
    pub fn is_upgrading(&self) -> bool {
        matches!(self.probe, Probe::Answered { .. })
    }

    /// The shell stops reading, so it cannot see a pong: the wait for one stands still. Pings go on, or the
    /// client would take the server for dead.
    pub fn pause_heartbeat(&mut self, now: Timestamp) {
        self.pulse.pause(now);
    }

    /// The shell reads again: what was left of the wait for a pong begins to run.
    pub fn resume_heartbeat(&mut self, now: Timestamp) {
        self.pulse.resume(now);
    }

    fn end(&mut self) {
        self.pulse.stop();
        self.probe = Probe::None;
    }

    fn fail(&mut self, error: SessionError) -> Result<Input<'static>, SessionError> {
        self.end();
        Err(error)
    }
}

/// How often a parked poll is let go while a `5` is awaited, as the official server does.
const RELEASE_INTERVAL: Duration = Duration::from_millis(100);

// There is one for each idle connection.
const _: () = assert!(size_of::<ServerSession>() <= 64);
