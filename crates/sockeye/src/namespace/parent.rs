//! Parents: namespaces that stand for many, made when a client asks for one of their names. A parent has no
//! sockets of its own; what is registered on it holds for its children, what is emitted through it reaches them.

use super::pattern::Pattern;
use super::{NamespaceInner, read, write};
use crate::handshake::Handshake;
use crate::server::{Server, Shared};
use regex::Regex;
use serde::de::DeserializeOwned;
use sockeye_adapter::RoomWatcher;
use sockeye_proto::socket::ArgError;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, RwLock, Weak};

/// What makes a namespace a parent.
pub(crate) struct Parent {
    test: Test,
    children: RwLock<Children>,
}

#[derive(Default)]
struct Children {
    by_name: HashMap<Arc<str>, Weak<NamespaceInner>>,
    /// What watches the rooms of all of them.
    watchers: Vec<Arc<RoomWatcher>>,
}

/// Which names a parent is for.
pub(crate) enum Test {
    Pattern(Pattern),
    Regex(Regex),
    Closure(Arc<Closure>),
}

type Closure = dyn Fn(NamespaceRequest) -> Allowing + Send + Sync;

type Allowing = Pin<Box<dyn Future<Output = bool> + Send>>;

/// A client that asks for a namespace which does not exist yet, as a closure given to
/// [`Server::of_fn`](crate::Server::of_fn) sees it. Cheap to clone.
#[derive(Clone)]
pub struct NamespaceRequest(Arc<Asked>);

struct Asked {
    name: String,
    auth: Option<String>,
    handshake: Handshake,
    shared: Arc<Shared>,
}

impl NamespaceRequest {
    pub(crate) fn new(name: &str, auth: Option<&str>, handshake: Handshake, shared: Arc<Shared>) -> Self {
        let (name, auth) = (name.to_owned(), auth.map(str::to_owned));
        Self(Arc::new(Asked { name, auth, handshake, shared }))
    }

    /// The name that the client asks for, with its leading `/`; at most 255 bytes.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The `auth` payload of the CONNECT packet; `{}` when the client sent none.
    ///
    /// # Errors
    /// The payload is not a `T`.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, ArgError> {
        let auth = self.raw_auth().unwrap_or("{}");
        serde_json::from_str(auth).map_err(|error| ArgError::Invalid { index: 0, reason: error.to_string() })
    }

    /// The request that opened the connection.
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// The server.
    pub fn server(&self) -> Server {
        Server::from(self.0.shared.clone())
    }

    pub(crate) fn raw_auth(&self) -> Option<&str> {
        self.0.auth.as_deref()
    }
}

impl fmt::Debug for NamespaceRequest {
    /// Without the payload, which holds credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamespaceRequest").field("name", &self.0.name).finish_non_exhaustive()
    }
}

impl Test {
    pub(crate) fn of_closure<F, Fut>(closure: F) -> Self
    where
        F: Fn(NamespaceRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        Self::Closure(Arc::new(move |request| -> Allowing { Box::pin(closure(request)) }))
    }

    /// What the name alone decides; `None` where a closure must be asked.
    fn allows(&self, name: &str) -> Option<bool> {
        match self {
            Self::Pattern(pattern) => Some(pattern.matches(name).is_some()),
            Self::Regex(regex) => Some(regex.is_match(name)),
            Self::Closure(_) => None,
        }
    }
}

impl Parent {
    pub(crate) fn new(test: Test) -> Self {
        Self { test, children: RwLock::default() }
    }

    /// Whether the name alone makes a namespace a child of this parent.
    pub(crate) fn is_for(&self, name: &str) -> bool {
        self.test.allows(name) == Some(true)
    }

    /// The parts of a child's name. Those of a regular expression are its groups: the named ones, or all of them
    /// when none has a name.
    pub(crate) fn params(&self, name: &str) -> Vec<(String, String)> {
        match &self.test {
            Test::Pattern(pattern) => {
                let params = pattern.matches(name).unwrap_or_default();
                params.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
            }
            Test::Regex(regex) => groups(regex, name),
            Test::Closure(_) => Vec::new(),
        }
    }

    pub(crate) fn adopt(&self, child: &Arc<NamespaceInner>) {
        let mut children = write(&self.children);
        children.watchers.iter().for_each(|watcher| child.watch_rooms(watcher.clone()));
        children.by_name.insert(child.shared_name(), Arc::downgrade(child));
    }

    /// Watches the rooms of all children, those to come included.
    pub(crate) fn watch_rooms(&self, watcher: Arc<RoomWatcher>) {
        let mut children = write(&self.children);
        for child in children.by_name.values().filter_map(Weak::upgrade) {
            child.watch_rooms(watcher.clone());
        }
        children.watchers.push(watcher);
    }

    /// Forgets the child of this name.
    pub(crate) fn release(&self, name: &str) {
        write(&self.children).by_name.remove(name);
    }

    pub(crate) fn children(&self) -> Vec<Arc<NamespaceInner>> {
        read(&self.children).by_name.values().filter_map(Weak::upgrade).collect()
    }
}

fn groups(regex: &Regex, name: &str) -> Vec<(String, String)> {
    let Some(captures) = regex.captures(name) else { return Vec::new() };
    let names: Vec<Option<&str>> = regex.capture_names().collect();
    let any_named = names.iter().any(Option::is_some);
    let all = names.into_iter().enumerate().skip(1);
    all.filter_map(|(at, key)| {
        let value = captures.get(at)?.as_str().to_owned();
        match key {
            Some(key) => Some((key.to_owned(), value)),
            None if any_named => None,
            None => Some((at.to_string(), value)),
        }
    })
    .collect()
}

/// The first parent, in the order of registration, that allows the request.
pub(crate) async fn choose(
    parents: Vec<Arc<NamespaceInner>>,
    request: NamespaceRequest,
) -> Option<Arc<NamespaceInner>> {
    for namespace in parents {
        let Some(parent) = namespace.as_parent() else { continue };
        let allowed = match &parent.test {
            Test::Closure(closure) => closure(request.clone()).await,
            _ => parent.is_for(request.name()),
        };
        if allowed {
            return Some(namespace);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_of_a_regular_expression_are_its_parameters() {
        let groups = |regex: &str, name: &str| {
            let groups = groups(&Regex::new(regex).unwrap(), name);
            groups.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(groups("^/dynamic-\\d+$", "/dynamic-1"), "");
        assert_eq!(groups("^/(\\w+)-(\\d+)$", "/dynamic-1"), "1=dynamic 2=1");
        assert_eq!(groups("^/(\\w+)-(?<n>\\d+)$", "/dynamic-1"), "n=1");
        assert_eq!(groups("^/a(b)?(c)$", "/ac"), "2=c");
    }
}
