use std::sync::Arc;

use super::cell::Cell;
use super::report::status_event;
use super::sink::Sink;
use super::task_list::TaskList;
use crate::clock::Moment;
use crate::event::{Completion, Completions, Fed, Status};
use crate::item::{Details, Tag};
use crate::stage::{Stage, item_id};
use crate::stats::WorkerCounters;

/// What a stage tells observers of more than one item at a time, or before a worker has one.
impl<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> Cell<S, L, St, D> {
    /// Tells observers of items that are completed. To be called before they are handed on.
    #[inline]
    pub(super) fn tell(&self, worker: &WorkerCounters, items: &[Completion]) {
        if !items.is_empty() {
            self.core().shared.observers.completed(&Completions {
                stage: self.runtime.index,
                worker: &worker.id,
                items,
            });
        }
    }

    /// As [`tell`](Self::tell), of what a worker has in hand: an item or a batch.
    #[inline]
    pub(super) fn tell_one(&self, worker: &WorkerCounters, tag: &Tag, one: Option<Completion>) {
        let Some(one) = one else { return };
        if tag.details.is_none() {
            return self.tell(worker, &[one]);
        }
        let items = tag.members().iter();
        let items: Vec<_> = items
            .map(|item| Completion {
                sequence_id: item.sequence_id,
                ..one
            })
            .collect();
        self.tell(worker, &items);
    }

    /// Notes items that were accepted, the first of which has this sequence number, and tells observers.
    pub(super) fn tell_fed<'a>(
        &self,
        first: u64,
        details: impl ExactSizeIterator<Item = &'a Option<Arc<Details>>>,
        now: Moment,
    ) {
        let shared = &self.core().shared;
        let count = details.len() as u64;
        if let Some(entrances) = shared.run.entrances() {
            entrances.enter(first, count, now);
        }
        let observers = &shared.observers;
        if observers.want_batches() {
            let said = (first..).zip(details);
            let said: Vec<_> = said
                .filter_map(|(item, details)| Some((item, details.clone()?)))
                .collect();
            observers.fed(&Fed {
                stage: self.runtime.index,
                first,
                count,
                at: now,
                details: &said,
            });
        }
    }

    /// Tells observers that items have come to the stage's queue, if they want to know.
    pub(super) fn tell_queued<'a>(&self, items: impl IntoIterator<Item = &'a Tag>, at: Moment) {
        let shared = &self.core().shared;
        if !shared.observers.want(Status::Queued) {
            return;
        }
        let mut event = None;
        for tag in items.into_iter().flat_map(Tag::members) {
            let event = event.get_or_insert_with(|| {
                status_event(shared.run.id(), &self.runtime, tag, Status::Queued, at)
            });
            event.sequence_id = tag.sequence_id;
            event.item_id = item_id(tag.details.as_deref(), tag.sequence_id);
            event.metadata = tag.metadata().clone();
            shared.observers.status(event);
        }
    }
}
