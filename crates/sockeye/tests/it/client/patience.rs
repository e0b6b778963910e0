//! A real peer is awaited on an event. This is how long before the event counts as missing: real time, so that a test
//! which holds the clock is covered too.

use std::cell::RefCell;
use std::future::Future;
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::watch;

const LIMIT: Duration = Duration::from_secs(60);

/// What a test may wait for without [`patiently`] ends with all tests, so that none hangs for ever.
const LAST_LIMIT: Duration = Duration::from_secs(90);

thread_local! {
    /// Of the test that runs on this thread.
    static OVER: RefCell<Option<watch::Receiver<bool>>> = const { RefCell::new(None) };
}

/// Ends the waits of this thread's test when its time is over.
pub(crate) struct Patience {
    _test_runs: mpsc::Sender<()>,
}

impl Patience {
    pub(crate) fn begin() -> Self {
        let (end, over) = watch::channel(false);
        let (running, ended) = mpsc::channel::<()>();
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        std::thread::spawn(move || {
            let is_running = |limit| ended.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
            if is_running(LIMIT) {
                end.send_replace(true);
                if is_running(LAST_LIMIT - LIMIT) {
                    eprintln!("{test} still runs after {LAST_LIMIT:?}");
                    std::process::exit(101);
                }
            }
        });
        OVER.set(Some(over));
        Self { _test_runs: running }
    }
}

/// Waits for `event`, and panics when it does not come.
pub(crate) async fn patiently<T>(what: &str, event: impl Future<Output = T>) -> T {
    let over = OVER.with_borrow(Clone::clone);
    let Some(mut over) = over else { return event.await };
    tokio::select! {
        biased;
        output = event => output,
        Ok(_) = over.wait_for(|over| *over) => panic!("{LIMIT:?} passed without {what}"),
    }
}
