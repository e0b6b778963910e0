//! The server as its clients see it: raw sockets, bytes of the wire, one behaviour for each test. What a hostile client may
//! try is tested beside what a good one may rely on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy exempts only #[test] functions"
)]

mod client;

mod acks;
mod addresses;
mod admission;
mod answers;
mod capacity;
mod client_files;
mod compression;
mod deflate;
mod edges;
mod eio3;
mod engine_server;
mod events;
mod examples;
mod extract;
mod floods;
mod frames;
mod http2;
mod http2_floods;
mod inbox;
mod layers;
mod lifecycle;
mod listeners;
mod logs;
mod mounting;
mod namespaces;
mod order;
mod origin;
mod packets;
mod panics;
mod parents;
mod parsers;
mod payloads;
mod polling;
mod pressure;
mod reasons;
mod recovery;
mod refusals;
mod requests;
mod rooms;
mod sessions;
mod shutdown;
mod sizes;
mod slowloris;
mod smuggling;
mod testing;
mod tls;
mod upgrade;
mod upgrade_requests;
