use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};

use super::Seat;

/// How many workers a task polls in place of its own before others have their turn.
const ROUNDS: usize = 16;

/// The task of a worker: polls it, and whoever it leaves something to when it comes to wait.
pub(crate) struct Drive {
    seat: Arc<Seat>,
    /// Which one it is of the drivers of the seat.
    number: usize,
    /// Whether the seat knows how to wake it.
    seated: bool,
}

impl Drive {
    pub(crate) fn new(seat: Arc<Seat>, number: usize) -> Self {
        Self {
            seat,
            number,
            seated: false,
        }
    }
}

impl Future for Drive {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        // A task has the same waker all its life.
        this.seated = if this.seated {
            this.seat.is_driver(this.number)
        } else {
            this.seat.seat_driver(this.number, cx.waker())
        };
        if !this.seated {
            return Poll::Ready(());
        }
        let _errand = Errand::begin();
        if this.seat.poll() {
            return Poll::Ready(());
        }
        if let Some(first) = next_errand() {
            run_errands(first);
            // That may have taken long enough for the worker to be given another task.
            if !this.seat.is_driver(this.number) {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        if self.seat.is_driver(self.number) {
            self.seat.vacate();
        }
    }
}

/// Polls who was left to this task. Its own worker waits meanwhile.
fn run_errands(first: Arc<Seat>) {
    let mut next = first;
    for _ in 0..ROUNDS {
        next.poll();
        match next_errand() {
            Some(another) => next = another,
            None => return,
        }
    }
    next.wake();
}

/// Whom a task that polls a worker is to poll next.
enum Next {
    /// The thread polls no worker.
    None,
    Free,
    /// Nobody: somebody was woken who may have to wait for this thread.
    Closed,
    Taken(Arc<Seat>),
}

thread_local! {
    static NEXT: Cell<Next> = const { Cell::new(Next::None) };
}

/// The time in which a task polls workers; afterwards the thread is as it was.
struct Errand(Next);

impl Errand {
    fn begin() -> Self {
        Self(NEXT.replace(Next::Free))
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        let before = std::mem::replace(&mut self.0, Next::None);
        if let Next::Taken(seat) = NEXT.replace(before) {
            seat.wake();
        }
    }
}

/// Who was left to the task that this thread runs.
fn next_errand() -> Option<Arc<Seat>> {
    match NEXT.replace(Next::Free) {
        Next::Taken(seat) => Some(seat),
        other => {
            NEXT.set(other);
            None
        }
    }
}

/// Leaves a worker to the task that polls the one that calls this, which must be about to wait. Given back if there is
/// none, or it has somebody else to poll already.
pub(crate) fn leave_to_task(seat: Arc<Seat>) -> Result<(), Arc<Seat>> {
    match NEXT.replace(Next::None) {
        Next::Free => {
            NEXT.set(Next::Taken(seat));
            Ok(())
        }
        other => {
            NEXT.set(other);
            Err(seat)
        }
    }
}

/// Notes that a task was woken. It may be one that this thread alone can run, so nobody is polled before that.
pub(crate) fn note_wake() {
    match NEXT.replace(Next::None) {
        Next::Free => NEXT.set(Next::Closed),
        Next::Taken(seat) => {
            NEXT.set(Next::Closed);
            seat.wake();
        }
        other => NEXT.set(other),
    }
}
