use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::attempt::AttemptSpan;

/// Polls and drops a future inside of a span, as `tracing::Instrument` does, without moving it.
///
/// It may be large, and it is pinned where it was made. The future is taken from there when it is done, or when this is
/// dropped.
pub(crate) struct Inside<'a, F> {
    future: Pin<&'a mut Option<F>>,
    span: Option<&'a AttemptSpan>,
}

impl<'a, F> Inside<'a, F> {
    pub(super) fn new(future: Pin<&'a mut Option<F>>, span: Option<&'a AttemptSpan>) -> Self {
        Self { future, span }
    }

    fn enter<T>(&mut self, call: impl FnOnce(Pin<&mut Option<F>>) -> T) -> T {
        let future = self.future.as_mut();
        match self.span {
            Some(span) => span.enter(|| call(future)),
            None => call(future),
        }
    }
}

impl<F: Future> Future for Inside<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.enter(|mut slot| {
            let future = slot.as_mut().as_pin_mut();
            let poll = future.expect("it is not polled once it is done").poll(cx);
            if poll.is_ready() {
                slot.set(None);
            }
            poll
        })
    }
}

impl<F> Drop for Inside<'_, F> {
    fn drop(&mut self) {
        if self.future.is_some() {
            self.enter(|mut slot| slot.set(None));
        }
    }
}
