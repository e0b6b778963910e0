//! A namespace among others: its parent, its children, who is in it, and whether it may go.

use super::parent::Parent;
use super::{Kind, NamespaceInner};
use crate::recovery::Recovery;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl NamespaceInner {
    /// What it inherits from.
    #[inline]
    pub(crate) fn ancestor(&self) -> Option<&Arc<NamespaceInner>> {
        match &self.kind {
            Kind::Child { parent, .. } => Some(parent),
            Kind::Plain | Kind::Parent(_) => None,
        }
    }

    pub(super) fn parent(&self) -> Option<&Parent> {
        self.ancestor()?.as_parent()
    }

    pub(crate) fn as_parent(&self) -> Option<&Parent> {
        match &self.kind {
            Kind::Parent(parent) => Some(parent),
            Kind::Plain | Kind::Child { .. } => None,
        }
    }

    /// What its parent's test left open in its name; `None` without a parent.
    pub(crate) fn params(&self) -> Option<Vec<(String, String)>> {
        Some(self.parent()?.params(&self.name))
    }

    pub(super) fn enter(&self) {
        if let Kind::Child { clients, .. } = &self.kind {
            clients.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// True when this was the last client of a child that may go now.
    pub(super) fn leave(&self) -> bool {
        match &self.kind {
            Kind::Child { clients, kept, .. } => {
                clients.fetch_sub(1, Ordering::SeqCst) == 1 && !kept.load(Ordering::SeqCst)
            }
            Kind::Plain | Kind::Parent(_) => false,
        }
    }

    pub(super) fn is_empty_child(&self) -> bool {
        match &self.kind {
            Kind::Child { clients, kept, .. } => {
                // Whom it waits for shall find it again.
                let is_waiting = self.recovery().is_some_and(Recovery::has_sessions);
                clients.load(Ordering::SeqCst) == 0 && !kept.load(Ordering::SeqCst) && !is_waiting
            }
            Kind::Plain | Kind::Parent(_) => false,
        }
    }

    /// Whether it stays when its last client has left.
    pub(super) fn is_kept(&self) -> bool {
        match &self.kind {
            Kind::Child { kept, .. } => kept.load(Ordering::SeqCst),
            Kind::Plain | Kind::Parent(_) => true,
        }
    }

    /// Lets it stay. True when it would not have.
    pub(super) fn keep(&self) -> bool {
        match &self.kind {
            Kind::Child { kept, .. } => !kept.swap(true, Ordering::SeqCst),
            Kind::Plain | Kind::Parent(_) => false,
        }
    }

    pub(crate) fn is_announced(&self) -> bool {
        self.announced.load(Ordering::SeqCst)
    }

    pub(super) fn set_announced(&self) {
        self.announced.store(true, Ordering::SeqCst);
        self.on_announced.notify_waiters();
    }

    pub(crate) async fn announced(&self) {
        loop {
            let mut shown = std::pin::pin!(self.on_announced.notified());
            // Enabled before the look, so that no announcement falls between look and wait.
            shown.as_mut().enable();
            if self.is_announced() {
                return;
            }
            shown.await;
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}
