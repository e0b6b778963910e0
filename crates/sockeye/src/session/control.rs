//! What other tasks may ask of a session task.

use super::link::Link;
use crate::http::RequestHead;
use bytes::Bytes;
use sockeye_proto::SocketId;
use sockeye_proto::engine::{CloseReason, RequestError};
use sockeye_proto::socket::DisconnectReason;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Where the payload for a waiting poll goes.
pub(crate) type PollAnswer = oneshot::Sender<Vec<u8>>;

pub(crate) enum Control {
    /// A poll arrived; it is answered with a payload. A receiver that goes away is an aborted request.
    Poll(PollAnswer),
    /// The body of a POST arrived, with its head where somebody wants to see it; the verdict is what the request is
    /// answered with.
    Post(Bytes, Option<RequestHead>, oneshot::Sender<Result<(), RequestError>>),
    /// A WebSocket arrived for this polling session.
    Probe(Box<Link>),
    /// Our side leaves a namespace, and why; the packet that says so is queued already.
    Leave(Arc<str>, SocketId, DisconnectReason),
    /// Our side leaves every namespace of the client, then the engine session ends.
    Disconnect,
    /// The engine session ends.
    Close(CloseReason),
    /// The engine session ends as soon as nothing is under way on it.
    Retire(Arc<Retirement>),
}

/// How a session is to end whose server leaves.
pub(crate) struct Retirement {
    /// How long it may take.
    pub(crate) grace: Duration,
    /// The frame that tells the client, if there is something to tell.
    pub(crate) goodbye: Option<Bytes>,
}
