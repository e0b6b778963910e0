//! Where things lie in this checkout.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// The folder cargo builds into, as cargo itself resolves it (environment and configuration included).
///
/// # Errors
/// Says what went wrong when `cargo metadata` cannot be run or read.
pub(crate) fn target_dir() -> Result<PathBuf, String> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .map_err(|error| format!("cargo metadata cannot be started: {error}"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata: {error}\n{}", String::from_utf8_lossy(&output.stderr)))?;
    match metadata.get("target_directory").and_then(|value| value.as_str()) {
        Some(path) => Ok(PathBuf::from(path)),
        None => Err("cargo metadata names no target_directory".to_owned()),
    }
}

/// The cargo that started this program, in the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// The triple of this machine, as the compiler spells it.
///
/// # Errors
/// Says what went wrong when the compiler cannot be asked.
pub(crate) fn host_triple() -> Result<String, String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .map_err(|error| format!("rustc -vV cannot be started: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let triple = said.lines().find_map(|line| line.strip_prefix("host: "));
    triple.map(str::to_owned).ok_or_else(|| format!("rustc -vV names no host: {said}"))
}
