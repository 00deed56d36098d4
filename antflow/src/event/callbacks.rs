use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{Observer, Pending, Status, StatusEvent, TaskEvent};

tokio::task_local! {
    static DELIVERING: ();
}

/// Whether the caller is a callback that [`Callbacks`] is waiting for.
///
/// Such a caller must not wait for the run, which may be waiting for the callback.
pub(crate) fn is_delivering() -> bool {
    DELIVERING.try_with(|()| ()).is_ok()
}

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
/// callback that panics is counted and the next event follows. A run returns when its events were dealt with.
///
/// Clones share the callbacks, the queue and the counts.
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
    status: Option<Arc<dyn Erased<StatusEvent>>>,
    task: Option<Arc<dyn Erased<TaskEvent>>>,
    capacity: usize,
    overflow: Overflow,
    sender: Arc<Mutex<Option<UnboundedSender<Event>>>>,
    queue: Arc<Queue>,
}

/// A closure for [`Callbacks`]: `Fn(E)`, or `Fn(E)` that returns a future, as async closures do.
///
/// `Marker` tells the two apart and is always inferred.
pub trait Callback<E, Marker>: Send + Sync + 'static {
    /// Calls the closure.
    fn call(&self, event: E) -> Pending<'static>;
}

/// Marks a plain closure.
#[derive(Debug)]
pub enum Plain {}

/// Marks a closure that returns a future.
#[derive(Debug)]
pub struct Async<Fut>(std::marker::PhantomData<Fut>);

impl<F, E> Callback<E, Plain> for F
where
    F: Fn(E) + Send + Sync + 'static,
{
    fn call(&self, event: E) -> Pending<'static> {
        self(event);
        Box::pin(std::future::ready(()))
    }
}

impl<F, E, Fut> Callback<E, Async<Fut>> for F
where
    F: Fn(E) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    fn call(&self, event: E) -> Pending<'static> {
        Box::pin(self(event))
    }
}

trait Erased<E>: Send + Sync {
    fn call(&self, event: E) -> Pending<'static>;
}

struct Unmarked<F, Marker>(F, std::marker::PhantomData<fn() -> Marker>);

impl<E, Marker, F: Callback<E, Marker>> Erased<E> for Unmarked<F, Marker> {
    fn call(&self, event: E) -> Pending<'static> {
        self.0.call(event)
    }
}

#[derive(Debug)]
enum Event {
    Status(Box<StatusEvent>),
    Task(Box<TaskEvent>),
}

/// What the worker side and the callback task share.
#[derive(Default)]
struct Queue {
    sent: AtomicU64,
    /// How many were dealt with, in the order in which they were sent.
    done: AtomicU64,
    dropped: AtomicU64,
    panics: AtomicU64,
    /// Held by the one of those who wait for room whose turn it is.
    turn: tokio::sync::Mutex<()>,
    progress: Notify,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self {
            status: None,
            task: None,
            capacity: 1024,
            overflow: Overflow::Wait,
            sender: Arc::default(),
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
        self.status = Some(Arc::new(Unmarked(callback, std::marker::PhantomData)));
        self
    }

    /// Sets the callback for every beginning and end of a task's attempt.
    pub fn on_task_event<Marker: 'static>(
        mut self,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        self.task = Some(Arc::new(Unmarked(callback, std::marker::PhantomData)));
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

    fn is_full(&self) -> bool {
        self.queue.waiting() >= self.capacity as u64
    }

    fn send(&self, event: Event) {
        if self.overflow == Overflow::Drop && self.is_full() {
            self.queue.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.as_ref().is_none_or(UnboundedSender::is_closed) {
            *sender = self.start();
        }
        self.queue.sent.fetch_add(1, Ordering::AcqRel);
        let sent = sender
            .as_ref()
            .is_some_and(|sender| sender.send(event).is_ok());
        if !sent {
            self.queue.dropped.fetch_add(1, Ordering::Relaxed);
            self.queue.done();
        }
    }

    /// Starts the task on which the callbacks run; none outside of a runtime.
    fn start(&self) -> Option<UnboundedSender<Event>> {
        let runtime = Handle::try_current().ok()?;
        let (sender, receiver) = mpsc::unbounded_channel();
        let delivery = Delivery {
            receiver,
            queue: Arc::clone(&self.queue),
        };
        runtime.spawn(delivery.run(self.status.clone(), self.task.clone()));
        Some(sender)
    }

    /// Waits for room, first come first served, so that no run keeps another from its turn.
    async fn room(&self) {
        let _turn = self.queue.turn.lock().await;
        self.until(|| !self.is_full()).await;
    }

    /// Waits until all that was sent by now was dealt with. What other runs send meanwhile does not count.
    async fn dealt_with(&self) {
        let sent = self.queue.sent.load(Ordering::Acquire);
        self.until(|| self.queue.done.load(Ordering::Acquire) >= sent)
            .await;
    }

    /// Waits until this holds; it is asked whenever an event was dealt with.
    async fn until(&self, holds: impl Fn() -> bool) {
        loop {
            let progress = self.queue.progress.notified();
            let mut progress = std::pin::pin!(progress);
            progress.as_mut().enable();
            if holds() {
                return;
            }
            progress.await;
        }
    }
}

impl Queue {
    fn waiting(&self) -> u64 {
        // In this order, so that no event is seen done before it is seen sent.
        let done = self.done.load(Ordering::Acquire);
        self.sent.load(Ordering::Acquire) - done
    }

    fn done(&self) {
        self.done.fetch_add(1, Ordering::AcqRel);
        self.progress.notify_waiters();
    }
}

/// The callback task's end of the queue. Dropped with the runtime, it counts what was not delivered.
struct Delivery {
    receiver: UnboundedReceiver<Event>,
    queue: Arc<Queue>,
}

impl Delivery {
    async fn run(
        mut self,
        status: Option<Arc<dyn Erased<StatusEvent>>>,
        task: Option<Arc<dyn Erased<TaskEvent>>>,
    ) {
        while let Some(event) = self.receiver.recv().await {
            let _done = Done(&self.queue);
            let call = async {
                match (event, &status, &task) {
                    (Event::Status(event), Some(callback), _) => callback.call(*event).await,
                    (Event::Task(event), _, Some(callback)) => callback.call(*event).await,
                    _ => {}
                }
            };
            let call = DELIVERING.scope((), call);
            if AssertUnwindSafe(call).catch_unwind().await.is_err() {
                self.queue.panics.fetch_add(1, Ordering::Relaxed);
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
            self.queue.dropped.fetch_add(1, Ordering::Relaxed);
            self.queue.done();
        }
    }
}

impl Observer for Callbacks {
    fn on_status(&self, event: &StatusEvent) {
        self.send(Event::Status(Box::new(event.clone())));
    }

    fn on_task(&self, event: &TaskEvent) {
        self.send(Event::Task(Box::new(event.clone())));
    }

    fn wants_status(&self, _: Status) -> bool {
        self.status.is_some()
    }

    fn wants_tasks(&self) -> bool {
        self.task.is_some()
    }

    fn overload(&self) -> Option<Pending<'_>> {
        if self.overflow == Overflow::Wait && self.is_full() {
            Some(Box::pin(self.room()))
        } else {
            None
        }
    }

    fn flush(&self) -> Option<Pending<'_>> {
        Some(Box::pin(self.dealt_with()))
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callbacks")
            .field("capacity", &self.capacity)
            .field("overflow", &self.overflow)
            .field("dropped", &self.dropped())
            .field("panics", &self.panics())
            .finish_non_exhaustive()
    }
}
