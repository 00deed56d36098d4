use futures_core::Stream;

use super::super::error::FeedError;
use super::super::feed::{Feeding, feed, iterate};
use super::Handle;
use crate::engine::source::Items;
use crate::item::IntoItem;
use crate::stage::Stage;

/// The ways in.
impl<In: Send + 'static, Out: Send + 'static> Handle<In, Out> {
    /// Feeds items to the first stage, waiting while its queue is full, and returns how many were accepted.
    ///
    /// From inside a task of this run it does not wait for room in the queue of the task's own stage or an earlier one.
    ///
    /// # Errors
    /// [`FeedError::Closed`] once the run is being ended; what was not accepted was not taken from the iterator.
    ///
    /// # Cancel safety
    /// Dropped, it has fed some of the items. The rest was not taken from the iterator.
    pub fn feed<I>(&self, items: I) -> Feeding<'_, I::IntoIter, In>
    where
        I: IntoIterator<Item: IntoItem<In>>,
    {
        Feeding::new(&self.core.shared, &*self.head, items.into_iter())
    }

    /// Feeds what an async stream gives; see [`feed`](Self::feed).
    ///
    /// # Errors
    /// As [`feed`](Self::feed).
    ///
    /// # Cancel safety
    /// As [`feed`](Self::feed).
    pub async fn feed_stream<I>(&self, items: I) -> Result<usize, FeedError>
    where
        I: Stream<Item: IntoItem<In>>,
    {
        feed(&self.core.shared, &*self.head, items).await
    }

    /// Feeds items to the first stage of type `S`, past all stages before it: to resume work that was done in part.
    ///
    /// # Errors
    /// As [`feed`](Self::feed); [`FeedError::UnknownStage`] if the pipeline has no stage `S`.
    ///
    /// # Cancel safety
    /// As [`feed`](Self::feed).
    pub async fn feed_at<S: Stage>(
        &self,
        items: impl IntoIterator<Item: IntoItem<S::Input>>,
    ) -> Result<usize, FeedError> {
        self.registry
            .feed_at::<S, _>(iterate(items.into_iter()))
            .await
    }

    /// Feeds what an async stream gives to the first stage of type `S`; see [`feed_at`](Self::feed_at).
    ///
    /// # Errors
    /// As [`feed_at`](Self::feed_at).
    ///
    /// # Cancel safety
    /// As [`feed`](Self::feed).
    pub async fn feed_stream_at<S: Stage>(
        &self,
        items: impl Stream<Item: IntoItem<S::Input>>,
    ) -> Result<usize, FeedError> {
        self.registry.feed_at::<S, _>(items).await
    }

    /// Lets the workers of the first stage take items from here whenever nothing is queued for them.
    ///
    /// The run does not end before the source does.
    pub(in super::super) fn feed_lazily<I>(&self, items: I)
    where
        I: Iterator<Item: IntoItem<In>> + Send + 'static,
    {
        let shared = &self.core.shared;
        // The source counts as an item until it ends; refused only if the run was shut down.
        if shared.accounting.accept(1) {
            self.head.attach(Box::new(Items::new(items)));
        }
    }
}
