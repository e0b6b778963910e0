//! What a CONNECT says and what it is answered with, in the version that the client speaks. Whether the client is let
//! in, others decide.
//! Source: socket.io-protocol v5 § Connection to a namespace; for clients of Socket.IO 2, v4 § Packet types.

use crate::conn::Conn;
use crate::error::ConnectError;
use crate::random;
use crate::socket::Socket;
use serde_json::Value;
use sockeye_proto::SocketId;
use sockeye_proto::engine::Protocol;
use sockeye_proto::socket::{EncodeError, Encoded, MuxError, encode_connect, encode_connect_error, v4};
use std::borrow::Cow;

/// Who refuses a client: to one of version 3 that makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Server,
    Middleware,
}

/// The JSON of what the client shows to be let in.
pub(super) fn auth<'a>(
    auth: Option<&'a str>,
    query: &str,
    conn: &Conn,
) -> Result<Option<Cow<'a, str>>, MuxError> {
    match conn.handshake.protocol() {
        Protocol::V4 => Ok(auth.map(Cow::Borrowed)),
        Protocol::V3 => Ok(v4::auth_of_query(query)?.map(Cow::Owned)),
    }
}

/// The id of a new socket.
pub(super) fn id(conn: &Conn) -> SocketId {
    match conn.handshake.protocol() {
        Protocol::V4 => SocketId::from_entropy(random::entropy()),
        Protocol::V3 => SocketId::of_v3(&conn.sid),
    }
}

/// Whether the client knows what to do with a `pid`: it came with version 4.6 of the official one.
pub(super) fn can_recover(conn: &Conn) -> bool {
    conn.handshake.protocol() == Protocol::V4
}

/// The packet that lets a client in.
pub(crate) fn consent(socket: &Socket, conn: &Conn) -> Encoded {
    let namespace = socket.inner_namespace().name();
    let room = conn.shared.config.encoding.room();
    match conn.handshake.protocol() {
        Protocol::V4 => encode_connect(namespace, socket.id(), socket.life().map(|life| life.pid()), room),
        Protocol::V3 => v4::encode_connect(namespace, room),
    }
}

/// The packet that refuses a client.
pub(super) fn refusal(
    namespace: &str,
    error: &ConnectError,
    by: By,
    conn: &Conn,
) -> Result<Encoded, EncodeError> {
    let (message, data) = (error.message(), error.payload());
    let room = conn.shared.config.encoding.room();
    match (conn.handshake.protocol(), by) {
        (Protocol::V3, By::Middleware) => match data.filter(|data| is_truthy(data)) {
            Some(data) => v4::encode_error(namespace, data, room),
            None => v4::encode_error(namespace, message, room),
        },
        _ => encode_connect_error(namespace, message, data, room),
    }
}

/// Whether `data || message` of JavaScript is the data.
fn is_truthy(data: &Value) -> bool {
    match data {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}
