//! Tests of the engine: tables in wire bytes, the shared vectors, and each session alone. Both sessions
//! facing each other stand in `connection/tests`, with the namespaces on them.

mod client;
mod codec;
mod request;
mod server;
mod v3;
mod vectors;

use crate::testing::{Random, at};
