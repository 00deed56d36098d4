//! A tracker: what happened to each item, to be asked during and after runs.
//!
//! | you want | ask |
//! |---|---|
//! | to be told at once | the callbacks, or [`subscribe`](StatusTracker::subscribe) |
//! | how many items are where | [`stats`](StatusTracker::stats) |
//! | what became of an item | [`status`](StatusTracker::status), [`history`](StatusTracker::history) |
//! | what failed | [`error_summary`](StatusTracker::error_summary), [`failed_items`](StatusTracker::failed_items) |
//!
//! A tracker without callbacks and subscribers makes no events while a run goes on. Of a stage through which an item
//! passes, 16 bytes are kept, of which the events are made when somebody asks.

mod history;
mod record;
mod slab;
mod status_counts;
mod subscription;
mod watch;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::Sender;

pub use history::History;
use record::RunRecord;
pub use status_counts::StatusCounts;
pub use subscription::Subscription;

use crate::event::{Callback, Callbacks, Overflow, Status, StatusEvent, TaskEvent};
use crate::item::ItemId;
use crate::stats::{ErrorLog, ErrorSummary, FailedItem, RunView};

/// Keeps track of the items of runs.
///
/// Clones are one tracker. It is given to a pipeline or to a run with `observe`, and may be given to several: their items
/// are told apart by the run and the sequence number in their events, also where ids repeat.
///
/// ```
/// use antflow::event::Status;
/// use antflow::{Item, StatusTracker, pipeline, stage};
///
/// #[stage(workers = 3)]
/// async fn parse(text: &'static str) -> Result<u32, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::StartError> {
/// let tracker = StatusTracker::new();
/// let items = [Item::new("1").id("first"), Item::new("x").id("second")];
/// pipeline!(parse).observe(tracker.clone()).run(items).await?;
///
/// assert_eq!(tracker.stats().completed, 1);
/// let last = tracker.status("second").expect("it was fed");
/// assert_eq!(last.status, Status::Failed);
/// let history = tracker.history("first");
/// let statuses: Vec<_> = history.iter().map(|event| event.status).collect();
/// assert_eq!(statuses, [Status::Queued, Status::InProgress, Status::Completed]);
/// assert_eq!(tracker.error_summary().errors_by_type["ParseIntError"], 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct StatusTracker {
    callbacks: Callbacks,
    history: History,
    shared: Arc<Shared>,
}

/// What the clones of a tracker share.
struct Shared {
    runs: Mutex<Runs>,
    errors: ErrorLog,
    statuses: Sender<StatusEvent>,
    tasks: Sender<TaskEvent>,
}

#[derive(Default)]
struct Runs {
    /// In the order in which they started.
    all: Vec<Tracked>,
    /// The counts of those that are over and of which nothing is kept.
    gone: StatusCounts,
    /// The items that ended last, where only those are kept.
    ended: VecDeque<(Arc<RunRecord>, u64)>,
}

/// A run, and what is kept of it.
struct Tracked {
    view: RunView,
    record: Option<Arc<RunRecord>>,
}

/// So many events wait for a subscriber before it misses some.
const BACKLOG: usize = 4096;
/// So many failed items are kept where no history is.
const FAILED: usize = 32;

impl Default for StatusTracker {
    fn default() -> Self {
        Self {
            callbacks: Callbacks::new(),
            history: History::Full,
            shared: Arc::new(Shared::new(History::Full)),
        }
    }
}

impl Shared {
    fn new(history: History) -> Self {
        let failed = match history {
            History::Full => usize::MAX,
            History::Last(items) => items,
            History::Off => FAILED,
        };
        Self {
            runs: Mutex::default(),
            errors: ErrorLog::new(failed),
            statuses: Sender::new(BACKLOG),
            tasks: Sender::new(BACKLOG),
        }
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StatusTracker {
    /// A tracker that keeps everything and calls nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how much is kept of what happened to each item. It is for a new tracker: what this one has seen is
    /// forgotten.
    pub fn with_history(mut self, history: History) -> Self {
        self.history = history;
        self.shared = Arc::new(Shared::new(history));
        self
    }

    /// Sets the callback for every change of an item's status. The type of its parameter has to be written out: a closure
    /// that takes the event by reference is called where it happens, at little cost; one that takes it by value, plain or
    /// async, on a task beside the workers. See [`Callbacks`]. It may give nothing, or a `Result` whose errors are counted.
    ///
    /// ```
    /// use std::io::Write;
    /// use antflow::StatusTracker;
    /// use antflow::event::StatusEvent;
    ///
    /// let tracker = StatusTracker::new()
    ///     .on_status_change(|event: &StatusEvent| writeln!(std::io::stdout(), "{} {}", event.item_id, event.status));
    /// assert_eq!(tracker.callbacks().errors(), 0);
    /// ```
    pub fn on_status_change<Marker: 'static>(
        mut self,
        callback: impl Callback<StatusEvent, Marker>,
    ) -> Self {
        self.callbacks = self.callbacks.on_status_change(callback);
        self
    }

    /// Sets the callback for the beginning of every attempt of a task.
    pub fn on_task_start<Marker: 'static>(
        mut self,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        self.callbacks = self.callbacks.on_task_start(callback);
        self
    }

