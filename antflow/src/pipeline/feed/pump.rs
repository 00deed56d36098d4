use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio_util::sync::WaitForCancellationFuture;

use super::super::error::FeedError;
use super::entry::{Entry, Places};
use crate::engine::core::Shared;
use crate::engine::inlet::Inlet;
use crate::engine::queue::Closed;
use crate::engine::seat::current_stage;
use crate::event::{Pending, is_delivering};
use crate::item::IntoItem;

/// How many items are fed at once.
const BATCH: usize = 32;
/// How many are fed before others have their turn.
const TURN: usize = 128;

/// Where items of a stage come from, whatever type they have there.
pub(super) trait Supply<T> {
    /// How many items there will be, as far as is known.
    fn size(&self) -> (usize, Option<usize>);

    /// Moves up to `most` items over. False: there are no more.
    fn poll_move(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        entry: &mut Entry<'_, T>,
        most: usize,
    ) -> Poll<bool>;
}

/// A supply, whatever it is.
pub(super) type Supplied<'a, T> = Pin<&'a mut (dyn Supply<T> + 'a)>;

impl<T, S> Supply<T> for S
where
    S: Stream,
    S::Item: IntoItem<T>,
{
    fn size(&self) -> (usize, Option<usize>) {
        self.size_hint()
    }

    fn poll_move(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        entry: &mut Entry<'_, T>,
        most: usize,
    ) -> Poll<bool> {
        for _ in 0..most {
            match self.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => entry.take(item),
                Poll::Ready(None) => return Poll::Ready(false),
                Poll::Pending if entry.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready(true)
    }
}

/// Moves items from a supply into the queue of a stage.
///
/// A future by hand, which is given its supply when it is polled: so it is the same for all of them.
pub(super) struct Pump<'a, T> {
    shared: &'a Shared,
    inlet: &'a dyn Inlet<T>,
    /// Who feeds, known once it does.
    caller: Option<Caller>,
    fed: usize,
    next_turn: usize,
    step: Step<'a>,
}

/// Who feeds.
#[derive(Clone, Copy)]
struct Caller {
    /// It is a task of the run.
    is_within: bool,
    /// It can wait for room. Whoever works for the run at this stage or behind it may be what the queue waits for, and
    /// so may a callback that the run waits for: they never wait.
    may_wait: bool,
}

/// What a pump does next.
enum Step<'a> {
    Start,
    /// Wait for observers that cannot keep up.
    Observers(Pending<'a>),
    /// Let others have their turn, if it is time.
    Turn,
    /// Feed, once there is room.
    Move(Option<Pending<'a>>),
}

impl<'a, T> Pump<'a, T> {
    pub(super) fn new(shared: &'a Shared, inlet: &'a dyn Inlet<T>) -> Self {
        Self {
            shared,
            inlet,
            caller: None,
            fed: 0,
            next_turn: TURN,
            step: Step::Start,
        }
    }

    /// How many items were fed so far.
    pub(super) fn fed(&self) -> usize {
        self.fed
    }

    /// Moves all items, and says how many they were.
    ///
    /// `closed` resolves when the run accepts nothing any more, and is asked while the supply has nothing.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut supply: Supplied<'_, T>,
        mut closed: Option<Pin<&mut WaitForCancellationFuture<'_>>>,
    ) -> Poll<Result<usize, FeedError>> {
        let caller = self.caller();
        loop {
            match &mut self.step {
                Step::Start => {
                    // A supply that says it is empty is not made to wait for room that it does not need.
                    if supply.size().1 == Some(0) {
                        return Poll::Ready(Ok(self.fed));
                    }
                    let observers = &self.shared.observers;
                    self.step = if caller.may_wait && observers.are_overloaded() {
                        Step::Observers(Box::pin(observers.ready()))
                    } else {
                        Step::Turn
                    };
                }
                Step::Observers(ready) => {
                    ready!(ready.as_mut().poll(cx));
                    self.step = Step::Turn;
                }
                Step::Turn => {
                    self.step = Step::Move(None);
                    // Not by the budget of tokio, which may leave the task to a thread that is blocked meanwhile.
                    if self.fed >= self.next_turn {
                        self.next_turn = self.fed + TURN;
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                Step::Move(room) => {
                    let mut room = room.take();
                    // From within, the run may be closed to others and open to us.
                    let closed = closed.as_mut().filter(|_| !caller.is_within);
                    let closed = closed.map(Pin::as_mut);
                    let moved = self.poll_move(cx, caller, &mut room, supply.as_mut(), closed);
                    let Poll::Ready(moved) = moved else {
                        self.step = Step::Move(room);
                        return Poll::Pending;
                    };
                    self.step = Step::Start;
                    if !moved? {
                        return Poll::Ready(Ok(self.fed));
                    }
                }
            }
        }
    }

    fn caller(&mut self) -> Caller {
        *self.caller.get_or_insert_with(|| {
            let own = current_stage(self.shared);
            let at = self.inlet.runtime().index;
            Caller {
                is_within: own.is_some(),
                may_wait: !is_delivering() && own.is_none_or(|own| at > own),
            }
        })
    }

    /// Moves some items, and says whether there are more.
    fn poll_move(
        &mut self,
        cx: &mut Context<'_>,
        caller: Caller,
        room: &mut Option<Pending<'a>>,
        supply: Supplied<'_, T>,
        closed: Option<Pin<&mut WaitForCancellationFuture<'_>>>,
    ) -> Poll<Result<bool, FeedError>> {
        // More than one only if they are there for sure: what was taken must not wait for what comes later.
        let sure = supply.size().0.clamp(1, BATCH);
        let reserved = if caller.may_wait {
            Some(ready!(self.poll_reserve(cx, room, sure))?)
        } else {
            None
        };
        let places = Places {
            count: reserved.unwrap_or(sure),
            reserved: reserved.unwrap_or(0),
        };
        let Some(mut entry) = Entry::open(self.shared, self.inlet, places, caller.is_within) else {
            return Poll::Ready(Err(FeedError::Closed { fed: self.fed }));
        };
        match supply.poll_move(cx, &mut entry, places.count) {
            Poll::Ready(more) => {
                self.fed += entry.fill();
                Poll::Ready(Ok(more))
            }
            Poll::Pending => {
                drop(entry);
                let Some(closed) = closed else {
                    return Poll::Pending;
                };
                ready!(closed.poll(cx));
                Poll::Ready(Err(FeedError::Closed { fed: self.fed }))
            }
        }
    }

    /// Sets room aside for up to `most` items, once there is some.
    fn poll_reserve(
        &self,
        cx: &mut Context<'_>,
        room: &mut Option<Pending<'a>>,
        most: usize,
    ) -> Poll<Result<usize, FeedError>> {
        loop {
            match self.inlet.try_reserve(most) {
                Ok(0) => {}
                Ok(reserved) => return Poll::Ready(Ok(reserved)),
                Err(Closed) => return Poll::Ready(Err(FeedError::Closed { fed: self.fed })),
            }
            let waiting = room.get_or_insert_with(|| self.inlet.room(None));
            ready!(waiting.as_mut().poll(cx));
            *room = None;
        }
    }
}
