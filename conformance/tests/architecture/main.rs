//! Who may import whom, read off `cargo metadata` and the sources.
//!
//! The crates of the workspace depend on each other only as `EDGES` says, the sans-IO core is free of sockets, threads,
//! clocks and randomness, and its three protocol layers meet nowhere but in `connection.rs`. A new crate or edge needs a
//! row here, and with it a reason in `DESIGN.md`.

#![allow(clippy::expect_used, reason = "helpers of tests, which clippy does not see as tests")]

mod edges;
mod hashing;
mod layers;
mod source;
