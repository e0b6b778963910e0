//! The namespaces that share one connection, seen from the server ([`server`]) and from the client
//! ([`client`]), with the limits and errors that both have.

pub(crate) mod client;
pub(crate) mod server;
#[cfg(test)]
mod tests;

use super::packet::{DecodeError, PacketType};
use std::fmt;

/// The longest name of a namespace.
pub const MAX_NAMESPACE_BYTES: usize = 255;

/// Limits of what one connection may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MuxLimits {
    /// Attachments of one packet. Default 10, as official peers have it.
    pub max_attachments: usize,
    /// Namespaces joined or being joined at once. Default 100.
    pub max_namespaces: usize,
    /// Refused CONNECTs. Default 100.
    pub max_failures: usize,
    /// The text and all attachments of one packet together, in bytes. Default 1 000 000, at most 4 GiB.
    pub max_packet_bytes: usize,
}

impl Default for MuxLimits {
    fn default() -> Self {
        Self { max_attachments: 10, max_namespaces: 100, max_failures: 100, max_packet_bytes: 1_000_000 }
    }
}

/// [`MuxLimits`] in the half of the space, for there is one per connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    max_attachments: u32,
    max_namespaces: u32,
    max_failures: u32,
    max_packet_bytes: u32,
}

impl Limits {
    pub(crate) fn max_attachments(&self) -> usize {
        self.max_attachments as usize
    }

    pub(crate) fn max_namespaces(&self) -> usize {
        self.max_namespaces as usize
    }

    #[inline]
    pub(crate) fn max_packet_bytes(&self) -> usize {
        self.max_packet_bytes as usize
    }
}

impl From<MuxLimits> for Limits {
    fn from(limits: MuxLimits) -> Self {
        let narrow = |limit: usize| u32::try_from(limit).unwrap_or(u32::MAX);
        Self {
            max_attachments: narrow(limits.max_attachments),
            max_namespaces: narrow(limits.max_namespaces),
            max_failures: narrow(limits.max_failures),
            max_packet_bytes: narrow(limits.max_packet_bytes),
        }
    }
}

/// The name of a namespace as a table keeps it: nothing for the `/` that nearly everybody uses.
#[derive(Debug)]
pub(crate) struct Name(Option<Box<str>>);

impl Name {
    pub(crate) fn new(namespace: &str) -> Self {
        Self((namespace != "/").then(|| namespace.into()))
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("/")
    }

    pub(crate) fn into_box(self) -> Box<str> {
        self.0.unwrap_or_else(|| "/".into())
    }
}

/// What the peer did that ends the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MuxError {
    /// The head of a packet cannot be read.
    Header(DecodeError),
    /// The payload is not JSON.
    BadJson {
        /// Where, in bytes from the start of the payload.
        at: usize,
    },
    /// The payload nests too deep.
    TooDeep {
        /// [`MAX_DEPTH`](super::MAX_DEPTH).
        limit: usize,
    },
    /// The payload is JSON, but not what this type of packet carries.
    BadPayload {
        /// The type.
        packet_type: PacketType,
    },
    /// An event with a name that has a meaning of its own.
    Reserved {
        /// The name.
        name: &'static str,
    },
    /// A placeholder is malformed, out of range, or used twice.
    BadPlaceholder {
        /// Where its object begins, in bytes from the start of the payload.
        at: usize,
    },
    /// Attachments without a place.
    PlaceholderCount {
        /// Placeholders in the payload.
        found: usize,
        /// Attachments in the head of the packet.
        announced: usize,
    },
    /// A packet announces too many attachments.
    TooManyAttachments {
        /// How many.
        count: usize,
        /// [`MuxLimits::max_attachments`].
        limit: usize,
    },
    /// A text arrived where a binary message was due.
    AttachmentsAwaited {
        /// How many are still to come.
        missing: usize,
    },
    /// A binary message arrived that no packet announced.
    UnexpectedBinary {
        /// Its length.
        size_bytes: usize,
    },
    /// A packet is too large.
    PacketTooLarge {
        /// Text and attachments so far.
        size_bytes: usize,
        /// [`MuxLimits::max_packet_bytes`].
        limit: usize,
    },
    /// A packet that a parser other than the default one cannot read; what it says.
    Parser(String),
    /// A namespace that the default form of packets could not name: without its `/`, or with a `,` or `?` in it.
    BadNamespace {
        /// The name.
        namespace: Box<str>,
    },
    /// The name of a namespace is too long.
    NamespaceTooLong {
        /// Its length.
        len_bytes: usize,
        /// [`MAX_NAMESPACE_BYTES`].
        limit: usize,
    },
    /// The query behind the name of a namespace is too long, or has too many parameters (Socket.IO 2).
    QueryTooLong {
        /// Its length.
        len_bytes: usize,
    },
    /// A packet for a namespace that was never joined.
    NotJoined {
        /// The namespace.
        namespace: Box<str>,
        /// The type of the packet.
        packet_type: PacketType,
    },
    /// A second CONNECT to a namespace.
    DuplicateConnect {
        /// The namespace.
        namespace: Box<str>,
    },
    /// A CONNECT_ERROR, which only servers may send.
    UnexpectedConnectError,
    /// A CONNECT beyond the namespaces that one connection may hold.
    TooManyNamespaces {
        /// [`MuxLimits::max_namespaces`].
        limit: usize,
    },
    /// More refused CONNECTs than one connection may cause.
    TooManyFailures {
        /// [`MuxLimits::max_failures`].
        limit: usize,
    },
}

