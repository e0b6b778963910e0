//! Which scenarios there are, and the load generator's arguments for each.

use std::error::Error;

use super::options::Mode;

/// A scenario under the name the tables use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// Arguments of `loadgen`.
    pub(super) arguments: &'static str,
    /// It needs a server process of its own, and runs once: what it measures is memory.
    pub(super) fresh: bool,
}

const fn warm(name: &'static str, arguments: &'static str) -> Scenario {
    Scenario { name, arguments, fresh: false }
}

const fn fresh(name: &'static str, arguments: &'static str) -> Scenario {
    Scenario { name, arguments, fresh: true }
}

const ALL: &[Scenario] = &[
    warm("echo-c1", "echo --conns 1 --depth 1 --size 32"),
    warm("echo", "echo --conns 100 --depth 1 --size 32"),
    warm("echo-d16", "echo --conns 100 --depth 16 --size 32"),
    warm("echo-1k", "echo --conns 100 --depth 1 --size 1024"),
    warm("echo-1k-d16", "echo --conns 100 --depth 16 --size 1024"),
    warm("echo-rate5k", "rate --conns 100 --rate 5000 --size 32"),
    warm("ack", "ack --conns 100 --depth 1"),
    warm("ack-d16", "ack --conns 100 --depth 16"),
    warm("bin-1k", "bin --conns 100 --depth 1 --size 1024"),
    warm("bcast1k-w1", "bcast --conns 1000 --depth 1 --size 64"),
    warm("bcast1k-w8", "bcast --conns 1000 --depth 8 --size 64"),
    warm("bcast5k-w1", "bcast --conns 5000 --depth 1 --size 64"),
    warm("bcast5k-w8", "bcast --conns 5000 --depth 8 --size 64"),
    warm("rooms", "rooms --conns 2000 --rooms 200 --size 64"),
    warm("connect", "connect --inflight 64"),
    warm("polling", "polling --conns 100 --size 32"),
    fresh("idle", "idle --steps 2000,6000,12000 --idle 30"),
    fresh("churn", "churn --conns 4000 --phases 6"),
];

/// One of each kind, with shorter rests.
const QUICK: &[Scenario] = &[
    warm("echo", "echo --conns 100 --depth 1 --size 32"),
    warm("echo-d16", "echo --conns 100 --depth 16 --size 32"),
    warm("echo-1k", "echo --conns 100 --depth 1 --size 1024"),
    warm("bcast1k-w1", "bcast --conns 1000 --depth 1 --size 64"),
    warm("bcast1k-w8", "bcast --conns 1000 --depth 8 --size 64"),
    warm("rooms", "rooms --conns 2000 --rooms 200 --size 64"),
    warm("connect", "connect --inflight 64"),
    warm("polling", "polling --conns 100 --size 32"),
    fresh("idle", "idle --steps 12000 --idle 5 --settle 1"),
];

/// Those where workers have something to share.
const WORKERS: &[Scenario] = &[
    warm("echo-d16", "echo --conns 100 --depth 16 --size 32"),
    warm("bcast1k-w8", "bcast --conns 1000 --depth 8 --size 64"),
    warm("rooms", "rooms --conns 2000 --rooms 200 --size 64"),
];

/// The scenarios of this mode whose names match one of the comma-separated patterns.
pub(super) fn select(mode: Mode, patterns: &str) -> Result<Vec<Scenario>, Box<dyn Error>> {
    let all = match mode {
        Mode::Full => ALL,
        Mode::Quick => QUICK,
        Mode::Workers => WORKERS,
    };
    let chosen: Vec<Scenario> =
        all.iter().filter(|s| patterns.split(',').any(|pattern| matches(pattern, s.name))).copied().collect();
    if chosen.is_empty() {
        let names: Vec<&str> = all.iter().map(|scenario| scenario.name).collect();
        return Err(format!("no scenario matches {patterns:?}; there are {}", names.join(", ")).into());
    }
    Ok(chosen)
}

/// Whether `*` in the pattern can stand for something that makes it the name.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|skipped| rest.get(skipped..).is_some_and(|rest| matches(after, rest)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_part_of_a_name() {
        for pattern in ["*", "echo*", "*16", "e*1k*16", "echo-1k-d16", "echo-1k-d16*"] {
            assert!(matches(pattern, "echo-1k-d16"), "{pattern}");
        }
        for pattern in ["", "echo", "*d1", "e*2k*"] {
            assert!(!matches(pattern, "echo-1k-d16"), "{pattern}");
        }
    }

    #[test]
    fn the_short_runs_measure_what_the_full_one_does() {
        for short in QUICK.iter().chain(WORKERS).filter(|scenario| !scenario.fresh) {
            assert!(ALL.contains(short), "{}", short.name);
        }
    }
}