    /// Sets the callback for every attempt that succeeds.
    pub fn on_task_complete<Marker: 'static>(
        mut self,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        self.callbacks = self.callbacks.on_task_complete(callback);
        self
    }

    /// Sets the callback for every attempt that fails and is followed by another.
    pub fn on_task_retry<Marker: 'static>(
        mut self,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        self.callbacks = self.callbacks.on_task_retry(callback);
        self
    }

    /// Sets the callback for every attempt that fails for good.
    pub fn on_task_fail<Marker: 'static>(
        mut self,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        self.callbacks = self.callbacks.on_task_fail(callback);
        self
    }

    /// Sets the callback for every beginning and end of a task's attempt, in place of those for one kind of event.
    pub fn on_task_event<Marker: 'static>(
        mut self,
        callback: impl Callback<TaskEvent, Marker>,
    ) -> Self {
        self.callbacks = self.callbacks.on_task_event(callback);
        self
    }

    /// Sets how many events of a run may wait for the callbacks, 1024 by default, and what happens when they do.
    pub fn with_overflow(mut self, capacity: usize, overflow: Overflow) -> Self {
        self.callbacks = self.callbacks.capacity(capacity).on_overflow(overflow);
        self
    }

    /// The callbacks with their counts, of all runs: how many events were dropped, how many calls panicked or gave an
    /// error.
    #[must_use = "it has no effect"]
    pub fn callbacks(&self) -> &Callbacks {
        &self.callbacks
    }

    /// Every change of an item's status in the runs that start from now on, as a stream.
    #[must_use = "streams do nothing unless polled"]
    pub fn subscribe(&self) -> Subscription<StatusEvent> {
        Subscription::new(&self.shared.statuses)
    }

    /// Every beginning and end of a task's attempt in the runs that start from now on, as a stream.
    #[must_use = "streams do nothing unless polled"]
    pub fn subscribe_tasks(&self) -> Subscription<TaskEvent> {
        Subscription::new(&self.shared.tasks)
    }

    /// The last event of the item of this id; of several, the one that was fed last. None if there is none, or it is
    /// not kept. Of an item that was divided it is the last event of any of its parts.
    #[must_use]
    pub fn status(&self, id: impl Into<ItemId>) -> Option<StatusEvent> {
        let id = id.into();
        self.records().iter().rev().find_map(|record| {
            let item = *record.items_of(&id).last()?;
            record.history(item).pop()
        })
    }

    /// The last event of each item that is in this status, in the order in which they were fed.
    ///
    /// It looks at all items that are kept; [`stats`](Self::stats) does not.
    #[must_use]
    pub fn by_status(&self, status: Status) -> Vec<StatusEvent> {
        let records = self.records();
        let events = records.iter().flat_map(|record| record.by_status(status));
        events.collect()
    }

    /// How many items are in each status. It looks at counters, not at items.
    #[must_use]
    pub fn stats(&self) -> StatusCounts {
        let runs = self.shared.runs();
        runs.all.iter().fold(runs.gone, |mut sum, run| {
            sum += StatusCounts::of(&run.view);
            sum
        })
    }

    /// What happened to the item of this id, the oldest first. Where the id repeats, it is what happened to all items
    /// that have it, one after the other.
    ///
    /// An item is queued in a stage at the moment at which it was completed in the one before. Empty if there is no
    /// such item, or it is not kept.
    #[must_use]
    pub fn history(&self, id: impl Into<ItemId>) -> Vec<StatusEvent> {
        let id = id.into();
        let mut events = Vec::new();
        for record in self.records() {
            for item in record.items_of(&id) {
                events.extend(record.history(item));
            }
        }
        events
    }

    /// The items that failed, in the order in which they did: all, or as many of the last as the history has items.
    /// Without history, the last 32.
    #[must_use]
    pub fn failed_items(&self) -> Vec<FailedItem> {
        self.error_summary().failed_items
    }

    /// How many items failed, and of what.
    #[must_use]
    pub fn error_summary(&self) -> ErrorSummary {
        self.shared.errors.summary()
    }

    /// The ids of all items that are kept, in the order in which they were first fed. An id that repeats is there once.
    #[must_use]
    pub fn tracked_ids(&self) -> Vec<ItemId> {
        let mut seen = HashSet::new();
        let records = self.records();
        let ids = records.iter().flat_map(|record| record.ids());
        ids.filter(|id| seen.insert(id.clone())).collect()
    }

    /// What is kept of the runs, in the order in which they started.
    fn records(&self) -> Vec<Arc<RunRecord>> {
        let runs = self.shared.runs();
        let records = runs.all.iter().filter_map(|run| run.record.clone());
        records.collect()
    }
}

impl fmt::Debug for StatusTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusTracker")
            .field("history", &self.history)
            .field("stats", &self.stats())
            .field("callbacks", &self.callbacks)
            .finish_non_exhaustive()
    }
}
