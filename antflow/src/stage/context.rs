use std::any::Any;
use std::borrow::Cow;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{WorkerId, WorkerStatus};
use crate::item::{Details, ItemId, Metadata, Tag};

/// What a task may know of the attempt it is part of, and what it may do beside its work.
///
/// A stage function asks for it by a parameter `cx: &TaskContext`.
///
/// ```
/// use antflow::{TaskContext, stage};
///
/// #[stage]
/// async fn upload(path: String, cx: &TaskContext) -> Result<u64, std::io::Error> {
///     cx.set_status("waiting for the batch");
///     tokio::select! {
///         () = cx.cancellation().cancelled() => Ok(0),
///         bytes = async { Ok(path.len() as u64) } => bytes,
///     }
/// }
/// ```
pub struct TaskContext {
    pub(crate) names: Arc<Names>,
    pub(crate) worker: WorkerId,
    pub(crate) tag: Tag,
    pub(crate) cancellation: CancellationToken,
    pub(crate) status: Arc<WorkerStatus>,
    /// The run, for those who know what it is made of.
    pub(crate) run: Weak<dyn Any + Send + Sync>,
}

/// The names of a stage and its tasks.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) stage: Arc<str>,
    pub(crate) tasks: Vec<Arc<str>>,
}

impl TaskContext {
    /// The id of the item: the feeder's, or the sequence number.
    #[must_use]
    pub fn item_id(&self) -> ItemId {
        item_id(self.tag.details.as_deref(), self.tag.sequence_id)
    }

    /// The item's place in the order of feeding, from 0.
    #[must_use]
    pub fn sequence_id(&self) -> u64 {
        self.tag.sequence_id
    }

    /// The item's priority.
    #[must_use]
    pub fn priority(&self) -> i32 {
        self.tag.priority()
    }

    /// The metadata that the item was fed with.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        self.tag.metadata()
    }

    /// The name of the stage.
    #[must_use]
    pub fn stage(&self) -> &str {
        &self.names.stage
    }

    /// The name of the task; none outside of tasks, as in `skip_if`.
    #[must_use]
    pub fn task(&self) -> Option<&str> {
        self.task_name().map(|name| &**name)
    }

    /// The worker that runs the attempt.
    #[must_use]
    pub fn worker(&self) -> &WorkerId {
        &self.worker
    }

    /// The number of the attempt, from 1: of the task under `per_task`, of the stage under `per_stage`.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.tag.attempt()
    }

    /// A token that is cancelled when the run is shut down.
    ///
    /// The attempt is dropped at its next `.await` then; the token is for what the task has started elsewhere, such as
    /// a thread or a process.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Says what the task is doing now, for those who watch the workers. It is forgotten with the item.
    pub fn set_status(&self, text: impl Into<Cow<'static, str>>) {
        self.set_status_every(Duration::ZERO, text);
    }

    /// As [`set_status`](Self::set_status), unless the task has said something of this item less than `interval` ago.
    /// Returns whether the text was taken.
    ///
    /// ```
    /// use std::time::Duration;
    /// use antflow::{TaskContext, stage};
    ///
    /// #[stage]
    /// async fn copy(rows: Vec<u64>, cx: &TaskContext) -> usize {
    ///     for (done, _row) in rows.iter().enumerate() {
    ///         cx.set_status_every(Duration::from_millis(100), format!("row {done} of {}", rows.len()));
    ///     }
    ///     rows.len()
    /// }
    /// ```
    pub fn set_status_every(&self, interval: Duration, text: impl Into<Cow<'static, str>>) -> bool {
        self.status
            .set_text(self.tag.sequence_id, text.into(), interval)
    }

    pub(crate) fn task_name(&self) -> Option<&Arc<str>> {
        self.names.tasks.get(self.status.task())
    }
}

impl std::fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskContext")
            .field("item_id", &self.item_id())
            .field("sequence_id", &self.sequence_id())
            .field("stage", &self.stage())
            .field("task", &self.task())
            .field("worker", &self.worker)
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}

/// The id that the feeder chose, else the sequence number.
pub(crate) fn item_id(details: Option<&Details>, sequence_id: u64) -> ItemId {
    details
        .and_then(|details| details.id.clone())
        .unwrap_or(ItemId::Number(sequence_id))
}
