//! What a namespace says to the servers of its cluster, and what it tells of its rooms.

use super::Namespace;
use crate::error::EmitError;
use serde::de::DeserializeOwned;
use sockeye_adapter::RoomEvent;
use sockeye_proto::socket::{EncodeError, EventArgs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What the official server keeps for itself among the events between servers.
const RESERVED: [&str; 3] = ["connect", "connection", "new_namespace"];

impl Namespace {
    /// Sends an event to this namespace on the other servers of the cluster, never to this one. With the local adapter
    /// there are no others, so a good event reaches nobody.
    ///
    /// # Errors
    /// The event cannot be encoded, or its name is one of `connect`, `connection` and `new_namespace`.
    ///
    /// Source: mirrors `nsp.serverSideEmit` in Node.
    pub fn server_side_emit(&self, event: &str, args: impl EventArgs) -> Result<(), EmitError> {
        if let Some(name) = RESERVED.into_iter().find(|name| *name == event) {
            return Err(EmitError::Encode(EncodeError::Reserved { name }));
        }
        self.inner().encode(event, None, args).map(drop)
    }

    /// [`Namespace::server_side_emit`] that resolves to the answer of each other server: to nothing with the local
    /// adapter.
    ///
    /// # Errors
    /// As [`Namespace::server_side_emit`].
    ///
    /// # Cancel safety
    /// Dropping the future stops the waiting.
    ///
    /// Source: mirrors `nsp.serverSideEmitWithAck` in Node.
    pub async fn server_side_emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: impl EventArgs,
    ) -> Result<Vec<T>, EmitError> {
        self.server_side_emit(event, args)?;
        Ok(Vec::new())
    }

    /// Hears of every room that comes and goes and of who joins and leaves it, own-id rooms included; on a parent, of
    /// the rooms of all children. Called where the change was made, with no lock held. Costs nothing as long as nobody
    /// listens, and cannot be taken back.
    ///
    /// ```
    /// use sockeye::{RoomEvent, Server};
    ///
    /// Server::new().on_room_event(|event| match event {
    ///     RoomEvent::Created { room } => println!("{room} opens"),
    ///     RoomEvent::Deleted { room } => println!("{room} closes"),
    ///     RoomEvent::Joined { .. } | RoomEvent::Left { .. } => {}
    /// });
    /// ```
    ///
    /// Source: mirrors `create-room`, `join-room`, `leave-room` and `delete-room` of `nsp.adapter` in Node.
    pub fn on_room_event(&self, hook: impl Fn(&RoomEvent) + Send + Sync + 'static) {
        let watcher = Arc::new(move |event: &RoomEvent| {
            if catch_unwind(AssertUnwindSafe(|| hook(event))).is_err() {
                tracing::error!("room_hook_panicked");
            }
        });
        match self.inner().as_parent() {
            Some(parent) => parent.watch_rooms(watcher),
            None => self.inner().watch_rooms(watcher),
        }
    }
}
