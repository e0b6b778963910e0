//! JSON as this protocol uses it: one pass that validates and finds the arguments, serde on top of it for
//! those who want types, and the way out.

mod argument;
mod attached;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod placeholders;
mod plain;
pub(crate) mod scan;
#[cfg(test)]
mod tests;
pub(crate) mod text;
