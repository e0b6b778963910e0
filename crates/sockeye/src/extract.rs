//! What handlers take: each extractor makes itself from the event at hand. `serde` runs here, once, from
//! the received bytes straight into the user's type.

use crate::ack::Ack;
use crate::error::ExtractError;
use crate::handshake::Handshake;
use crate::namespace::Namespace;
use crate::server::Server;
use crate::socket::Socket;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use sockeye_proto::socket::{ArgError, Args, ArgsBuf, DisconnectReason};
use std::any::type_name;
use std::sync::Arc;

/// The event that extractors draw from: a received event, a connection, or a disconnection.
pub struct EventParts<'a> {
    pub(crate) socket: &'a Socket,
    pub(crate) name: Option<&'a str>,
    pub(crate) args: Option<&'a Args<'a>>,
    /// The argument that the next [`Data`] takes.
    pub(crate) next_arg: usize,
    pub(crate) ack_id: Option<u64>,
    pub(crate) reason: Option<DisconnectReason>,
}

impl<'a> EventParts<'a> {
    /// Of an event without arguments: the beginning or the end of a socket.
    pub(crate) fn of_connection(socket: &'a Socket) -> Self {
        Self { socket, name: None, args: None, next_arg: 0, ack_id: None, reason: None }
    }

    /// The socket the event belongs to.
    pub fn socket(&self) -> &'a Socket {
        self.socket
    }

    /// The undecoded arguments, if this is a received event.
    pub fn args(&self) -> Option<&'a Args<'a>> {
        self.args
    }
}

/// A type that a handler can take as an argument.
///
/// ```
/// use sockeye::{EventParts, ExtractError, FromEvent, Server};
///
/// /// How many arguments the client sent.
/// struct Count(usize);
///
/// impl FromEvent for Count {
///     fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
///         Ok(Count(parts.args().map_or(0, |args| args.len())))
///     }
/// }
///
/// Server::new().on("anything", async |Count(n): Count| println!("{n} arguments"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken by an event handler",
    label = "no extractor",
    note = "arguments of the event are taken as `Data<T>`, several as `Rest<(A, B)>`, where the types are \
            `DeserializeOwned`; binary as `bytes::Bytes`",
    note = "other extractors: `Socket`, `Server`, `Namespace`, `Ack`, `Ack<T>`, `Auth<T>`, `State<T>`, `Handshake`, \
            `EventName`, `RawArguments`, `DisconnectReason`; `Option` of `Data` and `Ack`; your own with `FromEvent`"
)]
pub trait FromEvent: Sized + 'static {
    /// Makes the value.
    ///
    /// # Errors
    /// What the event lacks or what does not fit; the handler is then not called.
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError>;
}

/// The next argument of the event, decoded: the first `Data` of a handler takes the first argument, the
/// second the second. A missing argument decodes like `null`, so `Data<Option<T>>` accepts it.
///
/// Binary stands wherever the type asks serde for bytes (`bytes::Bytes`, `serde_bytes`); a `Vec<u8>` is a
/// JSON array of numbers.
///
/// ```
/// use sockeye::{Data, Server};
///
/// Server::new().on("move", async |Data(x): Data<f64>, Data(y): Data<f64>| println!("{x} {y}"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data<T>(pub T);

impl<T: DeserializeOwned + 'static> FromEvent for Data<T> {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        let args = parts.args.ok_or(ExtractError::NotHere { wanted: "an argument" })?;
        let index = parts.next_arg;
        parts.next_arg += 1;
        Ok(Data(args.decode(index)?))
    }
}

/// `None` when there is no such argument. `null` counts as none, since JSON has no other word for `undefined`; an
/// argument that is there and no `T` is an error, as for `Data<T>`.
impl<T: DeserializeOwned + 'static> FromEvent for Option<Data<T>> {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        let Data(value) = Data::<Option<T>>::from_event(parts)?;
        Ok(value.map(Data))
    }
}

/// The arguments that no [`Data`] before it has taken, as one tuple or sequence: a tuple takes one for each field (absent
/// ones are decoded as `null`, further ones ignored), a sequence takes all of them.
///
/// ```
/// use sockeye::{Data, Rest, Server};
///
/// let io = Server::new();
/// io.on("move", async |Rest((x, y)): Rest<(f64, f64)>| println!("{x} {y}"));
/// io.on("tag", async |Data(name): Data<String>, Rest(tags): Rest<Vec<String>>| println!("{name}: {tags:?}"));
/// ```
///
/// `Data<(A, B)>` is something else: one argument that is an array of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest<T>(pub T);

