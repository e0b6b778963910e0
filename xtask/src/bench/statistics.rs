//! Medians and paired ratios.
//!
//! Ratios are taken within one repetition and the median is taken of them, never the other way round: the
//! speed of a host drifts between repetitions, and what drifts cancels within one.

use super::results::Row;

/// The middle and the ends of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// Of the numbers among `values`; `None` if there are none.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
        values.sort_by(f64::total_cmp);
        let (&min, &max) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 };
        Some(Spread { median, min, max })
    }
}

/// Server CPU per operation, in µs.
pub(super) fn cpu(row: &Row) -> f64 {
    row.number("/srv_us")
}

/// How much slower the slowest hundredth is than the middle.
pub(super) fn tail(row: &Row) -> f64 {
    row.number("/p99_us") / row.number("/p50_us")
}

/// The measurements of one server in one scenario that worked.
pub(super) fn successes<'a>(rows: &'a [Row], scenario: &str, server: &str) -> Vec<&'a Row> {
    let wanted = |row: &&Row| row.scenario == scenario && row.server == server && row.error().is_none();
    rows.iter().filter(wanted).collect()
}

/// `measure` of `server` as a multiple of that of `base`, within each repetition that has both.
pub(super) fn paired_ratio(
    rows: &[Row],
    scenario: &str,
    server: &str,
    base: &str,
    measure: impl Fn(&Row) -> f64,
) -> Option<Spread> {
    let bases = successes(rows, scenario, base);
    Spread::of(successes(rows, scenario, server).into_iter().filter_map(|row| {
        let base = bases.iter().find(|base| base.repetition == row.repetition)?;
        Some(measure(row) / measure(base)).filter(|ratio| ratio.is_finite())
    }))
}

/// Names of the two limits.
pub(super) const LIMITS: [&str; 2] = ["limit", "limit-cork"];

/// The limit that needs less CPU per operation in this scenario.
pub(super) fn better_limit(rows: &[Row], scenario: &str) -> Option<&'static str> {
    let median = |name: &str| {
        Spread::of(successes(rows, scenario, name).into_iter().map(cpu)).map(|spread| spread.median)
    };
    LIMITS
        .into_iter()
        .filter_map(|name| Some((name, median(name)?)))
        .min_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(name, _)| name)
}

/// The names in the order in which they first appear.
pub(super) fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::results::row;
    use super::*;

    fn echo(server: &str, repetition: u64, cpu: f64) -> Row {
        row(server, "echo", repetition, json!({"srv_us": cpu}))
    }

    #[test]
    fn the_median_of_an_even_count_lies_between_the_middle_two() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(spread(&[4.0, 1.0, f64::NAN, 2.0, 3.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(spread(&[f64::NAN]), None);
    }

    #[test]
    fn a_drift_of_the_host_cancels_in_paired_ratios() {
        let rows = [
            echo("limit", 0, 5.0),
            echo("ours", 0, 6.0),
            echo("limit", 1, 10.0),
            echo("ours", 1, 12.0),
            echo("limit", 2, 20.0),
            echo("ours", 2, 26.0),
        ];
        let ratio = paired_ratio(&rows, "echo", "ours", "limit", cpu).unwrap();
        assert_eq!((ratio.median, ratio.min, ratio.max), (1.2, 1.2, 1.3));
    }

    #[test]
    fn a_repetition_without_its_partner_does_not_count() {
        let failed = row("limit", "echo", 1, json!({"error": "gone"}));
        let rows = [echo("limit", 0, 5.0), echo("ours", 0, 10.0), failed, echo("ours", 1, 50.0)];
        assert_eq!(paired_ratio(&rows, "echo", "ours", "limit", cpu).map(|ratio| ratio.max), Some(2.0));
        assert_eq!(paired_ratio(&rows, "echo", "ours", "node", cpu), None);
    }

    #[test]
    fn the_better_limit_is_the_one_with_the_lower_median() {
        let rows = [echo("limit", 0, 5.0), echo("limit-cork", 0, 4.0), echo("ours", 0, 1.0)];
        assert_eq!(better_limit(&rows, "echo"), Some("limit-cork"));
        assert_eq!(better_limit(&rows[..1], "echo"), Some("limit"));
        assert_eq!(better_limit(&rows, "rooms"), None);
    }
}
