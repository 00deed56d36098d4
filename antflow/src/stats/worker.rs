use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::average;
use crate::item::ItemId;
use crate::stage::WorkerId;

/// What a worker is at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerState {
    /// The worker.
    pub worker: WorkerId,
    /// Whether it has an item in hand.
    pub status: WorkerStatus,
    /// The id of the item that it has in hand; none while idle.
    pub current_item: Option<ItemId>,
    /// The sequence number of that item.
    pub sequence_id: Option<u64>,
    /// The name of the task that is running; none between tasks and while idle.
    pub current_task: Option<Arc<str>>,
    /// What the task said by [`set_status`](crate::TaskContext::set_status) of this item.
    pub status_text: Option<Cow<'static, str>>,
    /// Since when it has been busy with what it took, or idle, by the system's clock. Short items are taken several at
    /// once, and then it is when the first of them was begun.
    pub since: SystemTime,
}

/// Whether a worker has an item in hand. It has one also while it waits with it: for limits, for the pause before
/// another attempt, for room in the next stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
pub enum WorkerStatus {
    /// It has none.
    Idle,
    /// It has one.
    Busy,
}

impl WorkerStatus {
    /// The name in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Busy => "busy",
        }
    }
}

impl std::fmt::Display for WorkerStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl WorkerState {
    /// Whether the worker has an item in hand.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.status == WorkerStatus::Busy
    }
}

/// What a worker has done in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerMetrics {
    /// The worker.
    pub worker: WorkerId,
    /// How many items it completed or let pass by `skip_if`.
    pub items_processed: u64,
    /// How many items failed in its hand.
    pub items_failed: u64,
    /// How many attempts it made that were followed by another.
    pub retries: u64,
    /// How long it worked on items, also on those that failed; the item in hand counts as far as it has come. What a task
    /// awaits by itself, such as an answer from elsewhere, is work.
    pub processing_time: Duration,
    /// How long it waited with an item in hand: for limits, for the pause before another attempt, for room in the next
    /// stage. A wait that is not over counts as far as it has come.
    pub waiting_time: Duration,
    /// When it last had an item in hand, by the system's clock; none if it never had.
    pub last_active: Option<SystemTime>,
    /// How long the run has been going on, or went on until it ended.
    pub observed: Duration,
}

impl WorkerMetrics {
    /// The processing time of an item on average, over all that it processed and that failed. Zero if there was none.
    #[must_use]
    pub fn average_processing_time(&self) -> Duration {
        average(
            self.processing_time,
            self.items_processed + self.items_failed,
        )
    }

    /// Which part of the run the worker worked, from 0 to 1. Waits do not count as work.
    #[must_use]
    pub fn utilization(&self) -> f64 {
        if self.observed.is_zero() {
            return 0.0;
        }
        (self.processing_time.as_secs_f64() / self.observed.as_secs_f64()).min(1.0)
    }

    /// Which part of the items that it had failed, from 0 to 1.
    #[must_use]
    pub fn failure_rate(&self) -> f64 {
        let items = self.items_processed + self.items_failed;
        self.items_failed as f64 / items.max(1) as f64
    }
}
