use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::error::Elapsed;

use super::TaskError;

/// A task that was submitted, and is awaited for its result.
///
/// Dropped, the task goes on and its result is lost. See [`wait`](super::wait) and [`as_completed`](super::as_completed)
/// for several of them.
///
/// ```
/// use std::time::Duration;
/// use antflow::Executor;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let executor = Executor::new(1)?;
/// let (answer, question) = tokio::sync::oneshot::channel();
/// let mut asked = executor.submit(|| question)?;
/// assert!(asked.timeout(Duration::from_millis(10)).await.is_err());
/// assert!(!asked.is_done());
/// answer.send(42).unwrap();
/// assert_eq!(asked.await?, 42);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
/// When it is awaited again after its result was taken.
///
/// # Cancel safety
/// Dropped while a reference to it is awaited, that has taken nothing.
#[must_use = "the task runs all the same; await it for its result"]
pub struct Submitted<T, E> {
    sequence_id: u64,
    outcome: oneshot::Receiver<Outcome<T, E>>,
    job: AbortHandle,
}

pub(super) type Outcome<T, E> = Result<T, TaskError<E>>;

impl<T, E> Submitted<T, E> {
    pub(super) fn new(
        sequence_id: u64,
        outcome: oneshot::Receiver<Outcome<T, E>>,
        job: AbortHandle,
    ) -> Self {
        Self {
            sequence_id,
            outcome,
            job,
        }
    }

    /// The number of the task: 0 for the first one that its executor accepted.
    #[must_use]
    pub fn sequence_id(&self) -> u64 {
        self.sequence_id
    }

    /// Whether the task has ended, in whatever way.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.outcome.is_empty() || self.outcome.is_terminated()
    }

    /// Takes the result without waiting for it; none while the task is not done, or once the result was taken.
    pub fn try_result(&mut self) -> Option<Result<T, TaskError<E>>> {
        self.outcome.try_recv().ok()
    }

    /// Waits for the result for as long as `limit`. The task goes on after it, and can be awaited again.
    ///
    /// # Errors
    /// [`Elapsed`] if the task was not done in time.
    ///
    /// # Panics
    /// If the result was taken before, or outside of a Tokio runtime with time.
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing.
    pub async fn timeout(&mut self, limit: Duration) -> Result<Result<T, TaskError<E>>, Elapsed> {
        tokio::time::timeout(limit, self).await
    }

    /// Cancels the task: it does not begin, or is dropped at its next `.await`. Its result is [`TaskError::Cancelled`].
    ///
    /// Without effect on a task that is done, or that ends before its next `.await`.
    pub fn cancel(&self) {
        self.job.abort();
    }
}

impl<T, E> Future for Submitted<T, E> {
    type Output = Result<T, TaskError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(Pin::new(&mut self.outcome).poll(cx));
        // A promise is kept, so there is always one.
        Poll::Ready(outcome.unwrap_or(Err(TaskError::Cancelled)))
    }
}

impl<T, E> fmt::Debug for Submitted<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted")
            .field("sequence_id", &self.sequence_id)
            .field("is_done", &self.is_done())
            .finish_non_exhaustive()
    }
}

/// The task's end of [`Submitted`]. Dropped with the task, it says that the task was cancelled.
pub(super) struct Promise<T, E>(Option<oneshot::Sender<Outcome<T, E>>>);

impl<T, E> Promise<T, E> {
    pub(super) fn new() -> (Self, oneshot::Receiver<Outcome<T, E>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Some(sender)), receiver)
    }

    pub(super) fn keep(mut self, outcome: Outcome<T, E>) {
        self.send(outcome);
    }

    fn send(&mut self, outcome: Outcome<T, E>) {
        if let Some(sender) = self.0.take() {
            // Nobody may be interested any more.
            drop(sender.send(outcome));
        }
    }
}

impl<T, E> Drop for Promise<T, E> {
    fn drop(&mut self) {
        self.send(Err(TaskError::Cancelled));
    }
}
