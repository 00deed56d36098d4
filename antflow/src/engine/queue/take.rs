use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::super::bell::Bell;
use super::super::sync::lock;
use super::{Lanes, Queue, Source};

/// What a worker that asked for work got.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken<T> {
    /// An item, and its ticket if the stage is ordered.
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

/// See [`Queue::take`]. Dropped, it leaves no trace: a wake-up that it has not used goes to another worker.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Take<'a, T, F> {
    queue: &'a Queue<T>,
    key: Option<u64>,
    limit: usize,
    returned: usize,
    rest: F,
}

impl<'a, T, F> Take<'a, T, F> {
    pub(super) fn new(queue: &'a Queue<T>, limit: usize, returned: usize, rest: F) -> Self {
        Self {
            queue,
            key: None,
            limit,
            returned,
            rest,
        }
    }
}

impl<T, F> Future for Take<'_, T, F>
where
    F: FnMut(&mut Lanes<T>, usize) -> usize + Unpin,
{
    type Output = Taken<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let queue = this.queue;
        let mut inner = lock(&queue.inner);
        inner.lent -= std::mem::take(&mut this.returned);
        if inner.workers.leave(&mut this.key) {
            inner.coming = inner.coming.saturating_sub(1);
        }
        if let Source::Open { early } = inner.source
            && (!inner.has_items() || early && inner.room(queue.capacity) > queue.slack())
        {
            inner.source = Source::Busy;
            return Poll::Ready(Taken::Source);
        }
        if let Some((item, ticket)) = inner.pop() {
            let rest = inner.take_more(this.limit - 1, &mut this.rest);
            inner.grasp = rest + 1;
            return Poll::Ready(Taken::Item {
                item,
                ticket,
                rest,
                calls: inner.has_calls(queue.capacity, queue.slack()),
            });
        }
        if inner.closed {
            return Poll::Ready(Taken::Closed);
        }
        inner.workers.enter(&mut this.key, cx);
        let mut bell = Bell::default();
        inner.call_feeders(queue.capacity, queue.slack(), &mut bell);
        drop(inner);
        bell.ring();
        Poll::Pending
    }
}

impl<T, F> Drop for Take<'_, T, F> {
    fn drop(&mut self) {
        if self.key.is_none() && self.returned == 0 {
            return;
        }
        let mut bell = Bell::default();
        let mut inner = lock(&self.queue.inner);
        inner.lent -= self.returned;
        if inner.workers.leave(&mut self.key) {
            inner.coming = inner.coming.saturating_sub(1);
            bell.extend(inner.worker_to_wake());
        }
        drop(inner);
        bell.ring();
    }
}
