//! What a user registers for an event, and how it becomes a future.
//!
//! A handler is any async function or closure whose arguments are extractors (`crate::extract`) and whose
//! outcome is `()` or a `Result<(), E>`. It is cloned for each call, so what it captured may be moved into
//! the future. Extraction happens at once, from the received bytes; the future owns all it needs.

mod table;

pub use table::Listener;
pub(crate) use table::{ListenerTable, Listeners, On};

use crate::error::{BoxError, ExtractError};
use crate::extract::{EventParts, FromEvent};
use std::future::Future;
use std::pin::Pin;

/// An async function that can be registered for an event.
///
/// Implemented for functions and closures of up to eight extractors. The bound is `FnOnce + Clone`, so an
/// `async move` closure may use up what it captured:
///
/// ```
/// use sockeye::{Data, Server, Socket};
///
/// let io = Server::new();
/// let greeting = String::from("welcome");
/// io.on_connect(async move |socket: Socket| {
///     socket.emit("greeting", &greeting)?;
///     Ok::<_, sockeye::EmitError>(())
/// });
/// io.on("chat message", async |socket: Socket, Data(text): Data<String>| {
///     socket.broadcast().emit("chat message", &text)?;
///     Ok::<_, sockeye::EmitError>(())
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event handler",
    note = "a handler is an async function or closure; its arguments are extractors (`Socket`, `Data<T>`, `Ack`, …), \
            its outcome is `()` or `Result<(), E>`, and its future must be `Send`"
)]
pub trait Handler<Args>: Clone + Send + Sync + 'static {
    /// What the future resolves to.
    type Output: Send;
    /// The future of one call.
    type Future: Future<Output = Self::Output> + Send + 'static;

    /// Extracts the arguments and calls.
    ///
    /// # Errors
    /// The first extractor that fails; the handler is not called then.
    fn call(self, parts: &mut EventParts<'_>) -> Result<Self::Future, ExtractError>;

    /// True for a handler that must not hold up the events behind it; see [`concurrent`].
    #[doc(hidden)]
    fn is_concurrent(&self) -> bool {
        false
    }
}

/// What a handler may end in: `()`, or a `Result<(), E>` whose error goes to the log and to
/// [`Namespace::on_error`](crate::Namespace::on_error).
pub trait IntoOutcome: Send {
    /// The outcome as a result.
    ///
    /// # Errors
    /// What the handler failed with.
    fn into_outcome(self) -> Result<(), BoxError>;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError> + Send> IntoOutcome for Result<(), E> {
    fn into_outcome(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// Lets a handler overlap: each of its events runs in a task of its own, and the events behind it do not
/// wait. The order among overlapping events is then the handler's business.
///
/// ```
/// use sockeye::{Data, Server, concurrent};
///
/// let io = Server::new();
/// io.on("resize", concurrent(async |Data(url): Data<String>| {
///     // …takes seconds; the client's other events are handled meanwhile
///     drop(url);
/// }));
/// ```
pub fn concurrent<H>(handler: H) -> Concurrent<H> {
    Concurrent(handler)
}

/// A handler that may overlap; made by [`concurrent`].
#[derive(Clone, Debug)]
pub struct Concurrent<H>(H);

impl<Args, H: Handler<Args>> Handler<Args> for Concurrent<H> {
    type Output = H::Output;
    type Future = H::Future;

    fn call(self, parts: &mut EventParts<'_>) -> Result<Self::Future, ExtractError> {
        self.0.call(parts)
    }

    fn is_concurrent(&self) -> bool {
        true
    }
}

macro_rules! handler_of {
    ($($arg:ident)*) => {
        impl<F, Fut, $($arg),*> Handler<($($arg,)*)> for F
        where
            F: FnOnce($($arg),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            Fut::Output: Send,
            $($arg: FromEvent,)*
        {
            type Output = Fut::Output;
            type Future = Fut;

            #[allow(non_snake_case, unused_variables)]
            fn call(self, parts: &mut EventParts<'_>) -> Result<Fut, ExtractError> {
                $(let $arg = $arg::from_event(parts)?;)*
                Ok(self($($arg),*))
            }
        }
    };
}

handler_of!();
handler_of!(A);
handler_of!(A B);
handler_of!(A B C);
handler_of!(A B C D);
handler_of!(A B C D E);
handler_of!(A B C D E G);
handler_of!(A B C D E G H);
handler_of!(A B C D E G H I);

/// A running handler.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// A handler whose argument types are forgotten.
pub(crate) trait ErasedHandler: Send + Sync {
    fn start(&self, parts: &mut EventParts<'_>) -> Result<Running, ExtractError>;
    fn is_concurrent(&self) -> bool;
}

struct Erased<H, Args> {
    handler: H,
    args: std::marker::PhantomData<fn(Args)>,
}

impl<H, Args> ErasedHandler for Erased<H, Args>
where
    H: Handler<Args>,
    H::Output: IntoOutcome,
    Args: 'static,
{
    fn start(&self, parts: &mut EventParts<'_>) -> Result<Running, ExtractError> {
        let future = self.handler.clone().call(parts)?;
        Ok(Box::pin(async move { future.await.into_outcome() }))
    }

    fn is_concurrent(&self) -> bool {
        self.handler.is_concurrent()
    }
}

pub(crate) fn erase<H, Args>(handler: H) -> std::sync::Arc<dyn ErasedHandler>
where
    H: Handler<Args>,
    H::Output: IntoOutcome,
    Args: 'static,
{
    std::sync::Arc::new(Erased { handler, args: std::marker::PhantomData })
}
