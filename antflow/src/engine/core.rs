use std::any::Any;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::accounting::{Accounting, SettleLater};
use super::bell::Bell;
use super::envelope::Envelope;
use super::outlet::Outlet;
use super::report::status_event;
use super::runtime::StageRuntime;
use super::tasks::Tasks;

use super::watchdog::Watchdog;
use crate::clock::Moment;
use crate::event::{Observers, Status, StatusEvent};
use crate::item::{ItemError, ItemErrorKind, ItemId, Label, PipelineResult, Tag, Whole, Yield};
use crate::stage::{WorkerId, item_id};
use crate::stats::{FailedItem, RunCounters};
use crate::trace::RunTrace;

/// What all stages of one run share.
#[derive(Debug)]
pub struct Core<Out> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) outlet: Outlet<Out>,
    /// Makes a result of what came of an item that was divided.
    assemble: fn(Yield) -> Out,
}

/// The part of it that does not depend on what comes out: the account of the items, the observers and the tasks.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) accounting: Accounting,
    pub(crate) observers: Observers,
    pub(crate) trace: RunTrace,
    /// Cancelled when the run is cut off.
    pub(crate) cancellation: CancellationToken,
    /// Cancelled when nothing is accepted from outside any more.
    pub(crate) closed: CancellationToken,
    pub(crate) run: Arc<RunCounters>,
    pub(crate) watchdog: Arc<Watchdog>,
    /// What the iterator threw that fed the run.
    source_panic: Mutex<Option<Box<dyn Any + Send>>>,
    ids: Ids,
    pub(super) tasks: Tasks,
}

/// A run that was dropped has ended when nobody is at it any more.
impl Drop for Shared {
    fn drop(&mut self) {
        self.note_end();
    }
}

/// Which ids the feeders chose, to count those that come again: 8 bytes for each, not the id itself.
#[derive(Debug, Default)]
struct Ids {
    hasher: RandomState,
    seen: Mutex<HashSet<u64>>,
}

impl<Out> Core<Out> {
    pub(crate) fn new(
        run: Arc<RunCounters>,
        observers: Observers,
        trace: RunTrace,
        outlet: Outlet<Out>,
        assemble: fn(Yield) -> Out,
    ) -> Self {
        Self {
            assemble,
            shared: Arc::new(Shared {
                accounting: Accounting::new(),
                observers,
                trace,
                cancellation: CancellationToken::new(),
                closed: CancellationToken::new(),
                run,
                watchdog: Arc::new(Watchdog::new()),
                source_panic: Mutex::new(None),
                ids: Ids::default(),
                tasks: Tasks::here(),
            }),
            outlet,
        }
    }

    /// Ends an item, a part of one, or all items of a batch without a value; the run is not over before the guard is
    /// dropped.
    pub(crate) fn fail(&self, tag: &Tag, error: &ItemError) -> SettleLater<'_> {
        let accounting = &self.shared.accounting;
        accounting.accept_inside(1);
        let settled = accounting.settle_later(1);
        for item in tag.members() {
            self.fail_one(item, error.clone());
        }
        settled
    }

    fn fail_one(&self, tag: &Tag, error: ItemError) {
        let is_cancelled = error.is_cancelled();
        if !is_cancelled {
            self.shared.note_failure(tag, &error);
        }
        if let Some(part) = tag.part() {
            return part.end(Err(error));
        }
        let _settled = self.shared.accounting.settle_later(1);
        let tally = &self.shared.run.tally;
        let counter = if is_cancelled {
            &tally.cancelled
        } else {
            &tally.failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.give_out(tag.clone(), Err(error));
    }

    fn give_out(&self, tag: Tag, value: Result<Out, ItemError>) {
        self.shared.note_outcomes([tag.sequence_id], Moment::now());
        let mut bell = Bell::default();
        self.outlet
            .put([PipelineResult::new(tag, value)], &mut bell);
    }

    /// Ends items that went through all stages.
    pub(crate) fn complete(
        &self,
        count: usize,
        entries: impl IntoIterator<Item = Envelope<Out>>,
        bell: &mut Bell<'_>,
    ) {
        let count = count as u64;
        let completed = &self.shared.run.tally.completed;
        completed.fetch_add(count, Ordering::Relaxed);
        // Results that are not kept are dropped there, which may panic.
        let _settled = self.shared.accounting.settle_later(count);
        let results = entries
            .into_iter()
            .map(|entry| PipelineResult::new(entry.tag, Ok(entry.value)));
        self.outlet.put(results, bell);
    }

    /// Ends an item as cancelled, because the run was cut off after so many attempts in the stage, the last of which was
    /// begun then and did not come to its end.
    pub(crate) fn cancel(
        &self,
        stage: &StageRuntime,
        worker: Option<WorkerId>,
        tag: &Tag,
        attempts: u32,
        started: Option<Moment>,
    ) {
        let kind = (ItemErrorKind::Cancelled, "Cancelled");
        let error = ItemError::new(Arc::clone(&stage.name), None, worker, attempts, kind);
        self.give_up(stage, tag, &error, started);
    }

    /// Ends as cancelled an item that is not taken in where it was to go, and drops its value; `stage` is the one it comes
    /// from.
    pub(crate) fn turn_back<T>(
        &self,
        envelope: Envelope<T>,
        stage: &StageRuntime,
        worker: Option<&WorkerId>,
    ) {
        let Envelope { value, tag } = envelope;
        self.cancel(stage, worker.cloned(), &tag, tag.attempt(), None);
        self.shared.discard(value);
    }

    /// Ends an item with an error that says it was cancelled, in an attempt that was begun then.
    pub(crate) fn give_up(
        &self,
        stage: &StageRuntime,
        tag: &Tag,
        error: &ItemError,
        started: Option<Moment>,
    ) {
        stage.counters.cancelled.fetch_add(1, Ordering::Relaxed);
        self.tell_end(stage, tag, Status::Cancelled, error, started);
        drop(self.fail(tag, error));
    }

    /// Tells observers that an item ended with an error in a stage, in an attempt that was begun then.
    pub(crate) fn tell_end(
        &self,
        stage: &StageRuntime,
        tag: &Tag,
        status: Status,
        error: &ItemError,
        started: Option<Moment>,
    ) {
        if !self.shared.observers.want(status) {
            return;
        }
        let (run, now) = (self.shared.run.id(), Moment::now());
        for item in tag.members() {
            let event = StatusEvent {
                worker: error.worker().cloned(),
                started: started.map(Moment::system_time),
                error: Some(error.clone()),
                ..status_event(run, stage, item, status, now)
            };
            self.shared.observers.status(&event);
        }
    }
}

