//! What differs in Socket.IO protocol v4, which clients of Socket.IO 2 speak on Engine.IO 3: the `/` namespace is
//! joined unasked, the CONNECT reply names no id, a refusal is any JSON, and a CONNECT carries a query instead of
//! an `auth` object. All else is v5. Only what a server needs is here.
//!
//! Source: socket.io-protocol v4 § Packet types.

use super::json::encode::{EncodeError, Encoded, Room, begin};
use super::mux::MuxError;
use super::packet::PacketType;
use crate::percent::percent_decode;
use serde::Serialize;

/// The longest query behind the name of a namespace, in bytes.
pub const MAX_QUERY_BYTES: usize = 8192;

/// The most parameters of such a query.
pub const MAX_QUERY_PARAMETERS: usize = 100;

/// Encodes the server's consent to a CONNECT.
pub fn encode_connect(namespace: &str, room: impl Into<Room>) -> Encoded {
    let text = begin(PacketType::Connect, namespace, None, room.into(), 0);
    Encoded { text, attachments: Vec::new() }
}

/// Encodes the server's refusal of a CONNECT, the ERROR packet: what the client's `error` listener receives.
///
/// # Errors
/// [`EncodeError::Json`] when `error` does not serialize.
pub fn encode_error(
    namespace: &str,
    error: &(impl Serialize + ?Sized),
    room: impl Into<Room>,
) -> Result<Encoded, EncodeError> {
    let mut text = begin(PacketType::ConnectError, namespace, None, room.into(), 0);
    serde_json::to_writer(&mut text, error).map_err(|error| EncodeError::Json(error.to_string()))?;
    Ok(Encoded { text, attachments: Vec::new() })
}

/// The query of a CONNECT as the JSON text of an object of strings: what `auth` is for these clients. Of a
/// parameter that comes twice the last counts. `None` without a query.
///
/// ```
/// use sockeye_proto::socket::v4;
///
/// assert_eq!(v4::auth_of_query("token=a%20b&x").unwrap().unwrap(), r#"{"token":"a b","x":""}"#);
/// assert_eq!(v4::auth_of_query(""), Ok(None));
/// ```
///
/// # Errors
/// [`MuxError::QueryTooLong`] past [`MAX_QUERY_BYTES`] or [`MAX_QUERY_PARAMETERS`]; the connection must be closed.
///
/// Source: the official server's `Client._parseNamespace`.
pub fn auth_of_query(query: &str) -> Result<Option<String>, MuxError> {
    let pairs = || query.split('&').filter(|pair| !pair.is_empty());
    if query.len() > MAX_QUERY_BYTES || pairs().count() > MAX_QUERY_PARAMETERS {
        return Err(MuxError::QueryTooLong { len_bytes: query.len() });
    }
    let mut auth = serde_json::Map::new();
    for pair in pairs() {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        auth.insert(percent_decode(key).into_owned(), percent_decode(value).into_owned().into());
    }
    Ok((!auth.is_empty()).then(|| serde_json::Value::Object(auth).to_string()))
}
