use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use super::super::bell::Bell;
use super::super::core::Core;
use super::super::envelope::Envelope;
use super::super::queue::PushError;
use super::super::runtime::StageRuntime;
use super::super::seat::Seat;
use super::{Failures, Sink};
use crate::clock::Moment;
use crate::item::ItemErrorKind;
use crate::stage::{BatchMismatch, BatchOutput, WorkerId};

/// The way out of a stage that takes batches: the items go on for themselves.
pub(crate) struct UngatherSink<D>(D);

impl<D> UngatherSink<D> {
    pub(crate) fn new(down: D) -> Self {
        Self(down)
    }
}

impl<D: Clone> Clone for UngatherSink<D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// What came of a batch, or those items of it that were not taken in yet.
pub(crate) enum UngatherEntry<B, E> {
    Batch(Envelope<B>),
    Items(VecDeque<E>),
}

impl<D> UngatherSink<D> {
    fn items<B: BatchOutput>(&self, batch: Envelope<B>) -> VecDeque<D::Entry>
    where
        D: Sink<B::Item>,
    {
        // The items that failed have ended.
        let values = batch.value.into_values().into_iter().flatten();
        let tags = batch.tag.members().iter();
        tags.zip(values)
            .map(|(tag, value)| {
                let mut tag = tag.clone();
                tag.set_attempt(batch.tag.attempt());
                self.0.entry(Envelope { value, tag })
            })
            .collect()
    }
}

impl<B: BatchOutput, D: Sink<B::Item>> Sink<B> for UngatherSink<D> {
    type Final = D::Final;

    const BATCHES: bool = false;
    const UNGATHERS: bool = true;

    fn core(&self) -> &Arc<Core<D::Final>> {
        self.0.core()
    }

    fn try_reserve(&self, _: usize) -> usize {
        0
    }

    type Entry = UngatherEntry<B, D::Entry>;

    fn entry(&self, envelope: Envelope<B>) -> Self::Entry {
        UngatherEntry::Batch(envelope)
    }

    fn fill(&self, _: usize, entries: &mut VecDeque<Self::Entry>, _: Moment, _: &mut Bell<'_>) {
        debug_assert!(entries.is_empty(), "no room was set aside");
    }

    fn try_send(
        &self,
        entry: Self::Entry,
        now: Moment,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<Self::Entry>> {
        let mut items = match entry {
            UngatherEntry::Batch(batch) => self.items(batch),
            UngatherEntry::Items(items) => items,
        };
        while let Some(item) = items.pop_front() {
            match self.0.try_send(item, now, bell) {
                Ok(()) => self.0.count(1, now),
                Err(PushError::Full(item)) => {
                    items.push_front(item);
                    return Err(PushError::Full(UngatherEntry::Items(items)));
                }
                Err(PushError::Closed(item)) => {
                    items.push_front(item);
                    return Err(PushError::Closed(UngatherEntry::Items(items)));
                }
            }
        }
        Ok(())
    }

    fn turn_back(&self, entry: Self::Entry, stage: &StageRuntime, worker: Option<&WorkerId>) {
        let items = match entry {
            UngatherEntry::Batch(batch) => self.items(batch),
            UngatherEntry::Items(items) => items,
        };
        for item in items {
            self.0.turn_back(item, stage, worker);
        }
    }

    fn take_errors(
        &self,
        output: &mut B,
        items: usize,
    ) -> Result<Failures, (ItemErrorKind, &'static str)> {
        let values = output.count();
        if values != items {
            let mismatch = BatchMismatch { items, values };
            let kind = ItemErrorKind::Failed(mismatch.into());
            return Err((kind, std::any::type_name::<BatchMismatch>()));
        }
        Ok(output.take_errors())
    }

    fn count(&self, _: usize, _: Moment) {}

    fn call(&self, bell: &mut Bell<'_>) {
        self.0.call(bell);
    }

    fn room<'a>(
        &'a self,
        refused: Option<&'a Self::Entry>,
        seat: &'a Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'a {
        let refused = match refused {
            Some(UngatherEntry::Items(items)) => items.front(),
            Some(UngatherEntry::Batch(_)) | None => None,
        };
        self.0.room(refused, seat)
    }
}
