use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::stage::WorkerId;

/// Any error that a task may return.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// What a task may return as its error: anything that `?` turns into a [`BoxError`].
///
/// That is every `std::error::Error + Send + Sync + 'static`, `anyhow::Error`, `String` and `&'static str`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a stage: it is not `std::error::Error + Send + Sync + 'static`",
    label = "not an error that can leave a stage",
    note = "derive one with `thiserror`, or return `Box<dyn std::error::Error + Send + Sync>`"
)]
pub trait StageError: 'static {
    /// The error as one that other code can hold and downcast.
    fn into_boxed(self) -> BoxError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError> + Send + 'static> StageError for E {
    fn into_boxed(self) -> BoxError {
        self.into()
    }
}

/// The error of a task that gives its item up on purpose: the item ends cancelled, not failed, and is not retried.
///
/// ```
/// use antflow::{BoxError, Cancelled};
///
/// async fn fetch(url: String) -> Result<String, BoxError> {
///     if url.is_empty() {
///         return Err(Cancelled.into());
///     }
///     Ok(url)
/// }
/// # drop(fetch);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Why an item has no value: what happened, where, and after how many attempts.
///
/// Cheap to clone: events and results share one. The error that the task returned is kept as it was, see
/// [`downcast_ref`](Self::downcast_ref).
#[derive(Clone)]
pub struct ItemError(Arc<Inner>);

struct Inner {
    stage: Arc<str>,
    task: Option<Arc<str>>,
    worker: Option<WorkerId>,
    attempts: u32,
    kind: ItemErrorKind,
    type_name: Cow<'static, str>,
}

/// What ended an item without a value. Displayed as what happened, without the place.
#[derive(Debug)]
#[non_exhaustive]
pub enum ItemErrorKind {
    /// The task returned this error in its last attempt.
    Failed(BoxError),
    /// The task, `skip_if` or the making of its future panicked with this message.
    Panicked(String),
    /// The last attempt took longer than its `timeout`.
    TimedOut(Duration),
    /// The run was shut down, or the task gave the item up.
    Cancelled,
}

impl ItemError {
    pub(crate) fn new(
        stage: Arc<str>,
        task: Option<Arc<str>>,
        worker: Option<WorkerId>,
        attempts: u32,
        (kind, type_name): (ItemErrorKind, impl Into<Cow<'static, str>>),
    ) -> Self {
        Self(Arc::new(Inner {
            stage,
            task,
            worker,
            attempts,
            kind,
            type_name: type_name.into(),
        }))
    }

    /// The stage in which the item ended.
    #[must_use]
    pub fn stage(&self) -> &str {
        &self.0.stage
    }

    /// The task that was running, if one was.
    #[must_use]
    pub fn task(&self) -> Option<&str> {
        self.0.task.as_deref()
    }

    /// The worker that held the item; none for an item cancelled in a queue.
    #[must_use]
    pub fn worker(&self) -> Option<&WorkerId> {
        self.0.worker.as_ref()
    }

    /// How many attempts were made: of the task under `per_task`, of the stage under `per_stage`.
    ///
    /// 0 for an item that was cancelled before its first attempt.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> &ItemErrorKind {
        &self.0.kind
    }

    /// Whether the item was cancelled rather than failed.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.kind, ItemErrorKind::Cancelled)
    }

    /// The name of the error's type as the task declared it, or `Panic`, `TimedOut`, `Cancelled`.
    ///
    /// The last segment of the path, without generic arguments: `ParseIntError`, not `core::num::ParseIntError`. What a
    /// [`BoxError`] holds cannot be told: it is an `Error`.
    #[must_use]
    pub fn type_name(&self) -> &str {
        let path = &*self.0.type_name;
        let boxed = path.strip_prefix("alloc::boxed::Box<dyn ");
        let path = boxed.map_or(path, |path| path.split([' ', '>']).next().unwrap_or(path));
        let path = path.split_once('<').map_or(path, |(path, _)| path);
        path.rsplit("::").next().unwrap_or(path)
    }

    /// The error that the task returned, if it is an `E`.
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        match &self.0.kind {
            ItemErrorKind::Failed(source) => source.downcast_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stage `{}`", self.stage())?;
        if let Some(task) = self.task() {
            write!(f, ", task `{task}`")?;
        }
        write!(f, ": {}", self.kind())?;
        match self.attempts() {
            n @ 2.. if !self.is_cancelled() => write!(f, " (attempt {n} of {n})"),
            _ => Ok(()),
        }
    }
}

impl ItemErrorKind {
    /// The name for who reads what others have written.
    #[cfg(any(feature = "serde", feature = "tracing"))]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::Panicked(_) => "panicked",
            Self::TimedOut(_) => "timed_out",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for ItemErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(source) => write!(f, "{source}"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::TimedOut(limit) => write!(f, "timed out after {limit:?}"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl fmt::Debug for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemError")
            .field("stage", &self.stage())
            .field("task", &self.task())
            .field("worker", &self.worker())
            .field("attempts", &self.attempts())
            .field("kind", self.kind())
            .finish()
    }
}

impl Error for ItemError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.kind {
            ItemErrorKind::Failed(source) => Some(&**source),
            _ => None,
        }
    }
}

/// What users' code gives, or with which message it panics.
#[cfg(feature = "cluster")]
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call))
        .map_err(|panic| panic_message(&*panic))
}

/// The message of a panic, where it has one.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
