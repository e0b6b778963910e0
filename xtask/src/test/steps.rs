//! The steps of `cargo xtask test`, in the order they run: cheap and telling first, whole systems last.

use std::path::Path;
use std::process::Command;

use crate::tools::Tool;
use crate::{autobahn, workspace};

const CLIENT: &str = "clients/js";
const INTEROP: &str = "conformance/interop";

/// One line of the table.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Why this machine cannot run the step, if it cannot.
    pub(crate) missing: fn() -> Option<String>,
    /// What is installed before any step runs.
    pub(crate) needs: &'static [Tool],
    /// The commands, given the folder that cargo builds into.
    pub(crate) commands: fn(&Path) -> Vec<Command>,
    /// Whether the step must report at least one test.
    pub(crate) counts: bool,
}

const CHECK: Step =
    Step { name: "", about: "", missing: || None, needs: &[], commands: |_| Vec::new(), counts: false };

/// Every step.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        about: "the code is formatted",
        commands: |_| vec![cargo(&["fmt", "--all", "--", "--check"])],
        ..CHECK
    },
    Step {
        name: "clippy",
        about: "no lint speaks up",
        commands: |_| vec![cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])],
        ..CHECK
    },
    Step {
        name: "rust",
        about: "unit and integration tests",
        commands: |_| vec![cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--examples"])],
        counts: true,
        ..CHECK
    },
    Step {
        name: "doc",
        about: "the examples in the documentation",
        commands: |_| vec![cargo(&["test", "--workspace", "--doc"])],
        counts: true,
        ..CHECK
    },
    Step {
        name: "rustdoc",
        about: "the documentation builds without warnings",
        commands: |_| {
            let mut command =
                cargo(&["doc", "--workspace", "--no-deps", "--features", "sockeye/http2,sockeye/tls"]);
            command.env("RUSTDOCFLAGS", "-D warnings");
            vec![command]
        },
        ..CHECK
    },
    Step {
        name: "model",
        about: "model checks of the concurrent parts",
        commands: |_| vec![cargo(&["test", "-p", "sockeye", "--features", "__model", "--lib", "model::"])],
        counts: true,
        ..CHECK
    },
    Step {
        name: "fuzz",
        about: "the fuzz targets build, and find nothing in some thousand inputs",
        commands: |_| vec![cargo(&["run", "--quiet", "--package", "xtask", "--", "fuzz", "--runs", "20000"])],
        ..CHECK
    },
    Step {
        name: "autobahn",
        about: "a sample of the Autobahn test suite against the WebSocket, with compression",
        missing: autobahn::missing,
        commands: |_| vec![cargo(&["run", "--quiet", "--package", "xtask", "--", "autobahn", "--sample"])],
        counts: true,
        ..CHECK
    },
    Step {
        name: "js",
        about: "the TypeScript client: types, lint, tests, dist",
        needs: &[Tool::NodeModules(CLIENT)],
        commands: |_| vec![inside(CLIENT, "npm", &["run", "check"]), inside(CLIENT, "npm", &["test"])],
        counts: true,
        ..CHECK
    },
    Step {
        name: "interop",
        about: "the official clients in Node and python-socketio against our server",
        needs: &[Tool::NodeModules(INTEROP), Tool::Nginx, Tool::Python],
        commands: |target| vec![servers(), proxied_server(), harness("run.mjs", target)],
        counts: true,
        ..CHECK
    },
    Step {
        name: "browser",
        about: "the official client, ours and the chat in headless Chromium",
        needs: &[Tool::NodeModules(INTEROP), Tool::Chromium],
        commands: |target| vec![servers(), harness("browser.mjs", target)],
        counts: true,
        ..CHECK
    },
];

fn cargo(arguments: &[&str]) -> Command {
    let mut command = workspace::cargo();
    command.args(arguments);
    command
}

fn inside(folder: &str, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(workspace::root().join(folder));
    command
}

/// Builds the servers that the harnesses start.
fn servers() -> Command {
    cargo(&["build", "-p", "sockeye-conformance", "-p", "chat"])
}

/// Builds the server that stands behind nginx.
fn proxied_server() -> Command {
    cargo(&["build", "-p", "sockeye", "--example", "behind_proxy"])
}

fn harness(script: &str, target: &Path) -> Command {
    let mut command = inside(INTEROP, "node", &[script, "--target"]);
    command.arg(target);
    command
}
