use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use super::seat::{Seat, leave_to_task, note_wake};

/// Who waits for something.
#[derive(Debug)]
pub(crate) enum Caller {
    Worker(Arc<Seat>),
    Task(Waker),
}

impl Caller {
    /// The worker of this seat, else the task that polls.
    pub(crate) fn new(seat: Option<&Arc<Seat>>, cx: &Context<'_>) -> Self {
        match seat {
            Some(seat) => Self::Worker(Arc::clone(seat)),
            None => Self::Task(cx.waker().clone()),
        }
    }

    pub(crate) fn wake(self) {
        match self {
            Self::Worker(seat) => seat.wake(),
            Self::Task(waker) => {
                note_wake();
                waker.wake();
            }
        }
    }
}

/// Whom to wake, once no lock is held any more.
#[derive(Debug, Default)]
pub struct Bell<'a> {
    callers: Vec<Caller>,
    /// Where to note that somebody is to be woken later, instead of now.
    owed: Option<&'a AtomicBool>,
}

impl<'a> Bell<'a> {
    /// Puts the calls of an item off: `owed` says whether there is one.
    pub(crate) fn mute(&mut self, owed: Option<&'a AtomicBool>) {
        self.owed = owed;
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.owed.is_some()
    }

    pub(crate) fn owe(&self, call: bool) {
        if let Some(owed) = self.owed
            && call
        {
            owed.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.callers.is_empty()
    }

    pub(crate) fn extend(&mut self, callers: impl IntoIterator<Item = Caller>) {
        self.callers.extend(callers);
    }

    /// Wakes them all. Returns whether there was anybody.
    #[inline]
    pub(crate) fn ring(&mut self) -> bool {
        if self.callers.is_empty() {
            return false;
        }
        while let Some(caller) = self.callers.pop() {
            caller.wake();
        }
        true
    }

    /// As [`ring`](Self::ring), by a worker that is about to wait: its task goes on with the one that is farthest
    /// behind it, unless that one is slow.
    pub(crate) fn ring_and_wait(&mut self) {
        let mut next: Option<Arc<Seat>> = None;
        while let Some(caller) = self.callers.pop() {
            match caller {
                Caller::Worker(seat) if seat.reach() > 0 => match &mut next {
                    Some(other) if other.stage() >= seat.stage() => seat.wake(),
                    _ => {
                        if let Some(nearer) = next.replace(seat) {
                            nearer.wake();
                        }
                    }
                },
                other => other.wake(),
            }
        }
        if let Some(seat) = next
            && let Err(seat) = leave_to_task(seat)
        {
            seat.wake();
        }
    }
}

impl Drop for Bell<'_> {
    fn drop(&mut self) {
        self.ring();
    }
}
