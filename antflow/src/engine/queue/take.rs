use super::super::bell::{Bell, Caller};
use super::super::sync::lock;
use super::{Arrival, Lanes, Queue, Source};

/// What a worker that asked for work got.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken<T> {
    /// An item, and its ticket if the stage has order or keys.
    Item {
        item: T,
        ticket: Option<u64>,
        /// How many more were passed on.
        rest: usize,
        /// Somebody waits who could go on now; see [`Queue::call`].
        calls: bool,
    },
    /// The source is the worker's, until it says [`pulled`](Queue::pulled).
    Source,
    /// There will be nothing more.
    Closed,
}

/// A worker's place among those that wait at a queue. Dropped, it leaves no trace: a wake-up that it has not used goes
/// to another worker.
#[derive(Debug)]
pub(crate) struct Taker<'a, T> {
    queue: &'a Queue<T>,
    key: Option<u64>,
}

impl<'a, T> Taker<'a, T> {
    pub(super) fn new(queue: &'a Queue<T>) -> Self {
        Self { queue, key: None }
    }

    /// Notes that the worker was woken with something of its own to do.
    pub(crate) fn forget(&mut self) {
        self.key = None;
    }

    /// Takes the next item, and passes up to `limit - 1` more to `rest`; `returned` of the places that were lent to the
    /// worker are free again. When they arrived is noted at the end of `arrivals`, in a queue that is timed. If there
    /// is nothing, `caller` is woken once there is, and then has to ask again.
    pub(crate) fn take(
        &mut self,
        limit: usize,
        returned: usize,
        arrivals: &mut Vec<Arrival>,
        rest: impl FnOnce(&mut Lanes<T>, usize) -> usize,
        caller: impl FnOnce() -> Caller,
    ) -> Option<Taken<T>> {
        let queue = self.queue;
        let mut inner = lock(&queue.inner);
        inner.lent -= returned;
        if inner.workers.leave(&mut self.key) {
            inner.coming = inner.coming.saturating_sub(1);
        }
        if let Source::Open { early } = inner.source
            && !inner.paused
            && inner.is_open()
            && (!inner.has_items() || early && inner.room() > inner.slack())
        {
            inner.source = Source::Busy;
            return Some(Taken::Source);
        }
        if !inner.paused
            && let Some((item, ticket)) = inner.pop()
        {
            let rest = inner.take_more(limit - 1, rest);
            inner.hand_over_arrivals(arrivals);
            inner.grasp = rest + 1;
            return Some(Taken::Item {
                item,
                ticket,
                rest,
                calls: inner.has_calls(),
            });
        }
        if inner.closed {
            return Some(Taken::Closed);
        }
        inner.workers.enter(&mut self.key, caller());
        if !inner.feeders.is_empty() {
            let mut bell = Bell::default();
            let slack = inner.slack();
            inner.call_feeders(slack, &mut bell);
            drop(inner);
            bell.ring();
        }
        None
    }
}

impl<T> Drop for Taker<'_, T> {
    fn drop(&mut self) {
        if self.key.is_none() {
            return;
        }
        let mut bell = Bell::default();
        let mut inner = lock(&self.queue.inner);
        if inner.workers.leave(&mut self.key) {
            inner.coming = inner.coming.saturating_sub(1);
            bell.extend(inner.worker_to_wake());
        }
        drop(inner);
        bell.ring();
    }
}
