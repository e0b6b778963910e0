//! Measurements as markdown tables: one per scenario, one for memory, one for growth, one for workers.

use serde_json::Value;

use super::results::Row;
use super::servers::{FOUR_WORKERS, ONE_WORKER};
use super::statistics::{Spread, better_limit, cpu, distinct, paired_ratio, successes, tail};

/// All tables of some rows, in the order in which the scenarios were run.
pub(super) fn render(rows: &[Row]) -> String {
    let mut out = Vec::new();
    for scenario in distinct(rows.iter().map(|row| row.scenario.as_str())) {
        let rows: Vec<Row> = rows.iter().filter(|row| row.scenario == scenario).cloned().collect();
        match scenario {
            "idle" => idle(&rows, &mut out),
            "churn" => churn(&rows, &mut out),
            _ if rows.iter().any(|row| row.server.ends_with(FOUR_WORKERS)) => {
                workers(&rows, scenario, &mut out)
            }
            _ => timing(&rows, scenario, &mut out),
        }
    }
    out.join("\n")
}

fn timing(rows: &[Row], scenario: &str, out: &mut Vec<String>) {
    heading(rows, scenario, out);
    header(
        out,
        &[
            "server",
            "server CPU µs/op (min–max)",
            "of it sys",
            "× best limit",
            "× node",
            "rate/s",
            "p50 µs",
            "p99 µs",
            "p99/p50 × limit-cork",
            "server util",
            "client util",
            "errors",
        ],
    );
    let best = better_limit(rows, scenario);
    for server in distinct(rows.iter().map(|row| row.server.as_str())) {
        let good = successes(rows, scenario, server);
        let failed: Vec<&Row> = of_server(rows, server).filter(|row| row.error().is_some()).collect();
        let Some(cpu_spread) = Spread::of(good.iter().copied().map(cpu)) else {
            line(out, &[server.into(), failure(failed.first())]);
            continue;
        };
        let median =
            |name: &str| Spread::of(good.iter().map(|row| row.number(name))).map(|spread| spread.median);
        let ratio_to = |base: Option<&str>| match base {
            Some(base) if base == server => "1".into(),
            Some(base) => spread(paired_ratio(rows, scenario, server, base, cpu), 2),
            None => MISSING.into(),
        };
        let errors: f64 = good.iter().map(|row| row.number("/errors")).sum();
        let failures = if failed.is_empty() { String::new() } else { format!(" +{} failed", failed.len()) };
        line(
            out,
            &[
                server.into(),
                format!(
                    "**{}** ({}–{})",
                    number(cpu_spread.median, 2),
                    number(cpu_spread.min, 2),
                    number(cpu_spread.max, 2)
                ),
                maybe(median("/srv_sys_us"), 2),
                ratio_to(best),
                ratio_to(Some("node")),
                maybe(median("/rate"), 2),
                maybe(median("/p50_us"), 0),
                maybe(median("/p99_us"), 0),
                maybe(
                    paired_ratio(rows, scenario, server, "limit-cork", tail).map(|spread| spread.median),
                    2,
                ),
                maybe(median("/srv_util"), 2),
                maybe(median("/cli_util"), 2),
                format!("{}{failures}", number(errors, 0)),
            ],
        );
    }
}

fn workers(rows: &[Row], scenario: &str, out: &mut Vec<String>) {
    heading(rows, scenario, out);
    header(
        out,
        &["server", "1 worker µs/op", "4 workers µs/op", "4 × 1", "p99 µs, 1", "p99 µs, 4", "errors"],
    );
    for four in distinct(rows.iter().map(|row| row.server.as_str())) {
        let Some(base) = four.strip_suffix(FOUR_WORKERS) else { continue };
        let one = format!("{base}{ONE_WORKER}");
        let median = |server: &str, name: &str| {
            maybe(
                Spread::of(successes(rows, scenario, server).iter().map(|row| row.number(name)))
                    .map(|spread| spread.median),
                2,
            )
        };
        let both = rows.iter().filter(|row| row.server == four || row.server == one);
        let errors: f64 =
            both.clone().map(|row| row.number("/errors")).filter(|errors| !errors.is_nan()).sum();
        let failed = both.filter(|row| row.error().is_some()).count();
        let failures = if failed == 0 { String::new() } else { format!(" +{failed} failed") };
        line(
            out,
            &[
                base.into(),
                median(&one, "/srv_us"),
                median(four, "/srv_us"),
                spread(paired_ratio(rows, scenario, four, &one, cpu), 2),
                median(&one, "/p99_us"),
                median(four, "/p99_us"),
                format!("{}{failures}", number(errors, 0)),
            ],
        );
    }
}

