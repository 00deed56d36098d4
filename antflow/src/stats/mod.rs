//! Numbers about a run: snapshots, never live state.

mod dropped;
mod entrances;
mod errors;
mod flow;
mod histogram;
mod live;
mod load;
mod stage;
mod timings;
mod view;
mod worker;

use std::fmt;
use std::time::{Duration, SystemTime};

pub use dropped::DroppedEvents;
pub(crate) use errors::ErrorLog;
pub use errors::{ErrorSummary, FailedItem};
pub use histogram::Histogram;
pub(crate) use live::{RunCounters, StageCounters, WorkerCounters};
pub use load::StageLoad;
pub(crate) use timings::WorkerTimings;
pub use timings::{StageTimings, TaskTimings, Timings};
pub use view::RunView;
pub use worker::{WorkerMetrics, WorkerState, WorkerStatus};

/// Which run it is, among all of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RunId(pub(crate) u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What has happened in a run so far.
///
/// A snapshot of counters that go on while it is taken: the numbers of one moment of a running pipeline may be a few
/// items apart. At rest, `items_submitted` is the sum of the three outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct PipelineStats {
    /// How many items were accepted.
    pub items_submitted: u64,
    /// How many went through the last stage.
    pub items_processed: u64,
    /// How many failed, in any stage.
    pub items_failed: u64,
    /// How many were cancelled.
    pub items_cancelled: u64,
    /// How many are on their way.
    pub items_in_flight: u64,
    /// How many items were fed with an id that an earlier item of the run had.
    pub duplicate_ids: u64,
    /// How many times an observer or an `on_` hook panicked.
    pub observer_panics: u64,
    /// Each stage, in order.
    pub stage_stats: Vec<StageStats>,
}

/// What has happened in one stage of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageStats {
    /// The stage's name.
    pub stage_name: String,
    /// How many workers it has.
    pub workers: usize,
    /// How many items its queue takes.
    pub queue_capacity: usize,
    /// Whether the stage is paused.
    pub is_paused: bool,
    /// How many items wait in its queue, retries included; those that wait without worker and queue are not.
    pub pending_items: usize,
    /// How many of its workers have an item in hand.
    pub in_progress_items: usize,
    /// How many items wait for the pause before their next attempt to be over, in the hands of workers or without one.
    pub retrying_items: usize,
    /// How many items its last task succeeded for.
    pub completed_items: u64,
    /// How many items failed here.
    pub failed_items: u64,
    /// How many items `skip_if` let pass.
    pub skipped_items: u64,
    /// How many items were cancelled here.
    pub cancelled_items: u64,
    /// How many attempts were followed by another.
    pub retries: u64,
    /// How long items waited in its queue on average; those that wait there now count as far as they have.
    pub average_queue_wait: Duration,
    /// How long its workers worked, all together; waits with an item in hand are left out.
    pub processing_time: Duration,
}

/// Everything that a dashboard shows, at one moment.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DashboardSnapshot {
    /// The run.
    pub run: RunId,
    /// What has happened so far, in all and in each stage.
    pub pipeline_stats: PipelineStats,
    /// What each worker is at.
    pub worker_states: Vec<WorkerState>,
    /// What each worker has done.
    pub worker_metrics: Vec<WorkerMetrics>,
    /// How many items failed, and of what.
    pub error_summary: ErrorSummary,
    /// How many items the run is going to have, if it was started over items that know their number.
    pub total_items: Option<u64>,
    /// Whether all items have their outcomes and all tasks have ended.
    pub has_ended: bool,
    /// How long the run has been going on, or went on until it ended.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialize::duration")
    )]
    pub elapsed: Duration,
    /// When it was taken, by the system's clock.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialize::timestamp")
    )]
    pub timestamp: SystemTime,
}

impl PipelineStats {
    /// The numbers of the stage of this name.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<&StageStats> {
        self.stage_stats
            .iter()
            .find(|stage| stage.stage_name == name)
    }
}

impl StageStats {
    /// How long the stage worked on an item on average, over all that it completed, let pass or failed; zero if none.
    #[must_use]
    pub fn average_processing_time(&self) -> Duration {
        let items = self.completed_items + self.skipped_items + self.failed_items;
        average(self.processing_time, items)
    }
}

/// The part of each of `count`; zero if there are none.
fn average(total: Duration, count: u64) -> Duration {
    let average = total.as_nanos().checked_div(count.into()).unwrap_or(0);
    Duration::from_nanos(u64::try_from(average).unwrap_or(u64::MAX))
}
