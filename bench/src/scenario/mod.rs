//! The scenarios: what clients do to a server, and what one operation of it is.
//!
//! Each establishes its connections, runs until its window is over, and answers with the fields of one JSON
//! line. `errors` counts answers that are not byte for byte what the contract says.

mod broadcast;
mod closed_loop;
mod connect;
mod idle;
mod open_loop;
mod polling;
mod rooms;

use serde_json::Value;

use crate::failure::Failure;
use crate::options::Options;
use crate::procfs::ProcessTree;

/// Runs the scenario that `options` names, measuring `server`.
///
/// # Errors
/// There is no such scenario, or the server refuses, closes or stops answering.
pub fn run(options: &Options, server: &ProcessTree) -> Result<Value, Failure> {
    match options.scenario.as_str() {
        "echo" => closed_loop::run(options, server, closed_loop::Kind::Echo),
        "ack" => closed_loop::run(options, server, closed_loop::Kind::Ack),
        "bin" => closed_loop::run(options, server, closed_loop::Kind::Binary),
        "rate" => open_loop::run(options, server),
        "bcast" => broadcast::run(options, server),
        "rooms" => rooms::run(options, server),
        "connect" => connect::run(options, server),
        "polling" => polling::run(options, server),
        "idle" => idle::run(options, server),
        "churn" => connect::churn(options, server),
        other => Err(Failure::new(format!("no scenario {other:?}; there are {}", NAMES.join(", ")))),
    }
}

/// The names [`run`] knows.
pub const NAMES: [&str; 10] =
    ["echo", "ack", "bin", "rate", "bcast", "rooms", "connect", "polling", "idle", "churn"];
