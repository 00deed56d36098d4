use std::any::Any;
use std::sync::{Arc, Weak};

use super::bell::Bell;
use super::core::{Core, status_event};
use super::desk::{Cleared, Desk, Stale};
use super::envelope::Envelope;
use super::queue::{Closed, PushError, Queue};
use super::reorder::Reorder;
use super::runtime::StageRuntime;
use super::sink::Sink;
use super::source::Source;
use super::sync::{Mutex, lock};
use super::task_list::{TaskList, same};
use crate::event::{Pending, Status};
use crate::item::Tag;
use crate::stage::{Configured, Stage, WorkerId};

/// A stage in a run: its tasks, its queue, and what lies behind it.
pub(crate) struct Cell<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> {
    pub(super) hooks: S::Hooks,
    pub(super) tasks: L,
    pub(super) state: Arc<St>,
    pub(super) queue: Queue<Envelope<L::Slots>>,
    /// Taken out by the worker that is at it.
    pub(super) source: Mutex<Option<Box<dyn Source<L::Input>>>>,
    desks: Mutex<Vec<Watched<L::Slots, L::Output>>>,
    pub(super) runtime: Arc<StageRuntime>,
    pub(super) down: D,
    /// Whether a failed attempt may be followed by another one.
    pub(super) is_retried: bool,
    /// The outputs of an ordered stage, until their turn comes.
    pub(super) order: Option<Mutex<Order<L::Output>>>,
    pub(super) run: Weak<dyn Any + Send + Sync>,
}

/// The desk of a worker of the stage, as the watchdog sees it.
struct Watched<I, O> {
    desk: Arc<StageDesk<I, O>>,
    /// The batch that was there when the watchdog last looked.
    batch: u64,
}

pub(super) type StageDesk<I, O> = Desk<Envelope<I>, Envelope<O>>;

/// The outputs of an ordered stage. An item that ended here leaves an empty place.
pub(super) struct Order<T> {
    pub(super) waiting: Reorder<Option<Envelope<T>>>,
    /// Whether a worker is sending what is ready; the others leave it to that one.
    pub(super) sending: bool,
    /// Whether the stage was closed, so that nothing is sent any more.
    pub(super) closed: bool,
}

/// Makes the cell of a stage, without its workers.
pub(crate) fn cell<S, L, St, D>(
    stage: Configured<S>,
    index: usize,
    state: Arc<St>,
    down: D,
    run: Weak<dyn Any + Send + Sync>,
    into_tasks: impl FnOnce(S) -> L,
) -> Arc<Cell<S, L, St, D>>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    D: Sink<S::Output>,
{
    let Configured { stage, config, .. } = stage;
    let hooks = stage.hooks();
    let tasks = into_tasks(stage);
    let mut configs = Vec::new();
    tasks.configs(&mut configs);
    let capacity = config.capacity();
    let window = config.ordered.then(|| capacity.max(config.workers));
    let order = config.ordered.then(|| {
        Mutex::new(Order {
            waiting: Reorder::default(),
            sending: false,
            closed: false,
        })
    });
    let runtime = StageRuntime::new(index, config, configs);
    Arc::new(Cell {
        is_retried: runtime.config.retry.is_some(),
        hooks,
        tasks,
        state,
        queue: Queue::new(capacity, window),
        source: Mutex::new(None),
        desks: Mutex::new(Vec::new()),
        runtime: Arc::new(runtime),
        down,
        order,
        run,
    })
}

impl<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> Cell<S, L, St, D> {
    pub(super) fn core(&self) -> &Arc<Core<D::Final>> {
        self.down.core()
    }

    /// Takes nothing from the source any more.
    pub(super) fn detach(&self) {
        if let Some(source) = lock(&self.source).take() {
            self.core().shared.end_source(source);
        }
    }

