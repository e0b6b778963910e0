//! What a socket of a recoverable namespace has beside any other: the secret of its session, and how far it was
//! sent to. One life is one socket; a session goes through several.

use crate::random;
use serde::Deserialize;
use serde_json::{Map, Value};
use sockeye_proto::{PrivateSessionId, SocketId};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

pub(crate) struct Life {
    pid: PrivateSessionId,
    recovered: bool,
    /// What the CONNECT said: where to go on, or with a new session what means nothing in it.
    offset: Option<Box<str>>,
    /// Place of the last packet that was for this socket. Written under the lock of the namespace's recovery.
    last: AtomicU64,
    farewell: Mutex<Ending>,
}

/// Resolves when the listeners of the socket before have run.
pub(crate) struct Farewell(oneshot::Receiver<()>);

/// Until it is asked for, then until it is told.
enum Ending {
    New,
    Awaited(oneshot::Sender<()>),
    Over,
}

/// What a CONNECT asks of a recoverable namespace.
#[derive(Default)]
pub(crate) struct Claim {
    found: Option<(SocketId, PrivateSessionId, Map<String, Value>)>,
    offset: Option<Box<str>>,
}

/// A longer text than this is no offset of ours, and is not kept.
const MAX_STALE_BYTES: usize = 64;

/// A handler that takes longer holds nobody up.
const LONGEST_FAREWELL: Duration = Duration::from_secs(10);

impl Claim {
    pub(super) fn new(
        found: Option<(SocketId, PrivateSessionId, Map<String, Value>)>,
        offset: Option<String>,
    ) -> Self {
        let offset = offset.filter(|offset| offset.len() <= MAX_STALE_BYTES);
        Self { found, offset: offset.map(Into::into) }
    }

    /// The same CONNECT, as if the session did not exist.
    pub(crate) fn lost(life: &Life) -> Self {
        Self { found: None, offset: life.offset.clone() }
    }

    /// The id, the data and the life of the socket to make.
    pub(crate) fn into_parts(self) -> (SocketId, Map<String, Value>, Arc<Life>) {
        let recovered = self.found.is_some();
        let (id, pid, data) = self.found.unwrap_or_else(|| {
            let id = SocketId::from_entropy(random::entropy());
            (id, PrivateSessionId::from_entropy(random::entropy()), Map::new())
        });
        let (last, farewell) = (AtomicU64::new(0), Mutex::new(Ending::New));
        (id, data, Arc::new(Life { pid, recovered, offset: self.offset, last, farewell }))
    }
}

impl Life {
    pub(crate) fn pid(&self) -> &PrivateSessionId {
        &self.pid
    }

    pub(crate) fn recovered(&self) -> bool {
        self.recovered
    }

    pub(super) fn offset(&self) -> Option<&str> {
        self.offset.as_deref()
    }

    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    pub(super) fn start_from(&self, place: u64) {
        self.last.store(place, Ordering::Relaxed);
    }

    /// A packet was queued for this socket.
    #[inline]
    pub(crate) fn reached(&self, place: NonZeroU64) {
        self.last.store(place.get(), Ordering::Relaxed);
    }

    pub(super) fn farewell(&self) -> Option<Farewell> {
        let mut ending = self.farewell.lock().unwrap_or_else(PoisonError::into_inner);
        let (tell, told) = oneshot::channel();
        match *ending {
            Ending::New => *ending = Ending::Awaited(tell),
            Ending::Awaited(_) | Ending::Over => return None,
        }
        Some(Farewell(told))
    }

    /// The disconnect listeners have run.
    pub(crate) fn is_over(&self) {
        let ending = std::mem::replace(
            &mut *self.farewell.lock().unwrap_or_else(PoisonError::into_inner),
            Ending::Over,
        );
        if let Ending::Awaited(tell) = ending {
            let _ = tell.send(());
        }
    }
}

impl Farewell {
    /// # Panics
    /// Outside a tokio runtime.
    pub(crate) async fn wait(self) {
        let _ = tokio::time::timeout(LONGEST_FAREWELL, self.0).await;
    }
}

/// The `pid` and the offset in the auth of a CONNECT. Without an offset the client has received nothing yet; with one
/// that is no text it asks for nothing that we could give.
pub(super) fn read_token(auth: &str) -> Option<(String, Option<String>)> {
    #[derive(Deserialize)]
    struct Token {
        #[serde(default)]
        pid: Option<Value>,
        #[serde(default)]
        offset: Option<Value>,
    }
    let Token { pid: Some(Value::String(pid)), offset } = serde_json::from_str(auth).ok()? else {
        return None;
    };
    match offset {
        None => Some((pid, None)),
        Some(Value::String(offset)) => Some((pid, Some(offset))),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::read_token;

    #[test]
    fn a_token_is_a_pid_and_an_offset_or_none() {
        let pid = || "p".to_owned();
        for (auth, token) in [
            (r#"{"pid":"p","offset":"o"}"#, Some((pid(), Some("o".to_owned())))),
            (r#"{"a":1,"offset":"o","pid":"p"}"#, Some((pid(), Some("o".to_owned())))),
            (r#"{"pid":"p"}"#, Some((pid(), None))),
            (r#"{"pid":"p","offset":null}"#, Some((pid(), None))),
            (r#"{"pid":"p","offset":7}"#, None),
            (r#"{"pid":["p"]}"#, None),
            (r#"{"offset":"o"}"#, None),
            (r#"{}"#, None),
        ] {
            assert_eq!(read_token(auth), token, "{auth}");
        }
    }
}
