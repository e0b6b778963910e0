//! A socket as the adapter sees it, and snapshots of several.

use crate::Packet;
use sockeye_proto::SocketId;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A joined socket as the adapter sees it; implemented by the server's socket.
pub trait Member: Send + Sync + 'static {
    /// The id of the socket, the same for its whole life.
    fn id(&self) -> &SocketId;

    /// Does to a packet that is about to be delivered what takes too long for [`deliver`](Self::deliver), which is to
    /// compress it. Called with no lock held, for one member after another until one says that no other has
    /// anything to do.
    fn prepare(&self, _packet: &Packet) -> Prepared {
        Prepared::ForAll
    }

    /// Queues the packet on the connection; true when its task must be woken, which [`wake`](Self::wake) then
    /// does. Called with the order of broadcasts locked, so it is quick and never broadcasts itself.
    fn deliver(&self, packet: &Packet) -> bool;

    /// Wakes the task of the connection: called once for each `deliver` that asked for it, with no lock held.
    fn wake(&self);

    /// The socket itself, for the server to get its own type back.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// For whom a packet needs no more preparation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// For this member; another one may want another form.
    ForOne,
    /// For everybody: the packet goes to all as it is.
    ForAll,
}

/// A list of members that many broadcasts share.
pub(crate) type Snapshot = Arc<[Arc<dyn Member>]>;

/// Who was in a target at one moment, each socket once, in no order.
#[derive(Clone)]
pub struct Members {
    list: List,
    /// Place of the one member of the list who is left out: a sender excepts itself without a list of its own.
    skipped: Option<usize>,
}

#[derive(Clone)]
enum List {
    One(Arc<dyn Member>),
    Shared(Snapshot),
    Owned(Vec<Arc<dyn Member>>),
}

impl Members {
    /// Leaves one member out of a list that nobody was left out of yet.
    pub(crate) fn without(mut self, member: &Arc<dyn Member>) -> Self {
        self.skipped = self.whole_list().iter().position(|other| Arc::ptr_eq(other, member));
        self
    }

    /// How many they are.
    #[inline]
    pub fn len(&self) -> usize {
        self.whole_list().len().saturating_sub(usize::from(self.skipped.is_some()))
    }

    /// Whether there is nobody.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Member>> {
        self.runs().into_iter().flatten()
    }

    /// All of them as the two stretches around the one left out.
    #[inline]
    pub(crate) fn runs(&self) -> [&[Arc<dyn Member>]; 2] {
        let list = self.whole_list();
        match self.skipped.and_then(|skipped| list.split_at_checked(skipped)) {
            Some((before, rest)) => [before, rest.get(1..).unwrap_or_default()],
            None => [list, &[]],
        }
    }

    #[inline]
    fn whole_list(&self) -> &[Arc<dyn Member>] {
        match &self.list {
            List::One(member) => std::slice::from_ref(member),
            List::Shared(members) => members,
            List::Owned(members) => members,
        }
    }
}

impl Default for Members {
    /// Nobody.
    fn default() -> Self {
        Vec::new().into()
    }
}

impl From<Arc<dyn Member>> for Members {
    fn from(member: Arc<dyn Member>) -> Self {
        Self { list: List::One(member), skipped: None }
    }
}

impl From<Arc<[Arc<dyn Member>]>> for Members {
    fn from(members: Arc<[Arc<dyn Member>]>) -> Self {
        Self { list: List::Shared(members), skipped: None }
    }
}

impl From<Vec<Arc<dyn Member>>> for Members {
    fn from(members: Vec<Arc<dyn Member>>) -> Self {
        Self { list: List::Owned(members), skipped: None }
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|member| member.id())).finish()
    }
}