impl<Out: Send + 'static> Whole for Core<Out> {
    fn count_in(&self) {
        self.shared.accounting.accept_inside(1);
    }

    fn count_out(&self) {
        self.shared.accounting.settle(1);
    }

    fn end(&self, tag: Tag, yielded: Yield) {
        let _settled = self.shared.accounting.settle_later(1);
        let tally = &self.shared.run.tally;
        tally.completed.fetch_add(1, Ordering::Relaxed);
        self.give_out(tag, Ok((self.assemble)(yielded)));
    }
}

impl Shared {
    /// Takes the next `count` sequence numbers, and returns the first of them.
    pub(crate) fn number(&self, count: u64) -> u64 {
        self.run.submitted.fetch_add(count, Ordering::Relaxed)
    }

    /// How many items were accepted.
    pub(crate) fn submitted(&self) -> u64 {
        self.run.submitted.load(Ordering::Relaxed)
    }

    /// Notes when items have their outcomes.
    #[inline]
    pub(crate) fn note_outcomes(
        &self,
        items: impl IntoIterator<Item = u64, IntoIter: Clone>,
        now: Moment,
    ) {
        self.run.last_outcome.store(now.ticks(), Ordering::Relaxed);
        let items = items.into_iter();
        if !self.run.is_line {
            for item in items.clone() {
                self.observers.settled(item);
            }
        }
        if let Some(entrances) = self.run.entrances() {
            entrances.leave(items, now);
        }
    }

    /// Counts the id that the feeder chose, if it did and it was there before.
    #[inline]
    pub(crate) fn note_id(&self, label: &Label) {
        if let Some(details) = &label.details
            && let Some(id) = &details.id
        {
            self.note(id);
        }
    }

    fn note(&self, id: &ItemId) {
        let hash = self.ids.hasher.hash_one(id);
        let mut seen = self.ids.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.insert(hash) {
            let tally = &self.run.tally;
            tally.duplicate_ids.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Drops a value of the user, whose panic changes nothing any more.
    pub(crate) fn discard<T>(&self, value: T) {
        if catch_unwind(AssertUnwindSafe(|| drop(value))).is_err() {
            self.observers.count_panic();
        }
    }

    /// Drops what items came from, which was counted as one item: the run is not over while there is more.
    pub(crate) fn end_source<T>(&self, source: T) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(source))) {
            self.note_source_panic(panic);
        }
        self.accounting.settle(1);
    }

    /// Keeps a panic of what items come from, for whoever runs the pipeline.
    pub(crate) fn note_source_panic(&self, panic: Box<dyn Any + Send>) {
        *self
            .source_panic
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(panic);
    }

    pub(crate) fn take_source_panic(&self) -> Option<Box<dyn Any + Send>> {
        self.source_panic
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Accepts nothing from outside any more.
    pub(crate) fn close(&self) {
        self.accounting.close();
        self.closed.cancel();
    }

    /// Notes that the last task of the run has ended.
    pub(crate) fn note_end(&self) {
        self.trace.end();
        self.run.note_end();
    }

    /// Keeps what is known of an item that failed.
    fn note_failure(&self, tag: &Tag, error: &ItemError) {
        self.run.errors.note(FailedItem {
            item_id: item_id(tag.details.as_deref(), tag.sequence_id),
            sequence_id: tag.sequence_id,
            error: error.clone(),
            timestamp: Moment::now().system_time(),
        });
    }
}
