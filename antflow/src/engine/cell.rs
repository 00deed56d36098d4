use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock, Weak};

use crossbeam_utils::CachePadded;

use super::bell::Bell;
use super::core::Core;
use super::desk::{Cleared, Desk, Finished};
use super::envelope::Envelope;
use super::keys::Keys;
use super::pool::Pool;
use super::queue::{Closed, PushError, Queue, Tickets};
use super::reorder::Reorder;
use super::runtime::StageRuntime;
use super::seat::Seat;
use super::sink::Sink;
use super::source::Source;
use super::sync::{Mutex, lock};
use super::task_list::{TaskList, same};
use crate::clock::Moment;
use crate::event::Status;
use crate::item::Tag;
use crate::stage::{Configured, Hooks, Stage, WorkerId};
use crate::stats::WorkerCounters;

/// A stage in a run: its tasks, its queue, and what lies behind it.
pub(crate) struct Cell<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> {
    pub(super) hooks: S::Hooks,
    pub(super) tasks: L,
    pub(super) state: Arc<St>,
    pub(super) queue: Queue<Envelope<L::Slots>>,
    /// Taken out by the worker that is at it.
    pub(super) source: CachePadded<Mutex<Origin<L::Input>>>,
    pub(super) desks: Desks<StageDesk<L::Slots, D::Entry>>,
    /// The same by worker, for those who have something for it.
    trays: Trays<StageDesk<L::Slots, D::Entry>>,
    pub(super) runtime: Arc<StageRuntime>,
    pub(super) pool: Mutex<Pool>,
    pub(super) down: D,
    /// Whether a failed attempt may be followed by another one.
    pub(super) is_retried: bool,
    /// The outputs of an ordered stage, until their turn comes.
    pub(super) order: Option<Mutex<Order<D::Entry>>>,
    /// Which item is at work of each key, where items have one.
    pub(super) keys: Option<Mutex<Keys<Envelope<L::Slots>>>>,
    pub(super) run: Weak<dyn Any + Send + Sync>,
}

/// Where the items of the first stage come from, while nobody is at it.
type Origin<T> = Option<Box<dyn Source<T>>>;
type Desks<D> = Mutex<Vec<Watched<D>>>;
type Trays<D> = Box<[OnceLock<Arc<D>>]>;

/// The desk of a worker of the stage, as the watchdog sees it.
pub(super) struct Watched<D> {
    pub(super) desk: Arc<D>,
    pub(super) worker: Arc<WorkerCounters>,
    /// The batch that was there when the watchdog last looked.
    pub(super) batch: u64,
}

/// The desk of a worker who takes items with slots `I`, and hands on entries `E`.
pub(super) type StageDesk<I, E> = Desk<Envelope<I>, E>;

/// The outputs of an ordered stage. An item that ended here leaves an empty place.
pub(super) struct Order<T> {
    pub(super) waiting: Reorder<Option<T>>,
    /// Whether a worker is sending what is ready; the others leave it to that one.
    pub(super) sending: bool,
    /// Whether the stage was closed, so that nothing is sent any more.
    pub(super) closed: bool,
}

