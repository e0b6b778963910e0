//! The whole run in one table, as the README shows it: each server as a multiple of the better limit.

use super::results::Row;
use super::statistics::{LIMITS, Spread, better_limit, cpu, distinct, paired_ratio, successes};

/// One line per timed scenario, then the memory of an idle connection.
pub(super) fn render(rows: &[Row]) -> String {
    let servers = distinct(rows.iter().map(|row| row.server.as_str()));
    let servers: Vec<&str> = servers.into_iter().filter(|server| !LIMITS.contains(server)).collect();
    let mut lines = vec![
        format!("| scenario | limit, µs | {} |", servers.join(" | ")),
        format!("|---|---|{}", "---|".repeat(servers.len())),
    ];
    for scenario in distinct(rows.iter().map(|row| row.scenario.as_str())) {
        let Some(limit) = better_limit(rows, scenario) else { continue };
        let base = Spread::of(successes(rows, scenario, limit).into_iter().map(cpu));
        let Some(base) = base else { continue };
        let ratios = servers.iter().map(|server| {
            paired_ratio(rows, scenario, server, limit, cpu)
                .map_or("–".into(), |ratio| format!("{:.2}×", ratio.median))
        });
        lines.push(line(scenario, &format!("{:.2}", base.median), ratios));
    }
    let idle = |server: &str| {
        Spread::of(successes(rows, "idle", server).iter().map(|row| row.number("/after_idle_rss_per")))
    };
    if rows.iter().any(|row| row.scenario == "idle") {
        let limit = LIMITS.into_iter().find_map(idle).map_or("–".into(), bytes);
        let cells = servers.iter().map(|server| idle(server).map_or("–".into(), bytes));
        lines.push(line("idle, bytes per connection", &limit, cells));
    }
    lines.join("\n")
}

fn line(name: &str, limit: &str, cells: impl Iterator<Item = String>) -> String {
    format!("| {name} | {limit} | {} |", cells.collect::<Vec<_>>().join(" | "))
}

fn bytes(spread: Spread) -> String {
    format!("{:.0}", spread.median)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::results::row;
    use super::*;

    #[test]
    fn each_server_is_a_multiple_of_the_better_limit() {
        let rows = [
            row("limit", "echo", 0, json!({"srv_us": 4.0})),
            row("limit-cork", "echo", 0, json!({"srv_us": 5.0})),
            row("sockeye", "echo", 0, json!({"srv_us": 5.0})),
            row("limit", "idle", 0, json!({"after_idle_rss_per": 88.0})),
            row("sockeye", "idle", 0, json!({"after_idle_rss_per": 3500.0})),
        ];
        let table = "\
| scenario | limit, µs | sockeye |
|---|---|---|
| echo | 4.00 | 1.25× |
| idle, bytes per connection | 88 | 3500 |";
        assert_eq!(render(&rows), table);
    }
}