    /// A desk for a worker, which the watchdog knows.
    pub(super) fn desk(&self) -> Arc<StageDesk<L::Slots, L::Output>> {
        let desk = Arc::new(Desk::new());
        let watched = Watched {
            desk: Arc::clone(&desk),
            batch: 0,
        };
        lock(&self.desks).push(watched);
        desk
    }

    /// Puts what lay on a desk where others find it.
    pub(super) fn put_away(
        &self,
        cleared: Cleared<Envelope<L::Slots>, Envelope<L::Output>>,
        bell: &mut Bell<'_>,
    ) {
        let Cleared {
            inputs,
            mut outputs,
            reserved,
            lent,
        } = cleared;
        if reserved > 0 {
            self.down.fill(reserved, &mut outputs, bell);
        }
        if lent > 0 {
            let inputs = inputs
                .into_iter()
                .map(|envelope| (envelope.tag.priority, envelope));
            for refused in self.queue.give_back(lent, inputs, bell) {
                self.turn_away(refused.tag, None);
            }
        }
    }

    pub(super) fn emit_queued(&self, tag: &Tag) {
        let observers = &self.core().shared.observers;
        if observers.want_status() {
            observers.status(&status_event(&self.runtime, tag, Status::Queued, None));
        }
    }

    /// Ends an item that nobody works on: it was queued, found the queue closed, or waited for its next attempt.
    pub(super) fn turn_away(&self, tag: Tag, worker: Option<WorkerId>) {
        let attempts = tag.attempt() - 1;
        self.core().cancel(&self.runtime, worker, tag, attempts);
    }
}

/// The way into a stage from the stage before it.
pub(crate) struct Link<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>>(
    pub(crate) Arc<Cell<S, L, St, D>>,
);

impl<T, S, L, St, D> Sink<T> for Link<S, L, St, D>
where
    T: Send + 'static,
    S: Stage,
    L: TaskList<St>,
    St: Send + Sync + 'static,
    D: Sink<L::Output>,
{
    type Final = D::Final;

    fn core(&self) -> &Arc<Core<D::Final>> {
        self.0.core()
    }

    fn try_reserve(&self, most: usize) -> usize {
        self.0.queue.try_reserve(most).unwrap_or(0)
    }

    fn fill(&self, reserved: usize, envelopes: &mut Vec<Envelope<T>>, bell: &mut Bell<'_>) {
        self.0.fill(reserved, envelopes.drain(..), bell);
    }

    fn try_send(
        &self,
        envelope: Envelope<T>,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<Envelope<T>>> {
        let Self(cell) = self;
        // The event comes before the item can be taken, so its room is set aside first. Unobserved, one lock does.
        if cell.core().shared.observers.want_status() {
            match cell.queue.try_reserve(1) {
                Ok(0) => return Err(PushError::Full(envelope)),
                Ok(_) => {}
                Err(Closed) => return Err(PushError::Closed(envelope)),
            }
            cell.fill(1, [envelope], bell);
            return Ok(());
        }
        let priority = envelope.tag.priority;
        cell.queue
            .try_push(priority, envelope, Cell::<S, L, St, D>::entering, bell)
    }

    fn call(&self, bell: &mut Bell<'_>) {
        self.0.queue.call(false, bell);
    }

    fn room(&self) -> impl Future<Output = ()> + Send {
        self.0.queue.room()
    }
}

/// The way into a stage from outside of the workers.
pub trait Inlet<T>: Send + Sync {
    /// The stage.
    fn runtime(&self) -> &Arc<StageRuntime>;

    /// Sets room aside for up to `most` items; see [`Queue::try_reserve`].
    fn try_reserve(&self, most: usize) -> Result<usize, Closed>;

    /// Gives back room that was set aside.
    fn unreserve(&self, count: usize);

    /// Resolves when there may be room.
    fn room(&self) -> Pending<'_>;

    /// Takes items in: into room that was set aside, or beyond the capacity where none was.
    fn fill(&self, reserved: usize, envelopes: Vec<Envelope<T>>);

    /// Lets the workers take items from here whenever the queue has none.
    fn attach(&self, source: Box<dyn Source<T>>);
}

impl<T, S, L, St, D> Inlet<T> for Cell<S, L, St, D>
where
    T: Send + 'static,
    S: Stage,
    L: TaskList<St>,
    St: Send + Sync + 'static,
    D: Sink<L::Output>,
{
    fn runtime(&self) -> &Arc<StageRuntime> {
        &self.runtime
    }

    fn try_reserve(&self, most: usize) -> Result<usize, Closed> {
        self.queue.try_reserve(most)
    }

    fn unreserve(&self, count: usize) {
        self.queue.unreserve(count, &mut Bell::default());
    }

    fn room(&self) -> Pending<'_> {
        Box::pin(self.queue.room())
    }

    fn fill(&self, reserved: usize, envelopes: Vec<Envelope<T>>) {
        let mut bell = Bell::default();
        self.fill(reserved, envelopes, &mut bell);
    }

    fn attach(&self, source: Box<dyn Source<T>>) {
        *lock(&self.source) = Some(same(source));
        if !self.queue.attach(&mut Bell::default()) {
            self.detach();
        }
    }
}

