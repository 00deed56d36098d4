mod callback;
mod delivery;
mod recipients;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Observer, Pending, Status, StatusEvent, TaskEvent, TaskEventKind};
use crate::item::BoxError;
use crate::stats::{DroppedEvents, RunView};
pub use callback::{Callback, CallbackOutput, Called, Recipient};
pub(crate) use delivery::is_delivering;
use delivery::{Counts, Queue};
use recipients::{Event, Recipients};

/// What happens to events while the callbacks cannot keep up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overflow {
    /// Workers and feeders wait before they take up the next item, so no event is lost.
    #[default]
    Wait,
    /// The event is dropped and counted.
    Drop,
}

/// An observer made of closures, plain or async.
///
/// A closure that takes its event by reference, such as `|event: &StatusEvent|`, is called where the event happens.
/// This costs a few nanoseconds, and the closure should take no longer, as others wait for it: the worker that has the
/// item; for `Queued` who brings the item, such as a feeder; for `Cancelled` who ends the run. Several may call it at
/// the same time; the events of one item come in their order.
///
/// All others get events of their own, and run on a task beside the workers, one event of a run after the other. This
/// costs about a microsecond for each item and stage. A slow one does not hold the worker whose event it gets. Up to
/// [`capacity`](Self::capacity) events of a run may wait before [`Overflow`] decides; under `Wait` the events of items
/// that are in work already are let in beyond it. A run returns when its events were dealt with.
///
/// A callback that panics or gives an error is counted, logged with the feature `tracing`, and the next event follows.
///
/// Each run has a queue of its own, and calls on the runtime on which it was started; what waits when that ends is
/// dropped and counted. Several runs may call a callback at the same time. The counts are those of all runs and all
/// clones, also of clones that were given other callbacks.
///
/// An observer that hands its events on to callbacks calls their [`begin`](Observer::begin) for each run, and hands on
/// to what that gives. Without it, the events of all runs go through one queue, and the callbacks run on the runtime in
/// which the first was sent, as long as there is one.
///
/// A callback that ends the run that it watches does so by [`shutdown`](crate::Handle::shutdown), or from a task of its
/// own: a `join` may wait for workers who wait for the callback.
///
/// ```
/// use antflow::event::{Callbacks, StatusEvent, TaskEvent};
/// use antflow::{pipeline, stage};
///
/// #[stage]
/// async fn double(x: u32) -> u32 {
///     x * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::StartError> {
/// let callbacks = Callbacks::new()
///     .on_status_change(|event: StatusEvent| println!("{} is {}", event.item_id, event.status))
///     .on_task_event(async |event: TaskEvent| println!("{} {}", event.task, event.kind));
/// let etl = pipeline!(double).observe(callbacks.clone());
/// etl.run([1, 2, 3]).await?;
/// assert_eq!(callbacks.dropped(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Callbacks {
    capacity: usize,
    overflow: Overflow,
    queue: Arc<Outbox>,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self {
            capacity: 1024,
            overflow: Overflow::Wait,
            queue: Arc::default(),
        }
    }
}

