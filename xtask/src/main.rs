//! The project's own commands: `cargo xtask COMMAND`.
//!
//! What takes more than one call of cargo lives here, in Rust, so that it runs wherever the project does.

mod autobahn;
mod bench;
mod fuzz;
mod test;
mod tools;
mod workspace;

use std::error::Error;
use std::process::ExitCode;

/// What a command answers: success, a verdict against the project, or what stopped it.
type CommandResult = Result<ExitCode, Box<dyn Error>>;

struct Command {
    name: &'static str,
    summary: &'static str,
    run: fn(lexopt::Parser) -> CommandResult,
}

const COMMANDS: &[Command] = &[
    Command { name: "test", summary: "run every check of the project and count its tests", run: test::run },
    Command {
        name: "bench",
        summary: "measure our server beside the physical limit and its peers",
        run: bench::run,
    },
    Command { name: "fuzz", summary: "feed the decoders what no test thinks of", run: fuzz::run },
    Command {
        name: "autobahn",
        summary: "play the Autobahn test suite against our WebSocket",
        run: autobahn::run,
    },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let name = arguments.next().unwrap_or_default();
    let Some(command) = COMMANDS.iter().find(|command| name == command.name) else {
        eprintln!("usage: cargo xtask COMMAND [options]\n");
        for Command { name, summary, .. } in COMMANDS {
            eprintln!("  {name:8} {summary}");
        }
        return ExitCode::from(2);
    };
    (command.run)(lexopt::Parser::from_args(arguments)).unwrap_or_else(|error| {
        eprintln!("xtask {}: {error}", command.name);
        ExitCode::FAILURE
    })
}
