use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::Called;
use super::recipients::{Event, Recipients};
use crate::item::BoxError;
use crate::stats::DroppedEvents;

tokio::task_local! {
    static DELIVERING: ();
}

/// Whether the caller is a callback that [`Callbacks`](super::Callbacks) is waiting for.
///
/// Such a caller must not wait for the run, which may be waiting for the callback.
pub(crate) fn is_delivering() -> bool {
    DELIVERING.try_with(|()| ()).is_ok()
}

/// What the queues of a [`Callbacks`](super::Callbacks) and its clones count together.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) dropped: AtomicU64,
    pub(super) panics: AtomicU64,
    pub(super) errors: AtomicU64,
}

impl Counts {
    /// Notes how a call went.
    pub(super) fn note(&self, called: std::thread::Result<Result<(), BoxError>>) {
        match called {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
                crate::log::error!(%error, "a callback failed");
            }
            Err(_) => {
                self.panics.fetch_add(1, Ordering::Relaxed);
                crate::log::error!("a callback panicked");
            }
        }
    }
}

/// What the side of the workers and the task that calls share.
pub(super) struct Queue {
    pub(super) recipients: Recipients,
    pub(super) counts: Arc<Counts>,
    /// How many of the counted events are of this queue.
    pub(super) dropped: DroppedEvents,
    line: Mutex<Line>,
    /// Calls the task, if it waits.
    arrival: Notify,
    sent: AtomicU64,
    /// How many were dealt with, in the order in which they were sent.
    done: AtomicU64,
    /// How many have to be done before somebody who waits is called; all ones if nobody waits.
    awaited: AtomicU64,
    /// Held by the one of those who wait for room whose turn it is.
    turn: tokio::sync::Mutex<()>,
    progress: Notify,
}

impl Default for Queue {
    fn default() -> Self {
        Self::new(Recipients::default(), Arc::default())
    }
}

/// The events that the task has not taken.
#[derive(Default)]
struct Line {
    events: VecDeque<Event>,
    /// Whether there is a task.
    is_served: bool,
    /// Whether it waits for events.
    is_idle: bool,
    /// Nothing comes any more.
    is_closed: bool,
}

impl Queue {
    pub(super) fn new(recipients: Recipients, counts: Arc<Counts>) -> Self {
        Self {
            recipients,
            counts,
            dropped: DroppedEvents::new("callbacks"),
            line: Mutex::default(),
            arrival: Notify::new(),
            sent: AtomicU64::new(0),
            done: AtomicU64::new(0),
            awaited: AtomicU64::new(u64::MAX),
            turn: tokio::sync::Mutex::default(),
            progress: Notify::new(),
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the task on the current runtime, before anything was sent. Without a runtime, the first event does.
    pub(super) fn open(self: &Arc<Self>) {
        if let Ok(runtime) = Handle::try_current() {
            self.line().is_served = true;
            self.serve(&runtime);
        }
    }

    /// Sends an event, and starts a task for it where there is none. Without a runtime it is dropped and counted.
    pub(super) fn send(self: &Arc<Self>, event: Event) {
        let mut line = self.line();
        let mut runtime = None;
        if !line.is_served {
            let Ok(current) = Handle::try_current() else {
                drop(line);
                self.drop_one();
                return;
            };
            line.is_served = true;
            line.is_idle = false;
            runtime = Some(current);
        }
        line.events.push_back(event);
        self.sent.fetch_add(1, Ordering::AcqRel);
        let was_idle = std::mem::replace(&mut line.is_idle, false);
        drop(line);
        if was_idle {
            self.arrival.notify_one();
        }
        if let Some(runtime) = runtime {
            self.serve(&runtime);
        }
    }

    /// Not to be called under the lock: a runtime that is shutting down drops the task, which takes the events.
    fn serve(self: &Arc<Self>, runtime: &Handle) {
        let delivery = Delivery {
            queue: Arc::clone(self),
            taken: VecDeque::new(),
        };
        runtime.spawn(DELIVERING.scope((), delivery.run()));
    }

    /// Lets the task end when it has dealt with all.
    pub(super) fn close(&self) {
        self.line().is_closed = true;
        self.arrival.notify_one();
    }

    pub(super) fn waiting(&self) -> u64 {
        // In this order, so that no event is seen done before it is seen sent.
        let done = self.done.load(Ordering::Acquire);
        self.sent.load(Ordering::Acquire) - done
    }

    fn done(&self) {
        let done = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        if done >= self.awaited.load(Ordering::SeqCst) {
            // Whoever waits for more is called as well, and says so again.
            self.awaited.store(u64::MAX, Ordering::SeqCst);
            self.progress.notify_waiters();
        }
    }

    pub(super) fn drop_one(&self) {
        self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        self.dropped.add(1);
    }

    /// Waits until half of the capacity is free, first come first served.
    ///
    /// Less would do, but then workers would wait again after every event.
    pub(super) async fn room(&self, capacity: u64) {
        let _turn = self.turn.lock().await;
        while self.waiting() > capacity / 2 {
            let sent = self.sent.load(Ordering::Acquire);
            self.until_done(sent - capacity / 2).await;
        }
    }

    /// Waits until all that was sent by now was dealt with. What is sent meanwhile does not count.
    pub(super) async fn dealt_with(&self) {
        self.until_done(self.sent.load(Ordering::Acquire)).await;
    }

    /// Waits until so many events were dealt with.
    async fn until_done(&self, count: u64) {
        loop {
            let progress = self.progress.notified();
            let mut progress = std::pin::pin!(progress);
            progress.as_mut().enable();
            // In this order: either this sees the last event done, or whoever does it sees that it is awaited.
            self.awaited.fetch_min(count, Ordering::SeqCst);
            if self.done.load(Ordering::SeqCst) >= count {
                return;
            }
            progress.await;
        }
    }
}

/// The end of the queue at which the callbacks are called. Dropped with the runtime, it counts what was not delivered.
struct Delivery {
    queue: Arc<Queue>,
    taken: VecDeque<Event>,
}

impl Delivery {
    async fn run(mut self) {
        while self.take().await {
            while let Some(event) = self.taken.pop_front() {
                let _done = Done(&self.queue);
                let call = async {
                    match self.queue.recipients.call(event) {
                        Some(Called::Later(called)) => called.await,
                        Some(Called::Now(result)) => result,
                        None => Ok(()),
                    }
                };
                let called = AssertUnwindSafe(call).catch_unwind().await;
                self.queue.counts.note(called);
                // Plain callbacks never wait, so others get their turn here.
                tokio::task::consume_budget().await;
            }
        }
    }

    /// Takes all events that are there, and waits for some. False: there will be none.
    async fn take(&mut self) -> bool {
        loop {
            {
                let mut line = self.queue.line();
                if !line.events.is_empty() {
                    std::mem::swap(&mut line.events, &mut self.taken);
                    return true;
                }
                if line.is_closed {
                    return false;
                }
                line.is_idle = true;
            }
            self.queue.arrival.notified().await;
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
        let left = {
            let mut line = self.queue.line();
            line.is_served = false;
            std::mem::take(&mut line.events)
        };
        for _ in self.taken.drain(..).chain(left) {
            self.queue.drop_one();
            self.queue.done();
        }
    }
}