impl<T: DeserializeOwned + 'static> FromEvent for Rest<T> {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        let args = parts.args.ok_or(ExtractError::NotHere { wanted: "the arguments" })?;
        let taken = parts.next_arg;
        parts.next_arg = args.len();
        args.skip(taken).decode_all().map(Rest).map_err(|error| match error {
            ArgError::Missing { index } => ArgError::Missing { index: index + taken }.into(),
            ArgError::Invalid { index, reason } => ArgError::Invalid { index: index + taken, reason }.into(),
            other => other.into(),
        })
    }
}

/// The next argument, which must be binary; what arrived is shared, where a `Data<Bytes>` copies it.
///
/// ```
/// use bytes::Bytes;
/// use sockeye::{Data, Server};
///
/// Server::new().on("upload", async |Data(name): Data<String>, file: Bytes| println!("{name}: {}", file.len()));
/// ```
impl FromEvent for Bytes {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        let args = parts.args.ok_or(ExtractError::NotHere { wanted: "an argument" })?;
        let index = parts.next_arg;
        parts.next_arg += 1;
        args.bytes(index).ok_or_else(|| match args.get(index) {
            Some(_) => ArgError::Invalid { index, reason: "not binary".to_owned() }.into(),
            None => ArgError::Missing { index }.into(),
        })
    }
}

/// All arguments of the event at once, whatever was taken before, as one tuple or sequence; see [`Rest`].
///
/// ```
/// use sockeye::{Arguments, Server};
///
/// Server::new().on("sum", async |Arguments(numbers): Arguments<Vec<f64>>| println!("{}", numbers.iter().sum::<f64>()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arguments<T>(pub T);

impl<T: DeserializeOwned + 'static> FromEvent for Arguments<T> {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        let args = parts.args.ok_or(ExtractError::NotHere { wanted: "the arguments" })?;
        Ok(Arguments(args.decode_all()?))
    }
}

/// All arguments as they arrived, undecoded: to relay them, or to decode them later. They can be emitted again
/// as they are, attachments included.
///
/// ```
/// use sockeye::{RawArguments, Server, Socket};
///
/// Server::new().on("relay", async |socket: Socket, args: RawArguments| {
///     socket.broadcast().emit("relayed", args.as_args())
/// });
/// ```
impl FromEvent for ArgsBuf {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        Ok(parts.args.ok_or(ExtractError::NotHere { wanted: "the arguments" })?.to_owned_args())
    }
}

/// The name of the event, for [`Namespace::on_any`](crate::Namespace::on_any).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventName(pub String);

impl FromEvent for EventName {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        let name = parts.name.ok_or(ExtractError::NotHere { wanted: "an event name" })?;
        Ok(EventName(name.to_owned()))
    }
}

/// The `auth` payload of the CONNECT packet, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth<T>(pub T);

impl<T: DeserializeOwned + 'static> FromEvent for Auth<T> {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        Ok(Auth(parts.socket.auth()?))
    }
}

/// The value of this type given to [`ServerBuilder::state`](crate::ServerBuilder::state).
#[derive(Debug)]
pub struct State<T>(pub Arc<T>);

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        State(self.0.clone())
    }
}

impl<T> std::ops::Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Send + Sync + 'static> FromEvent for State<T> {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        let state = parts.socket.shared().state::<T>();
        state.map(State).ok_or(ExtractError::NoState { wanted: type_name::<T>() })
    }
}

impl FromEvent for Socket {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        Ok(parts.socket.clone())
    }
}

impl FromEvent for Server {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        Ok(parts.socket.server())
    }
}

impl FromEvent for Namespace {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        Ok(parts.socket.namespace())
    }
}

impl FromEvent for Handshake {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        Ok(parts.socket.handshake().clone())
    }
}

impl<T: ?Sized + 'static> FromEvent for Ack<T> {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        let id = parts.ack_id.take().ok_or(ExtractError::NoAck)?;
        Ok(Ack::new(parts.socket.clone(), id))
    }
}

/// `None` when the client asked for no acknowledgement.
impl<T: ?Sized + 'static> FromEvent for Option<Ack<T>> {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        Ok(parts.ack_id.take().map(|id| Ack::new(parts.socket.clone(), id)))
    }
}

/// Why the socket ended, in `on_disconnecting` and `on_disconnect`.
impl FromEvent for DisconnectReason {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        parts.reason.ok_or(ExtractError::NotHere { wanted: "a disconnect reason" })
    }
}
