//! The lock under the structures that are model-checked: std's, or the checker's own.

#[cfg(feature = "__model")]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(feature = "__model"))]
pub(crate) use std::sync::{Mutex, MutexGuard};
