use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::lanes::Lanes;
use super::sync::{Mutex, lock};
use super::wait_list::{WaitList, Wake};

/// A bounded queue in front of a stage: any number of feeders, any number of workers, priorities.
///
/// One lock guards everything; nobody is called while it is held. Feeders wait for room, workers for items, and each
/// change wakes as many as can use it. What comes back for another attempt is let in whatever the capacity, so that no
/// worker ever waits for a queue that only it could empty.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    capacity: usize,
    inner: Mutex<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    fresh: Lanes<T>,
    /// What came back, in an ordered stage: it goes first, being what the others wait for.
    again: VecDeque<T>,
    reserved: usize,
    closed: bool,
    workers: WaitList,
    feeders: WaitList,
    tickets: Option<Tickets>,
}

/// The places in the order in which items entered an ordered stage.
#[derive(Debug)]
struct Tickets {
    next: u64,
    /// The first ticket that has not left the stage.
    head: u64,
    /// How many may be between the two, which bounds what waits behind a slow item.
    window: u64,
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

/// An item that a worker took, and its ticket if the stage is ordered and it is the item's first time.
pub(crate) type Popped<T> = (T, Option<u64>);

impl<T> Queue<T> {
    /// A queue for `capacity` items; `window` makes it hand out tickets.
    pub(crate) fn new(capacity: usize, window: Option<usize>) -> Self {
        let tickets = window.map(|window| Tickets {
            next: 0,
            head: 0,
            window: window as u64,
        });
        Self {
            capacity,
            inner: Mutex::new(Inner {
                fresh: Lanes::default(),
                again: VecDeque::new(),
                reserved: 0,
                closed: false,
                workers: WaitList::default(),
                feeders: WaitList::default(),
                tickets,
            }),
        }
    }

    pub(crate) fn len(&self) -> usize {
        let inner = lock(&self.inner);
        inner.fresh.len() + inner.again.len()
    }

    /// Takes an item in if there is room: `wrap` makes the entry of it then.
    pub(crate) fn try_push<U>(
        &self,
        priority: i32,
        item: U,
        wrap: impl FnOnce(U) -> T,
    ) -> Result<(), PushError<U>> {
        let mut inner = lock(&self.inner);
        if inner.closed {
            return Err(PushError::Closed(item));
        }
        if inner.room(self.capacity) == 0 {
            return Err(PushError::Full(item));
        }
        inner.fresh.push(priority, wrap(item));
        let waker = inner.worker_to_wake();
        drop(inner);
        wake(waker);
        Ok(())
    }

    /// Sets room aside for up to `most` items. 0 if there is none.
    pub(crate) fn try_reserve(&self, most: usize) -> Result<usize, Closed> {
        let mut inner = lock(&self.inner);
        if inner.closed {
            return Err(Closed);
        }
        let reserved = inner.room(self.capacity).min(most);
        inner.reserved += reserved;
        Ok(reserved)
    }

    /// Gives room back that was set aside.
    pub(crate) fn unreserve(&self, count: usize) {
        let mut inner = lock(&self.inner);
        inner.reserved -= count;
        let wakers = inner.feeders_to_wake(self.capacity, 0);
        drop(inner);
        wake(wakers);
    }

    /// Takes in items for which room was set aside, and gives the rest of the room back. Closed: gives the items back.
    pub(crate) fn fill(
        &self,
        reserved: usize,
        items: impl IntoIterator<Item = (i32, T)>,
    ) -> Vec<T> {
        let mut inner = lock(&self.inner);
        inner.reserved -= reserved;
        let mut wakers = Vec::new();
        let mut refused = Vec::new();
        for (priority, item) in items {
            if inner.closed {
                refused.push(item);
            } else {
                inner.fresh.push(priority, item);
                wakers.extend(inner.worker_to_wake());
            }
        }
        wakers.extend(inner.feeders_to_wake(self.capacity, 0));
        drop(inner);
        wake(wakers);
        refused
    }

    /// Takes an item in whatever the capacity. Only a closed queue gives it back.
    pub(crate) fn push_again(&self, priority: i32, item: T) -> Result<(), T> {
        let mut inner = lock(&self.inner);
        if inner.closed {
            return Err(item);
        }
        if inner.tickets.is_some() {
            inner.again.push_back(item);
        } else {
            inner.fresh.push(priority, item);
        }
        let waker = inner.worker_to_wake();
        drop(inner);
        wake(waker);
        Ok(())
    }

    /// Resolves when there may be room, or the queue is closed.
    pub(crate) fn room(&self) -> Room<'_, T> {
        Room {
            queue: self,
            key: None,
        }
    }