/// Makes the cell of a stage, without its workers.
pub(crate) fn cell<S, L, St, D>(
    stage: Configured<S>,
    runtime: Arc<StageRuntime>,
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
    let capacity = config.capacity();
    let is_keyed = <S::Hooks as Hooks<S::Input, S::Output>>::KEYED;
    let tickets = if config.ordered {
        Some(Tickets::within(capacity.max(config.workers)))
    } else {
        is_keyed.then(Tickets::default)
    };
    let order = config.ordered.then(|| {
        Mutex::new(Order {
            waiting: Reorder::default(),
            sending: false,
            closed: false,
        })
    });
    Arc::new(Cell {
        is_retried: runtime.config.retry.is_some(),
        hooks,
        tasks,
        state,
        queue: Queue::new(
            capacity,
            tickets,
            down.core().shared.observers.want_timings(),
        ),
        source: CachePadded::new(Mutex::new(None)),
        desks: Mutex::new(Vec::new()),
        pool: Mutex::default(),
        trays: (0..runtime.config.workers)
            .map(|_| OnceLock::new())
            .collect(),
        runtime,
        down,
        order,
        keys: is_keyed.then(Mutex::default),
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

    /// A desk for a worker, which the watchdog knows, and who has something for the worker.
    pub(super) fn desk(&self, worker: &Arc<WorkerCounters>) -> Arc<StageDesk<L::Slots, D::Entry>> {
        let mut desks = lock(&self.desks);
        let tray = self.trays.get(worker.id.index());
        // Only a worker that has come back has one already, or none in a tray.
        if tray.is_none_or(|tray| tray.get().is_some())
            && let Some(watched) = desks
                .iter()
                .find(|watched| Arc::ptr_eq(&watched.worker, worker))
        {
            return Arc::clone(&watched.desk);
        }
        // A worker that the pool did not begin with has no tray: what is for it goes through the queue.
        let desk = match tray {
            Some(tray) => Arc::clone(tray.get_or_init(|| Arc::new(Desk::new()))),
            None => Arc::new(Desk::new()),
        };
        let watched = Watched {
            desk: Arc::clone(&desk),
            worker: Arc::clone(worker),
            batch: 0,
        };
        desks.push(watched);
        desk
    }

    /// Puts what lay on the desk of a worker where others find it.
    pub(super) fn put_away(
        &self,
        worker: &WorkerCounters,
        cleared: Cleared<Envelope<L::Slots>, D::Entry>,
        bell: &mut Bell<'_>,
    ) {
        let Cleared {
            inputs,
            mut outputs,
            completions,
            reserved,
            lent,
        } = cleared;
        let (counters, now) = (&self.runtime.counters, Moment::now());
        self.tell(worker, &completions);
        if reserved > 0 {
            counters.handed_on.pass(outputs.len(), now);
            self.down.fill(reserved, &mut outputs, now, bell);
        }
        if lent > 0 {
            counters.fed.pass(inputs.len(), now);
            let inputs = inputs
                .into_iter()
                .map(|envelope| (envelope.tag.priority(), envelope));
            self.turn_all_away(self.queue.give_back(lent, inputs, bell), now);
        }
    }

    /// Hands on what a worker has finished by now.
    pub(super) fn hand_on(
        &self,
        finished: &mut Finished<D::Entry>,
        reserved: usize,
        worker: &WorkerCounters,
        now: Moment,
        bell: &mut Bell<'_>,
    ) {
        self.tell(worker, &finished.completions);
        finished.completions.clear();
        if reserved > 0 {
            worker.given.pass(finished.outputs.len(), now);
            self.down.fill(reserved, &mut finished.outputs, now, bell);
        }
    }

    /// Ends items that the queue would not have or had to let go of.
    pub(super) fn turn_all_away(
        &self,
        refused: impl IntoIterator<Item = Envelope<L::Slots>, IntoIter: ExactSizeIterator>,
        now: Moment,
    ) {
        let refused = refused.into_iter();
        if refused.len() > 0 {
            self.runtime.counters.withdrawn.pass(refused.len(), now);
        }
        for envelope in refused {
            self.put_out(envelope);
        }
    }

    /// Ends an item that nobody works on, and drops its value.
    pub(super) fn put_out(&self, envelope: Envelope<L::Slots>) {
        self.turn_away(&envelope.tag, None);
        self.core().shared.discard(envelope.value);
    }

    /// Ends an item that nobody works on: it was queued, found the queue closed, or waited for its next attempt.
    pub(super) fn turn_away(&self, tag: &Tag, worker: Option<WorkerId>) {
        let attempts = tag.attempt() - 1;
        self.core()
            .cancel(&self.runtime, worker, tag, attempts, None);
    }
}

/// The way into a stage from the stage before it.
pub(crate) struct Link<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>>(
    pub(crate) Arc<Cell<S, L, St, D>>,
);

impl<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> Clone for Link<S, L, St, D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

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

    type Entry = Envelope<L::Slots>;

    #[inline]
    fn entry(&self, envelope: Envelope<T>) -> Envelope<L::Slots> {
        Cell::<S, L, St, D>::entry(envelope)
    }

    fn fill(
        &self,
        reserved: usize,
        entries: &mut VecDeque<Self::Entry>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) {
        self.0.fill(reserved, entries, now, bell);
    }

    fn turn_back(&self, entry: Self::Entry, stage: &StageRuntime, worker: Option<&WorkerId>) {
        self.0.core().turn_back(entry, stage, worker);
    }

    fn try_send(
        &self,
        entry: Self::Entry,
        now: Moment,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<Self::Entry>> {
        let Self(cell) = self;
        // The event comes before the item can be taken, so its room is set aside first. Unobserved, one lock does.
        if cell.core().shared.observers.want(Status::Queued) {
            match cell.queue.try_reserve(1) {
                Ok(0) => return Err(PushError::Full(entry)),
                Ok(_) => {}
                Err(Closed) => return Err(PushError::Closed(entry)),
            }
            cell.fill(1, &mut VecDeque::from([entry]), now, bell);
            return Ok(());
        }
        cell.queue.try_push(entry, bell)
    }

    fn count(&self, items: usize, now: Moment) {
        self.0.runtime.counters.fed.pass(items, now);
    }

    fn call(&self, bell: &mut Bell<'_>) {
        self.0.queue.call(false, bell);
    }

    fn room<'a>(
        &'a self,
        _: Option<&'a Self::Entry>,
        seat: &'a Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'a {
        self.0.queue.room(Some(seat))
    }
}

impl<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> Cell<S, L, St, D> {
    pub(super) fn entry<T: 'static>(envelope: Envelope<T>) -> Envelope<L::Slots> {
        Envelope {
            value: L::enter(same(envelope.value)),
            tag: envelope.tag,
        }
    }

    /// Takes items in for which room was set aside.
    pub(super) fn fill(
        &self,
        reserved: usize,
        entries: &mut VecDeque<Envelope<L::Slots>>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) {
        // Observers are not called under the lock of the queue.
        self.tell_queued(entries.iter().map(|entry| &entry.tag), now);
        let mut laid = 0;
        let lay = |worker: usize, entries: &mut VecDeque<_>| {
            let count = entries.len();
            let desk = self.trays.get(worker).and_then(OnceLock::get);
            let lies = desk.is_some_and(|desk| desk.bring(entries, now));
            laid = if lies { count } else { 0 };
            lies
        };
        self.queue.fill(reserved, entries, lay, bell);
        if laid > 0 {
            self.runtime.counters.withdrawn.pass(laid, now);
            self.core().shared.watchdog.wake();
        }
        self.turn_all_away(entries.drain(..), now);
    }
}
