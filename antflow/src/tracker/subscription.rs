use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender};
use tokio_util::sync::ReusableBoxFuture;

/// The events of the runs that start from now on, as a stream; made by
/// [`StatusTracker::subscribe`](super::StatusTracker::subscribe).
///
/// It never slows a run down: whoever does not keep up misses the oldest events, which are counted. The stream ends when
/// the last clone of the tracker is gone, also the one that a pipeline has. Who reads the events of one run in a task of
/// its own lets that task end with [`RunView::ended`](crate::RunView::ended), or drops the tracker after the run.
pub struct Subscription<E> {
    next: ReusableBoxFuture<'static, (Result<E, RecvError>, Receiver<E>)>,
    missed: u64,
}

impl<E: Clone + Send + 'static> Subscription<E> {
    pub(super) fn new(events: &Sender<E>) -> Self {
        Self {
            next: ReusableBoxFuture::new(receive(events.subscribe())),
            missed: 0,
        }
    }

    /// The next event; none once the tracker is gone.
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing.
    pub async fn next(&mut self) -> Option<E> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// How many events were missed, because too many waited.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

async fn receive<E: Clone>(mut events: Receiver<E>) -> (Result<E, RecvError>, Receiver<E>) {
    (events.recv().await, events)
}

impl<E: Clone + Send + 'static> Stream for Subscription<E> {
    type Item = E;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<E>> {
        loop {
            let (received, events) = ready!(self.next.poll(cx));
            self.next.set(receive(events));
            match received {
                Ok(event) => return Poll::Ready(Some(event)),
                Err(RecvError::Lagged(missed)) => self.missed += missed,
                Err(RecvError::Closed) => return Poll::Ready(None),
            }
        }
    }
}

impl<E> fmt::Debug for Subscription<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}
