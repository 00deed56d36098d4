//! Numbers about a run: snapshots, never live state.

use std::borrow::Cow;

use crate::stage::WorkerId;

/// What has happened in a run so far.
///
/// A snapshot of counters that go on while it is taken: the numbers of one moment of a running pipeline may be a few
/// items apart. At rest, `items_submitted` is the sum of the three outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// How many items wait in its queue, retries included; those that wait without worker and queue are not.
    pub pending_items: usize,
    /// How many of its workers have an item in hand.
    pub in_progress_items: usize,
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
}

/// What a worker is at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerState {
    /// The worker.
    pub worker: WorkerId,
    /// The sequence number of the item that it has in hand; none while idle.
    pub current_item: Option<u64>,
    /// What the task said by [`set_status`](crate::TaskContext::set_status) of this item.
    pub status_text: Option<Cow<'static, str>>,
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

impl WorkerState {
    /// Whether the worker has an item in hand.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.current_item.is_some()
    }
}
