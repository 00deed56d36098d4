use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::Sleep;

use super::{Submitted, TaskError, WaitTimeout, Waited};

/// How a task ended, and which one it was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completed<T, E> {
    /// The [`sequence_id`](Submitted::sequence_id) of the task.
    pub sequence_id: u64,
    /// Its value, or why it has none.
    pub result: Result<T, TaskError<E>>,
}

/// Gives the results of tasks in the order in which they end.
///
/// Those that have ended before the stream is first polled come first, in the order in which they were passed in.
///
/// ```
/// use antflow::Executor;
/// use antflow::executor::as_completed;
/// use tokio::sync::oneshot;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let executor = Executor::new(2)?;
/// let ((anna, from_anna), (bert, from_bert)) = (oneshot::channel(), oneshot::channel());
/// let letters = [executor.submit(|| from_anna)?, executor.submit(|| from_bert)?];
/// let mut letters = as_completed(letters);
///
/// bert.send("from Bert").unwrap();
/// let letter = letters.next().await.expect("there are two");
/// assert_eq!((letter.sequence_id, letter.result?), (1, "from Bert"));
///
/// anna.send("from Anna").unwrap();
/// let letter = letters.next().await.expect("there is another");
/// assert_eq!(letter.result?, "from Anna");
/// assert!(letters.next().await.is_none());
/// # Ok(())
/// # }
/// ```
pub fn as_completed<T, E>(
    submitted: impl IntoIterator<Item = Submitted<T, E>>,
) -> AsCompleted<T, E> {
    let numbered = submitted.into_iter().enumerate();
    AsCompleted {
        pending: numbered
            .map(|(place, submitted)| Completing { place, submitted })
            .collect(),
    }
}

/// The results of tasks in the order in which they end, as a stream; made by [`as_completed`].
///
/// Dropped, the tasks that are left go on and their results are lost; [`into_pending`](Self::into_pending) gives them
/// back.
#[must_use = "streams do nothing unless polled"]
pub struct AsCompleted<T, E> {
    pending: FuturesUnordered<Completing<T, E>>,
}

/// A task and its place among those that were passed in.
struct Completing<T, E> {
    place: usize,
    submitted: Submitted<T, E>,
}

impl<T, E> AsCompleted<T, E> {
    /// The next result; none after the last one.
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing.
    pub async fn next(&mut self) -> Option<Completed<T, E>> {
        StreamExt::next(self).await
    }

    /// Bounds the time for all results together, counted from here.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with time.
    pub fn timeout(self, limit: Duration) -> AsCompletedTimeout<T, E> {
        AsCompletedTimeout {
            completed: self,
            deadline: Box::pin(tokio::time::sleep(limit)),
        }
    }

    /// The tasks whose results were not given out, in the order in which they were passed in.
    #[must_use]
    pub fn into_pending(mut self) -> Vec<Submitted<T, E>> {
        self.take_pending()
    }

    pub(super) fn take_pending(&mut self) -> Vec<Submitted<T, E>> {
        let mut pending: Vec<_> = std::mem::take(&mut self.pending).into_iter().collect();
        pending.sort_unstable_by_key(|completing| completing.place);
        pending
            .into_iter()
            .map(|completing| completing.submitted)
            .collect()
    }
}

impl<T, E> Future for Completing<T, E> {
    type Output = Completed<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.submitted.poll_unpin(cx));
        Poll::Ready(Completed {
            sequence_id: self.submitted.sequence_id(),
            result,
        })
    }
}

impl<T, E> Stream for AsCompleted<T, E> {
    type Item = Completed<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pending.poll_next_unpin(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.pending.size_hint()
    }
}

impl<T, E> fmt::Debug for AsCompleted<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("pending", &self.pending.len())
            .finish()
    }
}

/// As [`AsCompleted`], within a bound of time; made by [`AsCompleted::timeout`].
///
/// When the time is over, the last thing that it gives is a [`WaitTimeout`] with the tasks that were not done.
#[must_use = "streams do nothing unless polled"]
pub struct AsCompletedTimeout<T, E> {
    completed: AsCompleted<T, E>,
    deadline: Pin<Box<Sleep>>,
}

impl<T, E> AsCompletedTimeout<T, E> {
    /// The next result; none after the last one, or after the timeout.
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing.
    pub async fn next(&mut self) -> Option<Result<Completed<T, E>, WaitTimeout<T, E>>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<T, E> Stream for AsCompletedTimeout<T, E> {
    type Item = Result<Completed<T, E>, WaitTimeout<T, E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(completed) = self.completed.poll_next_unpin(cx) {
            return Poll::Ready(completed.map(Ok));
        }
        ready!(self.deadline.poll_unpin(cx));
        let rest = Waited {
            done: Vec::new(),
            pending: self.completed.take_pending(),
        };
        Poll::Ready(Some(Err(WaitTimeout(rest))))
    }
}

impl<T, E> fmt::Debug for AsCompletedTimeout<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompletedTimeout")
            .field("completed", &self.completed)
            .field("deadline", &self.deadline.deadline())
            .finish()
    }
}
