//! `cargo xtask autobahn`: the Autobahn test suite against the WebSocket loop of the server, compression included.
//!
//! The suite is a client in Python 2.7 that plays each case against the contract `ws-echo`; the server must do what
//! `conformance/expected/autobahn.json` says, case by case. Reports to look at are left in `<target>/autobahn/reports`.

mod expected;
mod install;
mod play;
mod sample;

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use lexopt::{Arg::Long, ValueExt};

use crate::{CommandResult, workspace};
use expected::{Expected, Results};
pub(crate) use install::missing;

/// Plays all cases, those that `--cases` names (`12.*`, `7.1.6`; separated by commas), or a `--sample` that takes a
/// minute. `--jobs` says how many parts are played at the same time (as many as there are cores), `--server` names a
/// binary to play against instead of a debug build. The closing line is `autobahn: N passed, M failed`.
///
/// # Errors
/// What kept the cases from being played, or what is wrong with the arguments.
pub(crate) fn run(mut arguments: lexopt::Parser) -> CommandResult {
    let expected = Expected::read()?;
    let mut chunks = expected.chunks();
    let mut server = None;
    let mut jobs = thread::available_parallelism().map_or(1, usize::from);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("cases") => chunks = vec![split(&arguments.value()?.string()?)],
            Long("sample") => chunks = sample::chunks(),
            Long("jobs") => jobs = arguments.value()?.parse()?,
            Long("server") => server = Some(PathBuf::from(arguments.value()?)),
            other => return Err(other.unexpected().into()),
        }
    }
    let folder = workspace::target_dir()?.join("autobahn");
    let wstest = install::wstest(&folder)?;
    let server = server.map_or_else(play::build_server, Ok)?;
    let results = play::play(&wstest, &server, &folder.join("reports"), &chunks, jobs)?;
    let differences = expected.differences(&results, &chunks);
    differences.iter().for_each(|difference| println!("FAIL  {difference}"));
    println!("{}", tally(&results));
    let failed = differences.len();
    println!("autobahn: {} passed, {failed} failed", results.len().saturating_sub(failed));
    Ok(if failed == 0 && !results.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn split(cases: &str) -> Vec<String> {
    cases.split(',').map(|case| case.trim().to_owned()).collect()
}

/// How often each behaviour was seen, the most frequent first.
fn tally(results: &Results) -> String {
    let mut tally: Vec<(&str, usize)> = Vec::new();
    for outcome in results.values() {
        match tally.iter_mut().find(|(behavior, _)| *behavior == outcome.behavior) {
            Some((_, count)) => *count += 1,
            None => tally.push((&outcome.behavior, 1)),
        }
    }
    tally.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let words: Vec<String> = tally.iter().map(|(behavior, count)| format!("{count} {behavior}")).collect();
    words.join(", ")
}
