//! What an application may hang into the HTTP side. Hooks that decide about a handshake may wait for others, so
//! they run in a task of their own: the host server drops the future of a request whose client goes away.
//! Hooks that look at one answer are plain calls, which nothing can cut short.

use super::RequestHead;
use super::refusal::ConnectionError;
use crate::error::BoxError;
use crate::handshake::Handshake;
use http::header::HeaderMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Decides about a handshake.
pub(crate) type HandshakeHook<T> =
    Arc<dyn Fn(Handshake) -> Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>> + Send + Sync>;

pub(crate) type HeadersHook = Box<dyn Fn(&mut HeaderMap, &RequestHead) + Send + Sync>;

pub(crate) type ErrorHook = Box<dyn Fn(&ConnectionError<'_>) + Send + Sync>;

#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) allow_request: Option<HandshakeHook<()>>,
    pub(crate) generate_id: Option<HandshakeHook<String>>,
    pub(crate) initial_headers: Vec<HeadersHook>,
    pub(crate) headers: Vec<HeadersHook>,
    pub(crate) connection_error: Vec<ErrorHook>,
}

impl Hooks {
    /// Whether any hook has a say in a handshake.
    pub(super) fn decide(&self) -> bool {
        self.allow_request.is_some() || self.generate_id.is_some()
    }

    /// Whether any hook looks at the request beside its answer.
    pub(super) fn want_head(&self) -> bool {
        let listeners = [self.initial_headers.len(), self.headers.len(), self.connection_error.len()];
        listeners != [0; 3]
    }
}

/// A hook as the configuration keeps it, from any async function. Each call has a clone of it, as each call of a
/// handler has: an async closure that captures something can be called once.
pub(crate) fn handshake_hook<T, E, F>(
    hook: impl FnOnce(Handshake) -> F + Clone + Send + Sync + 'static,
) -> HandshakeHook<T>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    E: Into<BoxError>,
{
    Arc::new(move |handshake| {
        let decision = hook.clone()(handshake);
        Box::pin(async move { decision.await.map_err(Into::into) })
    })
}

/// Why a hook did not decide.
#[derive(Clone, Copy, Debug)]
pub(super) enum Undecided {
    Panicked,
    TimedOut,
}

/// Runs a hook to its end or to the time limit, even if the caller is dropped meanwhile.
pub(super) async fn decide<T: Send + 'static>(
    hook: &HandshakeHook<T>,
    handshake: &Handshake,
    limit: Duration,
) -> Result<Result<T, BoxError>, Undecided> {
    let (hook, handshake) = (hook.clone(), handshake.clone());
    let deciding = tokio::spawn(async move { tokio::time::timeout(limit, hook(handshake)).await });
    match deciding.await {
        Ok(Ok(decision)) => Ok(decision),
        Ok(Err(_)) => Err(Undecided::TimedOut),
        Err(_) => Err(Undecided::Panicked),
    }
}

/// Calls code of the user's. `None` when it panics, which costs the request at hand and nothing else.
pub(super) fn guarded<T>(hook: &'static str, call: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(call)).ok();
    if outcome.is_none() {
        tracing::error!(hook, "hook_panicked");
    }
    outcome
}
