//! Builds what a run needs and nothing else, in release, and knows where it lies.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::servers::{self, Program, Server};

/// The project's root, from where this program was compiled.
pub(super) fn workspace_root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// Where the built programs are.
#[derive(Debug)]
pub(super) struct Binaries {
    pub(super) loadgen: PathBuf,
    release: PathBuf,
    socketioxide: PathBuf,
}

/// Builds the load generator and these servers.
pub(super) fn build(servers: &[Server]) -> Result<Binaries, Box<dyn Error>> {
    let needs = |program: Program| servers.iter().any(|server| server.program == program);
    let root = workspace_root();
    let workspace = root.join("Cargo.toml");
    let peer = root.join(SOCKETIOXIDE).join("Cargo.toml");
    let ours: &[&str] = if needs(Program::Sockeye) { &["--package", "sockeye-conformance"] } else { &[] };
    cargo_build(&workspace, &[&["--package", "sockeye-bench"], ours].concat())?;
    if needs(Program::Socketioxide) {
        cargo_build(&peer, &["--locked"])?;
    }
    if needs(Program::Node) {
        install_packages(&root.join(NODE))?;
    }
    let release = target_directory(&workspace)?.join("release");
    Ok(Binaries {
        loadgen: release.join("loadgen"),
        release,
        socketioxide: target_directory(&peer)?.join("release/peer-socketioxide"),
    })
}

/// The load generator, and our server as it is here.
pub(super) fn ours() -> Result<(PathBuf, PathBuf), Box<dyn Error>> {
    let binaries = build(&servers::select("sockeye")?)?;
    Ok((binaries.loadgen, binaries.release.join(SERVER)))
}

/// Our server as it was at a commit, from a work tree beside the build.
pub(super) fn server_of(commit: &str) -> Result<PathBuf, Box<dyn Error>> {
    let tree = target_directory(&workspace_root().join("Cargo.toml"))?.join("bench-against");
    let text = |path: &Path| path.to_str().map(String::from).ok_or("the target directory's name is not text");
    let path = &text(&tree)?;
    if !tree.exists() {
        let add = ["worktree", "add", "--force", "--detach", path, commit];
        run(Command::new("git").current_dir(workspace_root()).args(add))?;
    }
    run(Command::new("git").args(["-C", path, "checkout", "--quiet", "--detach", commit]))?;
    let target = tree.join("target");
    cargo_build(
        &tree.join("Cargo.toml"),
        &["--package", "sockeye-conformance", "--target-dir", &text(&target)?],
    )?;
    Ok(target.join("release").join(SERVER))
}

impl Binaries {
    /// The program of a server and its arguments; it replaces itself and starts no shell that stays.
    pub(super) fn command(&self, server: &Server) -> Vec<PathBuf> {
        match &server.program {
            Program::Sockeye => vec![self.release.join(SERVER), "bench".into()],
            Program::Limit => vec![self.release.join("limit")],
            Program::Node => vec!["node".into(), workspace_root().join(NODE).join("server.js")],
            Program::Socketioxide => vec![self.socketioxide.clone()],
            Program::Shell(command) => vec!["sh".into(), "-c".into(), format!("exec {command}").into()],
        }
    }
}

const SERVER: &str = "sockeye-conformance";
const SOCKETIOXIDE: &str = "bench/peers/socketioxide";
const NODE: &str = "bench/peers/node";

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn cargo_build(manifest: &Path, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    run(cargo().args(["build", "--release", "--quiet", "--manifest-path"]).arg(manifest).args(arguments))
}

/// Asked of cargo, because the environment may have moved it.
fn target_directory(manifest: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let mut metadata = cargo();
    metadata.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(manifest);
    let output = metadata.stderr(Stdio::inherit()).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let directory =
        metadata["target_directory"].as_str().ok_or("cargo metadata names no target directory")?;
    Ok(directory.into())
}

/// `npm ci`, unless what the lock file asks for is installed already.
fn install_packages(folder: &Path) -> Result<(), Box<dyn Error>> {
    let modified = |file: &str| fs::metadata(folder.join(file)).and_then(|data| data.modified()).ok();
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_some() && installed >= modified("package-lock.json") {
        return Ok(());
    }
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder))
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
