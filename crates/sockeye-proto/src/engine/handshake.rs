//! The open packet: the server's first word on every session (engine.io-protocol v4 § Handshake).

use super::Transport;
use crate::SessionId;
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;
use std::io::Write as _;
use std::time::Duration;

/// What the server announces.
///
/// ```
/// use sockeye_proto::SessionId;
/// use sockeye_proto::engine::{Open, Transport};
/// use std::time::Duration;
///
/// let open = Open {
///     sid: SessionId::from_entropy([0; 15]),
///     upgrades: &[Transport::WebSocket],
///     ping_interval: Duration::from_secs(25),
///     ping_timeout: Duration::from_secs(20),
///     max_payload_bytes: 1_000_000,
/// };
/// let mut wire = Vec::new();
/// open.encode(&mut wire);
/// let text = concat!(
///     r#"0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":["websocket"],"#,
///     r#""pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#,
/// );
/// assert_eq!(wire, text.as_bytes());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open<'a> {
    /// The session's id.
    pub sid: SessionId,
    /// Where the client may move to: nothing when it came by WebSocket.
    pub upgrades: &'a [Transport],
    /// Time between two pings; whole milliseconds travel.
    pub ping_interval: Duration,
    /// How long a pong is awaited.
    pub ping_timeout: Duration,
    /// The largest message and the largest polling body that the server takes.
    pub max_payload_bytes: usize,
}

impl Open<'_> {
    /// Appends the whole packet, type digit included, its keys in the official order.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"0{\"sid\":\"");
        out.extend_from_slice(self.sid.as_str().as_bytes());
        out.extend_from_slice(b"\",\"upgrades\":[");
        for (index, transport) in self.upgrades.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
            out.extend_from_slice(transport.as_str().as_bytes());
            out.push(b'"');
        }
        // Writing to a vector cannot fail.
        let _ = write!(
            out,
            "],\"pingInterval\":{},\"pingTimeout\":{},\"maxPayload\":{}}}",
            self.ping_interval.as_millis(),
            self.ping_timeout.as_millis(),
            self.max_payload_bytes,
        );
    }
}

/// What a client learnt from an open packet. Servers by others name their sessions as they like, so the id
/// is a text here.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedOpen {
    sid: Box<str>,
    /// The transports on offer that are known here.
    pub upgrades: Vec<Transport>,
    /// Time between two pings of the server.
    pub ping_interval: Duration,
    /// How long the server may be late with one.
    pub ping_timeout: Duration,
    /// The largest polling body that the server takes; `None` when it does not say.
    pub max_payload_bytes: Option<usize>,
}

impl OwnedOpen {
    /// Decodes the JSON of [`Packet::Open`](super::Packet::Open). Unknown keys and unknown transports are
    /// skipped, `upgrades` and `maxPayload` may be absent.
    ///
    /// # Errors
    /// [`OpenError`] if the text is too long, is not that JSON, or its `sid` cannot stand in a URL.
    pub fn decode(json: &str) -> Result<OwnedOpen, OpenError> {
        if json.len() > MAX_OPEN_BYTES {
            return Err(OpenError::TooLong { len: json.len(), limit: MAX_OPEN_BYTES });
        }
        // The parser's own message may quote the text, and with it the sid.
        let refused = |error: serde_json::Error| OpenError::InvalidJson { column: error.column() };
        let open: OpenJson<'_> = serde_json::from_str(json).map_err(refused)?;
        let visible = |byte: u8| byte.is_ascii_graphic();
        if open.sid.is_empty() || open.sid.len() > MAX_SID_BYTES || !open.sid.bytes().all(visible) {
            return Err(OpenError::InvalidSid { len: open.sid.len(), limit: MAX_SID_BYTES });
        }
        let mut upgrades = Vec::new();
        for transport in open.upgrades.iter().filter_map(|name| Transport::parse(name)) {
            if !upgrades.contains(&transport) {
                upgrades.push(transport);
            }
        }
        Ok(OwnedOpen {
            sid: open.sid.into(),
            upgrades,
            ping_interval: Duration::from_millis(open.ping_interval),
            ping_timeout: Duration::from_millis(open.ping_timeout),
            max_payload_bytes: open.max_payload.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        })
    }

    /// The session's id: 1 to 256 visible ASCII characters, a secret. Percent-encode it in a URL.
    pub fn sid(&self) -> &str {
        &self.sid
    }
}

impl fmt::Debug for OwnedOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedOpen")
            .field("upgrades", &self.upgrades)
            .field("ping_interval", &self.ping_interval)
            .field("ping_timeout", &self.ping_timeout)
            .field("max_payload_bytes", &self.max_payload_bytes)
            .finish_non_exhaustive()
    }
}

/// An open packet that a client cannot work with: the server's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// Longer than any handshake.
    TooLong {
        /// Length of the JSON in bytes.
        len: usize,
        /// The limit.
        limit: usize,
    },
    /// Not JSON, or a key is missing or of the wrong type.
    InvalidJson {
        /// Where the parser stopped, counted from 1 on its line.
        column: usize,
    },
    /// The `sid` is empty, too long, or holds more than visible ASCII.
    InvalidSid {
        /// Length of the `sid` in bytes.
        len: usize,
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::TooLong { len, limit } => write!(f, "open packet of {len} bytes exceeds {limit}"),
            OpenError::InvalidJson { column } => {
                write!(f, "open packet is not the JSON of a handshake, seen at column {column}")
            }
            OpenError::InvalidSid { len, limit } => {
                write!(f, "sid of {len} bytes is not 1 to {limit} visible ASCII characters")
            }
        }
    }
}

impl std::error::Error for OpenError {}

#[derive(Deserialize)]
struct OpenJson<'a> {
    #[serde(borrow)]
    sid: Cow<'a, str>,
    #[serde(borrow, default)]
    upgrades: Vec<Cow<'a, str>>,
    #[serde(rename = "pingInterval")]
    ping_interval: u64,
    #[serde(rename = "pingTimeout")]
    ping_timeout: u64,
    #[serde(rename = "maxPayload")]
    max_payload: Option<u64>,
}

/// A handshake is a few hundred bytes; servers that add keys of their own stay far below this.
const MAX_OPEN_BYTES: usize = 16_384;

/// Ids of known servers have 16 to 36 characters.
const MAX_SID_BYTES: usize = 256;
