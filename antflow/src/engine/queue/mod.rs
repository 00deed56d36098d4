use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_utils::CachePadded;

use super::bell::Bell;
use super::seat::Seat;
use super::sync::{Mutex, lock};
use crate::clock::Moment;
use crate::item::DEFAULT_PRIORITY;
pub(crate) use inner::Tickets;
use inner::{Inner, Source};
use wait_list::Wake;

mod inner;
mod lanes;
mod room;
mod take;
mod wait_list;

pub(crate) use lanes::{Arrival, Lanes};
pub(crate) use room::Room;
pub(crate) use take::{Taken, Taker};
pub(crate) use wait_list::WaitList;

/// A bounded queue in front of a stage: any number of feeders, any number of workers, priorities.
///
/// One lock guards everything; nobody is called while it is held. Feeders wait for room, workers for items. Whoever
/// changes something collects in a [`Bell`] whom to wake, and rings it when that suits: one worker at a time, who calls
/// the next one when there is more than he takes. What comes back for another attempt is let in whatever the capacity,
/// so that no worker ever waits for a queue that only it could empty.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    inner: CachePadded<Mutex<Inner<T>>>,
}

/// What a queue holds.
pub(crate) trait Queued {
    /// Lower goes first.
    fn priority(&self) -> i32;

    /// Notes that it is taken in.
    fn enter(&mut self);
}

/// Why an item was not taken in; it is given back.
#[derive(Debug, PartialEq, Eq)]
pub enum PushError<T> {
    Full(T),
    Closed(T),
}

/// The queue takes nothing in any more.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed;

/// What is left to do for a worker that has taken something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Somebody waits who could go on now; see [`Queue::call`].
    pub(crate) calls: bool,
    pub(crate) closed: bool,
}

impl<T> Queue<T> {
    /// A queue for `capacity` items, that hands out such tickets; `timed` lets it note when items arrive.
    pub(crate) fn new(capacity: usize, tickets: Option<Tickets>, timed: bool) -> Self {
        Self {
            inner: CachePadded::new(Mutex::new(Inner {
                capacity,
                fresh: Lanes::new(timed),
                again: Lanes::new(timed),
                reserved: 0,
                lent: 0,
                source: Source::None,
                closed: false,
                paused: false,
                workers: WaitList::default(),
                coming: 0,
                grasp: 1,
                feeders: WaitList::default(),
                overtaken: 0,
                tickets,
            })),
        }
    }

    /// Takes an item in if there is room.
    pub(crate) fn try_push(&self, mut item: T, bell: &mut Bell<'_>) -> Result<(), PushError<T>>
    where
        T: Queued,
    {
        let mut inner = lock(&self.inner);
        if inner.closed {
            return Err(PushError::Closed(item));
        }
        if inner.room() == 0 {
            return Err(PushError::Full(item));
        }
        item.enter();
        inner.fresh.push(item.priority(), item);
        inner.note_taken_in();
        if bell.is_muted() {
            bell.owe(inner.has_calls());
        } else {
            bell.extend(inner.worker_to_wake());
        }
        Ok(())
    }

    /// Sets room aside for up to `most` items. 0 if there is none.
    pub(crate) fn try_reserve(&self, most: usize) -> Result<usize, Closed> {
        let mut inner = lock(&self.inner);
        if inner.closed {
            return Err(Closed);
        }
        let reserved = inner.room().min(most);
        inner.reserved += reserved;
        Ok(reserved)
    }

    /// Gives room back that was set aside.
    pub(crate) fn unreserve(&self, count: usize, bell: &mut Bell<'_>) {
        let mut inner = lock(&self.inner);
        inner.reserved -= count;
        inner.call_feeders(0, bell);
    }

    /// Takes in items for which room was set aside, or which go in whatever the capacity, and gives the rest of the
    /// room back. Closed: leaves the items where they are.
    ///
    /// If nothing is queued and a worker waits that takes so many at once, `lay` may give them to that one directly.
    pub(crate) fn fill(
        &self,
        reserved: usize,
        items: &mut VecDeque<T>,
        lay: impl FnOnce(usize, &mut VecDeque<T>) -> bool,
        bell: &mut Bell<'_>,
    ) where
        T: Queued,
    {
        let mut plain = true;
        for item in &mut *items {
            item.enter();
            plain &= item.priority() == DEFAULT_PRIORITY;
        }
        let mut inner = lock(&self.inner);
        inner.reserved -= reserved;
        if !inner.closed {
            let count = items.len();
            match inner.waiter_for(count) {
                Some(worker) if plain && lay(worker, items) => {
                    inner.lent += count - 1;
                    bell.extend(inner.workers.next(Wake::Newest));
                }
                _ => {
                    inner.fresh.append(items, plain);
                    bell.extend(inner.worker_to_wake());
                }
            }
        }
        inner.call_feeders(0, bell);
    }

    /// Takes an item in whatever the capacity, with the ticket that it was given. Only a closed queue gives it back.
    pub(crate) fn push_again(
        &self,
        priority: i32,
        item: T,
        ticket: Option<u64>,
        bell: &mut Bell<'_>,
    ) -> Result<(), T> {
        let mut inner = lock(&self.inner);
        if inner.closed {
            return Err(item);
        }
        match ticket {
            Some(ticket) => inner.push_again(priority, item, ticket, Moment::now()),
            None => inner.fresh.push(priority, item),
        }
        bell.extend(inner.worker_to_wake());
        Ok(())
    }

    /// Counts an item as one that waits here, which is kept elsewhere until it is [brought back](Self::bring_back).
    pub(crate) fn lend_one(&self) {
        lock(&self.inner).lent += 1;
    }

    /// Takes an item back that was kept elsewhere since then, with its ticket. Only a closed queue gives it back.
    pub(crate) fn bring_back(
        &self,
        item: T,
        ticket: u64,
        since: Moment,
        bell: &mut Bell<'_>,
    ) -> Result<(), T>
    where
        T: Queued,
    {
        let mut inner = lock(&self.inner);
        inner.lent -= 1;
        if inner.closed {
            return Err(item);
        }
        inner.push_again(item.priority(), item, ticket, since);
        bell.extend(inner.worker_to_wake());
        Ok(())
    }

    /// Takes back what a worker took and has not begun, to where it was, and `lent` places with it.
    /// Closed: gives the items back.
    #[must_use]
    pub(crate) fn give_back(
        &self,
        lent: usize,
        items: impl DoubleEndedIterator<Item = (i32, T)>,
        bell: &mut Bell<'_>,
    ) -> Vec<T> {
        let mut inner = lock(&self.inner);
        inner.lent -= lent;
        if inner.closed {
            return items.map(|(_, item)| item).collect();
        }
        for (priority, item) in items.rev() {
            inner.fresh.push_front(priority, item);
        }
        bell.extend(inner.worker_to_wake());
        let slack = inner.slack();
        inner.call_feeders(slack, bell);
        Vec::new()
    }

    /// Wakes who can go on: a worker if there is something for one, feeders if there is room.
    ///
    /// `again` wakes another worker also if one was woken and has not come, as it may be held up.
    pub(crate) fn call(&self, again: bool, bell: &mut Bell<'_>) {
        let mut inner = lock(&self.inner);
        if again {
            inner.coming = 0;
        }
        bell.extend(inner.worker_to_wake());
        let slack = inner.slack();
        inner.call_feeders(slack, bell);
    }

    /// Gives nothing out until this is said again with `false`, and says so by the flag. What workers have taken by
    /// then is theirs.
    pub(crate) fn pause(&self, paused: bool, flag: &AtomicBool, bell: &mut Bell<'_>) {
        let mut inner = lock(&self.inner);
        inner.paused = paused;
        flag.store(paused, Ordering::Relaxed);
        bell.extend(inner.worker_to_wake());
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.inner).closed
    }

