use std::convert::Infallible;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::item::{BoxError, StageError};

/// Why an executor could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutorError {
    /// Without a worker no task would ever run.
    #[error("an executor needs at least one worker")]
    NoWorkers,
    /// The tasks are spawned on a Tokio runtime, and none is running here.
    #[error(
        "no tokio runtime here: make the executor within `#[tokio::main]` or `Runtime::block_on`, or name one with `Builder::runtime`"
    )]
    NoRuntime,
}

/// Why a task has no value. The error that it returned keeps its type.
///
/// ```
/// use antflow::Executor;
/// use antflow::executor::TaskError;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let executor = Executor::new(1)?;
/// match executor.submit(|| async { "x".parse::<u32>() })?.await {
///     Err(TaskError::Failed(error)) => assert_eq!(error, "x".parse::<u32>().unwrap_err()),
///     other => panic!("`x` is no number, and yet: {other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError<E> {
    /// The task returned this error in its last attempt.
    #[error("the task failed: {0}")]
    Failed(#[source] E),
    /// The task, or the closure that made it, panicked with this message.
    #[error("the task panicked: {0}")]
    Panicked(String),
    /// The task was cancelled, its limit was closed, or its runtime has ended.
    #[error("the task was cancelled")]
    Cancelled,
    /// The executor was shut down before the task began.
    #[error("the executor was shut down before the task began")]
    ShutDown,
}

impl<E: StageError> TaskError<E> {
    /// The error as one that other code can hold and downcast: what the task returned, or else this.
    ///
    /// For tasks whose error is no `std::error::Error` itself, such as a [`BoxError`].
    #[must_use]
    pub fn into_boxed(self) -> BoxError {
        match self {
            Self::Failed(error) => error.into_boxed(),
            Self::Panicked(message) => Box::new(TaskError::<Infallible>::Panicked(message)),
            Self::Cancelled => Box::new(TaskError::<Infallible>::Cancelled),
            Self::ShutDown => Box::new(TaskError::<Infallible>::ShutDown),
        }
    }
}

impl<E, F> From<Rejected<F>> for TaskError<E> {
    fn from(_: Rejected<F>) -> Self {
        Self::ShutDown
    }
}

/// A task that was not accepted, since its executor is closed. It can be taken back.
///
/// ```
/// use antflow::Executor;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (closed, open) = (Executor::new(1)?, Executor::new(1)?);
/// closed.close();
/// let task = || async { "7".parse::<u32>() };
/// let submitted = match closed.submit(task) {
///     Ok(submitted) => submitted,
///     Err(rejected) => open.submit(rejected.into_task())?,
/// };
/// assert_eq!(submitted.await?, 7);
/// # Ok(())
/// # }
/// ```
#[derive(thiserror::Error)]
#[error("the executor is closed and accepts no task")]
pub struct Rejected<F>(
    /// Never contended: a mutex can be shared whatever the closure holds, and so the error goes wherever errors go.
    Mutex<F>,
);

impl<F> Rejected<F> {
    pub(super) fn new(task: F) -> Self {
        Self(Mutex::new(task))
    }

    /// The task as it was submitted.
    #[must_use]
    pub fn into_task(self) -> F {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> fmt::Debug for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").finish_non_exhaustive()
    }
}
