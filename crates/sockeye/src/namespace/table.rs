//! The namespaces of a server by name, and the parents that make more of them. A child is made once, however many
//! clients ask at the same time, and goes when its last client has left: who comes and who goes is counted under
//! one lock, so a namespace that is taken away has nobody in it, and nobody on the way into it.

use super::parent::{Parent, Test};
use super::{Namespace, NamespaceInner, read, write};
use crate::config::{Emitting, NamespaceOptions};
use crate::error::ConnectError;
use crate::recovery::expire_all;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

pub(crate) struct Namespaces {
    main: Arc<NamespaceInner>,
    table: RwLock<Table>,
    /// In the order of registration.
    parents: RwLock<Vec<Arc<NamespaceInner>>>,
    on_new: RwLock<Vec<Arc<Hook>>>,
    options: NamespaceOptions,
    /// For each namespace that is made.
    emitting: Box<Emitting>,
}

type Hook = dyn Fn(&Namespace) + Send + Sync;

#[derive(Default)]
struct Table {
    /// All but the main one. Clients choose names, so the hash is keyed.
    by_name: HashMap<Arc<str>, Arc<NamespaceInner>>,
    /// How many of them clients brought about.
    dynamic: usize,
}

impl Namespaces {
    pub(crate) fn new(options: NamespaceOptions, emitting: Emitting) -> Self {
        Self {
            main: Arc::new(NamespaceInner::new("/", emitting.clone())),
            table: RwLock::default(),
            parents: RwLock::default(),
            on_new: RwLock::default(),
            options,
            emitting: Box::new(emitting),
        }
    }

    pub(crate) fn main(&self) -> &Arc<NamespaceInner> {
        &self.main
    }

    /// The namespace that the program asks for by name: made if it is not there, and kept whoever leaves.
    pub(crate) fn of(&self, name: &str) -> Arc<NamespaceInner> {
        let name = with_slash(name);
        if name == "/" {
            return self.main.clone();
        }
        if let Some(known) = read(&self.table).by_name.get(&*name)
            && known.is_kept()
        {
            return known.clone();
        }
        let parents = read(&self.parents).clone();
        let (namespace, is_new) = {
            let mut table = write(&self.table);
            match table.by_name.get(&*name).cloned() {
                Some(known) => {
                    table.dynamic -= usize::from(known.keep());
                    (known, false)
                }
                None => {
                    let parent =
                        parents.iter().find(|parent| parent.as_parent().is_some_and(|p| p.is_for(&name)));
                    let made = self.make(&name, parent);
                    made.keep();
                    (table.insert(made), true)
                }
            }
        };
        if is_new {
            self.announce(&namespace);
        }
        namespace
    }

    pub(crate) fn add_parent(&self, name: Option<&str>, test: Test) -> Arc<NamespaceInner> {
        let mut parents = write(&self.parents);
        // No client can ask for a parent, so its name is for logs alone.
        let name = name.map_or_else(|| format!("/_{}", parents.len()), |name| with_slash(name).into_owned());
        let inner =
            NamespaceInner::new(&name, Emitting::clone(&self.emitting)).into_parent(Parent::new(test));
        let parent = Arc::new(inner);
        parents.push(parent.clone());
        parent
    }

    pub(crate) fn parents(&self) -> Vec<Arc<NamespaceInner>> {
        read(&self.parents).clone()
    }

    pub(crate) fn has_parents(&self) -> bool {
        !read(&self.parents).is_empty()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        let name = with_slash(name);
        if name == "/" {
            return Some(self.main.clone());
        }
        read(&self.table).by_name.get(&*name).cloned()
    }

    /// All of them, the main one first.
    pub(crate) fn all(&self) -> Vec<Arc<NamespaceInner>> {
        let table = read(&self.table);
        std::iter::once(&self.main).chain(table.by_name.values()).cloned().collect()
    }

    /// Counts a client in that asks for `name`. Whoever gets a namespace calls [`Namespaces::leave`] later.
    pub(crate) fn enter(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        if name == "/" {
            return Some(self.main.clone());
        }
        let table = read(&self.table);
        let namespace = table.by_name.get(name)?;
        namespace.enter();
        Some(namespace.clone())
    }

