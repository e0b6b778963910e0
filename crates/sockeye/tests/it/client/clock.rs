//! Time that stands still until the test moves it, while real sockets go on.

use std::sync::mpsc;
use std::time::Duration;

/// While it lives, timers of this runtime see only the time that [`Clock::advance`] adds.
pub(crate) struct Clock {
    /// Dropped to let the blocking task go that keeps the runtime from skipping idle time.
    _held: mpsc::Sender<()>,
}

impl Clock {
    pub(crate) fn hold() -> Self {
        tokio::time::pause();
        let (held, released) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || released.recv());
        Self { _held: held }
    }

    pub(crate) async fn advance(&self, by: Duration) {
        tokio::time::advance(by).await;
    }
}