impl MuxError {
    /// Whether the packet itself is at fault, for which official servers raise `error` on each socket of
    /// the client. The other faults are good packets at a wrong time.
    pub fn is_parse_error(&self) -> bool {
        !matches!(
            self,
            Self::NotJoined { .. }
                | Self::DuplicateConnect { .. }
                | Self::UnexpectedConnectError
                | Self::TooManyNamespaces { .. }
                | Self::TooManyFailures { .. }
        )
    }
}

impl From<DecodeError> for MuxError {
    fn from(error: DecodeError) -> Self {
        Self::Header(error)
    }
}

impl fmt::Display for MuxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::BadJson { at } => write!(f, "invalid JSON at byte {at} of the payload"),
            Self::TooDeep { limit } => write!(f, "payload nested deeper than {limit} levels"),
            Self::BadPayload { packet_type } => {
                write!(f, "payload of a {packet_type:?} packet has the wrong shape")
            }
            Self::Reserved { name } => write!(f, "\"{name}\" is a reserved event name"),
            Self::BadPlaceholder { at } => write!(f, "illegal placeholder at byte {at} of the payload"),
            Self::PlaceholderCount { found, announced } => {
                write!(f, "{announced} attachments announced, {found} placeholders found")
            }
            Self::TooManyAttachments { count, limit } => {
                write!(f, "{count} attachments exceed max_attachments ({limit})")
            }
            Self::AttachmentsAwaited { missing } => {
                write!(f, "text received while {missing} attachments are awaited")
            }
            Self::UnexpectedBinary { size_bytes } => {
                write!(f, "binary message of {size_bytes} bytes that no packet announced")
            }
            Self::PacketTooLarge { size_bytes, limit } => {
                write!(f, "packet of {size_bytes} bytes exceeds max_packet_bytes ({limit})")
            }
            Self::Parser(reason) => f.write_str(reason),
            Self::BadNamespace { namespace } => {
                write!(f, "\"{}\" names no namespace", namespace.escape_debug())
            }
            Self::NamespaceTooLong { len_bytes, limit } => {
                write!(f, "namespace of {len_bytes} bytes exceeds the limit of {limit}")
            }
            Self::QueryTooLong { len_bytes } => {
                write!(
                    f,
                    "query of {len_bytes} bytes behind a namespace is too long or has too many parameters"
                )
            }
            Self::NotJoined { namespace, packet_type } => {
                write!(
                    f,
                    "{packet_type:?} packet for namespace \"{}\", never joined",
                    namespace.escape_debug()
                )
            }
            Self::DuplicateConnect { namespace } => {
                write!(f, "second CONNECT to namespace \"{}\"", namespace.escape_debug())
            }
            Self::UnexpectedConnectError => f.write_str("CONNECT_ERROR received from a client"),
            Self::TooManyNamespaces { limit } => write!(f, "CONNECT beyond max_namespaces ({limit})"),
            Self::TooManyFailures { limit } => write!(f, "refused CONNECTs exceed max_failures ({limit})"),
        }
    }
}

impl std::error::Error for MuxError {}
