use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crossbeam_utils::CachePadded;
use tokio::sync::Notify;

use super::entrances::Entrances;
use super::errors::ErrorLog;
use super::flow::{Count, Flow, SharedFlow};
use super::timings::WorkerTimings;
use super::{DroppedEvents, RunId};
use crate::clock::Moment;
use crate::stage::{Names, WorkerId, WorkerStatus};

/// What is counted of one run. It knows no type of the pipeline and keeps none of its values.
#[derive(Debug)]
pub(crate) struct RunCounters {
    id: u64,
    pub(crate) started: Moment,
    /// When the last task of the run had ended.
    pub(crate) ended: OnceLock<Moment>,
    /// Calls those who wait for that.
    pub(super) end: Notify,
    /// How many items there are going to be, if that is known.
    pub(crate) total_items: OnceLock<u64>,
    /// In the order of the pipeline.
    pub(crate) stages: Box<[Arc<StageCounters>]>,
    /// For each stage the places of those whose workers hand their outputs to it.
    pub(super) behind: Box<[Vec<usize>]>,
    /// Whether every stage hands its outputs to the one that follows it, and the last one's are the results.
    pub(crate) is_line: bool,
    /// How many items were accepted, which is the next sequence number.
    pub(crate) submitted: CachePadded<AtomicU64>,
    pub(crate) tally: CachePadded<Tally>,
    /// When the last item had its outcome, in ticks; 0 if none has.
    pub(crate) last_outcome: AtomicU64,
    /// There if somebody wants to know how long things take.
    entrances: OnceLock<Entrances>,
    /// What the observers drop.
    pub(crate) dropped: OnceLock<Vec<DroppedEvents>>,
    pub(crate) errors: ErrorLog,
}

/// So many failed items a run keeps by itself; a tracker may keep them all.
const FAILED: usize = 32;

/// How many items ended in which way.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) completed: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) cancelled: AtomicU64,
    pub(crate) duplicate_ids: AtomicU64,
    /// How many times an observer or a hook panicked.
    pub(crate) observer_panics: AtomicU64,
}

/// What is counted of one stage.
#[derive(Debug)]
pub(crate) struct StageCounters {
    pub(crate) names: Arc<Names>,
    pub(crate) capacity: usize,
    /// How many workers the stage has.
    pub(crate) pool: AtomicUsize,
    /// Those that there are, and those that there were before the pool was made smaller.
    workers: RwLock<Vec<Arc<WorkerCounters>>>,
    /// What entered the queue other than from the hands of the workers of a stage before.
    pub(crate) fed: SharedFlow,
    /// What left the queue other than to a worker who came for it.
    pub(crate) withdrawn: SharedFlow,
    /// What was handed on other than by its worker.
    pub(crate) handed_on: SharedFlow,
    /// Items cancelled in this stage.
    pub(crate) cancelled: AtomicU64,
    /// How many items wait for their next attempt without a worker.
    pub(crate) parked: AtomicU64,
    pub(crate) paused: AtomicBool,
}

/// What is counted of one worker. It is written by the worker alone.
#[derive(Debug)]
pub(crate) struct WorkerCounters {
    pub(crate) id: WorkerId,
    pub(crate) status: Arc<WorkerStatus>,
    /// Whether the next stage is to be called when the item in hand suspends.
    pub(crate) owes: AtomicBool,
    pub(crate) completed: Count,
    pub(crate) failed: Count,
    pub(crate) skipped: Count,
    pub(crate) retried: Count,
    /// What it took from the queue.
    pub(crate) taken: Flow,
    /// What it took from the source of the run.
    pub(crate) pulled: Flow,
    /// What it handed on.
    pub(crate) given: Flow,
    /// How long it had an item in hand, in ticks.
    pub(crate) busy: Count,
    /// How long of that it waited: for limits, for the pause before an attempt, for room in the next stage.
    waited: Count,
    /// Since when it does, in ticks; 0 if it does not.
    waits_since: Count,
    /// When it last had an item in hand, in ticks; 0 if it never had.
    pub(crate) last_active: Count,
    /// There if somebody wants to know how long things take.
    pub(super) timings: OnceLock<Box<WorkerTimings>>,
}

