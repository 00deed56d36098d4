use std::any::Any;
use std::sync::{Arc, Weak};

use super::core::{Core, status_event};
use super::envelope::{Envelope, Tag};
use super::queue::{Closed, PushError, Queue};
use super::reorder::Reorder;
use super::runtime::StageRuntime;
use super::sink::Sink;
use super::sync::{Mutex, lock};
use super::task_list::{TaskList, same};
use crate::event::{Pending, Status};
use crate::stage::{Configured, Stage, WorkerId};

/// A stage in a run: its tasks, its queue, and what lies behind it.
pub(crate) struct Cell<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> {
    pub(super) hooks: S::Hooks,
    pub(super) tasks: L,
    pub(super) state: Arc<St>,
    pub(super) queue: Queue<Envelope<L::Slots>>,
    pub(super) runtime: Arc<StageRuntime>,
    pub(super) down: D,
    /// The outputs of an ordered stage, until their turn comes.
    pub(super) order: Option<Mutex<Order<L::Output>>>,
    pub(super) run: Weak<dyn Any + Send + Sync>,
}

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
    Arc::new(Cell {
        hooks,
        tasks,
        state,
        queue: Queue::new(capacity, window),
        runtime: Arc::new(StageRuntime::new(index, config, configs)),
        down,
        order,
        run,
    })
}

impl<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> Cell<S, L, St, D> {
    pub(super) fn core(&self) -> &Arc<Core<D::Final>> {
        self.down.core()
    }

    fn emit_queued(&self, tag: &Tag) {
        let observers = &self.core().shared.observers;
        if observers.want_status() {
            observers.status(&status_event(&self.runtime, tag, Status::Queued, None));
        }
    }

    /// Ends an item that nobody works on: it was queued, found the queue closed, or waited for its next attempt.
    pub(super) fn turn_away(&self, tag: Tag, worker: Option<WorkerId>) {
        let attempts = tag.attempt - 1;
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

    fn try_send(&self, envelope: Envelope<T>) -> Result<(), PushError<Envelope<T>>> {
        let Self(cell) = self;
        // The event comes before the item can be taken, so its room is set aside first. Unobserved, one lock does.
        if cell.core().shared.observers.want_status() {
            match cell.queue.try_reserve(1) {
                Ok(0) => return Err(PushError::Full(envelope)),
                Ok(_) => {}
                Err(Closed) => return Err(PushError::Closed(envelope)),
            }
            let envelope = Cell::<S, L, St, D>::entering(envelope);
            cell.emit_queued(&envelope.tag);
            for envelope in cell
                .queue
                .fill(1, [(envelope.tag.label.priority, envelope)])
            {
                cell.turn_away(envelope.tag, None);
            }
            return Ok(());
        }
        let priority = envelope.tag.label.priority;
        cell.queue
            .try_push(priority, envelope, Cell::<S, L, St, D>::entering)
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

    /// Takes an item in: into room that was set aside, or beyond the capacity where none was.
    fn fill(&self, reserved: usize, envelope: Envelope<T>);
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
        self.queue.unreserve(count);
    }

    fn room(&self) -> Pending<'_> {
        Box::pin(self.queue.room())
    }

    fn fill(&self, reserved: usize, envelope: Envelope<T>) {
        self.emit_queued(&envelope.tag);
        let entry = (envelope.tag.label.priority, Self::entering(envelope));
        for refused in self.queue.fill(reserved, [entry]) {
            self.turn_away(refused.tag, None);
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
}

/// What a run does with a stage, whatever its types.
pub(crate) trait Control: Send + Sync {
    /// The stage.
    fn runtime(&self) -> &Arc<StageRuntime>;

    /// How many items wait in the queue.
    fn pending(&self) -> usize;

    /// Lets the workers end, and ends what waits as cancelled.
    fn close(&self);
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
}
