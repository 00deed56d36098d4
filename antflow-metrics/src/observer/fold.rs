use antflow::Histogram;

/// Hands on to a recorder what a histogram has counted since it did so before.
#[derive(Debug, Default)]
pub(super) struct Fold {
    recorded: Histogram,
    /// The sum of what was recorded, in seconds.
    sum: f64,
}

impl Fold {
    /// Records what is new. For each bucket one value stands for all that are in it, so that the recorder has as many in
    /// each, and their sum is what it was.
    pub(super) fn record(&mut self, now: &Histogram, into: &metrics::Histogram) {
        let counts = now.counts().iter().zip(self.recorded.counts());
        let new: Vec<u64> = counts.map(|(now, before)| now - before).collect();
        for (value, count) in values(&new, now.sum().as_secs_f64() - self.sum) {
            into.record_many(value, count as usize);
            self.sum += value * count as f64;
        }
        self.recorded = *now;
    }
}

/// A value for each bucket that is not empty, and how many there are in it; all together they give the sum, as far as
/// values in those buckets can.
fn values(counts: &[u64], sum: f64) -> Vec<(f64, u64)> {
    let bounds = Histogram::BOUNDS.map(|bound| bound.as_secs_f64());
    let lower = |bucket: usize| bucket.checked_sub(1).map_or(0.0, |below| bounds[below]);
    let total = |value: &dyn Fn(usize) -> f64| -> f64 {
        let counts = counts.iter().enumerate();
        counts
            .map(|(bucket, count)| value(bucket) * *count as f64)
            .sum()
    };
    // The last bucket reaches as far as the sum needs it to.
    let last = bounds.len();
    let beyond = |bucket: usize| bounds.get(bucket).copied().unwrap_or(lower(last));
    let rest = (sum - total(&beyond)).max(0.0);
    let upper = |bucket: usize| {
        if bucket < last {
            bounds[bucket]
        } else {
            lower(last) + rest / counts[last].max(1) as f64
        }
    };
    let (least, most) = (total(&lower), total(&upper));
    let share = if most > least {
        ((sum - least) / (most - least)).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let value = |bucket: usize| {
        let (lower, upper) = (lower(bucket), upper(bucket));
        let value = lower + share * (upper - lower);
        // A lower bound belongs to the bucket before.
        if bucket == 0 {
            value
        } else {
            value.max(lower.next_up())
        }
    };
    let counts = counts.iter().enumerate();
    counts
        .filter(|(_, count)| **count > 0)
        .map(|(bucket, count)| (value(bucket), *count))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(usize, u64)]) -> Vec<u64> {
        let mut counts = vec![0; Histogram::BOUNDS.len() + 1];
        for (bucket, count) in of {
            counts[*bucket] = *count;
        }
        counts
    }

    fn check(of: &[(usize, u64)], sum: f64) {
        let values = values(&counts(of), sum);
        let bounds = Histogram::BOUNDS.map(|bound| bound.as_secs_f64());
        for (value, (bucket, count)) in values.iter().zip(of) {
            assert_eq!(value.1, *count);
            assert!(
                bounds.get(*bucket).is_none_or(|bound| value.0 <= *bound),
                "{value:?}"
            );
            assert!(*bucket == 0 || value.0 > bounds[bucket - 1], "{value:?}");
        }
        let all: f64 = values
            .iter()
            .map(|(value, count)| value * *count as f64)
            .sum();
        assert!((all - sum).abs() <= 1e-9 * sum, "{all} is not {sum}");
    }

    #[test]
    fn the_values_are_in_their_buckets_and_have_the_sum() {
        check(&[(0, 100)], 0.000_3);
        check(
            &[(0, 1_000_000), (6, 3)],
            1_000_000.0 * 0.000_004 + 3.0 * 0.000_9,
        );
        check(&[(9, 1)], 0.01);
        check(
            &[(3, 5), (12, 7), (23, 1)],
            5.0 * 0.000_09 + 7.0 * 0.06 + 3000.0,
        );
    }

    #[test]
    fn what_is_longer_than_the_last_bound_takes_the_rest_of_the_sum() {
        check(&[(24, 2)], 10_000.0);
        check(&[(0, 3), (24, 1)], 0.000_01 + 4000.0);
    }

    #[test]
    fn a_sum_that_no_values_give_comes_as_near_as_they_can() {
        assert_eq!(values(&counts(&[(1, 2)]), 5.0), [(0.000_025, 2)]);
        let (value, count) = values(&counts(&[(1, 2)]), 0.0)[0];
        assert!(value > 0.000_01 && count == 2);
        assert!(values(&counts(&[]), 0.0).is_empty());
    }
}
