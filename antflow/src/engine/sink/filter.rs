use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use super::super::bell::Bell;
use super::super::core::Core;
use super::super::envelope::Envelope;
use super::super::queue::PushError;
use super::super::runtime::StageRuntime;
use super::super::seat::Seat;
use super::{Between, Sink};
use crate::clock::Moment;
use crate::item::{Yield, conclude};
use crate::stage::WorkerId;

/// Which items go on.
pub(crate) type Keep<T> = Arc<dyn Fn(&T) -> bool + Send + Sync>;

/// Lets some items go on, and ends the others.
pub(crate) struct FilterSink<T, D: Sink<T>> {
    between: Between<D::Final>,
    keep: Keep<T>,
    /// How many filters stand in front of it.
    depth: usize,
    down: D,
}

impl<T, D: Sink<T>> Clone for FilterSink<T, D> {
    fn clone(&self) -> Self {
        Self {
            between: self.between.clone(),
            keep: Arc::clone(&self.keep),
            depth: self.depth,
            down: self.down.clone(),
        }
    }
}

/// An item on its way through a [`FilterSink`].
pub(crate) enum FilterEntry<T, E> {
    Asked(Envelope<T>),
    Kept(E),
}

impl<T: Send + 'static, D: Sink<T>> FilterSink<T, D> {
    pub(crate) fn new(between: Between<D::Final>, keep: Keep<T>, depth: usize, down: D) -> Self {
        Self {
            between,
            keep,
            depth,
            down,
        }
    }

    /// What goes on of an entry.
    fn kept(&self, entry: FilterEntry<T, D::Entry>) -> Option<D::Entry> {
        match entry {
            FilterEntry::Asked(envelope) => self.ask(envelope),
            FilterEntry::Kept(entry) => Some(entry),
        }
    }

    /// Asks about an item. None: it has ended.
    fn ask(&self, envelope: Envelope<T>) -> Option<D::Entry> {
        let Envelope { value, tag } = envelope;
        let mut tag = Some(tag);
        let kept = self.between.call(
            || (self.keep)(&value).then_some(value),
            || tag.take().expect("it is asked for once"),
        );
        let (kept, tag) = (kept?, tag?);
        if let Some(value) = kept {
            return Some(self.down.entry(Envelope { value, tag }));
        }
        conclude(&self.between.whole(), tag, Yield::Dropped(self.depth));
        None
    }
}

impl<T: Send + 'static, D: Sink<T>> Sink<T> for FilterSink<T, D> {
    type Final = D::Final;

    const BATCHES: bool = D::BATCHES;

    fn core(&self) -> &Arc<Core<D::Final>> {
        self.down.core()
    }

    fn try_reserve(&self, most: usize) -> usize {
        self.down.try_reserve(most)
    }

    type Entry = FilterEntry<T, D::Entry>;

    fn entry(&self, envelope: Envelope<T>) -> Self::Entry {
        FilterEntry::Asked(envelope)
    }

    fn fill(
        &self,
        reserved: usize,
        entries: &mut VecDeque<Self::Entry>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) {
        let kept = entries.drain(..).filter_map(|entry| self.kept(entry));
        let mut kept: VecDeque<_> = kept.collect();
        self.down.count(kept.len(), now);
        self.down.fill(reserved, &mut kept, now, bell);
    }

    fn try_send(
        &self,
        entry: Self::Entry,
        now: Moment,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<Self::Entry>> {
        let Some(entry) = self.kept(entry) else {
            return Ok(());
        };
        match self.down.try_send(entry, now, bell) {
            Ok(()) => {
                self.down.count(1, now);
                Ok(())
            }
            Err(PushError::Full(entry)) => Err(PushError::Full(FilterEntry::Kept(entry))),
            Err(PushError::Closed(entry)) => Err(PushError::Closed(FilterEntry::Kept(entry))),
        }
    }

    fn turn_back(&self, entry: Self::Entry, stage: &StageRuntime, worker: Option<&WorkerId>) {
        let entry = match entry {
            FilterEntry::Asked(envelope) => self.down.entry(envelope),
            FilterEntry::Kept(entry) => entry,
        };
        self.down.turn_back(entry, stage, worker);
    }

    fn count(&self, _: usize, _: Moment) {}

    fn call(&self, bell: &mut Bell<'_>) {
        self.down.call(bell);
    }

    fn room<'a>(
        &'a self,
        refused: Option<&'a Self::Entry>,
        seat: &'a Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'a {
        let refused = match refused {
            Some(FilterEntry::Kept(entry)) => Some(entry),
            Some(FilterEntry::Asked(_)) | None => None,
        };
        self.down.room(refused, seat)
    }
}
