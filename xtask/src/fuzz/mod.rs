//! `cargo xtask fuzz`: every fuzz target for some minutes, on inputs that grow from the shared vectors.
//!
//! The targets are a package of their own, `fuzz/`. They are built for libFuzzer by flags of the stable compiler, with
//! assertions and overflow checks on; since no crate of ours has `unsafe` code, no sanitizer is needed to see a fault.

mod seeds;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use lexopt::{Arg::Long, ValueExt};

use crate::{CommandResult, workspace};

/// What libFuzzer needs to see where an input led.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

/// An input that takes longer is a finding.
const SLOW_SECONDS: u32 = 5;
const MEMORY_MB: u32 = 512;
const MAX_INPUT_BYTES: u32 = 8192;

/// How long each target runs.
#[derive(Clone, Copy)]
enum Length {
    Minutes(u32),
    /// The seeds and some more: what `cargo xtask test` does.
    Runs(u32),
}

/// Runs all targets, or the one that `--only` names, for `--minutes` each (1).
///
/// # Errors
/// The first target that found something, with where the input lies; or what is wrong with the arguments.
pub(crate) fn run(mut arguments: lexopt::Parser) -> CommandResult {
    let mut length = Length::Minutes(1);
    let mut only = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("minutes") => length = Length::Minutes(arguments.value()?.parse()?),
            Long("runs") => length = Length::Runs(arguments.value()?.parse()?),
            Long("only") => only = Some(arguments.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let folder = workspace::target_dir()?.join("fuzz");
    let targets: Vec<String> =
        names()?.into_iter().filter(|name| only.as_ref().is_none_or(|only| only == name)).collect();
    if targets.is_empty() {
        return Err(
            format!("no target {:?}; there are {}", only.unwrap_or_default(), names()?.join(", ")).into()
        );
    }
    let binaries = build(&folder)?;
    for name in &targets {
        let corpus = folder.join("corpus").join(name);
        let sown = seeds::sow(name, &corpus)?;
        let outcome = fuzz(&binaries.join(name), &corpus, &folder.join("findings").join(name), length)?;
        println!("{name:<12} {sown:>4} seeds  {}", outcome);
    }
    println!("ok: {} targets, nothing found", targets.len());
    Ok(ExitCode::SUCCESS)
}

/// The targets are the files in their folder.
fn names() -> Result<Vec<String>, String> {
    let folder = workspace::root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}

/// Builds all targets; returns where they are. With a target triple the flags reach neither build scripts nor macros.
fn build(folder: &Path) -> Result<PathBuf, String> {
    let triple = workspace::host_triple()?;
    let mut command = workspace::cargo();
    command
        .args(["build", "--release", "--bins", "--target", &triple])
        .arg("--manifest-path")
        .arg(workspace::root().join("fuzz/Cargo.toml"))
        .arg("--target-dir")
        .arg(folder)
        .env("RUSTFLAGS", COVERAGE);
    let output = command.output().map_err(|error| format!("{command:?} cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("the targets do not build\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(folder.join(triple).join("release"))
}

/// Runs one target; returns what it says of itself.
fn fuzz(binary: &Path, corpus: &Path, findings: &Path, length: Length) -> Result<String, String> {
    fs::create_dir_all(findings).map_err(|error| format!("{}: {error}", findings.display()))?;
    let mut command = Command::new(binary);
    command
        .arg(corpus)
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .arg(format!("-timeout={SLOW_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEMORY_MB}"))
        .arg(format!("-max_len={MAX_INPUT_BYTES}"))
        .arg("-print_final_stats=1");
    match length {
        Length::Minutes(minutes) => command.arg(format!("-max_total_time={}", u64::from(minutes) * 60)),
        Length::Runs(runs) => command.arg(format!("-runs={runs}")).arg("-seed=1"),
    };
    let output =
        command.output().map_err(|error| format!("{} cannot be started: {error}", binary.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!(
            "{}\n{} found something; the input lies in {}",
            said,
            binary.display(),
            findings.display()
        ));
    }
    Ok(summary(&said))
}

/// The last line of progress and the number of executions, out of what libFuzzer printed.
fn summary(said: &str) -> String {
    let stat = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
        line.map_or("?", |value| value.trim_start_matches(':').trim()).to_owned()
    };
    let covered = said.lines().rev().find_map(|line| {
        let mut words = line.split_whitespace().skip_while(|word| *word != "cov:");
        words.nth(1).map(str::to_owned)
    });
    format!(
        "{:>11} executions  {:>7}/s  {:>6} edges  {:>4} MB",
        stat("number_of_executed_units"),
        stat("average_exec_per_sec"),
        covered.unwrap_or_else(|| "?".to_owned()),
        stat("peak_rss_mb"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_what_the_fuzzer_says_at_its_end() {
        let said = "#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 30Mb\n#9\tDONE   cov: 345 ft: 9\n\
            stat::number_of_executed_units: 1000\nstat::average_exec_per_sec:     500\nstat::peak_rss_mb:  41\n";
        let expected = "       1000 executions      500/s     345 edges    41 MB";
        assert_eq!(summary(said), expected);
    }

    #[test]
    fn every_target_has_its_binary() {
        let manifest = fs::read_to_string(workspace::root().join("fuzz/Cargo.toml")).unwrap();
        for name in names().unwrap() {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
    }
}
