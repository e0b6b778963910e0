//! Connection middleware: what runs between a client's CONNECT packet and its socket.

use crate::error::{BoxError, ConnectError, ExtractError, HandlerError};
use crate::extract::EventParts;
use crate::handler::Handler;
use crate::namespace::NamespaceInner;
use crate::socket::Socket;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

/// What a middleware may end in: a `Result<(), E>` whose error becomes the client's `connect_error`.
///
/// A [`ConnectError`] is sent as it is. Of any other error the client sees the text.
pub trait IntoVerdict: Send {
    /// The outcome as a verdict.
    ///
    /// # Errors
    /// The refusal.
    fn into_verdict(self) -> Result<(), ConnectError>;
}

impl<E: Into<BoxError> + Send> IntoVerdict for Result<(), E> {
    fn into_verdict(self) -> Result<(), ConnectError> {
        self.map_err(|error| match error.into().downcast::<ConnectError>() {
            Ok(refusal) => *refusal,
            Err(other) => ConnectError::new(other.to_string()),
        })
    }
}

pub(crate) type Deciding = Pin<Box<dyn Future<Output = Result<(), ConnectError>> + Send>>;

pub(crate) trait ErasedMiddleware: Send + Sync {
    fn start(&self, parts: &mut EventParts<'_>) -> Result<Deciding, ExtractError>;
}

struct Erased<H, Args> {
    middleware: H,
    args: PhantomData<fn(Args)>,
}

impl<H, Args> ErasedMiddleware for Erased<H, Args>
where
    H: Handler<Args>,
    H::Output: IntoVerdict,
    Args: 'static,
{
    fn start(&self, parts: &mut EventParts<'_>) -> Result<Deciding, ExtractError> {
        let future = self.middleware.clone().call(parts)?;
        Ok(Box::pin(async move { future.await.into_verdict() }))
    }
}

pub(crate) fn erase_middleware<H, Args>(middleware: H) -> Arc<dyn ErasedMiddleware>
where
    H: Handler<Args>,
    H::Output: IntoVerdict,
    Args: 'static,
{
    Arc::new(Erased { middleware, args: PhantomData })
}

/// Runs all middleware of the namespace for a client. `None` when there is none to run.
pub(crate) fn admit(namespace: &Arc<NamespaceInner>, socket: &Socket) -> Option<Deciding> {
    if namespace.is_announced() && !namespace.has_middleware() {
        return None;
    }
    let socket = socket.clone();
    Some(Box::pin(async move {
        let namespace = socket.inner_namespace();
        // The hooks for new namespaces may register middleware.
        namespace.announced().await;
        for middleware in namespace.middleware() {
            let started = {
                let mut parts = EventParts::of_connection(&socket);
                middleware.start(&mut parts)
            };
            match started {
                Ok(deciding) => deciding.await?,
                Err(error) => {
                    socket.inner_namespace().report(&socket, &HandlerError::Extract(error));
                    return Err(ConnectError::new("invalid handshake"));
                }
            }
        }
        Ok(())
    }))
}