    /// Wakes all workers that wait, so that each sees whether it is to go on.
    pub(crate) fn wake_workers(&self, bell: &mut Bell<'_>) {
        let mut inner = lock(&self.inner);
        bell.extend(inner.workers.all());
        // They come back whether or not there is something for them.
        inner.coming = 0;
    }

    /// Whether somebody waits who could go on.
    pub(crate) fn has_calls(&self) -> bool {
        lock(&self.inner).has_calls()
    }

    /// Lets workers that find nothing in the queue take from the source. False if the queue is closed.
    pub(crate) fn attach(&self, bell: &mut Bell<'_>) -> bool {
        let mut inner = lock(&self.inner);
        if inner.closed {
            return false;
        }
        inner.source = Source::Open { early: false };
        bell.extend(inner.worker_to_wake());
        true
    }

    /// Says that the worker who was at the source has left it, with `lent` items beyond the one it works on.
    pub(crate) fn pulled(&self, lent: usize, more: bool, early: bool) -> Left {
        let mut inner = lock(&self.inner);
        inner.lent += lent;
        inner.source = if more && !inner.closed {
            Source::Open { early }
        } else {
            Source::None
        };
        Left {
            calls: inner.has_calls(),
            closed: inner.closed,
        }
    }

    /// How many items fit in now.
    pub(crate) fn space(&self) -> usize {
        lock(&self.inner).room()
    }

    /// Resolves when there may be room, or the queue is closed.
    pub(crate) fn room<'a>(&'a self, seat: Option<&'a Arc<Seat>>) -> Room<'a, T> {
        Room::new(self, seat)
    }

    /// A place for a worker to take items from.
    pub(crate) fn taker(&self) -> Taker<'_, T> {
        Taker::new(self)
    }

    /// Passes up to `most` items on, of those that need no ticket, and says how many there were.
    pub(crate) fn take_more(
        &self,
        most: usize,
        arrivals: &mut Vec<Arrival>,
        rest: impl FnOnce(&mut Lanes<T>, usize) -> usize,
    ) -> usize {
        let mut inner = lock(&self.inner);
        let count = inner.take_more(most, rest);
        inner.hand_over_arrivals(arrivals);
        count
    }

    /// Says that all tickets before `head` have left the stage.
    pub(crate) fn advance(&self, head: u64, bell: &mut Bell<'_>) {
        let mut inner = lock(&self.inner);
        let Some(tickets) = &mut inner.tickets else {
            return;
        };
        tickets.head = head;
        bell.extend(inner.worker_to_wake());
    }

    /// Takes nothing in any more, wakes everybody, and gives back what was waiting.
    pub(crate) fn close(&self) -> Vec<T> {
        let mut inner = lock(&self.inner);
        inner.closed = true;
        let again = std::iter::from_fn(|| inner.again.pop());
        let mut left: Vec<_> = again.map(|(item, _)| item).collect();
        left.extend(std::iter::from_fn(|| inner.fresh.pop()));
        let callers: Vec<_> = inner.workers.all().chain(inner.feeders.all()).collect();
        drop(inner);
        for caller in callers {
            caller.wake();
        }
        left
    }
}
