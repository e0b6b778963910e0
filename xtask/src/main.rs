//! The project's own commands: `cargo xtask <command>`.
//!
//! A table of commands and nothing else; each command reads its own arguments in a module of its own. What a command
//! needs to know about the checkout is in `workspace`.

mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

/// A word of the command line and what it starts.
struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), String>,
}

const COMMANDS: &[Command] = &[Command {
    name: "test",
    about: "run every check of the project (--only STEP, --list)",
    run: test::run,
}];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((name, rest)) => match COMMANDS.iter().find(|command| command.name == name) {
            Some(command) => (command.run)(rest),
            None => Err(format!("no command {name:?}\n{}", usage())),
        },
        None => Err(usage()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask <command> [options]\n");
    for command in COMMANDS {
        text.push_str(&format!("  {:<8} {}\n", command.name, command.about));
    }
    text
}