fn idle(rows: &[Row], out: &mut Vec<String>) {
    heading(rows, "idle: server RSS, bytes per connection", out);
    let steps: Vec<u64> = rows
        .iter()
        .find_map(|row| row.field("steps").as_array())
        .map(|steps| steps.iter().filter_map(|step| step["n"].as_u64()).collect())
        .unwrap_or_default();
    let mut titles = vec!["server".to_string(), "RSS at start, MiB".into()];
    titles.extend(steps.iter().map(|count| format!("at {count}")));
    titles.extend(
        [
            "slope of the last step",
            "after the rest",
            "of it anonymous",
            "idle CPU, µs per connection and s",
            "kernel, both ends",
        ]
        .map(String::from),
    );
    header(out, &titles.iter().map(String::as_str).collect::<Vec<_>>());
    for row in rows {
        if row.error().is_some() {
            line(out, &[row.server.clone(), failure(Some(&row))]);
            continue;
        }
        let last = steps.len().saturating_sub(1);
        let mut cells = vec![row.server.clone(), number(row.number("/rss0") / MIB, 1)];
        cells.extend((0..steps.len()).map(|step| number(row.number(&format!("/steps/{step}/rss_per")), 0)));
        cells.extend([
            number(row.number(&format!("/steps/{last}/slope_rss")), 0),
            number(row.number("/after_idle_rss_per"), 0),
            number(row.number("/after_idle_anon_per"), 0),
            number(row.number("/idle_cpu_us_per_conn_s"), 3),
            number(row.number(&format!("/steps/{last}/kernel_both_ends_per")), 0),
        ]);
        line(out, &cells);
    }
}

fn churn(rows: &[Row], out: &mut Vec<String>) {
    heading(rows, "churn: connections come, echo once and go", out);
    header(out, &["server", "RSS KiB after each phase", "growth, bytes per connection"]);
    for row in rows {
        if row.error().is_some() {
            line(out, &[row.server.clone(), failure(Some(&row))]);
            continue;
        }
        let phases = row.field("rss_kib").as_array().into_iter().flatten().map(Value::to_string);
        let phases = phases.collect::<Vec<_>>().join(", ");
        line(out, &[row.server.clone(), phases, number(row.number("/growth_bytes_per_conn"), 1)]);
    }
}

const MIB: f64 = 1_048_576.0;
const MISSING: &str = "–";

fn of_server<'a>(rows: &'a [Row], server: &'a str) -> impl Iterator<Item = &'a Row> {
    rows.iter().filter(move |row| row.server == server)
}

/// The heading names the load generator's arguments, because they are what the numbers depend on.
fn heading(rows: &[Row], title: &str, out: &mut Vec<String>) {
    let arguments = rows.iter().find_map(|row| row.field("arguments").as_str()).unwrap_or_default();
    let spin = rows.iter().any(|row| row.field("spin") == true);
    out.push(format!("\n### {title}\n\n`loadgen {arguments}{}`\n", if spin { " --spin" } else { "" }));
}

fn header(out: &mut Vec<String>, titles: &[&str]) {
    line(out, &titles.iter().map(|title| String::from(*title)).collect::<Vec<_>>());
    out.push(format!("|{}", "---|".repeat(titles.len())));
}

fn line(out: &mut Vec<String>, cells: &[String]) {
    out.push(format!("| {} |", cells.join(" | ")));
}

fn failure(row: Option<&&Row>) -> String {
    format!("failed: {}", row.and_then(|row| row.error()).unwrap_or("nothing was measured"))
}

fn spread(spread: Option<Spread>, digits: usize) -> String {
    spread.map_or(MISSING.into(), |Spread { median, min, max }| {
        format!("{} ({}–{})", number(median, digits), number(min, digits), number(max, digits))
    })
}

fn maybe(value: Option<f64>, digits: usize) -> String {
    value.map_or(MISSING.into(), |value| number(value, digits))
}

