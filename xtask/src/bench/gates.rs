//! What our server must reach. A gate that was not measured, or had no limit beside it, is not judged.

use super::results::Row;
use super::servers::{FOUR_WORKERS, ONE_WORKER, Server};
use super::statistics::{Spread, better_limit, cpu, distinct, paired_ratio, successes, tail};

/// An upper bound on a median.
#[derive(Clone, Copy, Debug)]
struct Gate {
    measure: Measure,
    /// Scenarios it holds for; none named means all that have the measure.
    scenarios: &'static [&'static str],
    /// Servers it holds for; none named means all of ours.
    servers: &'static [&'static str],
    at_most: f64,
}

/// What is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    /// CPU per operation, as a multiple of the better limit's.
    CpuToLimit,
    /// p99/p50, as a multiple of the corked limit's.
    TailToCork,
    /// CPU per operation with four workers, as a multiple of that with one.
    FourWorkersToOne,
    /// Resident bytes per idle connection, at the largest number of them.
    IdleMemory,
    /// CPU µs per idle connection and second.
    IdleCpu,
    /// Resident bytes that each connection leaves behind.
    Growth,
}

const fn cpu_to_limit(scenarios: &'static [&'static str], at_most: f64) -> Gate {
    Gate { measure: Measure::CpuToLimit, scenarios, servers: &[], at_most }
}

const fn everywhere(measure: Measure, servers: &'static [&'static str], at_most: f64) -> Gate {
    Gate { measure, scenarios: &[], servers, at_most }
}

/// The gates.
const GATES: &[Gate] = &[
    cpu_to_limit(&["echo", "ack"], 1.25),
    cpu_to_limit(&["echo-1k", "bin-1k"], 1.35),
    cpu_to_limit(&["echo-d16", "ack-d16"], 2.0),
    cpu_to_limit(&["echo-1k-d16"], 2.5),
    cpu_to_limit(&["bcast1k-w1", "bcast5k-w1"], 1.4),
    cpu_to_limit(&["bcast1k-w8", "bcast5k-w8"], 1.6),
    cpu_to_limit(&["rooms"], 1.8),
    cpu_to_limit(&["connect"], 1.4),
    cpu_to_limit(&["polling"], 1.6),
    everywhere(Measure::TailToCork, &[], 2.0),
    everywhere(Measure::FourWorkersToOne, &[], 1.5),
    everywhere(Measure::IdleMemory, &["sockeye"], 4000.0),
    everywhere(Measure::IdleMemory, &["sockeye-axum"], 5500.0),
    everywhere(Measure::IdleCpu, &[], 0.5),
    // A page here and there is not a leak: 64 of them over the 16 000 connections that are counted.
    everywhere(Measure::Growth, &[], 16.0),
];

/// What our servers missed, as sentences: gates, wrong answers, and measurements that failed.
pub(super) fn missed(rows: &[Row]) -> Vec<String> {
    let ours: Vec<&Row> = rows.iter().filter(|row| Server::is_ours(&row.server)).collect();
    let mut missed: Vec<String> = ours.iter().filter_map(|row| fault(row)).collect();
    for scenario in distinct(ours.iter().map(|row| row.scenario.as_str())) {
        for server in distinct(ours.iter().map(|row| row.server.as_str())) {
            missed.extend(GATES.iter().filter_map(|gate| gate.miss(rows, scenario, server)));
        }
    }
    missed
}

fn fault(row: &Row) -> Option<String> {
    let place = format!("{} {} in repetition {}", row.server, row.scenario, row.repetition);
    if let Some(error) = row.error() {
        return Some(format!("{place}: {error}"));
    }
    let errors = row.number("/errors");
    (errors > 0.0).then(|| format!("{place}: {errors} wrong answers"))
}

impl Gate {
    /// A sentence if this server misses the gate in this scenario.
    fn miss(&self, rows: &[Row], scenario: &str, server: &str) -> Option<String> {
        let names = |names: &[&str], name| names.is_empty() || names.contains(&name);
        if !names(self.scenarios, scenario) || !names(self.servers, server) {
            return None;
        }
        let Spread { median, min, max } = self.measure.of(rows, scenario, server)?;
        let Gate { at_most, measure, .. } = self;
        (median > *at_most).then(|| {
            format!(
                "{server} {scenario}: {} is {median:.2} ({min:.2}–{max:.2}), at most {at_most} is allowed",
                measure.name()
            )
        })
    }
}

