use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::item::{ItemError, ItemId, Metadata};
use crate::stage::WorkerId;
use crate::stats::RunId;

/// Where an item stands in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Status {
    /// It waits in the stage's queue.
    Queued,
    /// A worker has it.
    InProgress,
    /// The stage's last task succeeded.
    Completed,
    /// An attempt failed and another will follow.
    Retrying,
    /// The last attempt failed.
    Failed,
    /// `skip_if` let it pass untouched.
    Skipped,
    /// The run was shut down, or a task gave it up.
    Cancelled,
}

impl Status {
    /// All of them, in the order of an item's life.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::InProgress,
        Self::Completed,
        Self::Retrying,
        Self::Failed,
        Self::Skipped,
        Self::Cancelled,
    ];

    /// One bit for each.
    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The name in lower case with underscores, such as `in_progress`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An item came to a new status in a stage.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StatusEvent {
    /// The run.
    pub run: RunId,
    /// The item's id.
    pub item_id: ItemId,
    /// The item's sequence number, which tells items of one id and one run apart.
    pub sequence_id: u64,
    /// The stage's name.
    pub stage: Arc<str>,
    /// The new status.
    pub status: Status,
    /// The worker that has the item, or had it until now.
    pub worker: Option<WorkerId>,
    /// When it happened, by the system's clock.
    pub timestamp: SystemTime,
    /// When the worker began with the item: with all but `Queued` and `InProgress`, where a worker had it.
    ///
    /// Where no observer asks for every status, short items are taken several at once, and it is when the first of them
    /// was begun.
    pub started: Option<SystemTime>,
    /// What went wrong: with `Failed`, `Retrying` and `Cancelled`.
    pub error: Option<ItemError>,
    /// The number of the attempt to come: with `Retrying`.
    pub next_attempt: Option<u32>,
    /// The metadata that the item was fed with.
    pub metadata: Metadata,
}

impl StatusEvent {
    /// How long the worker had the item: with all but `Queued` and `InProgress`, where a worker had it.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.timestamp.duration_since(self.started?).ok()
    }

    /// The index of the worker in its pool, from 0.
    #[must_use]
    pub fn worker_id(&self) -> Option<usize> {
        self.worker.as_ref().map(WorkerId::index)
    }
}