/// Three digits are enough: `digits` behind the point up to 100, none above, groups of thousands from 1,000.
fn number(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return MISSING.into();
    }
    if value.abs() < 100.0 {
        return format!("{value:.digits$}");
    }
    let plain = format!("{:.0}", value.abs());
    let mut grouped = String::new();
    for (index, digit) in plain.chars().enumerate() {
        if index > 0 && (plain.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if value < 0.0 { format!("-{grouped}") } else { grouped }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::results::row;
    use super::*;

    fn timed(server: &str, repetition: u64, cpu: f64) -> Row {
        let fields = json!({
            "srv_us": cpu, "srv_sys_us": cpu / 2.0, "rate": 123_456.0, "p50_us": 10.0, "p99_us": 20.0,
            "srv_util": 0.99, "cli_util": 1.0, "errors": 0, "arguments": "echo --conns 1", "spin": true
        });
        row(server, "echo", repetition, fields)
    }

    #[test]
    fn numbers_have_about_three_digits() {
        let shown = [0.123, 99.994, 123.4, 999.6, 1234.0, 1_234_567.0, -1234.0, f64::NAN];
        let expected = ["0.12", "99.99", "123", "1,000", "1,234", "1,234,567", "-1,234", "–"];
        assert_eq!(shown.map(|value| number(value, 2)), expected);
    }

    #[test]
    fn a_timing_table_pairs_each_server_with_the_limit_and_with_node() {
        let mut rows = Vec::new();
        for repetition in 0..2 {
            let drift = 1.0 + repetition as f64;
            rows.push(timed("limit", repetition, 5.0 * drift));
            rows.push(timed("limit-cork", repetition, 6.0 * drift));
            rows.push(timed("node", repetition, 20.0 * drift));
            rows.push(timed("sockeye", repetition, 5.5 * drift));
        }
        let table = render(&rows);
        assert!(table.contains("### echo\n\n`loadgen echo --conns 1 --spin`\n"), "{table}");
        let ours = table.lines().find(|line| line.starts_with("| sockeye |")).unwrap();
        let expected = "| sockeye | **8.25** (5.50–11.00) | 4.12 | 1.10 (1.10–1.10) | 0.28 (0.28–0.28) \
                        | 123,456 | 10 | 20 | 1.00 | 0.99 | 1.00 | 0 |";
        assert_eq!(ours, expected);
        let limit = table.lines().find(|line| line.starts_with("| limit |")).unwrap();
        assert!(limit.contains("| 1 |"), "{limit}");
    }

    #[test]
    fn every_line_of_a_table_has_as_many_cells_as_its_header() {
        let idle = json!({
            "rss0": 2_097_152, "after_idle_rss_per": 70, "after_idle_anon_per": 60,
            "idle_cpu_us_per_conn_s": 0.2, "steps": [{"n": 2000, "rss_per": 80, "slope_rss": 75}]
        });
        let rows = [
            timed("limit", 0, 5.0),
            row("limit", "idle", 0, idle),
            row("limit", "churn", 0, json!({"rss_kib": [1, 2], "growth_bytes_per_conn": 0.5})),
            row("sockeye-w1", "rooms", 0, json!({"srv_us": 1.0, "p99_us": 5.0, "errors": 0})),
            row("sockeye-w4", "rooms", 0, json!({"srv_us": 1.2, "p99_us": 6.0, "errors": 0})),
        ];
        let table = render(&rows);
        let mut cells = 0;
        for line in table.lines() {
            let count = line.matches('|').count();
            match cells {
                0 => cells = count,
                _ if count == 0 => cells = 0,
                _ => assert_eq!(count, cells, "{line}"),
            }
        }
        assert!(table.contains("| limit | 2.0 | 80 | 75 | 70 | 60 | 0.200 | – |"), "{table}");
        assert!(table.contains("| limit | 1, 2 | 0.5 |"), "{table}");
        assert!(table.contains("| sockeye | 1.00 | 1.20 | 1.20 (1.20–1.20) | 5.00 | 6.00 | 0 |"), "{table}");
    }

    #[test]
    fn a_server_that_failed_says_why() {
        let rows = [timed("limit", 0, 5.0), row("node", "echo", 0, json!({"error": "no 101"}))];
        assert!(render(&rows).contains("| node | failed: no 101 |"));
    }
}
