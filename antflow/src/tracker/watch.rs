use std::sync::Arc;

use super::record::RunRecord;
use super::{History, Shared, StatusCounts, StatusTracker, Tracked};
use crate::event::{
    Callbacks, Completions, Fed, Observer, Pending, Status, StatusEvent, TaskEvent,
};
use crate::stats::{DroppedEvents, FailedItem, RunView};

/// A tracker, as one run sees it.
struct Watch {
    callbacks: Callbacks,
    history: History,
    shared: Arc<Shared>,
    record: Option<Arc<RunRecord>>,
    /// Whether somebody had subscribed when the run began.
    has_readers: bool,
    has_task_readers: bool,
}

impl Observer for StatusTracker {
    fn begin(&self, run: &RunView) -> Option<Arc<dyn Observer>> {
        let record = self.history.record(run).map(Arc::new);
        self.shared.enter(run, record.clone(), self.history);
        Some(Arc::new(Watch {
            callbacks: self.callbacks.for_run(),
            history: self.history,
            shared: Arc::clone(&self.shared),
            record,
            has_readers: self.shared.statuses.receiver_count() > 0,
            has_task_readers: self.shared.tasks.receiver_count() > 0,
        }))
    }
}

impl Observer for Watch {
    fn on_status(&self, event: &StatusEvent) {
        let ends = match event.status {
            Status::Failed => {
                if let Some(error) = &event.error {
                    self.shared.errors.note(FailedItem {
                        item_id: event.item_id.clone(),
                        sequence_id: event.sequence_id,
                        error: error.clone(),
                        timestamp: event.timestamp,
                    });
                }
                true
            }
            Status::Cancelled => true,
            Status::Skipped => self
                .record
                .as_ref()
                .is_some_and(|record| record.is_last(&event.stage)),
            Status::Retrying | Status::Queued | Status::InProgress | Status::Completed => false,
        };
        if let Some(record) = &self.record
            && !record.is_line()
        {
            record.note_event(event);
        } else if let Some(record) = &self.record
            && !is_ordinary(event.status)
        {
            let is_noted = ends && record.has_gone_through(event.sequence_id);
            record.note_event(event);
            if ends && !is_noted {
                self.shared
                    .note_ended(self.history, record, [event.sequence_id]);
            }
        }
        self.callbacks.on_status(event);
        if self.has_readers {
            // An error says that they are gone.
            let _ = self.shared.statuses.send(event.clone());
        }
    }

    fn on_task(&self, event: &TaskEvent) {
        self.callbacks.on_task(event);
        if self.has_task_readers {
            let _ = self.shared.tasks.send(event.clone());
        }
    }

    fn on_fed(&self, fed: &Fed<'_>) {
        if let Some(record) = &self.record {
            record.note_fed(fed);
        }
    }

    fn on_completed(&self, completions: &Completions<'_>) {
        let Some(record) = self.record.as_ref().filter(|record| record.is_line()) else {
            return;
        };
        record.note_completed(completions);
        if completions.stage == record.last_stage() {
            let items = completions.items.iter().map(|item| item.sequence_id);
            self.shared.note_ended(self.history, record, items);
        }
    }

    fn on_settled(&self, sequence_id: u64) {
        if let Some(record) = &self.record {
            self.shared.note_ended(self.history, record, [sequence_id]);
        }
    }

    fn wants_status(&self, status: Status) -> bool {
        let record = self.record.as_ref();
        let kept = record.is_some_and(|record| !record.is_line() || !is_ordinary(status));
        status == Status::Failed || kept || self.callbacks.wants_status(status) || self.has_readers
    }

    fn wants_tasks(&self) -> bool {
        self.callbacks.wants_tasks() || self.has_task_readers
    }

    fn wants_batches(&self) -> bool {
        self.history.is_kept()
    }

    fn dropped_events(&self) -> Option<DroppedEvents> {
        self.callbacks.dropped_events()
    }

    fn overload(&self) -> Option<Pending<'_>> {
        self.callbacks.overload()
    }

    fn flush(&self) -> Option<Pending<'_>> {
        self.callbacks.flush()
    }
}

/// Whether an item comes to it where all goes well. The slab tells of these.
fn is_ordinary(status: Status) -> bool {
    matches!(
        status,
        Status::Queued | Status::InProgress | Status::Completed
    )
}

impl Shared {
    /// Enters a run that begins, and lets go of those that are over and of which nothing is kept.
    fn enter(&self, view: &RunView, record: Option<Arc<RunRecord>>, history: History) {
        let mut runs = self.runs();
        let runs = &mut *runs;
        if history != History::Full {
            let (gone, ended) = (&mut runs.gone, &runs.ended);
            runs.all.retain(|run| {
                let kept = run.record.as_ref();
                let is_kept =
                    kept.is_some_and(|kept| ended.iter().any(|(of, _)| Arc::ptr_eq(of, kept)));
                let stays = is_kept || !run.view.has_ended();
                if !stays {
                    *gone += StatusCounts::of(&run.view);
                }
                stays
            });
        }
        runs.all.push(Tracked {
            view: view.clone(),
            record,
        });
    }

    /// Notes items that have ended, and forgets those that are too many.
    fn note_ended(
        &self,
        history: History,
        record: &Arc<RunRecord>,
        items: impl IntoIterator<Item = u64>,
    ) {
        let Some(bound) = history.bound() else { return };
        let mut forgotten = Vec::new();
        let mut runs = self.runs();
        for item in items {
            runs.ended.push_back((Arc::clone(record), item));
            if runs.ended.len() > bound {
                forgotten.extend(runs.ended.pop_front());
            }
        }
        drop(runs);
        for (record, item) in forgotten {
            record.forget(item);
        }
    }
}
