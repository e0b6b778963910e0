//! The errors of the server's operations: one small enum each, saying what arrived, the limit, and what the
//! reader can do about it.

use crate::ack::{MAX_OUTSTANDING, Refused};
use crate::recovery::DuplicateError;
use sockeye_proto::socket::{ArgError, EncodeError, MuxError as PacketError};
use std::fmt;
use std::time::Duration;

/// Any error of user code.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why an emit did not happen.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EmitError {
    /// The event or its arguments cannot be a packet: a reserved name, too many attachments, a value that
    /// does not serialize.
    Encode(EncodeError),
    /// The connection holds back too much. It is closed as a slow reader, unless `ServerBuilder::slow_reader`
    /// lets it stay.
    Refused {
        /// Bytes that were queued already.
        queued_bytes: usize,
        /// The limit: `ServerBuilder::max_burst_bytes`, or `max_buffered_bytes` for a reader that may stay.
        limit_bytes: usize,
    },
    /// The socket is disconnected.
    Closed,
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EmitError::Encode(error) => write!(f, "the event cannot be encoded: {error}"),
            EmitError::Refused { queued_bytes, limit_bytes } => {
                write!(f, "{queued_bytes} bytes wait for a slow reader, the limit is {limit_bytes}")
            }
            EmitError::Closed => f.write_str("the socket is disconnected"),
        }
    }
}

impl std::error::Error for EmitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            EmitError::Encode(error) => Some(error),
            _ => None,
        }
    }
}

impl From<EncodeError> for EmitError {
    fn from(error: EncodeError) -> Self {
        EmitError::Encode(error)
    }
}

/// Why no acknowledgement came.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AckError {
    /// The event was not sent.
    Emit(EmitError),
    /// The peer did not answer in time.
    Timeout {
        /// How long it was given.
        after: Duration,
    },
    /// The socket disconnected first.
    Disconnected,
    /// The answer is not what was asked for.
    Decode(ArgError),
    /// `limit` acknowledgements of this socket are outstanding already.
    TooMany {
        /// The limit per socket.
        limit: usize,
    },
}

impl fmt::Display for AckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AckError::Emit(error) => error.fmt(f),
            AckError::Timeout { after } => write!(f, "operation has timed out: no answer within {after:?}"),
            AckError::Disconnected => f.write_str("socket has been disconnected"),
            AckError::Decode(error) => write!(f, "the acknowledgement cannot be decoded: {error}"),
            AckError::TooMany { limit } => {
                write!(f, "{limit} acknowledgements of this socket are outstanding, the limit")
            }
        }
    }
}

impl std::error::Error for AckError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AckError::Emit(error) => Some(error),
            AckError::Decode(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Refused> for AckError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Closed => AckError::Emit(EmitError::Closed),
            Refused::TooMany => AckError::TooMany { limit: MAX_OUTSTANDING },
        }
    }
}

impl From<EmitError> for AckError {
    fn from(error: EmitError) -> Self {
        AckError::Emit(error)
    }
}

/// What a connection middleware refuses a client with; becomes its `connect_error`.
///
/// ```
/// use sockeye::ConnectError;
///
/// let refusal = ConnectError::new("not authorized").data(&serde_json::json!({ "retry": false }));
/// assert_eq!(refusal.message(), "not authorized");
/// ```
///
/// Source: socket.io-protocol v5 § Connection to a namespace; mirrors `next(err)` with `err.data` in Node.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectError {
    message: String,
    data: Option<serde_json::Value>,
}

impl ConnectError {
    /// A refusal with the text the client sees as `err.message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// Adds what the client sees as `err.data`. A value that does not serialize is left out.
    pub fn data<T: serde::Serialize + ?Sized>(mut self, data: &T) -> Self {
        self.data = serde_json::to_value(data).ok();
        self
    }

