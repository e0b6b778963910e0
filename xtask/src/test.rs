//! `cargo xtask test`: every check of the project, one step after another, closed by a line that counts the tests.
//!
//! The steps are a table in `steps`, what their output says is read in `count`. A step's output goes to
//! `<target>/test-logs/<step>.log` (so that a hung step can be looked at) and is printed only when the step fails; the
//! first failure ends the run.

mod count;
mod steps;

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::tools::Tool;
use crate::workspace;
use count::Count;
use steps::{STEPS, Step};

/// Runs the steps: all of them, or the one that `--only` names.
///
/// # Errors
/// The output of the first step that failed, or what is wrong with the arguments.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let chosen = match arguments {
        [] => STEPS.iter().collect(),
        [flag] if flag == "--list" => {
            STEPS.iter().for_each(|step| println!("{:<8} {}", step.name, step.about));
            return Ok(());
        }
        [flag, name] if flag == "--only" => choose(name)?,
        _ => return Err(format!("usage: cargo xtask test [--list | --only {}]", names())),
    };
    let start = Instant::now();
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
    println!("{}", closing_line(&counted, start.elapsed().as_secs()));
    Ok(())
}

fn choose(name: &str) -> Result<Vec<&'static Step>, String> {
    match STEPS.iter().find(|step| step.name == name) {
        Some(step) => Ok(vec![step]),
        None => Err(format!("no step {name:?}; there are {}", names())),
    }
}

fn names() -> String {
    STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join("|")
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
    if let Some(file) = step.only_with
        && !workspace::root().join(file).exists()
    {
        println!("{:<8}     -    there is no {file}", step.name);
        return Ok(None);
    }
    let start = Instant::now();
    let log = logs.join(format!("{}.log", step.name));
    fs::write(&log, "").map_err(|error| format!("{}: {error}", log.display()))?;
    for command in (step.commands)(target) {
        run_logged(command, &log).map_err(|reason| failure(step, &reason, &log))?;
    }
    let count = Count::read(&read(&log));
    let judged = if step.counts { count.judge().map(Some) } else { Ok(None) };
    let tests = judged.map_err(|reason| failure(step, &reason, &log))?;
    let shown = tests.map_or_else(String::new, |tests| format!("{tests} tests"));
    println!("{:<8} {:>5} s  {shown}", step.name, start.elapsed().as_secs());
    Ok(tests)
}

fn run_logged(mut command: Command, log: &Path) -> Result<(), String> {
    let shown = format!("{command:?}");
    let status = append_to(log)
        .and_then(|(stdout, stderr)| command.stdout(stdout).stderr(stderr).status())
        .map_err(|error| format!("{shown} cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown} failed ({status})")) }
}

/// Two handles on the log, so that the lines of both streams stand in the order they were written.
fn append_to(log: &Path) -> std::io::Result<(File, File)> {
    let file = File::options().append(true).open(log)?;
    Ok((file.try_clone()?, file))
}

fn failure(step: &Step, reason: &str, log: &Path) -> String {
    format!("{}\nFAILED: {} ({}): {reason}", read(log), step.name, step.about)
}

fn read(log: &Path) -> String {
    String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned()
}

fn closing_line(counted: &[(&str, u64)], seconds: u64) -> String {
    let total: u64 = counted.iter().map(|(_, tests)| tests).sum();
    let each: Vec<String> = counted.iter().map(|(name, tests)| format!("{name} {tests}")).collect();
    format!("ok: {total} tests ({}) in {seconds} s", each.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_line_sums_the_steps() {
        let line = closing_line(&[("rust", 640), ("doc", 31), ("js", 48)], 412);
        assert_eq!(line, "ok: 719 tests (rust 640, doc 31, js 48) in 412 s");
    }

    #[test]
    fn step_names_are_unique() {
        for (index, step) in STEPS.iter().enumerate() {
            assert!(!STEPS.iter().skip(index + 1).any(|other| other.name == step.name), "{}", step.name);
        }
    }

    #[test]
    fn unknown_step_is_refused_with_the_names_there_are() {
        let error = run(&["--only".to_owned(), "nothing".to_owned()]).unwrap_err();
        assert!(error.contains("no step \"nothing\"") && error.contains("interop"), "{error}");
    }
}