    /// [`Namespaces::enter`] for a name that `parent` allows.
    ///
    /// # Errors
    /// So many children exist that none more is made.
    pub(crate) fn enter_child(
        &self,
        parent: &Arc<NamespaceInner>,
        name: &str,
    ) -> Result<Arc<NamespaceInner>, ConnectError> {
        let (made, gone) = {
            let mut table = write(&self.table);
            if let Some(known) = table.by_name.get(name) {
                known.enter();
                return Ok(known.clone());
            }
            // Those that only wait for clients who may come back give way to one that is here.
            let may_give_way = self.options.cleanup_empty_children && parent.recovery().is_some();
            let is_full = table.dynamic >= self.options.max_children;
            let gone = if is_full && may_give_way { table.take_deserted() } else { None };
            if table.dynamic >= self.options.max_children {
                tracing::debug!(limit = self.options.max_children, "too_many_child_namespaces");
                return Err(ConnectError::new("Too many namespaces"));
            }
            table.dynamic += 1;
            let made = self.make(name, Some(parent));
            made.enter();
            (table.insert(made), gone)
        };
        if let Some(gone) = gone {
            expire_all(&gone);
        }
        self.announce(&made);
        Ok(made)
    }

    /// Counts a client out.
    pub(crate) fn leave(&self, namespace: &Arc<NamespaceInner>) {
        if namespace.leave() {
            self.clean_up(namespace);
        }
    }

    /// Takes a child away that nobody is in or comes back to.
    pub(crate) fn clean_up(&self, namespace: &Arc<NamespaceInner>) {
        if !self.options.cleanup_empty_children {
            return;
        }
        let mut table = write(&self.table);
        // Between the count and the lock somebody may have come in.
        let is_here = table.by_name.get(namespace.name()).is_some_and(|known| Arc::ptr_eq(known, namespace));
        if is_here && namespace.is_empty_child() {
            table.take(namespace.name());
        }
    }

    /// Takes a namespace away. Clients who are on the way into it are refused.
    pub(crate) fn remove(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        let removed = write(&self.table).take(&with_slash(name))?;
        removed.close();
        Some(removed)
    }

    pub(crate) fn on_new(&self, hook: Arc<Hook>) {
        write(&self.on_new).push(hook);
    }

    fn make(&self, name: &str, parent: Option<&Arc<NamespaceInner>>) -> Arc<NamespaceInner> {
        let namespace = NamespaceInner::new(name, Emitting::clone(&self.emitting));
        Arc::new(match parent {
            Some(parent) => namespace.into_child(parent.clone()),
            None => namespace,
        })
    }

    /// Shows a new namespace to the program, whose hooks may register what its clients need: these wait for it.
    fn announce(&self, namespace: &Arc<NamespaceInner>) {
        tracing::debug!(namespace = %namespace.name(), "new_namespace");
        let hooks = read(&self.on_new).clone();
        for hook in hooks {
            let shown = std::panic::AssertUnwindSafe(|| hook(&Namespace::from(namespace.clone())));
            if std::panic::catch_unwind(shown).is_err() {
                tracing::error!(namespace = %namespace.name(), "new_namespace_hook_panicked");
            }
        }
        namespace.set_announced();
    }
}

impl Table {
    fn insert(&mut self, namespace: Arc<NamespaceInner>) -> Arc<NamespaceInner> {
        if let Some(parent) = namespace.parent() {
            parent.adopt(&namespace);
        }
        self.by_name.insert(namespace.shared_name(), namespace.clone());
        namespace
    }

    /// Takes away a child that nobody is in, although somebody may come back to it.
    fn take_deserted(&mut self) -> Option<Arc<NamespaceInner>> {
        let deserted = self.by_name.values().find(|namespace| namespace.is_deserted())?;
        let name = deserted.shared_name();
        let taken = self.take(&name)?;
        taken.close();
        Some(taken)
    }

    fn take(&mut self, name: &str) -> Option<Arc<NamespaceInner>> {
        let namespace = self.by_name.remove(name)?;
        if let Some(parent) = namespace.parent() {
            parent.release(name);
        }
        self.dynamic -= usize::from(!namespace.is_kept());
        Some(namespace)
    }
}

/// Node puts a slash in front of a name that has none.
fn with_slash(name: &str) -> Cow<'_, str> {
    if name.starts_with('/') { Cow::Borrowed(name) } else { Cow::Owned(format!("/{name}")) }
}