impl<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> Cell<S, L, St, D> {
    fn entering<T: 'static>(envelope: Envelope<T>) -> Envelope<L::Slots> {
        Envelope {
            value: L::enter(same(envelope.value)),
            tag: envelope.tag.entering(),
        }
    }

    /// Takes items in for which room was set aside.
    fn fill<T: 'static>(
        &self,
        reserved: usize,
        envelopes: impl IntoIterator<Item = Envelope<T>>,
        bell: &mut Bell<'_>,
    ) {
        let entries = envelopes.into_iter().map(|envelope| {
            let envelope = Self::entering(envelope);
            (envelope.tag.priority, envelope)
        });
        let refused = if self.core().shared.observers.want_status() {
            // Observers are not called under the lock of the queue.
            let entries: Vec<_> = entries
                .inspect(|(_, envelope)| self.emit_queued(&envelope.tag))
                .collect();
            self.queue.fill(reserved, entries, bell)
        } else {
            self.queue.fill(reserved, entries, bell)
        };
        for envelope in refused {
            self.turn_away(envelope.tag, None);
        }
    }
}

/// What a run does with a stage, whatever its types.
pub(crate) trait Control: Send + Sync {
    /// The stage.
    fn runtime(&self) -> &Arc<StageRuntime>;

    /// How many items wait in the queue.
    fn pending(&self) -> usize;

    /// Lets the workers end, and ends what waits as cancelled.
    fn close(&self);

    /// Frees what waits behind items that block their threads. False: no worker holds more than its item.
    fn rescue(&self) -> bool;
}

impl<S, L, St, D> Control for Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St>,
    St: Send + Sync + 'static,
    D: Sink<L::Output>,
{
    fn runtime(&self) -> &Arc<StageRuntime> {
        &self.runtime
    }

    fn pending(&self) -> usize {
        self.queue.len()
    }

    fn close(&self) {
        for envelope in self.queue.close() {
            self.turn_away(envelope.tag, None);
        }
        self.detach();
        if let Some(order) = &self.order {
            let left = {
                let mut order = lock(order);
                order.closed = true;
                order.waiting.drain()
            };
            for envelope in left.into_iter().flatten() {
                self.turn_away(envelope.tag, None);
            }
        }
    }
    fn rescue(&self) -> bool {
        let mut bell = Bell::default();
        let mut busy = false;
        let mut stranded = Vec::new();
        for watched in lock(&self.desks).iter_mut() {
            match watched.desk.clear_stale(&mut watched.batch) {
                Stale::Empty => {}
                Stale::Fresh => busy = true,
                Stale::Cleared(cleared) => stranded.push(cleared),
            }
        }
        for cleared in stranded {
            self.put_away(cleared, &mut bell);
        }
        if self.queue.has_calls() {
            busy = true;
            self.queue.call(true, &mut bell);
        }
        busy
    }
}
