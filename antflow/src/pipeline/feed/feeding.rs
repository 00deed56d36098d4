use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::Iter;

use super::super::error::FeedError;
use super::iterate;
use super::pump::{Pump, Supplied};
use crate::engine::core::Shared;
use crate::engine::inlet::Inlet;
use crate::item::IntoItem;

/// Feeds the items of an iterator `I` to a stage that takes `T`.
///
/// Made by [`Handle::feed`](crate::Handle::feed). Awaited, it gives how many items were accepted.
///
/// # Cancel safety
/// Dropped, it has fed some of the items. The rest was not taken from the iterator.
#[must_use = "nothing is fed before it is awaited"]
pub struct Feeding<'a, I, T> {
    items: Iter<I>,
    /// The items as what the stage takes. That they are it is known since this was made, and asked of no type here:
    /// what is not would be an error of the compiler again where this is awaited.
    supply: for<'b> fn(Pin<&'b mut Iter<I>>) -> Supplied<'b, T>,
    pump: Pump<'a, T>,
}

impl<'a, I, T> Feeding<'a, I, T>
where
    I: Iterator<Item: IntoItem<T>>,
{
    pub(in super::super) fn new(shared: &'a Shared, inlet: &'a dyn Inlet<T>, items: I) -> Self {
        Self {
            items: iterate(items),
            supply: |items| items,
            pump: Pump::new(shared, inlet),
        }
    }
}

impl<I, T> Future for Feeding<'_, I, T> {
    type Output = Result<usize, FeedError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let supply = (this.supply)(Pin::new(&mut this.items));
        // An iterator is never without its next item, so that nothing else has to be waited for meanwhile.
        this.pump.poll(cx, supply, None)
    }
}

impl<I, T> fmt::Debug for Feeding<'_, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeding")
            .field("fed", &self.pump.fed())
            .finish_non_exhaustive()
    }
}
