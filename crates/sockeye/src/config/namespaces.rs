//! Options of namespaces that clients bring about.

use super::ServerBuilder;

#[derive(Clone, Copy)]
pub(crate) struct NamespaceOptions {
    pub(crate) cleanup_empty_children: bool,
    pub(crate) max_children: usize,
}

impl Default for NamespaceOptions {
    fn default() -> Self {
        Self { cleanup_empty_children: true, max_children: 10_000 }
    }
}

impl ServerBuilder {
    /// Whether a child namespace goes when its last client has left it: true by default. One that the program asked
    /// for by its name, with [`Server::of`](crate::Server::of), always stays.
    ///
    /// Source: `cleanupEmptyChildNamespaces` in Node, where the default is false: a client that joins one name after
    /// the other then fills the server's memory.
    pub fn cleanup_empty_child_namespaces(mut self, cleanup: bool) -> Self {
        self.0.namespaces.cleanup_empty_children = cleanup;
        self
    }

    /// How many child namespaces clients may bring about at a time: 10 000 by default. Beyond it a CONNECT that needs
    /// one more is refused with `Too many namespaces`, unless another one only waits for clients that may recover their
    /// connection: that one goes. Those that the program asked for by name do not count.
    pub fn max_child_namespaces(mut self, namespaces: usize) -> Self {
        self.0.namespaces.max_children = namespaces;
        self
    }
}
