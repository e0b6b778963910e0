//! What hostile clients do to Socket.IO servers, one test for each attack that is known to have worked on another one:
//! raw sockets against the contract `abuse` in a process of its own, whose memory and counts `/healthz` tells. The
//! numbers are those of `docs/security.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy exempts only #[test] functions"
)]

#[allow(dead_code, reason = "the client is that of the server's own tests, which use more of it")]
mod client;
mod server;

mod floods;
mod handshakes;
mod load;
mod order;
mod packets;
mod sockets;
