use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;

use super::{Completions, Fed, Status, StatusEvent, TaskEvent};
use crate::stats::{DroppedEvents, RunCounters, RunView};

/// Something an observer asks the engine to wait for.
pub type Pending<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Receives the events of the runs it was given to.
///
/// The methods are called where the event happens, by the worker that has the item, by who feeds it or by who ends the
/// run, so they should be quick: [`Callbacks`](super::Callbacks) takes async work off the worker. A panic is caught and counted
/// (`observer_panics` of the run's stats); the item does not notice.
///
/// The events of one item come in their order. Events of different items may come from several threads at once.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use antflow::event::{Observer, Status, StatusEvent};
///
/// #[derive(Default)]
/// struct Failures(AtomicU64);
///
/// impl Observer for Failures {
///     fn on_status(&self, event: &StatusEvent) {
///         if event.status == Status::Failed {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// A run that is observed is about to start. If it returns an observer, that one gets the events of the run in
    /// place of this one, and can keep what belongs to the run.
    fn begin(&self, run: &RunView) -> Option<Arc<dyn Observer>> {
        let _ = run;
        None
    }

    /// An item came to a new status.
    fn on_status(&self, event: &StatusEvent) {
        let _ = event;
    }

    /// An attempt of a task began or ended.
    fn on_task(&self, event: &TaskEvent) {
        let _ = event;
    }

    /// Items were accepted, and are queued in their first stage.
    fn on_fed(&self, fed: &Fed<'_>) {
        let _ = fed;
    }

    /// A worker has completed items, which are not handed to the next stage yet.
    fn on_completed(&self, completions: &Completions<'_>) {
        let _ = completions;
    }

    /// An item of a pipeline that is more than a line of stages has its outcome. In a line, it has one when the last stage
    /// has completed it or let it pass, or when it failed or was cancelled.
    #[doc(hidden)]
    fn on_settled(&self, sequence_id: u64) {
        let _ = sequence_id;
    }

    /// Whether `on_status` should be called with events of this status; asked when a run starts. By default, with all.
    ///
    /// Where nobody wants `Queued`, `InProgress` or `Completed`, items on their way cost no more than without observer.
    fn wants_status(&self, status: Status) -> bool {
        let _ = status;
        true
    }

    /// Whether `on_task` should be called; asked when a run starts.
    fn wants_tasks(&self) -> bool {
        true
    }

    /// Whether `on_fed` and `on_completed` should be called; asked when a run starts. By default they are not.
    fn wants_batches(&self) -> bool {
        false
    }

    /// Whether it should be measured how long things take, to be asked for by [`RunView::timings`]; asked when a run
    /// starts. By default it is not. It costs a look at the clock for each item and stage, and some memory for each
    /// worker.
    fn wants_timings(&self) -> bool {
        false
    }

    /// The counter of the events of the run that it drops; asked when a run starts. None if it never does.
    fn dropped_events(&self) -> Option<DroppedEvents> {
        None
    }

    /// What to wait for before more items are taken up, if the observer cannot keep up.
    fn overload(&self) -> Option<Pending<'_>> {
        None
    }

    /// What to wait for at the end of a run, so that the events were dealt with when the run returns.
    fn flush(&self) -> Option<Pending<'_>> {
        None
    }
}

/// The observers of one run.
#[derive(Clone)]
pub(crate) struct Observers {
    run: Arc<RunCounters>,
    all: Vec<Watching>,
    /// What at least one of them wants.
    wanted: Wants,
}

#[derive(Clone)]
struct Watching {
    observer: Arc<dyn Observer>,
    wants: Wants,
}

/// What an observer wants to be told.
#[derive(Debug, Clone, Copy, Default)]
struct Wants {
    /// A bit for each status.
    statuses: u8,
    tasks: bool,
    batches: bool,
    timings: bool,
}

/// What an item comes to in a stage where all goes well.
const ORDINARY: u8 = Status::Queued.bit() | Status::InProgress.bit() | Status::Completed.bit();

