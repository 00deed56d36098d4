use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use super::super::bell::Bell;
use super::super::core::Core;
use super::super::envelope::Envelope;
use super::super::queue::PushError;
use super::super::runtime::StageRuntime;
use super::super::seat::Seat;
use super::super::worker::yield_now;
use super::{Between, Sink};
use crate::clock::Moment;
use crate::item::Joint;
use crate::stage::WorkerId;

/// What goes on in the place of an item.
pub(crate) type Divide<T, U> = Arc<dyn Fn(T) -> Box<dyn Iterator<Item = U> + Send> + Send + Sync>;

/// So many parts are made before others have their turn: there may be room for any number of them.
const TURN: usize = 1024;

/// Sends any number of parts on in the place of an item.
pub(crate) struct FlatMapSink<T, U, D: Sink<U>> {
    between: Between<D::Final>,
    divide: Divide<T, U>,
    /// How many divisions stand in front of it.
    depth: usize,
    down: D,
}

impl<T, U, D: Sink<U>> Clone for FlatMapSink<T, U, D> {
    fn clone(&self) -> Self {
        Self {
            between: self.between.clone(),
            divide: Arc::clone(&self.divide),
            depth: self.depth,
            down: self.down.clone(),
        }
    }
}

/// An item on its way through a [`FlatMapSink`].
pub(crate) enum FlatMapEntry<T, U, E> {
    Whole(Envelope<T>),
    Parts(Parts<U, E>),
}

/// What is left of an item.
pub(crate) struct Parts<U, E> {
    joint: Arc<Joint>,
    /// The part that was made and not taken in.
    refused: Option<E>,
    rest: Box<dyn Iterator<Item = U> + Send>,
}

impl<T: Send + 'static, U: Send + 'static, D: Sink<U>> FlatMapSink<T, U, D> {
    pub(crate) fn new(
        between: Between<D::Final>,
        divide: Divide<T, U>,
        depth: usize,
        down: D,
    ) -> Self {
        Self {
            between,
            divide,
            depth,
            down,
        }
    }

    /// Begins with an item. None: it has ended.
    fn begin(&self, envelope: Envelope<T>) -> Option<Parts<U, D::Entry>> {
        let Envelope { value, tag } = envelope;
        let mut tag = Some(tag);
        let rest = self.between.call(
            || (self.divide)(value),
            || tag.take().expect("it is asked for once"),
        );
        Some(Parts {
            rest: rest?,
            joint: self.between.divide(self.depth, tag?),
            refused: None,
        })
    }

    /// Makes the next part. None: there are no more.
    fn next(&self, parts: &mut Parts<U, D::Entry>) -> Option<D::Entry> {
        if let Some(refused) = parts.refused.take() {
            return Some(refused);
        }
        let Parts { joint, rest, .. } = parts;
        let value = self.between.call(|| rest.next(), || joint.part())??;
        let tag = joint.part();
        Some(self.down.entry(Envelope { value, tag }))
    }

    /// Makes no more parts.
    fn end(&self, parts: Parts<U, D::Entry>) {
        self.between.discard(parts.rest);
        parts.joint.close();
    }
}

impl<T: Send + 'static, U: Send + 'static, D: Sink<U>> Sink<T> for FlatMapSink<T, U, D> {
    type Final = D::Final;

    const BATCHES: bool = false;

    fn core(&self) -> &Arc<Core<D::Final>> {
        self.down.core()
    }

    fn try_reserve(&self, _: usize) -> usize {
        0
    }

    type Entry = FlatMapEntry<T, U, D::Entry>;

    fn entry(&self, envelope: Envelope<T>) -> Self::Entry {
        FlatMapEntry::Whole(envelope)
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
        let mut parts = match entry {
            FlatMapEntry::Whole(envelope) => match self.begin(envelope) {
                Some(parts) => parts,
                None => return Ok(()),
            },
            FlatMapEntry::Parts(parts) => parts,
        };
        let mut taken = 0;
        while let Some(entry) = self.next(&mut parts) {
            match self.down.try_send(entry, now, bell) {
                Ok(()) => {
                    self.down.count(1, now);
                    taken += 1;
                    if taken == TURN {
                        return Err(PushError::Full(FlatMapEntry::Parts(parts)));
                    }
                }
                Err(PushError::Full(entry)) => {
                    parts.refused = Some(entry);
                    return Err(PushError::Full(FlatMapEntry::Parts(parts)));
                }
                Err(PushError::Closed(entry)) => {
                    parts.refused = Some(entry);
                    return Err(PushError::Closed(FlatMapEntry::Parts(parts)));
                }
            }
        }
        self.end(parts);
        Ok(())
    }

    fn turn_back(&self, entry: Self::Entry, stage: &StageRuntime, worker: Option<&WorkerId>) {
        let core = self.between.core();
        match entry {
            FlatMapEntry::Whole(envelope) => core.turn_back(envelope, stage, worker),
            FlatMapEntry::Parts(mut parts) => {
                if let Some(refused) = parts.refused.take() {
                    self.down.turn_back(refused, stage, worker);
                }
                // In the place of those that are not made.
                let (value, tag) = ((), parts.joint.part());
                core.turn_back(Envelope { value, tag }, stage, worker);
                self.end(parts);
            }
        }
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
        let (refused, goes_on) = match refused {
            Some(FlatMapEntry::Parts(parts)) => (parts.refused.as_ref(), parts.refused.is_none()),
            Some(FlatMapEntry::Whole(_)) | None => (None, false),
        };
        let room = self.down.room(refused, seat);
        async move {
            if goes_on {
                yield_now().await;
            } else {
                room.await;
            }
        }
    }
}
