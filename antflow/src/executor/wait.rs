use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::StreamExt;

use super::{AsCompleted, Completed, Submitted, as_completed};

/// What [`wait`] waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitFor {
    /// The first task that ends, in whatever way.
    First,
    /// The first task that ends without a value, or else all.
    FirstError,
    /// All tasks.
    All,
}

/// Waits for the first of several tasks, the first that fails, or all of them, and says which are done.
///
/// ```
/// use std::future::pending;
/// use antflow::Executor;
/// use antflow::executor::{WaitFor, wait};
///
/// async fn download(mirror: &str) -> Result<String, std::io::Error> {
///     if mirror == "slow" {
///         pending::<()>().await;
///     }
///     Ok(format!("from {mirror}"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let executor = Executor::new(2)?;
/// let downloads = [executor.submit(|| download("slow"))?, executor.submit(|| download("fast"))?];
/// let waited = wait(downloads, WaitFor::First).await;
/// assert_eq!(waited.done[0].result.as_deref().unwrap(), "from fast");
/// // The other one is of no use any more.
/// waited.pending[0].cancel();
/// # Ok(())
/// # }
/// ```
pub fn wait<T, E>(
    submitted: impl IntoIterator<Item = Submitted<T, E>>,
    until: WaitFor,
) -> Wait<T, E> {
    Wait {
        completed: as_completed(submitted),
        done: Vec::new(),
        until,
    }
}

/// Which tasks are done and which are not, to be awaited; made by [`wait`].
///
/// # Cancel safety
/// Dropped while a reference to it is awaited, that has taken nothing. Dropped itself, the tasks go on and their results
/// are lost.
#[must_use = "futures do nothing unless awaited"]
pub struct Wait<T, E> {
    completed: AsCompleted<T, E>,
    done: Vec<Completed<T, E>>,
    until: WaitFor,
}

/// What became of the tasks that were waited for. Each is either in `done` or in `pending`.
pub struct Waited<T, E> {
    /// The results, in the order in which the tasks ended.
    pub done: Vec<Completed<T, E>>,
    /// The tasks that are not done, in the order in which they were passed in.
    pub pending: Vec<Submitted<T, E>>,
}

/// The time was over before all tasks were done. They go on, and are inside.
#[derive(thiserror::Error)]
#[error("the time is over, and {} tasks are not done", .0.pending.len())]
pub struct WaitTimeout<T, E>(pub Waited<T, E>);

impl<T, E> Wait<T, E> {
    /// Waits for as long as `limit`, and then for nothing more.
    ///
    /// ```
    /// # use std::future::pending;
    /// # use std::time::Duration;
    /// # use antflow::Executor;
    /// # use antflow::executor::{WaitFor, wait};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = Executor::new(1)?;
    /// let endless = executor.submit(|| pending::<Result<(), std::io::Error>>())?;
    /// let waited = wait([endless], WaitFor::All).timeout(Duration::from_millis(10)).await;
    /// let Err(timeout) = waited else { panic!("it has ended") };
    /// timeout.0.pending[0].cancel();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`WaitTimeout`] if all tasks were waited for, and some are not done. [`WaitFor::First`] and
    /// [`WaitFor::FirstError`] give what there is.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with time.
    ///
    /// # Cancel safety
    /// Dropped, the tasks go on and their results are lost.
    pub async fn timeout(mut self, limit: Duration) -> Result<Waited<T, E>, WaitTimeout<T, E>> {
        if let Ok(waited) = tokio::time::timeout(limit, &mut self).await {
            return Ok(waited);
        }
        let waited = self.split();
        if self.until == WaitFor::All && !waited.pending.is_empty() {
            Err(WaitTimeout(waited))
        } else {
            Ok(waited)
        }
    }

    /// Those that are done now, and the others.
    fn split(&mut self) -> Waited<T, E> {
        let mut waited = Waited {
            done: std::mem::take(&mut self.done),
            pending: Vec::new(),
        };
        for mut submitted in self.completed.take_pending() {
            match submitted.try_result() {
                Some(result) => waited.done.push(Completed {
                    sequence_id: submitted.sequence_id(),
                    result,
                }),
                None => waited.pending.push(submitted),
            }
        }
        waited
    }
}

impl<T, E> Future for Wait<T, E> {
    type Output = Waited<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        while let Some(completed) = ready!(this.completed.poll_next_unpin(cx)) {
            let enough = match this.until {
                WaitFor::First => true,
                WaitFor::FirstError => completed.result.is_err(),
                WaitFor::All => false,
            };
            this.done.push(completed);
            if enough {
                break;
            }
        }
        Poll::Ready(this.split())
    }
}

// Nothing in it is pinned.
impl<T, E> Unpin for Wait<T, E> {}

impl<T, E> fmt::Debug for Wait<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("until", &self.until)
            .field("done", &self.done.len())
            .field("completed", &self.completed)
            .finish()
    }
}

impl<T, E> fmt::Debug for Waited<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done: Vec<_> = self.done.iter().map(|done| done.sequence_id).collect();
        f.debug_struct("Waited")
            .field("done", &done)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

impl<T, E> fmt::Debug for WaitTimeout<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WaitTimeout").field(&self.0).finish()
    }
}
