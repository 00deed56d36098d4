use std::time::Duration;

use super::flow::Count;
use crate::clock::duration;

const BUCKETS: usize = Histogram::BOUNDS.len() + 1;

/// How long things took: how many of them how long, and all together.
///
/// ```
/// use std::time::Duration;
/// use antflow::event::Stopwatch;
/// use antflow::{Histogram, pipeline, stage};
///
/// #[stage]
/// async fn double(x: u32) -> u32 {
///     x * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let run = pipeline!(double).observe(Stopwatch).start()?;
/// run.feed(0..100).await?;
/// run.join().await;
/// let timings = run.view().timings().expect("the stopwatch wants them");
/// let took: &Histogram = &timings.stages[0].processing_time;
/// assert_eq!(took.count(), 100);
/// assert!(took.quantile(0.5) <= Some(Duration::from_secs(1)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Histogram {
    counts: [u64; BUCKETS],
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialize::duration")
    )]
    sum: Duration,
}

impl Histogram {
    /// The longest duration of each bucket, from 10 µs to an hour. Behind them is one more bucket, for what is longer.
    pub const BOUNDS: [Duration; 24] = [
        Duration::from_micros(10),
        Duration::from_micros(25),
        Duration::from_micros(50),
        Duration::from_micros(100),
        Duration::from_micros(250),
        Duration::from_micros(500),
        Duration::from_millis(1),
        Duration::from_micros(2500),
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(25),
        Duration::from_millis(50),
        Duration::from_millis(100),
        Duration::from_millis(250),
        Duration::from_millis(500),
        Duration::from_secs(1),
        Duration::from_millis(2500),
        Duration::from_secs(5),
        Duration::from_secs(10),
        Duration::from_secs(30),
        Duration::from_secs(60),
        Duration::from_secs(300),
        Duration::from_secs(900),
        Duration::from_secs(3600),
    ];

    /// How many durations are in each bucket: one number for each of the [`BOUNDS`](Self::BOUNDS), and one for what is
    /// longer.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How many durations there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All durations together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// The duration below which this share of all is, from 0 to 1: 0.5 for the median. None if there are no durations.
    ///
    /// It is estimated as Prometheus' `histogram_quantile` does: as if the durations of a bucket were spread evenly over
    /// it. What is longer than an hour counts as an hour.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = share.clamp(0.0, 1.0) * count as f64;
        let (mut below, mut lower) = (0, Duration::ZERO);
        for (upper, inside) in Self::BOUNDS.into_iter().zip(self.counts) {
            let rest = rank - below as f64;
            if inside > 0 && rest <= inside as f64 {
                return Some(lower + (upper - lower).mul_f64(rest / inside as f64));
            }
            (below, lower) = (below + inside, upper);
        }
        Some(lower)
    }
}

impl std::ops::AddAssign for Histogram {
    fn add_assign(&mut self, other: Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum += other.sum;
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
            sum: Duration::ZERO,
        }
    }
}

/// The bounds in nanoseconds.
const NANOS: [u64; Histogram::BOUNDS.len()] = {
    let mut nanos = [0; Histogram::BOUNDS.len()];
    let mut bucket = 0;
    while bucket < nanos.len() {
        nanos[bucket] = Histogram::BOUNDS[bucket].as_nanos() as u64;
        bucket += 1;
    }
    nanos
};

/// The index of the bucket for a duration.
#[inline]
fn bucket(nanos: u64) -> usize {
    NANOS.partition_point(|bound| *bound < nanos)
}

/// A [`Histogram`] that one worker writes.
#[derive(Debug, Default)]
pub(crate) struct Durations {
    counts: [Count; BUCKETS],
    nanos: Count,
}

impl Durations {
    /// Counts items, each of which took so many ticks.
    #[inline]
    pub(crate) fn record(&self, items: usize, ticks: u64) {
        let nanos = nanos(ticks);
        self.counts[bucket(nanos)].add(items as u64);
        self.nanos.add(nanos.wrapping_mul(items as u64));
    }

    pub(super) fn read(&self) -> Histogram {
        Histogram {
            counts: std::array::from_fn(|bucket| self.counts[bucket].get()),
            sum: Duration::from_nanos(self.nanos.get()),
        }
    }
}

impl Histogram {
    /// Counts items, each of which took so many ticks.
    pub(super) fn record(&mut self, items: u64, ticks: u64) {
        let nanos = nanos(ticks);
        self.counts[bucket(nanos)] += items;
        self.sum += Duration::from_nanos(nanos.wrapping_mul(items));
    }
}

fn nanos(ticks: u64) -> u64 {
    u64::try_from(duration(ticks).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(antflow_loom)))]
mod tests {
    use super::*;

    fn histogram(nanos: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for nanos in nanos {
            histogram.counts[bucket(*nanos)] += 1;
            histogram.sum += Duration::from_nanos(*nanos);
        }
        histogram
    }

    #[test]
    fn a_bound_is_part_of_its_bucket() {
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(10_000), 0);
        assert_eq!(bucket(10_001), 1);
        assert_eq!(bucket(3_600_000_000_000), BUCKETS - 2);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert!(NANOS.is_sorted_by(|lower, upper| lower < upper));
    }

    #[test]
    fn a_quantile_lies_where_its_share_is_reached() {
        let histogram = histogram(&[1, 1, 20_000, 20_000]);
        assert_eq!(histogram.quantile(0.5), Some(Duration::from_micros(10)));
        assert_eq!(histogram.quantile(0.75), Some(Duration::from_nanos(17_500)));
        assert_eq!(histogram.quantile(1.0), Some(Duration::from_micros(25)));
        assert_eq!(histogram.quantile(0.0), Some(Duration::ZERO));
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    #[test]
    fn what_is_longer_than_an_hour_counts_as_an_hour() {
        let histogram = histogram(&[4_000_000_000_000]);
        assert_eq!(histogram.quantile(0.5), Some(Duration::from_secs(3600)));
        assert_eq!(histogram.count(), 1);
    }
}