impl RunCounters {
    /// For stages, of which each has a list of the places of those that hand their outputs to it; `ends` are the places of
    /// those whose outputs are results.
    pub(crate) fn new(
        stages: Vec<Arc<StageCounters>>,
        behind: Vec<Vec<usize>>,
        ends: &[usize],
    ) -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let follows = |(place, behind): (usize, &Vec<usize>)| match place.checked_sub(1) {
            Some(before) => *behind == [before],
            None => behind.is_empty(),
        };
        Self {
            id: RUNS.fetch_add(1, Ordering::Relaxed),
            started: Moment::now(),
            ended: OnceLock::new(),
            end: Notify::new(),
            total_items: OnceLock::new(),
            stages: stages.into(),
            is_line: !ends.is_empty() && behind.iter().enumerate().all(follows),
            behind: behind.into(),
            submitted: CachePadded::default(),
            tally: CachePadded::default(),
            last_outcome: AtomicU64::new(0),
            entrances: OnceLock::new(),
            dropped: OnceLock::new(),
            errors: ErrorLog::new(FAILED),
        }
    }

    pub(crate) fn id(&self) -> RunId {
        RunId(self.id)
    }

    /// Lets it be measured how long items take. To be called before the run begins.
    pub(crate) fn time_items(&self) {
        self.entrances.get_or_init(Entrances::default);
    }

    /// When items were accepted, if that is noted.
    pub(crate) fn entrances(&self) -> Option<&Entrances> {
        self.entrances.get()
    }

    /// Notes that the last task has ended.
    pub(crate) fn note_end(&self) {
        self.ended.get_or_init(Moment::now);
        self.end.notify_waiters();
    }

    pub(crate) fn count_observer_panic(&self) {
        self.tally.observer_panics.fetch_add(1, Ordering::Relaxed);
    }
}

impl StageCounters {
    pub(crate) fn new(names: Arc<Names>, pool: usize, capacity: usize) -> Self {
        let stage = Self {
            names,
            capacity,
            pool: AtomicUsize::new(pool),
            workers: RwLock::default(),
            fed: SharedFlow::default(),
            withdrawn: SharedFlow::default(),
            handed_on: SharedFlow::default(),
            cancelled: AtomicU64::new(0),
            parked: AtomicU64::new(0),
            paused: AtomicBool::new(false),
        };
        if let Some(last) = pool.checked_sub(1) {
            stage.worker(last);
        }
        stage
    }

    /// The worker of this index. It is there from now on, with all of a lower index.
    pub(crate) fn worker(&self, index: usize) -> Arc<WorkerCounters> {
        let mut workers = self.workers.write().unwrap_or_else(PoisonError::into_inner);
        while workers.len() <= index {
            let id = WorkerId::new(Arc::clone(&self.names.stage), workers.len());
            workers.push(Arc::new(WorkerCounters::new(id)));
        }
        Arc::clone(&workers[index])
    }

    /// Looks at the workers.
    pub(crate) fn workers<T>(&self, look: impl FnOnce(&[Arc<WorkerCounters>]) -> T) -> T {
        look(&self.workers.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// See [`WorkerCounters::wait`].
#[derive(Debug)]
#[must_use]
pub(crate) struct Waiting<'a>(&'a WorkerCounters);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Self(worker) = self;
        let since = worker.waits_since.get();
        worker.waits_since.set(0);
        let now = Moment::now().ticks();
        worker.waited.add(now.saturating_sub(since));
    }
}

impl WorkerCounters {
    /// Counts a time in which it had an item in hand, and that it has none now.
    #[inline]
    pub(crate) fn worked(&self, started: Moment, ended: Moment) {
        self.busy.add(ended.ticks().saturating_sub(started.ticks()));
        self.last_active.set(ended.ticks());
        self.status.set_since(ended);
    }

    /// Counts the time until the guard is dropped as one that it waited with its item.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.waits_since.set(Moment::now().ticks());
        Waiting(self)
    }

    /// Where the worker notes how long things take, in a stage of so many tasks.
    pub(crate) fn timings(&self, tasks: usize) -> &WorkerTimings {
        self.timings
            .get_or_init(|| Box::new(WorkerTimings::new(tasks)))
    }

    /// How long it had items in hand until now, and how long of that it waited; in ticks.
    pub(super) fn times(&self, now: Moment) -> (u64, u64) {
        let until_now = |since: u64| now.ticks().saturating_sub(since);
        let (mut busy, mut waited) = (self.busy.get(), self.waited.get());
        if self.status.is_busy() {
            busy += until_now(self.status.since().ticks());
            if let since @ 1.. = self.waits_since.get() {
                waited += until_now(since);
            }
        }
        (busy, waited.min(busy))
    }

    fn new(id: WorkerId) -> Self {
        Self {
            id,
            status: Arc::default(),
            owes: AtomicBool::new(false),
            completed: Count::default(),
            failed: Count::default(),
            skipped: Count::default(),
            retried: Count::default(),
            taken: Flow::default(),
            pulled: Flow::default(),
            given: Flow::default(),
            busy: Count::default(),
            waited: Count::default(),
            waits_since: Count::default(),
            last_active: Count::default(),
            timings: OnceLock::new(),
        }
    }
}

pub(super) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
