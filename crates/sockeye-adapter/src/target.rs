//! Whom a broadcast is for: names only, looked up when it is sent.

use smallvec::SmallVec;
use std::ops::Deref;
use std::sync::Arc;

/// Room names; one is kept in place. A slice of names to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rooms(SmallVec<[Arc<str>; 1]>);

impl Rooms {
    /// No names, without allocating.
    #[inline]
    pub fn new() -> Self {
        Self(SmallVec::new())
    }

    /// Adds a name.
    #[inline]
    pub fn push(&mut self, room: impl Into<Arc<str>>) {
        self.0.push(room.into());
    }
}

impl Deref for Rooms {
    type Target = [Arc<str>];

    #[inline]
    fn deref(&self) -> &[Arc<str>] {
        &self.0
    }
}

impl<R: Into<Arc<str>>> FromIterator<R> for Rooms {
    fn from_iter<I: IntoIterator<Item = R>>(rooms: I) -> Self {
        Self(rooms.into_iter().map(Into::into).collect())
    }
}

impl<R: Into<Arc<str>>> Extend<R> for Rooms {
    fn extend<I: IntoIterator<Item = R>>(&mut self, rooms: I) {
        self.0.extend(rooms.into_iter().map(Into::into));
    }
}

/// The sockets that are in any of `rooms` and in none of `except`.
///
/// ```
/// use sockeye_adapter::Target;
///
/// let target = Target::to("news").and("sport").except("muted");
/// assert_eq!((target.rooms.len(), target.except.len()), (2, 1));
/// assert!(Target::everyone().rooms.is_empty());
/// ```
/// Source: `BroadcastOptions` of the official server (`rooms`, `except`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The union of these rooms; empty: the whole namespace.
    pub rooms: Rooms,
    /// Without everyone who is in one of these. A socket's own id leaves out that socket.
    pub except: Rooms,
}

impl Target {
    /// The whole namespace.
    #[inline]
    pub fn everyone() -> Self {
        Self { rooms: Rooms::new(), except: Rooms::new() }
    }

    /// One room.
    #[inline]
    pub fn to(room: impl Into<Arc<str>>) -> Self {
        Self::everyone().and(room)
    }

    /// One room more. On [`everyone`](Self::everyone) it narrows to that room.
    #[inline]
    #[must_use]
    pub fn and(mut self, room: impl Into<Arc<str>>) -> Self {
        self.rooms.push(room);
        self
    }

    /// Without those who are in the room.
    #[inline]
    #[must_use]
    pub fn except(mut self, room: impl Into<Arc<str>>) -> Self {
        self.except.push(room);
        self
    }
}
