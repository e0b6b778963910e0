//! The two versions of Engine.IO that a client may speak.

use std::fmt;

/// The version of the protocol, which a client names in the query of every request (`EIO=4`).
///
/// ```
/// use sockeye_proto::engine::Protocol;
///
/// assert_eq!(u8::from(Protocol::V3), 3);
/// ```
///
/// Source: `socket.conn.protocol` in Node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Protocol {
    /// What clients of Socket.IO 2 speak.
    V3 = 3,
    /// What clients of Socket.IO 3 and 4 speak.
    V4 = 4,
}

/// The versions that a server takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accepts {
    /// Version 4.
    #[default]
    V4,
    /// Version 3, too.
    V3AndV4,
}

impl Accepts {
    /// Whether a client of this version is let in.
    pub fn takes(self, protocol: Protocol) -> bool {
        self == Accepts::V3AndV4 || protocol == Protocol::V4
    }
}

impl From<Protocol> for u8 {
    fn from(protocol: Protocol) -> u8 {
        protocol as u8
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        u8::from(*self).fmt(f)
    }
}
