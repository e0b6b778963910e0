//! `cargo xtask bench --instructions`: what our server executes per operation, beside an earlier commit or with a
//! feature on. Nothing here is time, so it can be asked on a busy machine; system calls are not counted, so it does
//! not replace the measurement of time.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};

use super::build;
use super::callgrind::Load;
use super::process;
use super::scenarios::matches;
use crate::CommandResult;

const HELP: &str = "\
cargo xtask bench --instructions [options]

  --against COMMIT    beside an earlier commit, which is built, or the program at this path;
                      fails if a scenario takes more than 1.03 of its instructions
  --features          what each feature costs when it is on
  --scen PATTERNS     scenarios, comma-separated, * allowed (default: all)
";

/// How much more than before is let pass.
const AT_MOST: f64 = 1.03;

/// A scenario as it is run under callgrind: with few clients and a number of operations.
struct Counted {
    name: &'static str,
    arguments: &'static str,
    /// Operations of the shorter and of the longer run.
    operations: (u64, u64),
}

const fn counted(name: &'static str, arguments: &'static str, few: u64, many: u64) -> Counted {
    Counted { name, arguments, operations: (few, many) }
}

const SCENARIOS: &[Counted] = &[
    counted("echo", "echo --conns 8 --depth 1 --size 32", 1_000, 9_000),
    counted("echo-d16", "echo --conns 8 --depth 16 --size 32", 4_000, 36_000),
    counted("echo-1k", "echo --conns 8 --depth 1 --size 1024", 1_000, 9_000),
    counted("ack", "ack --conns 8 --depth 1", 1_000, 9_000),
    counted("bin-1k", "bin --conns 8 --depth 1 --size 1024", 1_000, 9_000),
    counted("bcast-w1", "bcast --conns 200 --depth 1 --size 64", 4_000, 44_000),
    counted("bcast-w8", "bcast --conns 200 --depth 8 --size 64", 8_000, 88_000),
    counted("rooms", "rooms --conns 200 --rooms 20 --size 64", 4_000, 44_000),
    counted("connect", "connect --inflight 8", 100, 1_100),
    counted("polling", "polling --conns 8 --size 32", 500, 3_500),
];

/// Only for the features: compression of payloads shows in nothing shorter.
const LONG_POLLING: Counted = counted("polling-2k", "polling --conns 8 --size 2048", 500, 3_500);

/// What the server can be told to do besides, by `FEATURE` of the contract `bench`.
struct Feature {
    title: &'static str,
    name: &'static str,
    /// More arguments of `loadgen`, which must know what the feature changes on the wire.
    arguments: &'static str,
    /// Where it may show.
    scenarios: &'static [&'static str],
}

const fn feature(
    title: &'static str,
    name: &'static str,
    arguments: &'static str,
    scenarios: &'static [&'static str],
) -> Feature {
    Feature { title, name, arguments, scenarios }
}

const OFF: Feature = feature("none", "", "", COLUMNS);
const COLUMNS: &[&str] = &["echo", "echo-1k", "bcast-w1", "connect", "polling", "polling-2k"];
const FEATURES: &[Feature] = &[
    feature(
        "`per_message_deflate`, agreed on",
        "deflate",
        "--deflate",
        &["echo", "echo-1k", "bcast-w1", "connect"],
    ),
    feature("`per_message_deflate`, not offered", "deflate", "", &["echo", "echo-1k", "bcast-w1", "connect"]),
    feature("`connection_state_recovery`", "recovery", "--recovery", &["echo", "bcast-w1", "connect"]),
    feature("`http_compression` off", "no-http-compression", "", &["polling", "polling-2k"]),
    feature("`MsgpackParser`", "msgpack", "--msgpack", &["echo", "echo-1k"]),
    feature("packet middleware", "packet-middleware", "", &["echo", "connect"]),
    feature("`on_any`", "on-any", "", &["echo"]),
    feature("`on_any_outgoing`", "on-any-outgoing", "", &["echo", "bcast-w1"]),
    feature("`allow_eio3`, clients of version 4", "eio3", "", &["echo", "connect", "polling"]),
    feature("`SlowReader::Refuse`", "slow-reader-refuse", "", &["echo", "bcast-w1"]),
    feature("namespace by name", "namespace", "--namespace /orders/1", &["connect"]),
    feature("namespace by pattern", "namespace-pattern", "--namespace /orders/1", &["connect"]),
];

/// The load generator's scenario of memory.
const IDLE: &str = "idle --steps 4000 --idle 0.1 --settle 1";