    /// Resolves to the next item; to none when the queue is closed.
    pub(crate) fn pop(&self) -> Pop<'_, T> {
        Pop {
            queue: self,
            key: None,
        }
    }

    /// Says that all tickets before `head` have left the stage.
    pub(crate) fn advance(&self, head: u64) {
        let mut inner = lock(&self.inner);
        let Some(tickets) = &mut inner.tickets else {
            return;
        };
        let passed = head - tickets.head;
        tickets.head = head;
        let count = passed.min(inner.fresh.len() as u64);
        let wakers: Vec<_> = (0..count)
            .map_while(|_| inner.workers.next(Wake::Newest))
            .collect();
        drop(inner);
        wake(wakers);
    }

    /// Takes nothing in any more, wakes everybody, and gives back what was waiting.
    pub(crate) fn close(&self) -> Vec<T> {
        let mut inner = lock(&self.inner);
        inner.closed = true;
        let mut left: Vec<_> = inner.again.drain(..).collect();
        left.extend(std::iter::from_fn(|| inner.fresh.pop()));
        let wakers: Vec<_> = inner.workers.all().chain(inner.feeders.all()).collect();
        drop(inner);
        wake(wakers);
        left
    }
}

impl<T> Inner<T> {
    fn room(&self, capacity: usize) -> usize {
        capacity.saturating_sub(self.fresh.len() + self.again.len() + self.reserved)
    }

    fn take(&mut self) -> Option<Popped<T>> {
        if let Some(item) = self.again.pop_front() {
            return Some((item, None));
        }
        let Some(tickets) = &mut self.tickets else {
            return self.fresh.pop().map(|item| (item, None));
        };
        if tickets.next - tickets.head >= tickets.window {
            return None;
        }
        let item = self.fresh.pop()?;
        tickets.next += 1;
        Some((item, Some(tickets.next - 1)))
    }

    /// Whether a worker that is woken now finds something.
    fn has_work(&self) -> bool {
        let open = |tickets: &Tickets| tickets.next - tickets.head < tickets.window;
        !self.again.is_empty() || (self.fresh.len() > 0 && self.tickets.as_ref().is_none_or(open))
    }

    fn worker_to_wake(&mut self) -> Option<Waker> {
        if self.has_work() {
            self.workers.next(Wake::Newest)
        } else {
            None
        }
    }

    /// As many feeders as there is room for, once there is more of it than `slack`.
    fn feeders_to_wake(&mut self, capacity: usize, slack: usize) -> Vec<Waker> {
        let room = self.room(capacity);
        if self.feeders.is_empty() || room <= slack {
            return Vec::new();
        }
        (0..room)
            .map_while(|_| self.feeders.next(Wake::Oldest))
            .collect()
    }
}

fn wake(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        waker.wake();
    }
}

/// See [`Queue::pop`]. Dropped, it leaves no trace: a wake-up that it has not used goes to another worker.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Pop<'a, T> {
    queue: &'a Queue<T>,
    key: Option<u64>,
}

impl<T> Future for Pop<'_, T> {
    type Output = Option<Popped<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut inner = lock(&this.queue.inner);
        if let Some(popped) = inner.take() {
            inner.workers.leave(&mut this.key);
            // Feeders sleep until the queue is half empty: fewer wake-ups, more to do for each.
            let wakers = inner.feeders_to_wake(this.queue.capacity, (this.queue.capacity - 1) / 2);
            drop(inner);
            wake(wakers);
            return Poll::Ready(Some(popped));
        }
        if inner.closed {
            this.key = None;
            return Poll::Ready(None);
        }
        inner.workers.enter(&mut this.key, cx);
        Poll::Pending
    }
}

impl<T> Drop for Pop<'_, T> {
    fn drop(&mut self) {
        if self.key.is_none() {
            return;
        }
        let mut inner = lock(&self.queue.inner);
        let woken = inner.workers.leave(&mut self.key);
        let waker = if woken { inner.worker_to_wake() } else { None };
        drop(inner);
        wake(waker);
    }
}

/// See [`Queue::room`]. Dropped, it leaves no trace: a wake-up that it has not used goes to another feeder.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Room<'a, T> {
    queue: &'a Queue<T>,
    key: Option<u64>,
}

impl<T> Future for Room<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut inner = lock(&this.queue.inner);
        if inner.closed || inner.room(this.queue.capacity) > 0 {
            inner.feeders.leave(&mut this.key);
            return Poll::Ready(());
        }
        inner.feeders.enter(&mut this.key, cx);
        Poll::Pending
    }
}

impl<T> Drop for Room<'_, T> {
    fn drop(&mut self) {
        if self.key.is_none() {
            return;
        }
        let mut inner = lock(&self.queue.inner);
        let woken = inner.feeders.leave(&mut self.key);
        let wakers = if woken {
            inner.feeders_to_wake(self.queue.capacity, 0)
        } else {
            Vec::new()
        };
        drop(inner);
        wake(wakers);
    }
}
