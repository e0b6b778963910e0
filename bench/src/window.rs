//! The measured window of a scenario: warm-up, CPU time at its two ends, and the line that reports it.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::options::Options;
use crate::procfs::{CpuSample, ProcessTree};

/// A window that opens after the warm-up and closes after its length.
///
/// Latencies are recorded while it [is open](Self::is_open); operations are counted as a running total, and
/// the difference between its ends is what CPU time is divided by.
#[derive(Debug)]
pub struct Window<'a> {
    options: &'a Options,
    server: &'a ProcessTree,
    opens: Instant,
    closes: Instant,
    start: Option<(CpuSample, u64)>,
    progress: Progress,
    latencies: Histogram,
}

impl<'a> Window<'a> {
    /// A window whose warm-up begins now.
    pub fn new(options: &'a Options, server: &'a ProcessTree) -> Self {
        let opens = Instant::now() + options.warm_up;
        Window {
            options,
            server,
            opens,
            closes: opens + options.window,
            start: None,
            progress: Progress::new(Duration::from_secs(10)),
            latencies: Histogram::new(),
        }
    }

    /// Whether the warm-up is over.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.start.is_some()
    }

    /// Records a latency if the window is open.
    #[inline]
    pub fn record(&mut self, latency: Duration) {
        if self.is_open() {
            self.latencies.record(latency);
        }
    }

    /// To be called once per turn of the loop with the operations done so far: true when the window is over.
    ///
    /// # Errors
    /// Nothing was done for ten seconds.
    pub fn is_over(&mut self, operations: u64) -> Result<bool, Failure> {
        let now = Instant::now();
        self.progress.check(now, operations)?;
        if self.start.is_none() && now >= self.opens {
            self.start = Some((self.server.cpu(), operations));
            // A warm-up that overran must not shorten the window.
            self.closes = self.closes.max(now + self.options.window);
        }
        let Some((_, operations_before)) = &self.start else { return Ok(false) };
        Ok(match self.options.operations {
            Some(wanted) => operations - operations_before >= wanted,
            None => now >= self.closes,
        })
    }

    /// The result of a window that is over; `extra` holds what only this scenario knows.
    pub fn report(self, operations: u64, errors: u64, extra: Value) -> Value {
        let end = self.server.cpu();
        let (start, operations_before) = self.start.unwrap_or((end, operations));
        let done = operations - operations_before;
        let wall = (end.at - start.at).as_secs_f64();
        let per_operation = |time: Duration| time.as_secs_f64() * 1e6 / done.max(1) as f64;
        // A child that ends takes its past out of the sums: they may shrink.
        let server = end.server.saturating_sub(start.server);
        let client = end.client.saturating_sub(start.client);
        let user_ticks = end.user_ticks.saturating_sub(start.user_ticks);
        let system_ticks = end.system_ticks.saturating_sub(start.system_ticks);
        let system_share = system_ticks as f64 / (user_ticks + system_ticks).max(1) as f64;
        let mut line = json!({
            "scenario": self.options.scenario,
            "conns": self.options.conns,
            "depth": self.options.depth,
            "size": self.options.size,
            "ops": done,
            "rate": rounded(done as f64 / wall, 0),
            "srv_us": rounded(per_operation(server), 3),
            "srv_user_us": rounded(per_operation(server) * (1.0 - system_share), 3),
            "srv_sys_us": rounded(per_operation(server) * system_share, 3),
            "cli_us": rounded(per_operation(client), 3),
            "srv_util": rounded(server.as_secs_f64() / wall, 3),
            "cli_util": rounded(client.as_secs_f64() / wall, 3),
            "p50_us": rounded(self.latencies.quantile_us(0.5), 1),
            "p99_us": rounded(self.latencies.quantile_us(0.99), 1),
            "p999_us": rounded(self.latencies.quantile_us(0.999), 1),
            "max_us": rounded(self.latencies.max_us(), 1),
            "errors": errors,
        });
        if let (Some(line), Value::Object(extra)) = (line.as_object_mut(), extra) {
            line.extend(extra);
        }
        line
    }
}

/// An empty set of extra fields for [`Window::report`].
pub fn nothing_extra() -> Value {
    Value::Object(Map::new())
}

/// `value` with this many digits behind the point; 0 when it is not a number.
pub fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    let rounded = (value * scale).round() / scale;
    if rounded.is_finite() { rounded } else { 0.0 }
}

/// Notices a server that has stopped answering.
#[derive(Debug)]
pub struct Progress {
    patience: Duration,
    last_count: u64,
    last_change: Instant,
}

impl Progress {
    /// Complains after `patience` without change, beginning now.
    pub fn new(patience: Duration) -> Self {
        Progress { patience, last_count: 0, last_change: Instant::now() }
    }

    /// Takes note of the `count` of things done by `now`.
    ///
    /// # Errors
    /// It has not changed for longer than the patience.
    #[inline]
    pub fn check(&mut self, now: Instant, count: u64) -> Result<(), Failure> {
        if count != self.last_count {
            self.last_count = count;
            self.last_change = now;
        } else if now.saturating_duration_since(self.last_change) > self.patience {
            let seconds = self.patience.as_secs();
            return Err(Failure::new(format!("no progress for {seconds} s after {count} operations")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_operations_inside_the_window_count() {
        let options = Options { warm_up: Duration::ZERO, window: Duration::ZERO, ..Options::default() };
        let server = ProcessTree::default();
        let mut window = Window::new(&options, &server);
        window.record(Duration::from_millis(5));
        assert!(window.is_over(40).unwrap());
        window.record(Duration::from_micros(1));
        let line = window.report(100, 3, json!({"rounds": 9}));
        assert_eq!((&line["ops"], &line["errors"], &line["rounds"]), (&json!(60), &json!(3), &json!(9)));
        assert_eq!(line["max_us"], 1.0);
    }

    #[test]
    fn a_window_of_operations_lasts_until_they_are_done() {
        let options = Options { warm_up: Duration::ZERO, operations: Some(50), ..Options::default() };
        let server = ProcessTree::default();
        let mut window = Window::new(&options, &server);
        assert!(![10, 59].map(|operations| window.is_over(operations).unwrap()).contains(&true));
        assert!(window.is_over(60).unwrap());
    }

    #[test]
    fn a_stalled_server_is_reported_after_the_patience_and_not_before() {
        let mut progress = Progress::new(Duration::from_secs(10));
        let start = progress.last_change;
        assert!(progress.check(start + Duration::from_secs(9), 1).is_ok());
        assert!(progress.check(start + Duration::from_secs(19), 1).is_ok());
        assert!(progress.check(start + Duration::from_millis(19_001), 1).is_err());
    }

    #[test]
    fn rounding_keeps_the_wanted_digits() {
        assert_eq!((rounded(1.23456, 3), rounded(1234.5, 0), rounded(f64::NAN, 1)), (1.235, 1235.0, 0.0));
    }
}
