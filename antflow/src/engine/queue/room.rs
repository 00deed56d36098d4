use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::super::bell::{Bell, Caller};
use super::super::seat::Seat;
use super::super::sync::lock;
use super::Queue;

/// See [`Queue::room`]. Dropped, it leaves no trace: a wake-up that it has not used goes to another feeder.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Room<'a, T> {
    queue: &'a Queue<T>,
    seat: Option<&'a Arc<Seat>>,
    key: Option<u64>,
}

impl<'a, T> Room<'a, T> {
    pub(super) fn new(queue: &'a Queue<T>, seat: Option<&'a Arc<Seat>>) -> Self {
        Self {
            queue,
            seat,
            key: None,
        }
    }
}

impl<T> Future for Room<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut inner = lock(&this.queue.inner);
        if inner.closed || inner.room() > 0 {
            inner.feeders.leave(&mut this.key);
            return Poll::Ready(());
        }
        inner
            .feeders
            .enter(&mut this.key, Caller::new(this.seat, cx));
        Poll::Pending
    }
}

impl<T> Drop for Room<'_, T> {
    fn drop(&mut self) {
        if self.key.is_none() {
            return;
        }
        let mut bell = Bell::default();
        let mut inner = lock(&self.queue.inner);
        if inner.feeders.leave(&mut self.key) {
            inner.call_feeders(0, &mut bell);
        }
        drop(inner);
        bell.ring();
    }
}
