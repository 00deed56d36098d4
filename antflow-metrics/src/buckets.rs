//! The upper bounds of the histogram buckets, in seconds.
//!
//! Set them explicitly when an exporter is built: without buckets many exporters
//! fall back to summaries, which cannot be added up over several processes.

/// For the whole way of an item: 10 ms to 1 h.
pub const ITEM: &[f64] = &[
    0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0,
];

/// For one step, be it an attempt, the work of a stage or a wait: 1 ms to 1 min.
pub const STEP: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// For a batch of a worker: 1 ms to 1 h.
pub const BATCH: &[f64] = &[
    0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0,
];

/// For what was left of a lease: 0.1 s to 10 min.
pub const LEASE: &[f64] = &[
    0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 120.0, 300.0, 600.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_rise() {
        for bounds in [ITEM, STEP, BATCH, LEASE] {
            assert!(bounds.is_sorted_by(|a, b| a < b), "{bounds:?}");
            assert!(
                bounds.iter().all(|it| it.is_finite() && *it > 0.0),
                "{bounds:?}"
            );
        }
    }
}
