//! A session whose server leaves: it goes on as before until nothing is under way, then takes leave.

use super::control::Retirement;
use super::core::Parting;
use super::mailbox::Delivery;
use super::{Session, Wire};
use sockeye_proto::Timestamp;
use sockeye_proto::engine::CloseReason;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) struct Retiring {
    /// When it ends whatever is under way.
    pub(super) until: Timestamp,
    plan: Arc<Retirement>,
}

impl Session {
    pub(super) fn begin_retiring(&mut self, plan: Arc<Retirement>) {
        let until = self.shared().now() + plan.grace;
        self.retiring.get_or_insert_with(|| Box::new(Retiring { until, plan }));
    }

    /// Ends the session if its time has come. `unread` tells that input waits, which may be an answer.
    pub(super) fn retire(&mut self, now: Timestamp, unread: bool) {
        let Some(retiring) = &self.retiring else { return };
        if self.core.end.is_some() || (now < retiring.until && (unread || !self.is_idle())) {
            return;
        }
        if let Some(goodbye) = &retiring.plan.goodbye {
            self.core.conn.mailbox.push(goodbye, Delivery::Protocol);
        }
        self.core.end(CloseReason::ServerShuttingDown, Parting::Close(None));
    }

    fn is_idle(&self) -> bool {
        let conn = &self.core.conn;
        let posting = match &self.wire {
            Wire::Polling(polling) => polling.post.is_some() || conn.posting.load(Ordering::Acquire),
            Wire::WebSocket(_) => false,
        };
        // An upgrade half way is let come to its end, or its client would not know what it has.
        let upgrading = self.probe.is_some();
        !posting
            && !upgrading
            && !self.core.paused
            && conn.handlers_outside() == 0
            && self.core.sockets.are_idle()
    }
}