    /// The text the client sees.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The data the client sees.
    pub fn payload(&self) -> Option<&serde_json::Value> {
        self.data.as_ref()
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConnectError {}

/// Why a handler could not be called with what arrived.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ExtractError {
    /// An argument is missing or of another shape.
    Argument(ArgError),
    /// The handler takes an `Ack`, but the client asked for none. `Option<Ack>` accepts both.
    NoAck,
    /// The handler asks for something that this kind of event does not have.
    NotHere {
        /// What was asked for.
        wanted: &'static str,
    },
    /// The parameters of the namespace are no value of the type.
    Params {
        /// What serde says.
        reason: String,
    },
    /// No value of this type was given to `ServerBuilder::state`.
    NoState {
        /// The type that was asked for.
        wanted: &'static str,
    },
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExtractError::Argument(error) => error.fmt(f),
            ExtractError::NoAck => f.write_str("the client asked for no acknowledgement; take Option<Ack>"),
            ExtractError::NotHere { wanted } => write!(f, "{wanted} is not part of this event"),
            ExtractError::Params { reason } => {
                write!(f, "the parameters of the namespace do not fit: {reason}")
            }
            ExtractError::NoState { wanted } => {
                write!(f, "no state of type {wanted}; give it to Server::builder().state(..)")
            }
        }
    }
}

impl std::error::Error for ExtractError {}

impl From<ArgError> for ExtractError {
    fn from(error: ArgError) -> Self {
        ExtractError::Argument(error)
    }
}

/// A handler that did not end well, as [`Namespace::on_error`](crate::Namespace::on_error) sees it.
#[derive(Debug)]
#[non_exhaustive]
pub enum HandlerError {
    /// What arrived does not fit the handler's arguments; it was not called.
    Extract(ExtractError),
    /// The handler returned an error.
    Failed(BoxError),
    /// The handler panicked; the event is lost, nothing else.
    Panicked(String),
    /// A middleware of the socket refused the event; see [`Socket::middleware`](crate::Socket::middleware).
    Refused(BoxError),
    /// The client sent what is no packet, which closes its connection with `forced close`.
    Packet(PacketError),
}

impl ExtractError {
    /// What may stand in a log: a decoder's own words quote what the client sent.
    pub(crate) fn without_payload(&self) -> String {
        match self {
            ExtractError::Argument(ArgError::Invalid { index, .. }) => {
                format!("argument {index} does not fit")
            }
            ExtractError::Argument(ArgError::Shape { .. }) => "the arguments do not fit".to_owned(),
            ExtractError::Params { .. } => "the parameters of the namespace do not fit".to_owned(),
            other => other.to_string(),
        }
    }
}

impl HandlerError {
    /// Whether any client can bring it about, as often as it likes.
    pub(crate) fn is_brought_about(&self) -> bool {
        match self {
            HandlerError::Extract(_) | HandlerError::Refused(_) | HandlerError::Packet(_) => true,
            // What a handler passes on of an offset or of a reader that is gone or slow.
            HandlerError::Failed(error) => error.is::<DuplicateError>() || error.is::<EmitError>(),
            HandlerError::Panicked(_) => false,
        }
    }

    /// What may stand in a log. The text of the application's own errors is the application's business.
    pub(crate) fn without_payload(&self) -> String {
        match self {
            HandlerError::Extract(error) => {
                format!("the event does not fit the handler: {}", error.without_payload())
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandlerError::Extract(error) => write!(f, "the event does not fit the handler: {error}"),
            HandlerError::Failed(error) => write!(f, "the handler failed: {error}"),
            HandlerError::Refused(error) => write!(f, "the event was refused: {error}"),
            HandlerError::Packet(error) => write!(f, "the packet is malformed: {error}"),
            HandlerError::Panicked(message) => write!(f, "the handler panicked: {message}"),
        }
    }
}

impl std::error::Error for HandlerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_of_a_bad_argument_quotes_nothing_of_it() {
        let reason = "invalid type: string \"canary\", expected i64".to_owned();
        let error = HandlerError::Extract(ExtractError::Argument(ArgError::Invalid { index: 2, reason }));
        assert_eq!(error.without_payload(), "the event does not fit the handler: argument 2 does not fit");
        assert!(error.to_string().contains("canary"));
    }
}
