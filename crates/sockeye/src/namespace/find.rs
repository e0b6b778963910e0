//! How a program comes to its namespaces: by name, by a pattern of names, and one that clients brought about.

use super::parent::Test;
use super::{Namespace, NamespaceInner, NamespaceRequest, Namespaces, PatternError};
use crate::recovery::expire_all;
use crate::server::Server;
use crate::socket::Close;
use regex::Regex;
use std::future::Future;
use std::sync::Arc;

impl Server {
    /// The namespace of this name, made if it is not there. The leading `/` may be left out.
    ///
    /// A name that a pattern or a regular expression stands for becomes a child of it, and stays when its last client
    /// has left. To reach the clients of a namespace that may not exist, use [`Server::find`].
    ///
    /// Source: mirrors `io.of(name)` in Node.
    pub fn of(&self, name: &str) -> Namespace {
        self.in_table(|namespaces| namespaces.of(name))
    }

    /// A parent for all names of a pattern: `{id}` stands for any text between two slashes, or for the part of it
    /// that the text around leaves open, `{*path}` at the end for the rest, slashes included. Names are compared as
    /// clients send them, without percent decoding. [`Params`](crate::Params) extracts the values.
    ///
    /// A child is made when the first client asks for it, and goes with its last client unless the program asked for
    /// it too; see [`ServerBuilder::cleanup_empty_child_namespaces`](crate::ServerBuilder). Middleware and listeners
    /// of the parent, whenever they were registered, hold for all its children and come before their own. What is
    /// emitted through the parent, or done through its operators, reaches the sockets of all children.
    ///
    /// Where several parents allow a name, the first one registered is its parent.
    ///
    /// ```
    /// use sockeye::{EmitError, Params, Server, Socket};
    ///
    /// let io = Server::new();
    /// let orders = io.of_pattern("/orders/{id}")?;
    /// orders.on_connect(async |socket: Socket, Params(id): Params<u64>| {
    ///     socket.emit("order", &id)
    /// });
    /// orders.to("kitchen").emit("closing", ())?;
    /// # Ok::<_, sockeye::BoxError>(())
    /// ```
    ///
    /// # Errors
    /// The pattern cannot be understood.
    ///
    /// Source: Node has regular expressions and functions here; children inherit as in `ParentNamespace`, which copies
    /// what the parent has at the child's creation.
    pub fn of_pattern(&self, pattern: &str) -> Result<Namespace, PatternError> {
        let test = Test::Pattern(pattern.parse()?);
        Ok(self.in_table(|namespaces| namespaces.add_parent(Some(pattern), test)))
    }

    /// A parent for all names that a regular expression matches; like [`Server::of_pattern`] otherwise. Anchor it: an
    /// expression without `^` and `$` matches parts of names.
    ///
    /// ```
    /// use sockeye::{Regex, Server};
    ///
    /// Server::new().of_regex(Regex::new(r"^/dynamic-\d+$")?);
    /// # Ok::<_, sockeye::BoxError>(())
    /// ```
    ///
    /// Source: mirrors `io.of(regex)` in Node.
    pub fn of_regex(&self, regex: Regex) -> Namespace {
        self.in_table(|namespaces| namespaces.add_parent(Some(regex.as_str()), Test::Regex(regex.clone())))
    }

    /// A parent for all names that an async closure allows, which sees the name, the `auth` payload and the
    /// handshake; like [`Server::of_pattern`] otherwise. A closure that panics allows nothing.
    ///
    /// ```
    /// use sockeye::{NamespaceRequest, Server};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Tenant {
    ///     tenant: String,
    /// }
    ///
    /// Server::new().of_fn(async |request: NamespaceRequest| {
    ///     request.auth::<Tenant>().is_ok_and(|auth| request.name() == format!("/{}", auth.tenant))
    /// });
    /// ```
    ///
    /// Source: mirrors `io.of(fn)` in Node.
    pub fn of_fn<F, Fut>(&self, allows: F) -> Namespace
    where
        F: Fn(NamespaceRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        self.in_table(|namespaces| namespaces.add_parent(None, Test::of_closure(allows)))
    }

    /// The namespace of this name, if it exists.
    pub fn find(&self, name: &str) -> Option<Namespace> {
        self.shared().namespaces()?.find(name).map(Namespace::from)
    }

    /// All namespaces that exist at this moment, `/` first. Parents are not among them; their children are.
    ///
    /// Source: mirrors `io._nsps` in Node.
    pub fn namespaces(&self) -> Vec<Namespace> {
        let all = self.shared().namespaces().map(Namespaces::all).unwrap_or_default();
        all.into_iter().map(Namespace::from).collect()
    }

    /// Takes a namespace away: its clients are disconnected from it as by [`Close::Namespace`], those on the way into
    /// it are refused. Where a parent allows the name the next client brings about a new one. False if there is no
    /// such namespace, and for `/`, which stays.
    pub fn remove_namespace(&self, name: &str) -> bool {
        let removed = self.shared().namespaces().and_then(|namespaces| namespaces.remove(name));
        let Some(removed) = removed.map(Namespace::from) else { return false };
        removed.broadcast().disconnect(Close::Namespace);
        expire_all(removed.inner());
        true
    }

    /// Called with each namespace that comes to be beside `/`: once, and before the first client is in it.
    /// Those that exist already are not shown.
    ///
    /// Source: mirrors the `new_namespace` event in Node.
    pub fn on_new_namespace(&self, hook: impl Fn(&Namespace) + Send + Sync + 'static) {
        if let Some(namespaces) = self.shared().namespaces() {
            namespaces.on_new(Arc::new(hook));
        }
    }

    /// The engine alone has no table; it has no namespaces either, so what it gets is never seen.
    fn in_table(&self, find: impl FnOnce(&Namespaces) -> Arc<NamespaceInner>) -> Namespace {
        match self.shared().namespaces() {
            Some(namespaces) => Namespace::from(find(namespaces)),
            None => (**self).clone(),
        }
    }
}
