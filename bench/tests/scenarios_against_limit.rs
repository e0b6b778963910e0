//! Every scenario against both limits, in one process: the contract of `README.md`, spoken from both sides.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy exempts only #[test] functions"
)]

use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sockeye_bench::limit::{Limit, Writes};
use sockeye_bench::options::Options;
use sockeye_bench::procfs::ProcessTree;
use sockeye_bench::scenario;

/// A limit on a port of its own, serving until the test process ends.
fn limit(writes: Writes) -> u16 {
    // Below the ephemeral range, where outgoing connections may hold a port already.
    let first = 20_000 + (std::process::id() % 500) as u16 * 20;
    let listener = (first..first + 1000)
        .find_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
        .expect("a free port");
    let port = listener.local_addr().unwrap().port();
    let limit = Limit::new(listener, writes).unwrap();
    thread::spawn(move || limit.run());
    port
}

/// Runs a scenario for a moment, and gives its line.
fn run(scenario: &str, change: impl FnOnce(&mut Options)) -> [Value; 2] {
    let mut options = Options {
        scenario: scenario.into(),
        conns: 20,
        depth: 4,
        warm_up: Duration::from_millis(5),
        window: Duration::from_millis(50),
        inflight: 8,
        settle: Duration::ZERO,
        ..Options::default()
    };
    change(&mut options);
    [Writes::AtOnce, Writes::Corked].map(|writes| {
        options.port = limit(writes);
        scenario::run(&options, &ProcessTree::of(None))
            .unwrap_or_else(|failure| panic!("{writes:?}: {failure}"))
    })
}

fn assert_works(scenario: &str, change: impl FnOnce(&mut Options)) {
    for line in run(scenario, change) {
        assert_eq!(line["errors"], 0, "{line}");
        assert!(line["ops"].as_u64().unwrap() > 0, "{line}");
        assert!(line["p50_us"].as_f64().unwrap() > 0.0, "{line}");
    }
}

#[test]
fn echoes_come_back_byte_for_byte() {
    assert_works("echo", |_| {});
    assert_works("echo", |options| options.size = 1024);
    assert_works("rate", |options| options.rate = 20_000.0);
}

#[test]
fn a_frame_beyond_one_read_is_put_together() {
    assert_works("echo", |options| (options.size, options.conns) = (100_000, 2));
}

#[test]
fn acks_and_attachments_come_back() {
    assert_works("ack", |_| {});
    assert_works("bin", |options| options.size = 1024);
}

#[test]
fn broadcasts_and_rooms_reach_everyone() {
    assert_works("bcast", |_| {});
    assert_works("rooms", |options| options.rooms = 5);
}

#[test]
fn connections_come_and_go() {
    assert_works("connect", |_| {});
    for line in run("churn", |options| options.phases = 1) {
        assert_eq!(
            (&line["errors"], line["rss_kib"].as_array().unwrap().len()),
            (&Value::from(0), 1),
            "{line}"
        );
    }
}

#[test]
fn idle_connections_are_counted_at_every_step() {
    for line in run("idle", |options| (options.steps, options.idle) = (vec![3, 9], Duration::ZERO)) {
        assert_eq!((&line["n"], &line["errors"]), (&Value::from(9), &Value::from(0)), "{line}");
        assert_eq!(line["steps"].as_array().unwrap().len(), 2, "{line}");
    }
}

#[test]
fn polling_round_trips() {
    assert_works("polling", |_| {});
}

#[test]
fn a_server_that_is_not_there_is_a_failure_with_its_reason() {
    let options = Options { scenario: "echo".into(), port: 1, ..Options::default() };
    let failure = scenario::run(&options, &ProcessTree::of(None)).unwrap_err();
    assert!(failure.to_string().starts_with("connect: "), "{failure}");
}

#[test]
fn an_unknown_scenario_is_refused_with_the_known_ones() {
    let options = Options { scenario: "dance".into(), ..Options::default() };
    let failure = scenario::run(&options, &ProcessTree::of(None)).unwrap_err().to_string();
    assert!(failure.contains("dance") && failure.contains("polling"), "{failure}");
}
