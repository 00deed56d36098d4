use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_util::FutureExt;
use tokio::time::error::Elapsed;

use super::{Submitted, TaskError};

/// What is submitted for one item after the other; none for an item for which the executor was closed.
pub(super) type Submissions<T, E> = Box<dyn Iterator<Item = Option<Submitted<T, E>>> + Send>;

/// The results of all items, in input order, to be awaited; made by [`Executor::map`](super::Executor::map).
///
/// It gives the values, or the first error in input order, as soon as it gets to it. What was submitted goes on in
/// either case, and also if this is dropped. [`cancel`](Self::cancel) ends it.
///
/// # Panics
/// When it is awaited again after its results were taken.
///
/// # Cancel safety
/// Dropped while a reference to it is awaited, that has taken nothing.
#[must_use = "the tasks run all the same; await it for their results"]
pub struct Map<T, E> {
    pending: VecDeque<Submitted<T, E>>,
    values: Vec<T>,
    /// Whether the executor was closed before all items were submitted.
    cut_short: bool,
    taken: bool,
}

// Nothing in it is pinned.
impl<T, E> Unpin for Map<T, E> {}

impl<T, E> Map<T, E> {
    pub(super) fn new(mut submissions: impl Iterator<Item = Option<Submitted<T, E>>>) -> Self {
        let mut cut_short = false;
        let pending: VecDeque<_> = std::iter::from_fn(|| {
            let submitted = submissions.next()?;
            cut_short = submitted.is_none();
            submitted
        })
        .collect();
        Self {
            values: Vec::with_capacity(pending.len()),
            pending,
            cut_short,
            taken: false,
        }
    }

    /// Waits for the results for as long as `limit`. The tasks go on after it, and can be awaited again.
    ///
    /// # Errors
    /// [`Elapsed`] if the results were not there in time.
    ///
    /// # Panics
    /// If the results were taken before, or outside of a Tokio runtime with time.
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing.
    pub async fn timeout(
        &mut self,
        limit: Duration,
    ) -> Result<Result<Vec<T>, TaskError<E>>, Elapsed> {
        tokio::time::timeout(limit, self).await
    }

    /// Cancels all tasks that are not done; see [`Submitted::cancel`].
    pub fn cancel(&self) {
        self.pending.iter().for_each(Submitted::cancel);
    }
}

impl<T, E> Future for Map<T, E> {
    type Output = Result<Vec<T>, TaskError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(!this.taken, "the results were taken before");
        // The others are not polled before their turn: whatever the number of items, each is polled about twice.
        while let Some(first) = this.pending.front_mut() {
            let result = ready!(first.poll_unpin(cx));
            this.pending.pop_front();
            match result {
                Ok(value) => this.values.push(value),
                Err(error) => {
                    this.taken = true;
                    return Poll::Ready(Err(error));
                }
            }
        }
        this.taken = true;
        Poll::Ready(if this.cut_short {
            Err(TaskError::ShutDown)
        } else {
            Ok(std::mem::take(&mut this.values))
        })
    }
}

impl<T, E> fmt::Debug for Map<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("pending", &self.pending.len())
            .field("values", &self.values.len())
            .finish_non_exhaustive()
    }
}

/// The result of each item, in input order, as a stream; made by [`Executor::map_iter`](super::Executor::map_iter).
///
/// At most [`window`](Self::window) items are submitted and not given out. The stream ends after a
/// [`TaskError::ShutDown`] for the first item for which the executor was closed. Dropped, it cancels what it has
/// submitted, and takes nothing more from the iterator.
#[must_use = "streams do nothing unless polled"]
pub struct MapIter<T, E> {
    submissions: Submissions<T, E>,
    ahead: VecDeque<Submitted<T, E>>,
    window: usize,
    source: Source,
}

/// What comes after the tasks that were submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Perhaps another item.
    Open,
    /// An item that was refused.
    Refused,
    /// The end.
    Ended,
}

impl<T, E> MapIter<T, E> {
    pub(super) fn new(submissions: Submissions<T, E>, window: usize) -> Self {
        Self {
            submissions,
            ahead: VecDeque::new(),
            window,
            source: Source::Open,
        }
    }

    /// Sets how many items may be submitted and not given out as results: at least 1.
    ///
    /// The default is twice the number of workers: one half at work while the other is ready or waits its turn.
    pub fn window(mut self, items: usize) -> Self {
        self.window = items.max(1);
        self
    }

    /// The next result; none after the last one.
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing.
    pub async fn next(&mut self) -> Option<Result<T, TaskError<E>>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn look_ahead(&mut self) {
        while self.source == Source::Open && self.ahead.len() < self.window {
            match self.submissions.next() {
                Some(Some(submitted)) => self.ahead.push_back(submitted),
                Some(None) => self.source = Source::Refused,
                None => self.source = Source::Ended,
            }
        }
    }
}

impl<T, E> Stream for MapIter<T, E> {
    type Item = Result<T, TaskError<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.look_ahead();
        if let Some(first) = this.ahead.front_mut() {
            let result = ready!(first.poll_unpin(cx));
            this.ahead.pop_front();
            return Poll::Ready(Some(result));
        }
        let refused = this.source == Source::Refused;
        this.source = Source::Ended;
        Poll::Ready(refused.then_some(Err(TaskError::ShutDown)))
    }
}

impl<T, E> Drop for MapIter<T, E> {
    fn drop(&mut self) {
        self.ahead.iter().for_each(Submitted::cancel);
    }
}

impl<T, E> fmt::Debug for MapIter<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapIter")
            .field("window", &self.window)
            .field("ahead", &self.ahead.len())
            .finish_non_exhaustive()
    }
}
