use std::ops::{AddAssign, Index};

use crate::event::Status;
use crate::stats::RunView;

/// How many items are in each status.
///
/// ```
/// use antflow::StatusCounts;
/// use antflow::event::Status;
///
/// let counts = StatusCounts::default();
/// assert_eq!(counts.completed, 0);
/// assert_eq!(counts[Status::Failed], 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct StatusCounts {
    /// Items that wait for a worker, in any stage.
    pub queued: u64,
    /// Items that a worker has in hand.
    pub in_progress: u64,
    /// Items that went through the last stage.
    pub completed: u64,
    /// Items that wait for their next attempt.
    pub retrying: u64,
    /// Items that failed.
    pub failed: u64,
    /// Items that the last stage let pass by `skip_if`.
    pub skipped: u64,
    /// Items that were cancelled.
    pub cancelled: u64,
}

impl StatusCounts {
    /// How many items of a run are in each status.
    pub(super) fn of(run: &RunView) -> Self {
        let counters = run.counters();
        let stats = run.stats();
        let stages = counters.stages.iter();
        let working: usize = stages
            .map(|stage| {
                stage.workers(|workers| {
                    let workers = workers.iter();
                    workers.filter(|worker| worker.status.is_working()).count()
                })
            })
            .sum();
        let retrying: usize = stats
            .stage_stats
            .iter()
            .map(|stage| stage.retrying_items)
            .sum();
        // Where items are divided, a stage counts parts.
        let last = stats.stage_stats.last().filter(|_| counters.is_line);
        let skipped = last.map_or(0, |stage| stage.skipped_items);
        // Of those some may not have left the stage.
        let skipped = skipped.min(stats.items_processed);
        let retrying = (retrying as u64).min(stats.items_in_flight);
        let in_progress = (working as u64).min(stats.items_in_flight - retrying);
        Self {
            queued: stats.items_in_flight - in_progress - retrying,
            in_progress,
            completed: stats.items_processed - skipped,
            retrying,
            failed: stats.items_failed,
            skipped,
            cancelled: stats.items_cancelled,
        }
    }

    /// Each status with the number of its items, in the order of an item's life.
    pub fn iter(&self) -> impl Iterator<Item = (Status, u64)> {
        Status::ALL.map(|status| (status, self[status])).into_iter()
    }

    /// How many items there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }
}

impl Index<Status> for StatusCounts {
    type Output = u64;

    fn index(&self, status: Status) -> &u64 {
        match status {
            Status::Queued => &self.queued,
            Status::InProgress => &self.in_progress,
            Status::Completed => &self.completed,
            Status::Retrying => &self.retrying,
            Status::Failed => &self.failed,
            Status::Skipped => &self.skipped,
            Status::Cancelled => &self.cancelled,
        }
    }
}

impl AddAssign for StatusCounts {
    fn add_assign(&mut self, other: Self) {
        self.queued += other.queued;
        self.in_progress += other.in_progress;
        self.completed += other.completed;
        self.retrying += other.retrying;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.cancelled += other.cancelled;
    }
}
