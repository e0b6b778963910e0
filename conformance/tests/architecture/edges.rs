//! Dependencies between crates: those of the workspace among each other, and what the inner ones may take from outside.

use crate::source::sources;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// Each crate of the workspace and the crates of the workspace it may depend on, for building or for its tests.
const EDGES: &[(&str, &[&str])] = &[
    ("sockeye-proto", &[]),
    ("sockeye-adapter", &["sockeye-proto"]),
    // On itself for its tests, which need all its features.
    ("sockeye", &["sockeye-proto", "sockeye-adapter", "sockeye"]),
    ("chat", &["sockeye"]),
    ("sockeye-conformance", &["sockeye", "sockeye-proto"]),
    // The measuring kit shares no code with what it measures.
    ("sockeye-bench", &[]),
    ("xtask", &[]),
];

/// What makes a machine impure: runtimes, sockets, randomness and clocks, by the name of the crate that offers them.
const IMPURE: &[&str] = &[
    "async-std",
    "chrono",
    "crossbeam-channel",
    "fastrand",
    "futures",
    "getrandom",
    "hyper",
    "mio",
    "rand",
    "rand_core",
    "rustix",
    "smol",
    "socket2",
    "time",
    "tokio",
    "tokio-util",
];

/// Clients of any protocol, and brokers.
const CLIENTS_AND_BROKERS: &[&str] = &[
    "async-nats",
    "deadpool-redis",
    "fastwebsockets",
    "fred",
    "nats",
    "postgres",
    "redis",
    "reqwest",
    "rust_socketio",
    "sqlx",
    "tokio-postgres",
    "tokio-tungstenite",
    "tungstenite",
    "ureq",
];

/// One package of the workspace: its name, its folder, and the names it depends on whatever the kind.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    pub(crate) dependencies: Vec<String>,
}

/// The packages of the workspace as cargo sees them.
pub(crate) fn packages() -> Vec<Package> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    metadata["packages"].as_array().expect("metadata lists packages").iter().map(package).collect()
}

fn package(value: &Value) -> Package {
    let dependencies = value["dependencies"].as_array().expect("a package lists dependencies");
    Package {
        name: text(&value["name"]),
        manifest: PathBuf::from(text(&value["manifest_path"])),
        dependencies: dependencies.iter().map(|dependency| text(&dependency["name"])).collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// Every way in which the packages break the table, in words.
fn broken_edges(packages: &[Package]) -> Vec<String> {
    let mut broken = Vec::new();
    for package in packages {
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package.name) else {
            broken.push(format!("{} has no row in the table of edges", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let inside = packages.iter().any(|other| other.name == *dependency);
            if inside && !allowed.contains(&dependency.as_str()) {
                broken.push(format!("{} must not depend on {dependency}", package.name));
            }
        }
    }
    broken
}

/// The dependencies of `name` that stand in `forbidden`.
fn forbidden_dependencies(packages: &[Package], name: &str, forbidden: &[&str]) -> Vec<String> {
    let package = packages.iter().find(|package| package.name == name).expect("the crate exists");
    package.dependencies.iter().filter(|name| forbidden.contains(&name.as_str())).cloned().collect()
}

#[test]
fn crates_of_the_workspace_depend_on_each_other_only_as_the_table_says() {
    assert_eq!(broken_edges(&packages()), [""; 0]);
}

#[test]
fn every_row_of_the_table_is_a_crate() {
    let packages = packages();
    for (name, _) in EDGES {
        assert!(packages.iter().any(|package| package.name == *name), "{name} is no crate of the workspace");
    }
}

#[test]
fn edge_outside_the_table_is_found() {
    let package = |name: &str, dependencies: &[&str]| Package {
        name: name.to_owned(),
        manifest: PathBuf::new(),
        dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
    };
    let packages = [
        package("sockeye-proto", &["bytes"]),
        package("sockeye-adapter", &["sockeye-proto", "sockeye"]),
        package("sockeye", &["sockeye-adapter", "tungstenite"]),
        package("sockeye-common", &[]),
    ];
    assert_eq!(
        broken_edges(&packages),
        ["sockeye-adapter must not depend on sockeye", "sockeye-common has no row in the table of edges"]
    );
    assert_eq!(forbidden_dependencies(&packages, "sockeye", CLIENTS_AND_BROKERS), ["tungstenite"]);
}

#[test]
fn core_takes_no_runtime_clock_or_randomness_from_outside() {
    assert_eq!(forbidden_dependencies(&packages(), "sockeye-proto", IMPURE), [""; 0]);
}

#[test]
fn server_takes_no_client_and_no_broker_from_outside() {
    for name in ["sockeye-adapter", "sockeye"] {
        assert_eq!(forbidden_dependencies(&packages(), name, CLIENTS_AND_BROKERS), [""; 0]);
    }
}

#[test]
fn every_crate_obeys_the_lints_of_the_workspace() {
    for package in packages() {
        let manifest = std::fs::read_to_string(&package.manifest).expect("the manifest is readable");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} has lints of its own", package.name);
    }
}

/// Sessions wait, and what they missed is kept, by a clock that nobody sets: a jump of the time of day ends nothing.
#[test]
fn recovery_does_not_ask_for_the_time_of_day() {
    let sources = sources("crates/sockeye");
    let recovery: Vec<_> = sources.iter().filter(|source| source.path.starts_with("recovery/")).collect();
    assert!(recovery.iter().any(|source| source.code.contains("tokio::time::Instant")));
    for source in recovery {
        for clock in ["SystemTime", "UNIX_EPOCH", "chrono", "Utc"] {
            assert!(!source.code.contains(clock), "{} names {clock}", source.path);
        }
    }
}
