use std::ops::{AddAssign, Index};
use std::sync::atomic::Ordering;

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
        let mut parked = 0;
        for stage in &counters.stages {
            parked += stage.parked.load(Ordering::Relaxed);
        }
        let (mut busy, mut retrying) = (0, 0);
        for stage in &stats.stage_stats {
            busy += stage.in_progress_items as u64;
            retrying += stage.retrying_items as u64;
        }
        let last = stats.stage_stats.last();
        let skipped = last.map_or(0, |stage| stage.skipped_items);
        // Those that no worker holds are in no worker's hand.
        let held = retrying.saturating_sub(parked);
        let in_progress = busy.saturating_sub(held).min(stats.items_in_flight);
        Self {
            queued: stats.items_in_flight.saturating_sub(in_progress + retrying),
            in_progress,
            completed: stats.items_processed.saturating_sub(skipped),
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
