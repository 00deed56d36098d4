use std::fmt;
use std::sync::Weak;

use super::error::FeedError;
use super::feed::{feed, iterate};
use super::registry::Registry;
use crate::engine::inlet::Inlet;
use crate::item::IntoItem;
use crate::stage::Stage;

/// Feeds a run that somebody else holds. Made by [`Handle::feeder`](super::Handle::feeder), cheap to clone.
pub struct Feeder<In> {
    pub(super) registry: Weak<Registry>,
    pub(super) head: Weak<dyn Inlet<In>>,
}

impl<In: Send + 'static> Feeder<In> {
    /// Feeds items to the first stage; see [`Handle::feed`](super::Handle::feed).
    ///
    /// # Errors
    /// [`FeedError::Closed`] once the run is being ended or its handle was dropped.
    ///
    /// # Cancel safety
    /// Dropped, it has fed some of the items. The rest was not taken from the iterator.
    pub async fn feed<I>(&self, items: I) -> Result<usize, FeedError>
    where
        I: IntoIterator<Item: IntoItem<In>>,
    {
        match (self.registry.upgrade(), self.head.upgrade()) {
            (Some(registry), Some(head)) => {
                feed(&registry.shared, &*head, iterate(items.into_iter())).await
            }
            _ => Err(FeedError::Closed { fed: 0 }),
        }
    }

    /// Feeds items to the first stage of type `S`; see [`Handle::feed_at`](super::Handle::feed_at).
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
        match self.registry.upgrade() {
            Some(registry) => registry.feed_at::<S, _>(iterate(items.into_iter())).await,
            None => Err(FeedError::Closed { fed: 0 }),
        }
    }
}

impl<In> Clone for Feeder<In> {
    fn clone(&self) -> Self {
        Self {
            registry: Weak::clone(&self.registry),
            head: Weak::clone(&self.head),
        }
    }
}

impl<In> fmt::Debug for Feeder<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeder").finish_non_exhaustive()
    }
}
