//! A server's and a client's connection facing each other: over a simulated link in virtual time, through
//! real bytes.
//!
//! - [`link`]: what travels, and when it arrives
//! - [`talk`]: what the ends say to each other, and what they must have heard
//! - [`server_end`], [`client_end`]: the smallest possible shells
//! - [`pair`]: both with the link between them, and the loop that drives them
//!
//! The other modules are the rules.

mod client_end;
mod garbage;
mod heartbeat;
mod link;
mod order;
mod pair;
mod rules;
mod server_end;
mod splits;
mod talk;
mod upgrade;

use pair::{Pair, Setup};