impl Callbacks {
    /// No callbacks yet; room for 1024 events, [`Overflow::Wait`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the callback for every change of an item's status. The type of its parameter has to be written out.
    pub fn on_status_change<Marker: 'static>(
        self,
        callback: impl Callback<StatusEvent, Marker>,
    ) -> Self {
        self.set(|recipients| recipients.status = Some(callback.into_recipient()))
    }

    /// Sets the callback for every beginning and end of a task's attempt, in place of those for one kind of event.
    pub fn on_task_event<Marker: 'static>(
        self,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        let recipient = callback.into_recipient();
        self.set(|recipients| recipients.tasks = [(); 4].map(|()| Some(recipient.clone())))
    }

    /// Sets the callback for the beginning of every attempt of a task.
    pub fn on_task_start<Marker: 'static>(
        self,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        self.on_task(TaskEventKind::Start, callback)
    }

    /// Sets the callback for every attempt that succeeds.
    pub fn on_task_complete<Marker: 'static>(
        self,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        self.on_task(TaskEventKind::Complete, callback)
    }

    /// Sets the callback for every attempt that fails and is followed by another.
    pub fn on_task_retry<Marker: 'static>(
        self,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        self.on_task(TaskEventKind::Retry, callback)
    }

    /// Sets the callback for every attempt that fails for good.
    pub fn on_task_fail<Marker: 'static>(self, callback: impl Callback<TaskEvent, Marker>) -> Self {
        self.on_task(TaskEventKind::Fail, callback)
    }

    fn on_task<Marker: 'static>(
        self,
        kind: TaskEventKind,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        self.set(|recipients| {
            recipients.tasks[kind as usize] = Some(callback.into_recipient());
        })
    }

    /// Changes the callbacks. Clones keep theirs, so it leaves their queue.
    fn set(mut self, change: impl FnOnce(&mut Recipients)) -> Self {
        let mut recipients = self.queue.recipients.clone();
        change(&mut recipients);
        self.queue = Arc::new(Outbox::new(recipients, &self.queue.counts));
        self
    }

    /// Sets how many events of a run may wait for the callbacks; at least 1.
    pub fn capacity(mut self, events: usize) -> Self {
        self.capacity = events.max(1);
        self
    }

    /// Sets what happens when they do.
    pub fn on_overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// How many events were dropped: by [`Overflow::Drop`], or because the runtime had ended.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.queue.counts.dropped.load(Ordering::Relaxed)
    }

    /// How many times a callback panicked.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.queue.counts.panics.load(Ordering::Relaxed)
    }

    /// How many times a callback gave an error.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.queue.counts.errors.load(Ordering::Relaxed)
    }

    /// The same callbacks with a queue of its own for a run that starts on the current runtime.
    pub(crate) fn for_run(&self) -> Self {
        let queue = Outbox::new(self.queue.recipients.clone(), &self.queue.counts);
        if queue.recipients.have_turns() {
            queue.open();
        }
        Self {
            queue: Arc::new(queue),
            ..*self
        }
    }

    fn is_full(&self) -> bool {
        self.queue.waiting() >= self.capacity as u64
    }

    /// Calls a callback where its event happens.
    fn call(&self, callback: impl FnOnce() -> Result<(), BoxError>) {
        let called = catch_unwind(AssertUnwindSafe(callback));
        self.queue.counts.note(called);
    }

    fn send(&self, event: Event) {
        if self.overflow == Overflow::Drop && self.is_full() {
            self.queue.drop_one();
        } else {
            self.queue.send(event);
        }
    }
}

/// The end of a queue at which events are sent, common to clones. Dropped with the last of them, it closes the queue.
#[derive(Default)]
struct Outbox(Arc<Queue>);

impl Outbox {
    fn new(recipients: Recipients, counts: &Arc<Counts>) -> Self {
        Self(Arc::new(Queue::new(recipients, Arc::clone(counts))))
    }
}

impl std::ops::Deref for Outbox {
    type Target = Arc<Queue>;

    fn deref(&self) -> &Arc<Queue> {
        &self.0
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Observer for Callbacks {
    fn begin(&self, _: &RunView) -> Option<Arc<dyn Observer>> {
        Some(Arc::new(self.for_run()))
    }

    fn on_status(&self, event: &StatusEvent) {
        match &self.queue.recipients.status {
            Some(Recipient::AtOnce(callback)) => self.call(|| callback(event)),
            Some(Recipient::InTurn(_)) => self.send(Event::Status(event.clone())),
            None => {}
        }
    }

    fn on_task(&self, event: &TaskEvent) {
        match &self.queue.recipients.tasks[event.kind as usize] {
            Some(Recipient::AtOnce(callback)) => self.call(|| callback(event)),
            Some(Recipient::InTurn(_)) => self.send(Event::Task(event.clone())),
            None => {}
        }
    }

    fn wants_status(&self, _: Status) -> bool {
        self.queue.recipients.want_statuses()
    }

    fn wants_tasks(&self) -> bool {
        self.queue.recipients.want_tasks()
    }

    fn dropped_events(&self) -> Option<DroppedEvents> {
        self.queue
            .recipients
            .have_turns()
            .then(|| self.queue.dropped.clone())
    }

    fn overload(&self) -> Option<Pending<'_>> {
        if self.overflow == Overflow::Wait && self.is_full() {
            Some(Box::pin(self.queue.room(self.capacity as u64)))
        } else {
            None
        }
    }

    fn flush(&self) -> Option<Pending<'_>> {
        Some(Box::pin(self.queue.dealt_with()))
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callbacks")
            .field("capacity", &self.capacity)
            .field("overflow", &self.overflow)
            .field("dropped", &self.dropped())
            .field("panics", &self.panics())
            .field("errors", &self.errors())
            .finish_non_exhaustive()
    }
}
