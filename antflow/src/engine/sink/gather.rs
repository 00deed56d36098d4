use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use super::super::bell::Bell;
use super::super::core::Core;
use super::super::envelope::Envelope;
use super::super::gather::{Added, Gathering};
use super::super::queue::{Closed, PushError};
use super::super::runtime::StageRuntime;
use super::super::seat::Seat;
use super::Sink;
use crate::clock::Moment;
use crate::stage::WorkerId;

/// The way into a stage that takes batches.
pub(crate) struct GatherSink<T, Out>(Arc<Gathering<T, Out>>);

impl<T, Out> GatherSink<T, Out> {
    pub(crate) fn new(gathering: Arc<Gathering<T, Out>>) -> Self {
        Self(gathering)
    }
}

impl<T, Out> Clone for GatherSink<T, Out> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// An item on its way into a batch, or the batch that it has made up.
pub(crate) enum GatherEntry<T> {
    Item(Envelope<T>),
    Batch(Envelope<Vec<T>>),
}

impl<T: Send + 'static, Out: Send + 'static> Sink<T> for GatherSink<T, Out> {
    type Final = Out;

    const BATCHES: bool = false;

    fn core(&self) -> &Arc<Core<Out>> {
        self.0.between().core()
    }

    fn try_reserve(&self, _: usize) -> usize {
        0
    }

    type Entry = GatherEntry<T>;

    fn entry(&self, envelope: Envelope<T>) -> GatherEntry<T> {
        GatherEntry::Item(envelope)
    }

    fn fill(&self, _: usize, entries: &mut VecDeque<GatherEntry<T>>, _: Moment, _: &mut Bell<'_>) {
        debug_assert!(entries.is_empty(), "no room was set aside");
    }

    fn try_send(
        &self,
        entry: GatherEntry<T>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<GatherEntry<T>>> {
        let batch = match entry {
            GatherEntry::Item(item) => match self.0.add(item) {
                Added::Waits => return Ok(()),
                Added::Made(batch) => batch,
                Added::Closed(item) => return Err(PushError::Closed(GatherEntry::Item(item))),
            },
            GatherEntry::Batch(batch) => batch,
        };
        match self.0.inlet().try_reserve(1) {
            Ok(0) => Err(PushError::Full(GatherEntry::Batch(batch))),
            Ok(_) => {
                self.0.inlet().pass(1, VecDeque::from([batch]), now, bell);
                Ok(())
            }
            Err(Closed) => Err(PushError::Closed(GatherEntry::Batch(batch))),
        }
    }

    fn turn_back(&self, entry: GatherEntry<T>, stage: &StageRuntime, worker: Option<&WorkerId>) {
        let core = self.0.between().core();
        match entry {
            GatherEntry::Item(item) => core.turn_back(item, stage, worker),
            GatherEntry::Batch(batch) => {
                let items = batch.tag.members().iter().cloned().zip(batch.value);
                for (tag, value) in items {
                    core.turn_back(Envelope { value, tag }, stage, worker);
                }
            }
        }
    }

    fn count(&self, _: usize, _: Moment) {}

    fn call(&self, bell: &mut Bell<'_>) {
        self.0.inlet().call(bell);
    }

    fn room<'a>(
        &'a self,
        _: Option<&'a GatherEntry<T>>,
        seat: &'a Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'a {
        self.0.inlet().room(Some(seat))
    }
}