impl Measure {
    fn of(self, rows: &[Row], scenario: &str, server: &str) -> Option<Spread> {
        let field = |pointer: &str| {
            Spread::of(successes(rows, scenario, server).into_iter().map(|row| row.number(pointer)))
        };
        match self {
            Measure::CpuToLimit => paired_ratio(rows, scenario, server, better_limit(rows, scenario)?, cpu),
            Measure::TailToCork => paired_ratio(rows, scenario, server, "limit-cork", tail),
            Measure::FourWorkersToOne => {
                let one = format!("{}{ONE_WORKER}", server.strip_suffix(FOUR_WORKERS)?);
                paired_ratio(rows, scenario, server, &one, cpu)
            }
            Measure::IdleMemory => Spread::of(successes(rows, scenario, server).into_iter().map(|row| {
                let steps = row.field("steps").as_array().map_or(0, Vec::len);
                row.number(&format!("/steps/{}/rss_per", steps.saturating_sub(1)))
            })),
            Measure::IdleCpu => field("/idle_cpu_us_per_conn_s"),
            Measure::Growth => field("/growth_bytes_per_conn"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Measure::CpuToLimit => "CPU per operation × the better limit",
            Measure::TailToCork => "p99/p50 × that of limit-cork",
            Measure::FourWorkersToOne => "CPU per operation × that of one worker",
            Measure::IdleMemory => "memory per idle connection in bytes",
            Measure::IdleCpu => "CPU per idle connection in µs/s",
            Measure::Growth => "memory left behind per connection in bytes",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::results::row;
    use super::*;

    fn timed(cpu: f64, p99: f64) -> Value {
        json!({"srv_us": cpu, "p50_us": 100.0, "p99_us": p99, "errors": 0})
    }

    fn beside_the_limits(ours: Value) -> Vec<Row> {
        vec![
            row("limit", "echo", 0, timed(4.0, 120.0)),
            row("limit-cork", "echo", 0, timed(5.0, 150.0)),
            row("sockeye", "echo", 0, ours),
        ]
    }

    #[test]
    fn a_gate_holds_up_to_its_value() {
        assert_eq!(missed(&beside_the_limits(timed(5.0, 300.0))), [""; 0]);
    }

    #[test]
    fn cpu_is_judged_against_the_better_limit() {
        let missed = missed(&beside_the_limits(timed(5.1, 100.0)));
        assert_eq!(missed.len(), 1, "{missed:?}");
        assert!(missed[0].starts_with("sockeye echo: CPU per operation × the better limit is 1.2"));
    }

    #[test]
    fn the_tail_is_judged_against_the_corked_limit() {
        let missed = missed(&beside_the_limits(timed(4.0, 301.0)));
        assert_eq!(missed.len(), 1, "{missed:?}");
        assert!(missed[0].contains("p99/p50"));
    }

    #[test]
    fn wrong_answers_and_failed_measurements_miss_always() {
        let rows = [
            row("sockeye", "echo", 0, json!({"srv_us": 1.0, "errors": 3})),
            row("sockeye-axum", "rooms", 1, json!({"error": "the server has ended"})),
            row("node", "rooms", 1, json!({"error": "a peer's matter"})),
        ];
        assert_eq!(
            missed(&rows),
            [
                "sockeye echo in repetition 0: 3 wrong answers",
                "sockeye-axum rooms in repetition 1: the server has ended"
            ]
        );
    }

    #[test]
    fn idle_memory_is_judged_at_the_last_step_and_for_each_mount() {
        let idle = |rss: f64| json!({"steps": [{"rss_per": 9000.0}, {"rss_per": rss}], "idle_cpu_us_per_conn_s": 0.4, "errors": 0});
        let rows = [row("sockeye", "idle", 0, idle(4500.0)), row("sockeye-axum", "idle", 0, idle(4500.0))];
        let missed = missed(&rows);
        assert_eq!(missed.len(), 1, "{missed:?}");
        assert!(missed[0].starts_with("sockeye idle: memory per idle connection"));
    }

    #[test]
    fn four_workers_are_judged_against_one() {
        let rows = [
            row("sockeye-w1", "rooms", 0, json!({"srv_us": 1.0, "errors": 0})),
            row("sockeye-w4", "rooms", 0, json!({"srv_us": 1.6, "errors": 0})),
        ];
        let missed = missed(&rows);
        assert_eq!(missed.len(), 1, "{missed:?}");
        assert!(missed[0].starts_with("sockeye-w4 rooms"));
    }
}
