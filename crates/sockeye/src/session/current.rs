//! Which session this thread is running at the moment. Handlers run inside their session's task, so what
//! they do to their own connection needs no wake-up, and an answer they await is known as theirs.

use crate::conn::Conn;
use std::cell::Cell;

thread_local! {
    static CURRENT: Cell<*const Conn> = const { Cell::new(std::ptr::null()) };
}

/// Marks the session as running until dropped.
pub(crate) struct Entered(*const Conn);

pub(crate) fn enter(conn: &Conn) -> Entered {
    Entered(CURRENT.replace(conn))
}

/// Whether `conn`'s session is running on this thread. Only the address is compared.
pub(crate) fn is(conn: &Conn) -> bool {
    CURRENT.get() == std::ptr::from_ref(conn)
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}
