//! The trait between the server and whatever knows the rooms, and the small types of its methods.

use crate::{Member, Members, Packet, Target};
use sockeye_proto::SocketId;
use std::fmt;
use std::sync::Arc;

/// The rooms of one namespace: who is in them, and delivery to them.
///
/// Object safe, so a namespace holds an `Arc<dyn Adapter>`. All methods return at once and may be called from any
/// thread; only [`broadcast`](Self::broadcast) calls into members.
///
/// What other nodes must answer (their sockets, joining or disconnecting them, acks to a broadcast) is not here
/// yet. Those questions take time: they will stand in this trait as provided methods returning boxed futures,
/// answered from [`members`](Self::members) by an adapter that has no other nodes.
///
/// Source: mirrors the in-memory adapter of the official server (`addAll`, `del`, `delAll`, `broadcast`, …).
pub trait Adapter: Send + Sync + 'static {
    /// Lets a socket in, as a member of its own-id room; its id is not that of a socket already in. The key stands for it until [`remove`](Self::remove);
    /// after [`close`](Self::close) nobody is let in and the key is a stale one.
    fn add(&self, member: Arc<dyn Member>) -> SocketKey;

    /// Lets a socket go, out of all its rooms, and returns what [`rooms`](Self::rooms) was until now.
    /// A stale key removes nothing and returns nothing.
    fn remove(&self, key: SocketKey) -> Vec<Arc<str>>;

    /// Joins rooms, all of them or none. Being in one already is no error; a room begins with its first member.
    /// A stale key joins nothing and gets `Ok`: a handler may call this when its client is already gone.
    ///
    /// # Errors
    /// A name or the number of rooms is past [`Limits`]; the socket is in the rooms it was in before.
    fn join(&self, key: SocketKey, rooms: &[&str]) -> Result<(), JoinError>;

    /// Leaves rooms, its own-id room too if it is named. A room ends with its last member.
    fn leave(&self, key: SocketKey, rooms: &[&str]);

    /// The rooms of a socket: its own id first (unless it left that one), the others in no order.
    fn rooms(&self, key: SocketKey) -> Vec<Arc<str>>;

    /// Who is in the target now, each once: a snapshot that later joins and leaves do not change.
    fn members(&self, target: &Target) -> Members;

    /// Delivers a packet to everyone in the target and returns how many they are.
    ///
    /// Concurrent broadcasts reach all their common members in one order. Whoever joined before the call gets
    /// the packet; whoever joins after it does not.
    fn broadcast(&self, target: &Target, packet: &Packet) -> usize;

    /// Tells `watcher` of every change of the rooms from now on, own-id rooms included, with no lock held. The changes of
    /// one call are told in their order; those that several threads make at the same time may mix.
    fn watch_rooms(&self, watcher: Arc<RoomWatcher>);

    /// How many sockets and rooms there are.
    fn counts(&self) -> Counts;

    /// The socket with this id.
    fn member(&self, id: &SocketId) -> Option<Arc<dyn Member>>;

    /// Forgets all sockets and rooms, for good. The server disconnects its sockets first: theirs are then no
    /// rooms any more.
    fn close(&self);
}

/// Hears of the changes of the rooms.
pub type RoomWatcher = dyn Fn(&RoomEvent) + Send + Sync;

/// A change of the rooms.
///
/// Source: the events `create-room`, `join-room`, `leave-room` and `delete-room` of the official adapters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// A room came to be; its first member joins next.
    Created {
        /// The name.
        room: Arc<str>,
    },
    /// A socket joined.
    Joined {
        /// The name of the room.
        room: Arc<str>,
        /// The socket.
        socket: SocketId,
    },
    /// A socket left.
    Left {
        /// The name of the room.
        room: Arc<str>,
        /// The socket.
        socket: SocketId,
    },
    /// The last member left.
    Deleted {
        /// The name.
        room: Arc<str>,
    },
}

/// Names a socket in its adapter in constant time, from `add` to `remove`. Afterwards it is stale, and stays so
/// when the place is given to another socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SocketKey {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// Sizes of a namespace, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sockets between `add` and `remove`.
    pub sockets: usize,
    /// Names that reach somebody, own-id rooms included: `adapter.rooms.size` of the official server.
    pub rooms: usize,
}

/// Bounds on what one socket may make the adapter remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Rooms of one socket; its own-id room does not count. Default 1 000.
    pub max_rooms_per_socket: usize,
    /// UTF-8 bytes of a room's name. Default 255.
    pub max_room_name_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_rooms_per_socket: 1_000, max_room_name_bytes: 255 }
    }
}

/// Why [`Adapter::join`] joined nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// The socket would be in more than [`Limits::max_rooms_per_socket`].
    TooManyRooms {
        /// The limit.
        limit: usize,
    },
    /// A name is longer than [`Limits::max_room_name_bytes`].
    NameTooLong {
        /// Bytes of the refused name.
        len: usize,
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyRooms { limit } => {
                write!(f, "socket would be in more than max_rooms_per_socket ({limit}) rooms")
            }
            Self::NameTooLong { len, limit } => {
                write!(f, "room name of {len} bytes exceeds max_room_name_bytes ({limit})")
            }
        }
    }
}

impl std::error::Error for JoinError {}
