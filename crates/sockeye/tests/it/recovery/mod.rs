//! Connection state recovery on the wire: what a client that lost its connection finds when it comes back.

mod guest;

mod bytes;
mod expiry;
mod gaps;
mod middleware;
mod owners;
mod processed_once;
mod refused;
