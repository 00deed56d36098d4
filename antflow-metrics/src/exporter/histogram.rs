use std::sync::atomic::{AtomicU64, Ordering};

use metrics::HistogramFn;

/// A histogram with fixed buckets, whose size does not depend on what is recorded.
#[derive(Debug)]
pub(super) struct BucketHistogram {
    bounds: &'static [f64],
    /// One for each bound, and one for what is above all of them.
    counts: Box<[AtomicU64]>,
    /// The bits of an `f64`.
    sum: AtomicU64,
}

impl BucketHistogram {
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0.0_f64.to_bits()),
        }
    }

    pub(super) fn bounds(&self) -> &'static [f64] {
        self.bounds
    }

    /// How many values are at or below each bound. The last number is that of all values.
    pub(super) fn cumulative(&self) -> Vec<u64> {
        let counts = self.counts.iter().scan(0, |below, count| {
            *below += count.load(Ordering::Relaxed);
            Some(*below)
        });
        counts.collect()
    }

    pub(super) fn sum(&self) -> f64 {
        f64::from_bits(self.sum.load(Ordering::Relaxed))
    }

    fn add_to_sum(&self, value: f64) {
        let added = |bits| Some((f64::from_bits(bits) + value).to_bits());
        // It always succeeds, as the closure always gives a value.
        let _ = self
            .sum
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, added);
    }
}

impl HistogramFn for BucketHistogram {
    fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        if value.is_nan() || count == 0 {
            return;
        }
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(count as u64, Ordering::Relaxed);
        self.add_to_sum(value * count as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: &[f64] = &[0.5, 1.0, 2.0];

    #[test]
    fn a_value_on_a_bound_is_in_its_bucket() {
        let histogram = BucketHistogram::new(BOUNDS);
        for value in [0.25, 0.5, 0.75, 1.0, 2.0, 2.5] {
            histogram.record(value);
        }
        assert_eq!(histogram.cumulative(), [2, 4, 5, 6]);
        assert_eq!(histogram.sum(), 7.0);
    }

    #[test]
    fn what_is_not_a_finite_number_spoils_nothing_else() {
        let histogram = BucketHistogram::new(BOUNDS);
        histogram.record(f64::NAN);
        histogram.record_many(f64::INFINITY, 0);
        histogram.record(-1.0);
        assert_eq!(histogram.cumulative(), [1, 1, 1, 1]);
        assert_eq!(histogram.sum(), -1.0);
        histogram.record(f64::INFINITY);
        assert_eq!(histogram.cumulative(), [1, 1, 1, 2]);
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let histogram = BucketHistogram::new(BOUNDS);
        std::thread::scope(|scope| {
            for value in [0.5, 1.0, 4.0] {
                let histogram = &histogram;
                scope.spawn(move || (0..10_000).for_each(|_| histogram.record_many(value, 2)));
            }
        });
        assert_eq!(histogram.cumulative(), [20_000, 40_000, 40_000, 60_000]);
        assert_eq!(histogram.sum(), 110_000.0);
    }
}
