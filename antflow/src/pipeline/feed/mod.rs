//! Feeding: what a caller gives goes into the queue of a stage, as there is room.

mod entry;
mod feeding;
mod pump;
mod windowed;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use futures_core::Stream;
use futures_util::stream::Iter;

pub use self::feeding::Feeding;
use self::pump::Pump;
pub(super) use self::windowed::Windowed;
use super::error::FeedError;
use super::registry::Registry;
use crate::engine::core::Shared;
use crate::engine::inlet::Inlet;
use crate::item::IntoItem;
use crate::stage::{Stage, TaskContext};

/// Feeds everything that a stream gives, waiting for room, and returns how many items that were.
///
/// Whether there is room and whether the run accepts is known before an item is taken from the stream, and an item that
/// was taken is in the queue before anything is awaited. So no item is ever between the two.
pub(super) async fn feed<T, S>(
    shared: &Shared,
    inlet: &dyn Inlet<T>,
    items: S,
) -> Result<usize, FeedError>
where
    S: Stream,
    S::Item: IntoItem<T>,
{
    let mut items = pin!(items);
    let mut closed = pin!(shared.closed.cancelled());
    let mut pump = Pump::new(shared, inlet);
    poll_fn(|cx| pump.poll(cx, items.as_mut(), Some(closed.as_mut()))).await
}

/// A stream of what an iterator gives.
pub(super) fn iterate<I: Iterator>(items: I) -> Iter<I> {
    futures_util::stream::iter(items)
}

impl Registry {
    /// Feeds the stage of this type.
    pub(super) async fn feed_at<S, I>(&self, items: I) -> Result<usize, FeedError>
    where
        S: Stage,
        I: Stream,
        I::Item: IntoItem<S::Input>,
    {
        let inlet = self.inlet::<S>()?;
        feed(&self.shared, &*inlet, items).await
    }
}

impl TaskContext {
    /// Feeds items to a stage of the run that the task is part of, such as the links of a page that was fetched.
    ///
    /// The items get sequence numbers of their own and end like all others; a run that is being joined waits for them.
    /// Feeding the task's own stage or one before it does not wait for room in the queue, since the queue may be waiting
    /// for the task.
    ///
    /// Returns how many items were accepted.
    ///
    /// # Errors
    /// [`FeedError::UnknownStage`] if the pipeline has no stage `S`; [`FeedError::Closed`] if the run is over.
    ///
    /// # Cancel safety
    /// Dropped, it has fed some of the items. The rest was not taken from the iterator.
    ///
    /// ```
    /// use antflow::{TaskContext, pipeline, stage};
    ///
    /// #[stage]
    /// async fn visit(depth: u32, cx: &TaskContext) -> Result<u32, antflow::FeedError> {
    ///     if depth < 3 {
    ///         cx.feed_at::<visit>([depth + 1]).await?;
    ///     }
    ///     Ok(depth)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let results = pipeline!(visit).run([0]).await?;
    /// assert_eq!(results.len(), 4);
    /// # Ok(())
    /// # }
    /// ```
    pub fn feed_at<S: Stage>(
        &self,
        items: impl IntoIterator<Item: IntoItem<S::Input>, IntoIter: Send> + Send,
    ) -> impl Future<Output = Result<usize, FeedError>> + Send {
        let run = self
            .run
            .upgrade()
            .and_then(|run| Arc::downcast::<Registry>(run).ok());
        let items = iterate(items.into_iter());
        async move {
            match run {
                Some(run) => run.feed_at::<S, _>(items).await,
                None => Err(FeedError::Closed { fed: 0 }),
            }
        }
    }
}
