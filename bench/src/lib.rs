//! The measuring kit: a load generator, and the physical limit it compares servers with.
//!
//! The `loadgen` binary drives a server with one [`scenario`] and prints one JSON line. The `limit` binary is
//! the least a Socket.IO server can do, see [`limit`]. `cargo xtask bench` starts both beside the servers
//! under test and prints the tables. `README.md` says what each number means.
//!
//! Not here: anything of the servers under test. The kit shares no code with them, so that a mistake in a
//! codec cannot hide itself. Linux only, loopback only.

pub mod client;
pub mod failure;
pub mod frame;
pub mod histogram;
pub mod http;
pub mod limit;
pub mod options;
pub mod procfs;
pub mod scenario;
pub mod window;
