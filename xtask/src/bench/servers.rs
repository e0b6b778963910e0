//! Which servers there are, and how each is started.

use std::error::Error;

use super::options::Mode;

/// A server under test. It gets its port by the environment variable `PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) program: Program,
    pub(super) environment: Vec<(&'static str, &'static str)>,
}

/// What is run, and so what must be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// Ours, by the public API: the conformance server with its contract `bench`.
    Sockeye,
    /// The physical limit of the kit.
    Limit,
    /// socket.io on Node.
    Node,
    /// socketioxide.
    Socketioxide,
    /// A command of the shell.
    Shell(String),
}

/// Name, program, environment.
type BuiltIn = (&'static str, Program, &'static [(&'static str, &'static str)]);

const BUILT_IN: &[BuiltIn] = &[
    ("sockeye", Program::Sockeye, &[]),
    ("sockeye-axum", Program::Sockeye, &[("MOUNT", "axum")]),
    ("limit", Program::Limit, &[]),
    ("limit-cork", Program::Limit, &[("CORK", "1")]),
    ("node", Program::Node, &[]),
    ("oxide-mt", Program::Socketioxide, &[]),
    ("oxide-ct", Program::Socketioxide, &[("RT", "current")]),
];

/// What is measured when no list is given.
pub(super) fn default_names(mode: Mode) -> &'static str {
    match mode {
        Mode::Full => "sockeye,sockeye-axum,limit,limit-cork,node,oxide-mt,oxide-ct",
        Mode::Quick => "sockeye,sockeye-axum,limit,limit-cork",
        Mode::Workers => "sockeye",
    }
}

/// The built-in servers of a comma-separated list.
pub(super) fn select(names: &str) -> Result<Vec<Server>, Box<dyn Error>> {
    names.split(',').filter(|name| !name.is_empty()).map(built_in).collect()
}

fn built_in(name: &str) -> Result<Server, Box<dyn Error>> {
    let Some((name, program, environment)) = BUILT_IN.iter().find(|(built_in, ..)| *built_in == name) else {
        let names: Vec<&str> = BUILT_IN.iter().map(|(name, ..)| *name).collect();
        return Err(format!("no server {name:?}; there are {}", names.join(", ")).into());
    };
    Ok(Server { name: (*name).into(), program: program.clone(), environment: environment.to_vec() })
}

/// Suffixes of the names of a server's two forms in the mode `--workers`.
pub(super) const ONE_WORKER: &str = "-w1";
pub(super) const FOUR_WORKERS: &str = "-w4";

impl Server {
    /// A server given as `NAME=COMMAND`.
    pub(super) fn parse(text: &str) -> Result<Self, Box<dyn Error>> {
        let (name, command) =
            text.split_once('=').ok_or_else(|| format!("{text:?} is not of the form NAME=COMMAND"))?;
        Ok(Server { name: name.into(), program: Program::Shell(command.into()), environment: Vec::new() })
    }

    /// The same with one worker, and with four.
    pub(super) fn with_workers(&self) -> [Server; 2] {
        [(ONE_WORKER, "1"), (FOUR_WORKERS, "4")].map(|(suffix, workers)| {
            let mut server = self.clone();
            server.name.push_str(suffix);
            server.environment.push(("WORKERS", workers));
            server
        })
    }

    /// Whether the gates are for it.
    pub(super) fn is_ours(name: &str) -> bool {
        let base = name.trim_end_matches(ONE_WORKER).trim_end_matches(FOUR_WORKERS);
        BUILT_IN.iter().any(|(built_in, program, _)| *built_in == base && *program == Program::Sockeye)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_for_our_servers_with_any_number_of_workers() {
        assert!(["sockeye", "sockeye-axum", "sockeye-w4"].iter().all(|name| Server::is_ours(name)));
        assert!(!["limit", "node", "mine"].iter().any(|name| Server::is_ours(name)));
    }

    #[test]
    fn the_defaults_exist() {
        for mode in [Mode::Full, Mode::Quick, Mode::Workers] {
            assert!(select(default_names(mode)).is_ok_and(|servers| !servers.is_empty()));
        }
    }
}
