//! `cargo xtask test`: every check of the project, one step after another, closed by a line that counts the tests.
//!
//! The steps are a table in `steps`, what their output says is read in `count`. A step's output goes to
//! `<target>/test-logs/<step>.log` (so that a hung step can be looked at) and is printed only when the step fails; the
//! first failure ends the run.

mod count;
mod steps;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use lexopt::{Arg::Long, ValueExt};

use crate::tools::Tool;
use crate::{CommandResult, workspace};
use count::Count;
use steps::{STEPS, Step};

/// Runs the steps: all of them, or the one that `--only` names; `--list` only shows them.
///
/// # Errors
/// The first step that failed (its output is printed before), or what is wrong with the arguments.
pub(crate) fn run(mut arguments: lexopt::Parser) -> CommandResult {
    let mut chosen: Vec<&Step> = STEPS.iter().collect();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("list") => {
                STEPS.iter().for_each(|step| println!("{:<8} {}", step.name, step.about));
                return Ok(ExitCode::SUCCESS);
            }
            Long("only") => chosen = vec![find(&arguments.value()?.string()?)?],
            other => return Err(other.unexpected().into()),
        }
    }
    let start = Instant::now();
    let mut left_out = Vec::new();
    chosen.retain(|step| match (step.missing)() {
        Some(reason) => {
            println!("{:<8} not run: {reason}", step.name);
            left_out.push(step.name);
            false
        }
        None => true,
    });
    install(&chosen)?;
    let target = workspace::target_dir()?;
    let logs = target.join("test-logs");
    fs::create_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))?;

    let mut counted = Vec::new();
    for step in chosen {
        if let Some(tests) = run_step(step, &target, &logs)? {
            counted.push((step.name, tests));
        }
    }
    println!("{}", closing_line(&counted, &left_out, start.elapsed().as_secs()));
    Ok(ExitCode::SUCCESS)
}

fn find(name: &str) -> Result<&'static Step, String> {
    let names = || STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
    STEPS
        .iter()
        .find(|step| step.name == name)
        .ok_or_else(|| format!("no step {name:?}; there are {}", names()))
}

fn install(steps: &[&Step]) -> Result<(), String> {
    let mut seen: Vec<Tool> = Vec::new();
    for &tool in steps.iter().flat_map(|step| step.needs) {
        if seen.contains(&tool) {
            continue;
        }
        seen.push(tool);
        let start = Instant::now();
        if let Some(done) = tool.install()? {
            println!("{:<8} {:>5} s  {done}", "tools", start.elapsed().as_secs());
        }
    }
    Ok(())
}

/// Runs the commands of one step; returns how many tests it counted, or `None` for a step that is no test.
fn run_step(step: &Step, target: &Path, logs: &Path) -> Result<Option<u64>, String> {
    // Before the step runs, so that a step which hangs is named.
    print!("{:<8} ", step.name);
    io::stdout().flush().map_err(|error| format!("standard output: {error}"))?;
    let start = Instant::now();
    let log = logs.join(format!("{}.log", step.name));
    fs::write(&log, "").map_err(|error| format!("{}: {error}", log.display()))?;
    for command in (step.commands)(target) {
        run_logged(command, &log).map_err(|reason| failure(step, &reason, &log))?;
    }
    let seconds = start.elapsed().as_secs();
    if !step.counts {
        println!("{seconds:>5} s");
        return Ok(None);
    }
    let tests = Count::read(&read(&log)).judge().map_err(|reason| failure(step, &reason, &log))?;
    println!("{seconds:>5} s  {tests} tests");
    Ok(Some(tests))
}

fn run_logged(mut command: Command, log: &Path) -> Result<(), String> {
    let shown = format!("{command:?}");
    let status = append_to(log)
        .and_then(|(stdout, stderr)| command.stdout(stdout).stderr(stderr).status())
        .map_err(|error| format!("{shown} cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown} failed ({status})")) }
}

/// Two handles on the log, so that the lines of both streams stand in the order they were written.
fn append_to(log: &Path) -> io::Result<(File, File)> {
    let file = File::options().append(true).open(log)?;
    Ok((file.try_clone()?, file))
}

/// Prints what the step wrote, and says that it failed.
fn failure(step: &Step, reason: &str, log: &Path) -> String {
    println!("failed\n{}", read(log));
    format!("FAILED: {} ({}): {reason}", step.name, step.about)
}

fn read(log: &Path) -> String {
    String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned()
}

fn closing_line(counted: &[(&str, u64)], left_out: &[&str], seconds: u64) -> String {
    let total: u64 = counted.iter().map(|(_, tests)| tests).sum();
    let each: Vec<String> = counted.iter().map(|(name, tests)| format!("{name} {tests}")).collect();
    let mut line = match counted {
        [] => format!("ok in {seconds} s"),
        _ => format!("ok: {total} tests ({}) in {seconds} s", each.join(", ")),
    };
    if !left_out.is_empty() {
        line += &format!("; not run: {}", left_out.join(", "));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_line_sums_the_steps() {
        let line = closing_line(&[("rust", 640), ("doc", 31), ("js", 48)], &[], 412);
        assert_eq!(line, "ok: 719 tests (rust 640, doc 31, js 48) in 412 s");
        assert_eq!(closing_line(&[], &[], 3), "ok in 3 s");
    }

    #[test]
    fn closing_line_names_the_steps_that_did_not_run() {
        let line = closing_line(&[("rust", 640)], &["autobahn"], 5);
        assert_eq!(line, "ok: 640 tests (rust 640) in 5 s; not run: autobahn");
    }

    #[test]
    fn step_names_are_unique() {
        for (index, step) in STEPS.iter().enumerate() {
            assert!(!STEPS.iter().skip(index + 1).any(|other| other.name == step.name), "{}", step.name);
        }
    }

    #[test]
    fn unknown_step_is_refused_with_the_names_there_are() {
        let error = run(lexopt::Parser::from_args(["--only", "nothing"])).unwrap_err().to_string();
        assert!(error.contains("no step \"nothing\"") && error.contains("interop"), "{error}");
    }
}
