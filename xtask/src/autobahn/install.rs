//! The suite itself, in a virtual environment of its own. It was never ported from Python 2.7.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SUITE: &str = "autobahntestsuite==25.10.1";
/// Masks and checks UTF-8 in C. Without it the sections on compression take hours.
const QUICK: &str = "wsaccel==0.6.2";
/// The last that knows Python 2.7.
const VIRTUALENV: &str = "virtualenv<20.22";

/// Why the suite cannot be played on this machine, if it cannot.
pub(crate) fn missing() -> Option<String> {
    python().is_none().then(|| "there is no Python 2.7, neither as python2.7 nor in pyenv".to_owned())
}

/// The program of the suite, installed unless it is there.
///
/// # Errors
/// There is no Python 2.7, or what the installation said when it failed.
pub(super) fn wstest(folder: &Path) -> Result<PathBuf, String> {
    let wstest = folder.join("venv/bin/wstest");
    if wstest.exists() {
        return Ok(wstest);
    }
    let python = python().ok_or_else(|| missing().unwrap_or_default())?;
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (tools, environment) = (folder.join("tools"), folder.join("venv"));
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--target"])
        .arg(&tools)
        .arg(VIRTUALENV))?;
    run(Command::new(&python)
        .args(["-m", "virtualenv", "--quiet"])
        .arg(&environment)
        .env("PYTHONPATH", &tools))?;
    run(Command::new(environment.join("bin/pip")).args(["install", "--quiet", SUITE, QUICK]))?;
    Ok(wstest)
}

/// A Python 2.7 that runs: the one in the path may be a shim of pyenv that does not.
fn python() -> Option<PathBuf> {
    let in_path = PathBuf::from("python2.7");
    [Some(in_path), in_pyenv()].into_iter().flatten().find(|python| {
        let mut command = Command::new(python);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

fn in_pyenv() -> Option<PathBuf> {
    let asked = |arguments: &[&str]| {
        let output = Command::new("pyenv").args(arguments).stderr(Stdio::null()).output().ok()?;
        String::from_utf8(output.stdout).ok()
    };
    let versions = asked(&["versions", "--bare"])?;
    let version = versions.lines().map(str::trim).find(|version| version.starts_with("2.7."))?;
    Some(Path::new(asked(&["prefix", version])?.trim()).join("bin/python2.7"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{shown} cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{shown} failed ({})\n{}", output.status, String::from_utf8_lossy(&said)))
}
