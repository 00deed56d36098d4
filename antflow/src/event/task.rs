use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::item::{ItemError, ItemId};
use crate::stage::WorkerId;
use crate::stats::RunId;

/// What happened to an attempt of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum TaskEventKind {
    /// The task is about to be called; waits for its limits are over.
    Start,
    /// It returned a value.
    Complete,
    /// It failed and will be tried again.
    Retry,
    /// It failed for good.
    Fail,
}

impl TaskEventKind {
    /// The name in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Complete => "complete",
            Self::Retry => "retry",
            Self::Fail => "fail",
        }
    }
}

impl fmt::Display for TaskEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An attempt of a task began or ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TaskEvent {
    /// The run.
    pub run: RunId,
    /// The item's id.
    pub item_id: ItemId,
    /// The item's sequence number, which tells items of one id and one run apart.
    pub sequence_id: u64,
    /// The stage's name.
    pub stage: Arc<str>,
    /// The task's name.
    pub task: Arc<str>,
    /// The worker that runs the attempt.
    pub worker: WorkerId,
    /// What happened.
    pub kind: TaskEventKind,
    /// The number of the attempt, from 1: of the task under `per_task`, of the stage under `per_stage`.
    pub attempt: u32,
    /// When it happened, by the system's clock.
    pub timestamp: SystemTime,
    /// What went wrong: with `Retry` and `Fail`.
    pub error: Option<ItemError>,
    /// How long the attempt took, waits for limits not counted: with all but `Start`.
    pub duration: Option<Duration>,
}

impl TaskEvent {
    /// The index of the worker in its pool, from 0.
    #[must_use]
    pub fn worker_id(&self) -> usize {
        self.worker.index()
    }
}
