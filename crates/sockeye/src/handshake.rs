//! The request that opened a connection, kept for the connection's life.

use crate::http::RequestHead;
use std::fmt;
use std::ops::Deref;

/// A snapshot of the request that opened the connection: a [`RequestHead`], by whose methods it is read.
/// Cheap to clone.
///
/// Source: mirrors `socket.handshake` in Node.
#[derive(Clone)]
pub struct Handshake(RequestHead);

impl Handshake {
    pub(crate) fn new(head: RequestHead) -> Self {
        Self(head)
    }
}

impl Deref for Handshake {
    type Target = RequestHead;

    fn deref(&self) -> &RequestHead {
        &self.0
    }
}

impl fmt::Debug for Handshake {
    /// Without headers and query, which hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handshake").field(&self.0).finish()
    }
}
