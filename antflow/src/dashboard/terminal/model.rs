//! What all displays show, reckoned from one snapshot and the one before.

mod rows;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::stats::{DashboardSnapshot, ErrorSummary, PipelineStats};
#[cfg(test)]
pub(super) use rows::Activity;
pub(super) use rows::{StageRow, WorkerRow};

/// Rates are averages over about this long, so that they can be read.
const SMOOTHED_OVER: f64 = 3.0;
/// So many of the last failures are shown.
const LAST_FAILURES: usize = 10;

/// A run at one moment, with what came of the time since the last look.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) elapsed: Duration,
    pub(super) has_ended: bool,
    /// How many items there will be, as far as that is known.
    pub(super) total: Option<u64>,
    pub(super) processed: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
    pub(super) in_flight: u64,
    /// How much is done, of all items in all stages, from 0 to 1.
    pub(super) fraction: Option<f64>,
    /// How many items a second have their outcomes: of late, and at the end on average over the run.
    pub(super) rate: f64,
    /// The same since the last look, not smoothed.
    pub(super) rate_now: f64,
    /// How long it will take until all are done, if it goes on as of late.
    pub(super) eta: Option<Duration>,
    pub(super) stages: Vec<StageRow>,
    pub(super) workers: Vec<WorkerRow>,
    pub(super) by_type: Vec<(String, u64)>,
    pub(super) by_stage: Vec<(String, u64)>,
    /// The last failures, the latest first.
    pub(super) last_failures: Vec<Failure>,
    /// How much of `fraction` is done in a second, of late.
    pub(super) speed: f64,
}

/// An item that failed.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) item: String,
    /// Where and what.
    pub(super) error: String,
    pub(super) ago: Duration,
}

impl Model {
    /// How many items have their outcomes.
    pub(super) fn done(&self) -> u64 {
        self.processed + self.failed + self.cancelled
    }

    /// Whether all stages are paused.
    pub(super) fn is_paused(&self) -> bool {
        !self.stages.is_empty() && self.stages.iter().all(|stage| stage.is_paused)
    }

    /// What a snapshot shows, some time after `before` was shown. Whether workers are looked at is for `with_workers`
    /// to say, as there may be thousands.
    pub(super) fn of(
        snapshot: &DashboardSnapshot,
        before: Option<&Self>,
        with_workers: bool,
    ) -> Self {
        let stats = &snapshot.pipeline_stats;
        // Tasks may feed more than there was at first.
        let total = snapshot
            .total_items
            .map(|total| total.max(stats.items_submitted));
        let mut model = Self {
            elapsed: snapshot.elapsed,
            has_ended: snapshot.has_ended,
            total,
            processed: stats.items_processed,
            failed: stats.items_failed,
            cancelled: stats.items_cancelled,
            in_flight: stats.items_in_flight,
            fraction: total.map(|total| fraction(stats, total)),
            ..Self::default()
        };
        model.reckon(before);
        model.stages = rows::stages(snapshot, before);
        if with_workers {
            model.workers = rows::workers(snapshot);
        }
        model.add_errors(snapshot);
        model
    }

    /// Rates, and what they promise.
    fn reckon(&mut self, before: Option<&Self>) {
        let (done, elapsed) = (self.done() as f64, self.elapsed.as_secs_f64());
        let fraction = self.fraction.unwrap_or(0.0);
        let whole = |amount: f64| if elapsed > 0.0 { amount / elapsed } else { 0.0 };
        let since = before.map_or(elapsed, |before| elapsed - before.elapsed.as_secs_f64());
        match before {
            Some(before) if since > 0.0 => {
                let weight = 1.0 - (-since / SMOOTHED_OVER).exp();
                let smooth = |before: f64, now: f64| before + weight * (now - before);
                self.rate_now = (done - before.done() as f64).max(0.0) / since;
                self.rate = smooth(before.rate, self.rate_now);
                let speed = (fraction - before.fraction.unwrap_or(0.0)).max(0.0) / since;
                self.speed = smooth(before.speed, speed);
            }
            Some(before) => {
                (self.rate_now, self.rate, self.speed) =
                    (before.rate_now, before.rate, before.speed);
            }
            None => {
                (self.rate_now, self.rate, self.speed) =
                    (whole(done), whole(done), whole(fraction));
            }
        }
        if self.has_ended {
            self.rate = whole(done);
        } else if self.fraction.is_some() {
            let seconds = (1.0 - fraction) / self.speed;
            self.eta = Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|eta| eta.as_secs() < 100 * 86_400);
        }
    }

    fn add_errors(&mut self, snapshot: &DashboardSnapshot) {
        let ErrorSummary {
            errors_by_type,
            errors_by_stage,
            failed_items,
            ..
        } = &snapshot.error_summary;
        let most_first = |counts: &std::collections::BTreeMap<String, u64>| {
            let mut counts: Vec<_> = counts
                .iter()
                .map(|(name, count)| (super::text::clean(name), *count))
                .collect();
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            counts
        };
        self.by_type = most_first(errors_by_type);
        self.by_stage = most_first(errors_by_stage);
        let last = failed_items.iter().rev().take(LAST_FAILURES);
        self.last_failures = last
            .map(|failed| Failure {
                item: super::text::clean(&failed.item_id.to_string()),
                error: super::text::clean(&format!("{}: {}", failed.stage(), failed.error.kind())),
                ago: snapshot
                    .timestamp
                    .duration_since(failed.timestamp)
                    .unwrap_or_default(),
            })
            .collect();
    }
}

/// Which part of the work is done: each item has as much of it as there are stages. One that failed has no more before it.
fn fraction(stats: &PipelineStats, total: u64) -> f64 {
    if total == 0 {
        return 1.0;
    }
    let done = stats.items_processed + stats.items_failed + stats.items_cancelled;
    let mut ended = 0;
    let mut passed: u64 = 0;
    for stage in &stats.stage_stats {
        ended += stage.failed_items + stage.cancelled_items;
        let through = stage.completed_items + stage.skipped_items + ended;
        // Items that were fed in the middle have never been in the stages before.
        passed += through.clamp(done.min(total), total);
    }
    let steps = total.saturating_mul(stats.stage_stats.len().max(1) as u64);
    passed as f64 / steps as f64
}
