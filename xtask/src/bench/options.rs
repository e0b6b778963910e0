//! The command line of `cargo xtask bench`.

use std::error::Error;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use super::build::workspace_root;
use super::scenarios::{self, Scenario};
use super::servers::{self, Server};

pub(super) const HELP: &str = "\
cargo xtask bench [options]

  --quick             one repetition of the main scenarios, about two minutes
  --reps N            repetitions (default 5)
  --scen PATTERNS     scenarios, comma-separated, * allowed (default: all)
  --servers LIST      servers, comma-separated (default: all that are built in)
  --server NAME=CMD   one more server; it gets PORT by environment
  --no-spin           let the load generator sleep, as clients on the same host do
  --workers           4 workers on both cores against 1 worker
  --out FILE          where each measurement goes as a line of JSON (default: bench/results/)
  --table FILE        only print the tables of such a file
  --instructions …    count instructions instead; --instructions --help tells more
";

/// What is measured, and how.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) mode: Mode,
    pub(super) repetitions: usize,
    pub(super) scenarios: Vec<Scenario>,
    pub(super) servers: Vec<Server>,
    pub(super) spin: bool,
    pub(super) out: PathBuf,
    pub(super) table: Option<PathBuf>,
}

/// Which of the three kinds of run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Everything, servers on one core.
    Full,
    /// The main scenarios with short windows.
    Quick,
    /// Servers with one and with four workers, on both cores.
    Workers,
}

impl Mode {
    /// The cores that servers may use, as `taskset` wants them. The load generator has core 1.
    pub(super) fn server_cores(self) -> &'static str {
        if self == Mode::Workers { "0,1" } else { "0" }
    }

    /// Measured window and warm-up before it, in seconds.
    pub(super) fn seconds(self) -> (&'static str, &'static str) {
        if self == Mode::Quick { ("0.8", "0.3") } else { ("2", "0.7") }
    }
}

impl Options {
    /// `None` when help is asked for.
    pub(super) fn parse(mut arguments: Parser) -> Result<Option<Self>, Box<dyn Error>> {
        let mut mode = Mode::Full;
        let (mut repetitions, mut patterns, mut names) = (None, None, None);
        let mut more = Vec::new();
        let (mut spin, mut out, mut table) = (true, None, None);
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("quick") => mode = Mode::Quick,
                Arg::Long("workers") => mode = Mode::Workers,
                Arg::Long("reps") => repetitions = Some(arguments.value()?.parse()?),
                Arg::Long("scen") => patterns = Some(arguments.value()?.string()?),
                Arg::Long("servers") => names = Some(arguments.value()?.string()?),
                Arg::Long("server") => more.push(Server::parse(&arguments.value()?.string()?)?),
                Arg::Long("spin") => spin = true,
                Arg::Long("no-spin") => spin = false,
                Arg::Long("out") => out = Some(arguments.value()?.into()),
                Arg::Long("table") => table = Some(arguments.value()?.into()),
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        if repetitions == Some(0) {
            return Err("--reps must be at least 1".into());
        }
        let mut servers = servers::select(names.as_deref().unwrap_or(servers::default_names(mode)))?;
        servers.extend(more);
        if mode == Mode::Workers {
            servers = servers.iter().flat_map(Server::with_workers).collect();
        }
        let file = match mode {
            Mode::Full => "last.jsonl",
            Mode::Quick => "quick.jsonl",
            Mode::Workers => "workers.jsonl",
        };
        Ok(Some(Options {
            mode,
            repetitions: repetitions.unwrap_or(if mode == Mode::Quick { 1 } else { 5 }),
            scenarios: scenarios::select(mode, patterns.as_deref().unwrap_or("*"))?,
            servers,
            spin,
            out: out.unwrap_or_else(|| workspace_root().join("bench/results").join(file)),
            table,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Box<dyn Error>> {
        Options::parse(Parser::from_args(line.split_whitespace())).map(|options| options.unwrap())
    }

    #[test]
    fn by_default_everything_is_measured_five_times_with_a_spinning_client() {
        let options = parse("").unwrap();
        assert_eq!((options.repetitions, options.spin, options.mode), (5, true, Mode::Full));
        assert!(options.servers.iter().any(|server| server.name == "sockeye-axum"));
        assert!(options.scenarios.iter().any(|scenario| scenario.name == "churn"));
    }

    #[test]
    fn lists_and_patterns_choose() {
        let options =
            parse("--servers limit,node --scen echo*,rooms --no-spin --server mine=./mine").unwrap();
        let servers: Vec<&str> = options.servers.iter().map(|server| server.name.as_str()).collect();
        assert_eq!(servers, ["limit", "node", "mine"]);
        assert!(options.scenarios.iter().all(|s| s.name.starts_with("echo") || s.name == "rooms"));
        assert!(!options.spin);
    }

    #[test]
    fn workers_doubles_each_server() {
        let options = parse("--workers").unwrap();
        let servers: Vec<&str> = options.servers.iter().map(|server| server.name.as_str()).collect();
        assert_eq!(servers, ["sockeye-w1", "sockeye-w4"]);
        assert_eq!(options.mode.server_cores(), "0,1");
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        for line in ["--servers nobody", "--scen dance", "--reps many", "--reps 0", "--server mine", "--fast"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