impl Observers {
    /// Tells the observers of a run that is about to start, and asks what they want of it.
    pub(crate) fn begin(observers: &[Arc<dyn Observer>], run: Arc<RunCounters>) -> Self {
        let view = RunView::new(Arc::clone(&run));
        let watching = |observer: &Arc<dyn Observer>| {
            let begun = guarded(&run, || observer.begin(&view)).flatten();
            let observer = begun.unwrap_or_else(|| Arc::clone(observer));
            // One that panics when it is asked gets nothing.
            let wants = guarded(&run, || Wants {
                statuses: Status::ALL
                    .into_iter()
                    .filter(|status| observer.wants_status(*status))
                    .fold(0, |bits, status| bits | status.bit()),
                tasks: observer.wants_tasks(),
                batches: observer.wants_batches(),
                timings: observer.wants_timings(),
            });
            Watching {
                observer,
                wants: wants.unwrap_or_default(),
            }
        };
        let all: Vec<_> = observers.iter().map(watching).collect();
        let dropped = all
            .iter()
            .filter_map(|one| guarded(&run, || one.observer.dropped_events()).flatten());
        run.dropped.get_or_init(|| dropped.collect());
        let timings = all.iter().any(|one| one.wants.timings);
        if timings {
            run.time_items();
        }
        Self {
            wanted: Wants {
                timings,
                statuses: all.iter().fold(0, |bits, one| bits | one.wants.statuses),
                tasks: all.iter().any(|one| one.wants.tasks),
                batches: all.iter().any(|one| one.wants.batches),
            },
            all,
            run,
        }
    }

    #[inline]
    pub(crate) fn want(&self, status: Status) -> bool {
        self.wanted.statuses & status.bit() != 0
    }

    /// Whether an item makes events also where all goes well.
    pub(crate) fn want_every_item(&self) -> bool {
        self.wanted.statuses & ORDINARY != 0 || self.wanted.tasks
    }

    #[inline]
    pub(crate) fn want_tasks(&self) -> bool {
        self.wanted.tasks
    }

    #[inline]
    pub(crate) fn want_batches(&self) -> bool {
        self.wanted.batches
    }

    pub(crate) fn want_timings(&self) -> bool {
        self.wanted.timings
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn count_panic(&self) {
        self.run.count_observer_panic();
    }

    pub(crate) fn fed(&self, fed: &Fed<'_>) {
        for one in self.all.iter().filter(|one| one.wants.batches) {
            guarded(&self.run, || one.observer.on_fed(fed));
        }
    }

    pub(crate) fn completed(&self, completions: &Completions<'_>) {
        for one in self.all.iter().filter(|one| one.wants.batches) {
            guarded(&self.run, || one.observer.on_completed(completions));
        }
    }

    pub(crate) fn settled(&self, sequence_id: u64) {
        for one in &self.all {
            guarded(&self.run, || one.observer.on_settled(sequence_id));
        }
    }

    pub(crate) fn status(&self, event: &StatusEvent) {
        let bit = event.status.bit();
        for one in self.all.iter().filter(|one| one.wants.statuses & bit != 0) {
            guarded(&self.run, || one.observer.on_status(event));
        }
    }

    pub(crate) fn task(&self, event: &TaskEvent) {
        for one in self.all.iter().filter(|one| one.wants.tasks) {
            guarded(&self.run, || one.observer.on_task(event));
        }
    }

    /// Whether one of them cannot keep up.
    pub(crate) fn are_overloaded(&self) -> bool {
        let overloaded = |one: &Watching| {
            guarded(&self.run, || one.observer.overload().is_some()).unwrap_or(false)
        };
        self.all.iter().any(overloaded)
    }

    /// Waits until every observer keeps up.
    pub(crate) async fn ready(&self) {
        for one in &self.all {
            if let Some(Some(pending)) = guarded(&self.run, || one.observer.overload()) {
                self.settle(pending).await;
            }
        }
    }

    /// Waits until every observer has dealt with its events.
    pub(crate) async fn flush(&self) {
        for one in &self.all {
            if let Some(Some(pending)) = guarded(&self.run, || one.observer.flush()) {
                self.settle(pending).await;
            }
        }
    }

    async fn settle(&self, pending: Pending<'_>) {
        if AssertUnwindSafe(pending).catch_unwind().await.is_err() {
            self.count_panic();
        }
    }
}

/// Calls an observer, and counts its panic.
fn guarded<T>(run: &RunCounters, call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call))
        .inspect_err(|_| {
            run.count_observer_panic();
            crate::log::error!("an observer panicked");
        })
        .ok()
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers")
            .field("count", &self.all.len())
            .finish_non_exhaustive()
    }
}
