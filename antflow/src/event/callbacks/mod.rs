mod callback;
mod delivery;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Observer, Pending, Status, StatusEvent, TaskEvent, TaskEventKind};
pub use callback::{Callback, CallbackOutput, Called};
use callback::{Erased, Unmarked};
pub(crate) use delivery::is_delivering;
use delivery::{Event, Queue, Recipients};

/// What happens to events while the callbacks cannot keep up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overflow {
    /// Workers and feeders wait before they take up the next item, so no event is lost.
    #[default]
    Wait,
    /// The event is dropped and counted.
    Drop,
}

/// An observer made of plain or async closures, which run on a task of their own, one event after the other.
///
/// A slow callback does not hold the worker whose event it gets. Up to [`capacity`](Self::capacity) events may wait
/// before [`Overflow`] decides; under `Wait` the events of items that are in work already are let in beyond it. A
/// callback that panics or gives an error is counted, logged with the feature `tracing`, and the next event follows. A
/// run returns when its events were dealt with.
///
/// Clones share the queue and the counts; set all callbacks before you clone or use it. The callbacks run on the runtime
/// in which the first event was sent, as long as there is one. A callback that ends the run that it watches does so by
/// [`shutdown`](crate::Handle::shutdown), or from a task of its own: a `join` may wait for workers who wait for the callback.
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
    recipients: Recipients,
    capacity: usize,
    overflow: Overflow,
    queue: Arc<Outbox>,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self {
            recipients: Recipients::default(),
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

    /// Sets the callback for every change of an item's status.
    pub fn on_status_change<Marker: 'static>(
        mut self,
        callback: impl Callback<StatusEvent, Marker>,
    ) -> Self {
        self.recipients.status = Some(Arc::new(Unmarked::new(callback)));
        self
    }

    /// Sets the callback for every beginning and end of a task's attempt, in place of those for one kind of event.
    pub fn on_task_event<Marker: 'static>(
        mut self,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        let callback: Arc<dyn Erased<TaskEvent>> = Arc::new(Unmarked::new(callback));
        self.recipients.tasks = std::array::from_fn(|_| Some(Arc::clone(&callback)));
        self
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
        mut self,
        kind: TaskEventKind,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        self.recipients.tasks[kind as usize] = Some(Arc::new(Unmarked::new(callback)));
        self
    }

    /// Sets how many events may wait for the callbacks; at least 1.
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
        self.queue.dropped.load(Ordering::Relaxed)
    }

    /// How many times a callback panicked.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.queue.panics.load(Ordering::Relaxed)
    }

    /// How many times a callback gave an error.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.queue.errors.load(Ordering::Relaxed)
    }

    fn is_full(&self) -> bool {
        self.queue.waiting() >= self.capacity as u64
    }

    fn send(&self, event: Event) {
        if self.overflow == Overflow::Drop && self.is_full() {
            self.queue.drop_one();
        } else {
            self.queue.send(event, &self.recipients);
        }
    }
}

/// The clones' common end of the queue. Dropped with the last of them, it closes the queue.
#[derive(Default)]
struct Outbox(Arc<Queue>);

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
    fn on_status(&self, event: &StatusEvent) {
        if self.recipients.status.is_some() {
            self.send(Event::Status(event.clone()));
        }
    }

    fn on_task(&self, event: &TaskEvent) {
        if self.recipients.want_task(event) {
            self.send(Event::Task(event.clone()));
        }
    }

    fn wants_status(&self, _: Status) -> bool {
        self.recipients.status.is_some()
    }

    fn wants_tasks(&self) -> bool {
        self.recipients.want_tasks()
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
