use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::coop::unconstrained;
use tokio_util::sync::PollSemaphore;

use super::error::FeedError;
use super::registry::Registry;
use crate::engine::core::Shared;
use crate::engine::envelope::Envelope;
use crate::engine::inlet::Inlet;
use crate::engine::queue::Closed;
use crate::engine::seat::current_stage;
use crate::engine::yield_now;
use crate::event::{Pending, is_delivering};
use crate::item::{IntoItem, Label, Tag};
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
    // Whoever works for the run at this stage or behind it may be what the queue waits for, and so may a callback that
    // the run waits for: they never wait for room.
    let own_stage = current_stage(shared);
    let may_wait = !is_delivering() && own_stage.is_none_or(|own| inlet.runtime().index > own);
    let mut items = pin!(items);
    let mut closed = pin!(shared.closed.cancelled());
    let (mut fed, mut next_turn) = (0, TURN);
    // A source that says it is empty is not made to wait for room that it does not need.
    while items.size_hint().1 != Some(0) {
        if may_wait {
            shared.observers.ready().await;
        }
        // Not by the budget of tokio, which may leave the task to a thread that is blocked meanwhile.
        if fed >= next_turn {
            yield_now().await;
            next_turn = fed + TURN;
        }
        let mut room: Option<Pending<'_>> = None;
        let taken = poll_fn(|cx| {
            // More than one only if they are there for sure: what was taken must not wait for what comes later.
            let sure = items.size_hint().0.clamp(1, BATCH);
            let reserved = loop {
                if !may_wait {
                    break None;
                }
                match inlet.try_reserve(sure) {
                    Ok(0) => {}
                    Ok(reserved) => break Some(reserved),
                    Err(Closed) => return Poll::Ready(Err(FeedError::Closed { fed })),
                }
                let waiting = room.get_or_insert_with(|| inlet.room(None));
                ready!(waiting.as_mut().poll(cx));
                room = None;
            };
            let places = Places {
                count: reserved.unwrap_or(sure),
                reserved: reserved.unwrap_or(0),
            };
            let Some(mut entry) = Entry::open(shared, inlet, places, own_stage.is_some()) else {
                return Poll::Ready(Err(FeedError::Closed { fed }));
            };
            for _ in 0..places.count {
                match items.as_mut().poll_next(cx) {
                    Poll::Ready(Some(item)) => entry.take(item),
                    Poll::Ready(None) => return Poll::Ready(Ok((entry.fill(), false))),
                    Poll::Pending if entry.taken.is_empty() => {
                        drop(entry);
                        // From within, the run may be closed to others and open to us.
                        if own_stage.is_none() {
                            ready!(closed.as_mut().poll(cx));
                            return Poll::Ready(Err(FeedError::Closed { fed }));
                        }
                        return Poll::Pending;
                    }
                    Poll::Pending => break,
                }
            }
            Poll::Ready(Ok((entry.fill(), true)))
        });
        let (taken, more) = taken.await?;
        fed += taken;
        if !more {
            break;
        }
    }
    Ok(fed)
}

/// How many items are fed at once.
const BATCH: usize = 32;
/// How many are fed before others have their turn.
const TURN: usize = 128;

/// How many items may be taken, and for how many of them room in the queue was set aside.
#[derive(Clone, Copy)]
struct Places {
    count: usize,
    reserved: usize,
}

/// Room in a queue and in the account, for as long as the source is asked for items. Dropped, it feeds those that were
/// taken, and gives the rest of the room back.
struct Entry<'a, T> {
    shared: &'a Shared,
    inlet: &'a dyn Inlet<T>,
    places: Places,
    taken: Vec<(T, Label)>,
}

impl<'a, T> Entry<'a, T> {
    /// None if the run is closed. The room must have been set aside.
    fn open(
        shared: &'a Shared,
        inlet: &'a dyn Inlet<T>,
        places: Places,
        within: bool,
    ) -> Option<Self> {
        let count = places.count as u64;
        if within {
            shared.accounting.accept_inside(count);
        } else if !shared.accounting.accept(count) {
            inlet.unreserve(places.reserved);
            return None;
        }
        Some(Self {
            shared,
            inlet,
            places,
            taken: Vec::new(),
        })
    }

    fn take(&mut self, item: impl IntoItem<T>) {
        let (value, label) = item.into_parts();
        self.shared.note_id(&label);
        self.taken.push((value, label));
    }

    /// Feeds what was taken, and says how much that was.
    fn fill(self) -> usize {
        self.taken.len()
    }
}

impl<T> Drop for Entry<'_, T> {
    fn drop(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        let unused = (self.places.count - taken.len()) as u64;
        if taken.is_empty() {
            self.inlet.unreserve(self.places.reserved);
        } else {
            let numbers = self.shared.number(taken.len() as u64)..;
            let envelopes = taken
                .into_iter()
                .zip(numbers)
                .map(|((value, label), number)| Envelope {
                    value,
                    tag: Tag::new(number, label),
                });
            self.inlet.fill(self.places.reserved, envelopes.collect());
        }
        if unused > 0 {
            self.shared.accounting.settle(unused);
        }
    }
}

/// A stream of what an iterator gives.
pub(super) fn iterate<I: Iterator>(items: I) -> impl Stream<Item = I::Item> {
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

/// A stream that keeps what was fed and not yet taken out below a bound.
pub(super) struct Windowed<S> {
    permits: PollSemaphore,
    permit: Option<OwnedSemaphorePermit>,
    items: Pin<Box<S>>,
}

impl<S: Stream> Windowed<S> {
    pub(super) fn new(items: S, permits: Arc<Semaphore>) -> Self {
        Self {
            permits: PollSemaphore::new(permits),
            permit: None,
            items: Box::pin(items),
        }
    }
}

impl<S: Stream> Stream for Windowed<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        if this.permit.is_none() {
            // The semaphore is never closed.
            let acquired = pin!(unconstrained(poll_fn(|cx| this.permits.poll_acquire(cx))));
            this.permit = ready!(acquired.poll(cx));
        }
        let item = ready!(this.items.as_mut().poll_next(cx));
        if item.is_some()
            && let Some(permit) = this.permit.take()
        {
            permit.forget();
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}