pub(super) fn run(mut arguments: Parser) -> CommandResult {
    let (mut against, mut features, mut patterns) = (None, false, "*".to_string());
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("instructions") => {}
            Arg::Long("against") => against = Some(arguments.value()?.string()?),
            Arg::Long("features") => features = true,
            Arg::Long("scen") => patterns = arguments.value()?.string()?,
            Arg::Long("help") | Arg::Short('h') => {
                print!("{HELP}");
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let before = against.map(|against| earlier(&against)).transpose()?;
    let (loadgen, server) = build::ours()?;
    let chosen = |scenario: &&Counted| patterns.split(',').any(|pattern| matches(pattern, scenario.name));
    let mut bench = Bench { loadgen, server, ports: process::ports() };
    match before {
        _ if features => bench.features(SCENARIOS.iter().chain([&LONG_POLLING]).filter(chosen)),
        before => bench.compare(before.as_deref(), SCENARIOS.iter().filter(chosen)),
    }
}

/// A program at a path, or that of a commit.
fn earlier(against: &str) -> Result<PathBuf, Box<dyn Error>> {
    let program = Path::new(against);
    if program.is_file() { Ok(program.to_path_buf()) } else { build::server_of(against) }
}

struct Bench {
    loadgen: PathBuf,
    server: PathBuf,
    ports: std::ops::RangeFrom<u16>,
}

impl Bench {
    fn compare<'a>(
        &mut self,
        before: Option<&Path>,
        scenarios: impl Iterator<Item = &'a Counted>,
    ) -> CommandResult {
        println!("| instructions per operation | before | now | ratio |\n|---|---|---|---|");
        let mut missed = false;
        for scenario in scenarios {
            let now = self.count(None, scenario, "", "")?;
            let Some(before) = before else {
                println!("| {} | – | {now:.0} | – |", scenario.name);
                continue;
            };
            let before = self.count(Some(before), scenario, "", "")?;
            let ratio = now / before;
            let mark = if ratio > AT_MOST { " **too much**" } else { "" };
            println!("| {} | {before:.0} | {now:.0} | {ratio:.3}{mark} |", scenario.name);
            missed |= ratio > AT_MOST;
        }
        Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    /// One line for each feature: what it takes in each scenario, as a multiple of what the same takes without it.
    fn features<'a>(&mut self, scenarios: impl Iterator<Item = &'a Counted>) -> CommandResult {
        let columns: Vec<&Counted> = scenarios.filter(|scenario| COLUMNS.contains(&scenario.name)).collect();
        let names: Vec<&str> = columns.iter().map(|scenario| scenario.name).collect();
        println!("| feature | {} | bytes per idle connection |", names.join(" | "));
        println!("|---|{}---|", "---|".repeat(columns.len()));
        let mut without = Vec::new();
        for scenario in &columns {
            without.push(self.count(None, scenario, "", "")?);
        }
        let idle = self.idle_bytes(&OFF)?;
        let numbers: Vec<String> = without.iter().map(|count| format!("{count:.0}")).collect();
        println!("| none: instructions | {} | {idle:.0} |", numbers.join(" | "));
        for feature in FEATURES {
            let mut cells = Vec::new();
            for (scenario, without) in columns.iter().zip(&without) {
                cells.push(if feature.scenarios.contains(&scenario.name) {
                    let with = self.count(None, scenario, feature.arguments, feature.name)?;
                    format!("{:.2}", with / without)
                } else {
                    "–".into()
                });
            }
            let more = self.idle_bytes(feature)? - idle;
            println!("| {} | {} | {more:+.0} |", feature.title, cells.join(" | "));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Resident bytes of the server for each of some thousand connections that rest.
    fn idle_bytes(&mut self, feature: &Feature) -> Result<f64, Box<dyn Error>> {
        let port = self.ports.next().ok_or("no port left")?;
        let arguments = format!("{IDLE} {}", feature.arguments);
        Load { loadgen: &self.loadgen, arguments: &arguments, feature: feature.name }
            .idle_bytes(&self.server, port)
    }

    fn count(
        &mut self,
        server: Option<&Path>,
        scenario: &Counted,
        more: &str,
        feature: &str,
    ) -> Result<f64, Box<dyn Error>> {
        let arguments = format!("{} {more}", scenario.arguments);
        let load = Load { loadgen: &self.loadgen, arguments: &arguments, feature };
        let port = self.ports.next().ok_or("no port left")?;
        load.per_operation(server.unwrap_or(&self.server), scenario.operations, port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_and_every_feature_names_a_scenario() {
        let known =
            |name: &&str| SCENARIOS.iter().chain([&LONG_POLLING]).any(|scenario| scenario.name == *name);
        assert!(COLUMNS.iter().all(known));
        for feature in FEATURES {
            assert!(feature.scenarios.iter().all(|name| COLUMNS.contains(name)), "{}", feature.title);
        }
    }

    #[test]
    fn the_longer_run_is_much_longer_than_what_may_be_left_under_way() {
        for Counted { name, operations: (few, many), .. } in SCENARIOS {
            assert!(many - few >= 1_000 && many / few >= 7, "{name}");
        }
    }

    #[test]
    fn a_path_is_a_program_and_anything_else_a_commit() {
        let program = std::env::current_exe().unwrap();
        assert_eq!(earlier(program.to_str().unwrap()).unwrap(), program);
    }
}
