//! What the tests need beyond a Rust toolchain and Node, installed when it is missing: npm packages, Python packages,
//! Chromium, nginx.
//!
//! Nothing here updates what is already there: a second run costs no network.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::workspace;

const CHROMIUM: &str = "/usr/bin/chromium";
const NGINX: &str = "/usr/sbin/nginx";
const REQUIREMENTS: &str = "conformance/interop/python/requirements.txt";

/// Something a test step needs on the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tool {
    /// The packages that the lockfile of this folder pins.
    NodeModules(&'static str),
    /// The browser of the headless tests.
    Chromium,
    /// The proxy that one interop run stands behind.
    Nginx,
    /// A Python of its own, with the clients of python-socketio, in `python/` where cargo builds.
    Python,
}

impl Tool {
    /// Installs the tool unless it is there; returns what was done, or `None` when nothing was.
    ///
    /// # Errors
    /// The command that failed, with its output.
    pub(crate) fn install(self) -> Result<Option<String>, String> {
        match self {
            Tool::NodeModules(folder) => install_node_modules(folder),
            Tool::Chromium => install_package("chromium", CHROMIUM),
            Tool::Nginx => install_package("nginx-light", NGINX),
            Tool::Python => install_python(&workspace::target_dir()?),
        }
    }
}

fn install_node_modules(folder: &str) -> Result<Option<String>, String> {
    let path = workspace::root().join(folder);
    if is_current(&path)? {
        return Ok(None);
    }
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(path))?;
    Ok(Some(format!("npm ci in {folder}")))
}

/// Whether `node_modules` is at least as new as the lockfile; npm dates its hidden copy of the lockfile at each install.
fn is_current(folder: &Path) -> Result<bool, String> {
    let lockfile = folder.join("package-lock.json");
    let Some(wanted) = modified(&lockfile) else {
        return Err(format!("{} is missing", lockfile.display()));
    };
    Ok(modified(&folder.join("node_modules/.package-lock.json")).is_some_and(|installed| installed >= wanted))
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// Makes the virtual environment with what `requirements.txt` pins, unless that is what it was made with.
fn install_python(target: &Path) -> Result<Option<String>, String> {
    let requirements = workspace::root().join(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements)
        .map_err(|error| format!("{} cannot be read: {error}", requirements.display()))?;
    let environment = target.join("python");
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(None);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    run(Command::new(environment.join("bin/pip"))
        .args(["install", "--quiet", "--requirement"])
        .arg(requirements))?;
    fs::write(&installed, wanted)
        .map_err(|error| format!("{} cannot be written: {error}", installed.display()))?;
    Ok(Some(format!("pip install of {REQUIREMENTS}")))
}

/// Installs a package of Debian unless its program is there.
fn install_package(package: &str, program: &str) -> Result<Option<String>, String> {
    if Path::new(program).exists() {
        return Ok(None);
    }
    run(Command::new("apt-get").arg("update"))?;
    run(Command::new("apt-get")
        .args(["install", "-y", "--no-install-recommends", package])
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(Some(format!("apt-get install {package}")))
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{shown} cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{shown} failed ({}); install it by hand if this machine does not allow it\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}
