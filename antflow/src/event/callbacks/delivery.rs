use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;

use super::Called;
use super::callback::Erased;
use crate::event::{StatusEvent, TaskEvent};

tokio::task_local! {
    static DELIVERING: ();
}

/// Whether the caller is a callback that [`Callbacks`](super::Callbacks) is waiting for.
///
/// Such a caller must not wait for the run, which may be waiting for the callback.
pub(crate) fn is_delivering() -> bool {
    DELIVERING.try_with(|()| ()).is_ok()
}

#[derive(Debug)]
pub(super) enum Event {
    Status(Box<StatusEvent>),
    Task(Box<TaskEvent>),
}

/// Which callback gets what.
#[derive(Clone, Default)]
pub(super) struct Recipients {
    pub(super) status: Option<Arc<dyn Erased<StatusEvent>>>,
    /// By the kind of the event.
    pub(super) tasks: [Option<Arc<dyn Erased<TaskEvent>>>; 4],
}

impl Recipients {
    /// Whether there is one for events of tasks.
    pub(super) fn want_tasks(&self) -> bool {
        self.tasks.iter().any(Option::is_some)
    }

    pub(super) fn want_task(&self, event: &TaskEvent) -> bool {
        self.tasks[event.kind as usize].is_some()
    }

    fn call(&self, event: Event) -> Option<Called> {
        match event {
            Event::Status(event) => Some(self.status.as_ref()?.call(*event)),
            Event::Task(event) => Some(self.tasks[event.kind as usize].as_ref()?.call(*event)),
        }
    }
}

/// What the side of the workers and the task that calls share.
#[derive(Default)]
pub(super) struct Queue {
    sent: AtomicU64,
    /// How many were dealt with, in the order in which they were sent.
    done: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) panics: AtomicU64,
    pub(super) errors: AtomicU64,
    /// Held by the one of those who wait for room whose turn it is.
    turn: tokio::sync::Mutex<()>,
    progress: Notify,
}

impl Queue {
    pub(super) fn waiting(&self) -> u64 {
        // In this order, so that no event is seen done before it is seen sent.
        let done = self.done.load(Ordering::Acquire);
        self.sent.load(Ordering::Acquire) - done
    }

    pub(super) fn sent(&self) {
        self.sent.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn done(&self) {
        self.done.fetch_add(1, Ordering::AcqRel);
        self.progress.notify_waiters();
    }

    pub(super) fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until fewer than `capacity` events wait, first come first served, so that no run keeps another from its
    /// turn.
    pub(super) async fn room(&self, capacity: u64) {
        let _turn = self.turn.lock().await;
        self.until(|| self.waiting() < capacity).await;
    }

    /// Waits until all that was sent by now was dealt with. What other runs send meanwhile does not count.
    pub(super) async fn dealt_with(&self) {
        let sent = self.sent.load(Ordering::Acquire);
        self.until(|| self.done.load(Ordering::Acquire) >= sent)
            .await;
    }

    /// Waits until this holds; it is asked whenever an event was dealt with.
    async fn until(&self, holds: impl Fn() -> bool) {
        loop {
            let progress = self.progress.notified();
            let mut progress = std::pin::pin!(progress);
            progress.as_mut().enable();
            if holds() {
                return;
            }
            progress.await;
        }
    }
}

/// The end of the queue at which the callbacks are called. Dropped with the runtime, it counts what was not delivered.
pub(super) struct Delivery {
    pub(super) receiver: UnboundedReceiver<Event>,
    pub(super) queue: Arc<Queue>,
}

impl Delivery {
    pub(super) async fn run(mut self, recipients: Recipients) {
        while let Some(event) = self.receiver.recv().await {
            let _done = Done(&self.queue);
            let call = async {
                match recipients.call(event) {
                    Some(called) => called.await,
                    None => Ok(()),
                }
            };
            let call = DELIVERING.scope((), call);
            match AssertUnwindSafe(call).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    self.queue.errors.fetch_add(1, Ordering::Relaxed);
                    crate::log::error!(%error, "a callback failed");
                }
                Err(_) => {
                    self.queue.panics.fetch_add(1, Ordering::Relaxed);
                    crate::log::error!("a callback panicked");
                }
            }
        }
    }
}

struct Done<'a>(&'a Queue);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.done();
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.receiver.close();
        while self.receiver.try_recv().is_ok() {
            self.queue.drop_one();
            self.queue.done();
        }
    }
}
