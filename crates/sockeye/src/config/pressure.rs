//! What a connection may hold back, and what becomes of a client that reads too slowly.

use super::ServerBuilder;
use crate::session::mailbox::Limits;

pub(crate) struct Pressure {
    pub(crate) max_buffered_bytes: usize,
    pub(crate) max_burst_bytes: usize,
    pub(crate) slow_reader: SlowReader,
}

/// What happens at `ServerBuilder::max_buffered_bytes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlowReader {
    /// The connection ends, with the reason `slow consumer`: nobody goes on believing in a state that some
    /// events are missing from.
    #[default]
    Close,
    /// Emits are refused, and the connection stays. An emit to the socket tells so with
    /// [`EmitError::Refused`](crate::EmitError::Refused); a broadcast leaves that receiver out, which
    /// [`Counts::refused`](crate::Counts::refused) counts. [`Socket::ready`](crate::Socket::ready) and
    /// [`Socket::on_drain`](crate::Socket::on_drain) tell when to go on.
    Refuse,
}

impl Pressure {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            buffered: self.max_buffered_bytes,
            burst: self.max_burst_bytes,
            slow_reader: self.slow_reader,
        }
    }
}

impl Default for Pressure {
    fn default() -> Self {
        Self {
            max_buffered_bytes: 4 * 1024 * 1024,
            max_burst_bytes: 8 * 1024 * 1024,
            slow_reader: SlowReader::default(),
        }
    }
}

impl ServerBuilder {
    /// How many outgoing bytes a connection may hold back once the kernel takes no more, or between two
    /// polls: 4 MiB by default. What happens beyond it, [`ServerBuilder::slow_reader`] says. A connection is
    /// backed up from a quarter of it until it is down to a sixteenth: see [`Socket::ready`](crate::Socket::ready).
    pub fn max_buffered_bytes(mut self, bytes: usize) -> Self {
        self.0.pressure.max_buffered_bytes = bytes;
        self
    }

    /// How many outgoing bytes may be queued before the connection had a chance to write: 8 MiB by default.
    /// Beyond it an emit is refused, and unless [`SlowReader::Refuse`] is chosen the client is closed as a slow
    /// reader.
    pub fn max_burst_bytes(mut self, bytes: usize) -> Self {
        self.0.pressure.max_burst_bytes = bytes;
        self
    }

    /// What becomes of a client that reads too slowly: it is closed by default.
    ///
    /// ```
    /// use sockeye::{Server, SlowReader};
    ///
    /// let io = Server::builder().slow_reader(SlowReader::Refuse).build();
    /// ```
    pub fn slow_reader(mut self, policy: SlowReader) -> Self {
        self.0.pressure.slow_reader = policy;
        self
    }
}
