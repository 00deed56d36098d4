use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::coop::unconstrained;
use tokio_util::sync::PollSemaphore;

/// A stream that keeps what was fed and not yet taken out below a bound.
pub(in super::super) struct Windowed<S> {
    permits: PollSemaphore,
    permit: Option<OwnedSemaphorePermit>,
    items: Pin<Box<S>>,
}

impl<S: Stream> Windowed<S> {
    pub(in super::super) fn new(items: S, permits: Arc<Semaphore>) -> Self {
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
