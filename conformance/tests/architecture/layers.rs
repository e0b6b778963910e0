//! Inside the sans-IO core: nothing impure is named, and the three protocol layers do not know each other.

use crate::source::{Source, imports, sources};

const CORE: &str = "crates/sockeye-proto";

/// The protocol layers, each a module at the root of the core.
const LAYERS: [&str; 3] = ["websocket", "engine", "socket"];

/// Modules at the root of the core that may name several layers: the meeting point, and the root that declares them.
const MEETING_POINTS: [&str; 2] = ["connection", "lib"];

/// Paths that stand for input and output, threads, time or randomness. They come in as arguments.
const IMPURE: [&str; 15] = [
    "tokio::",
    "std::net",
    "std::thread",
    "std::fs",
    "std::env",
    "std::process",
    "std::io::stdin",
    "Instant::now",
    "std::time::Instant",
    "SystemTime",
    "UNIX_EPOCH",
    "getrandom",
    "rand::",
    "thread_rng",
    "RandomState",
];

/// What in this source is impure, as `file: path`.
fn impurities(source: &Source) -> Vec<String> {
    let imports = imports(&source.code);
    let named = |path: &str| source.code.contains(path) || imports.iter().any(|import| import.contains(path));
    let found = IMPURE
        .iter()
        .filter(|path| named(path) || imports.iter().any(|import| import == path.trim_end_matches(':')));
    found.map(|path| format!("{}: {path}", source.path)).collect()
}

/// The layers other than its own that this source names, as `file: layer`.
fn foreign_layers(source: &Source) -> Vec<String> {
    let own = source.path.split(['/', '.']).next().unwrap_or_default();
    if MEETING_POINTS.contains(&own) {
        return Vec::new();
    }
    let imports = imports(&source.code);
    let foreign = LAYERS.iter().filter(|layer| **layer != own);
    let named = foreign.filter(|layer| {
        imports.iter().any(|import| climbs_to(import, layer)) || names_by_path(&source.code, layer)
    });
    named.map(|layer| format!("{}: {layer}", source.path)).collect()
}

/// Whether an import leaves its module (`crate`, `super`) and lands in `layer`.
fn climbs_to(import: &str, layer: &str) -> bool {
    let mut segments = import.split("::").map(str::trim).skip_while(|segment| *segment == "self").peekable();
    let climbs = matches!(segments.peek(), Some(&"crate" | &"super"));
    climbs && segments.find(|segment| !matches!(*segment, "crate" | "super")) == Some(layer)
}

/// Whether the code names `layer` by a path in place, such as `crate::engine::Packet`.
fn names_by_path(code: &str, layer: &str) -> bool {
    ["crate::", "super::"].iter().any(|start| {
        let path = format!("{start}{layer}");
        code.match_indices(&path).any(|(at, _)| {
            let next = code[at + path.len()..].chars().next();
            next.is_none_or(|character| !character.is_alphanumeric() && character != '_')
        })
    })
}

#[test]
fn core_names_no_io_thread_clock_or_randomness() {
    let found: Vec<String> = sources(CORE).iter().flat_map(impurities).collect();
    assert_eq!(found, [""; 0]);
}

#[test]
fn layers_of_the_core_meet_only_in_connection() {
    let found: Vec<String> = sources(CORE).iter().flat_map(foreign_layers).collect();
    assert_eq!(found, [""; 0]);
}

#[test]
fn every_layer_and_the_meeting_point_exist() {
    let sources = sources(CORE);
    for layer in LAYERS {
        assert!(
            sources.iter().any(|source| source.path.starts_with(&format!("{layer}/"))),
            "no layer {layer}"
        );
    }
    for module in MEETING_POINTS {
        assert!(sources.iter().any(|source| source.path == format!("{module}.rs")), "no {module}.rs");
    }
}

fn source(path: &str, code: &str) -> Source {
    Source { path: path.to_owned(), code: code.to_owned() }
}

#[test]
fn impure_paths_are_found_however_they_are_spelled() {
    for code in [
        "use std::{fmt, net::IpAddr};",
        "use std::{\n    time::{Duration, Instant},\n};",
        "fn now() { std::time::SystemTime::now(); }",
        "use tokio;",
        "async fn f() { tokio::spawn(g()) }",
    ] {
        assert!(!impurities(&source("engine/mod.rs", code)).is_empty(), "{code}");
    }
    assert_eq!(
        impurities(&source("time.rs", "use std::time::Duration;\nstruct Instant(Duration);")),
        [""; 0]
    );
}

#[test]
fn foreign_layers_are_found_however_they_are_spelled() {
    for code in [
        "use crate::engine::Packet;",
        "use crate::{id::SocketId, engine};",
        "use super::super::engine::Packet;",
        "fn f(packet: &crate::engine::Packet) {}",
    ] {
        assert_eq!(foreign_layers(&source("socket/mux.rs", code)), ["socket/mux.rs: engine"], "{code}");
        assert_eq!(foreign_layers(&source("id.rs", code)), ["id.rs: engine"], "{code}");
        assert_eq!(foreign_layers(&source("engine/packet.rs", code)), [""; 0], "{code}");
        assert_eq!(foreign_layers(&source("connection/server.rs", code)), [""; 0], "{code}");
    }
    assert_eq!(
        foreign_layers(&source("engine/mod.rs", "use crate::socket_id::Id;\nuse self::websocket::X;")),
        [""; 0]
    );
}
