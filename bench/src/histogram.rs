//! Latencies in logarithmic buckets: constant memory, every value within 1.6 % of the truth.
//!
//! Values below 128 ns have a bucket each; above, every power of two is cut into 64. Recording is an index
//! and an increment, because it happens once per message on the core that also drives the load.

use std::time::Duration;

/// Counts of latencies, and their quantiles.
///
/// ```
/// use std::time::Duration;
/// let mut latencies = sockeye_bench::histogram::Histogram::new();
/// for us in 1..=100 {
///     latencies.record(Duration::from_micros(us));
/// }
/// assert!((latencies.quantile_us(0.5) - 50.0).abs() < 1.0);
/// ```
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max_ns: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram (32 KiB).
    pub fn new() -> Self {
        Histogram { buckets: vec![0; 64 * 64], count: 0, max_ns: 0 }
    }

    /// Adds one latency.
    #[inline]
    pub fn record(&mut self, latency: Duration) {
        let ns = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket_of(ns)] += 1;
        self.count += 1;
        self.max_ns = self.max_ns.max(ns);
    }

    /// The latency, in µs, that this share of the values does not exceed; 0 when nothing was recorded.
    /// `share` is between 0 and 1. The answer is the lower edge of a bucket.
    pub fn quantile_us(&self, share: f64) -> f64 {
        let wanted = ((self.count as f64) * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return lower_edge_ns(index) as f64 / 1000.0;
            }
        }
        0.0
    }

    /// The largest recorded latency in µs, exactly.
    pub fn max_us(&self) -> f64 {
        self.max_ns as f64 / 1000.0
    }
}

#[inline]
fn bucket_of(ns: u64) -> usize {
    if ns < 128 {
        return ns as usize;
    }
    let shift = 57 - ns.leading_zeros();
    ((shift as usize) << 6) + (ns >> shift) as usize
}

fn lower_edge_ns(bucket: usize) -> u64 {
    if bucket < 128 {
        return bucket as u64;
    }
    let shift = (bucket >> 6) - 1;
    ((bucket - (shift << 6)) as u64) << shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_starts_at_most_one_sixty_fourth_below_its_values() {
        for ns in [0, 1, 127, 128, 129, 255, 256, 1000, 4095, 4096, 123_456_789, u64::MAX / 3, u64::MAX] {
            let edge = lower_edge_ns(bucket_of(ns));
            assert!(edge <= ns && ns - edge <= ns / 64, "{ns} fell into the bucket from {edge}");
        }
    }

    #[test]
    fn quantiles_of_one_to_a_thousand_are_themselves() {
        let mut histogram = Histogram::new();
        for us in 1..=1000 {
            histogram.record(Duration::from_micros(us));
        }
        for (share, us) in [(0.001, 1.0), (0.5, 500.0), (0.99, 990.0), (0.999, 999.0), (1.0, 1000.0)] {
            let got = histogram.quantile_us(share);
            assert!(got <= us && got >= us * 0.984, "quantile {share} is {got}, not {us}");
        }
        assert_eq!(histogram.max_us(), 1000.0);
    }

    #[test]
    fn an_empty_histogram_answers_zero() {
        assert_eq!(Histogram::new().quantile_us(0.99), 0.0);
        assert_eq!(Histogram::new().max_us(), 0.0);
    }

    #[test]
    fn one_slow_value_in_a_hundred_shows_above_p99_and_not_at_it() {
        let mut histogram = Histogram::new();
        for _ in 0..99 {
            histogram.record(Duration::from_nanos(100));
        }
        histogram.record(Duration::from_millis(1));
        assert_eq!(histogram.quantile_us(0.99), 0.1);
        assert!(histogram.quantile_us(0.991) > 980.0);
    }
}
