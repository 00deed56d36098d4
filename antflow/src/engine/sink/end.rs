use std::collections::VecDeque;
use std::future::{Future, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use super::super::bell::Bell;
use super::super::core::Core;
use super::super::envelope::Envelope;
use super::super::queue::PushError;
use super::super::runtime::StageRuntime;
use super::super::seat::Seat;
use super::Sink;
use crate::clock::Moment;
use crate::item::{Shape, Whole, Yield, conclude};
use crate::stage::WorkerId;

/// The way out, behind the last stage of a pipeline of this shape. There is always room: what is in flight bounds what
/// comes.
pub(crate) struct End<H: Shape, T: Send + 'static>(Arc<Core<H::Of<T>>>);

impl<H: Shape, T: Send + 'static> End<H, T> {
    pub(crate) fn new(core: Arc<Core<H::Of<T>>>) -> Self {
        Self(core)
    }
}

impl<H: Shape, T: Send + 'static> Clone for End<H, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H: Shape, T: Send + 'static> Sink<T> for End<H, T> {
    type Final = H::Of<T>;

    fn core(&self) -> &Arc<Core<H::Of<T>>> {
        &self.0
    }

    fn try_reserve(&self, most: usize) -> usize {
        most
    }

    type Entry = Envelope<T>;

    #[inline]
    fn entry(&self, envelope: Envelope<T>) -> Envelope<T> {
        envelope
    }

    fn fill(
        &self,
        _: usize,
        entries: &mut VecDeque<Envelope<T>>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) {
        if H::DIVISIONS > 0 {
            for entry in entries.drain(..) {
                arrive(&self.0, entry);
            }
            return;
        }
        let items = entries.iter().map(|entry| entry.tag.sequence_id);
        self.0.shared.note_outcomes(items, now);
        let count = entries.len();
        let entries = entries.drain(..).map(lifted::<H, T>);
        self.0.complete(count, entries, bell);
    }

    fn try_send(
        &self,
        entry: Envelope<T>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<Envelope<T>>> {
        if H::DIVISIONS > 0 {
            arrive(&self.0, entry);
            return Ok(());
        }
        self.0.shared.note_outcomes([entry.tag.sequence_id], now);
        self.0.complete(1, [lifted::<H, T>(entry)], bell);
        Ok(())
    }

    fn turn_back(&self, entry: Envelope<T>, stage: &StageRuntime, worker: Option<&WorkerId>) {
        self.0.turn_back(entry, stage, worker);
    }

    fn count(&self, _: usize, _: Moment) {}

    fn call(&self, _: &mut Bell<'_>) {}

    fn room<'a>(
        &'a self,
        _: Option<&'a Envelope<T>>,
        _: &'a Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'a {
        ready(())
    }
}

#[inline]
fn lifted<H: Shape, T: Send + 'static>(entry: Envelope<T>) -> Envelope<H::Of<T>> {
    Envelope {
        value: H::lift(entry.value),
        tag: entry.tag,
    }
}

/// Ends an item that may be a part of one, with the value with which it came to the end.
fn arrive<T: Send + 'static, Out: Send + 'static>(core: &Arc<Core<Out>>, entry: Envelope<T>) {
    let whole: Arc<dyn Whole> = Arc::clone(core) as _;
    conclude(&whole, entry.tag, Yield::Value(Box::new(entry.value)));
}

/// The way out behind a branch, whose values are a part of what a result holds.
pub(crate) struct PartEnd<T, Out> {
    core: Arc<Core<Out>>,
    value: PhantomData<fn(T)>,
}

impl<T, Out> PartEnd<T, Out> {
    pub(crate) fn new(core: Arc<Core<Out>>) -> Self {
        Self {
            core,
            value: PhantomData,
        }
    }
}

impl<T, Out> Clone for PartEnd<T, Out> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.core))
    }
}

impl<T: Send + 'static, Out: Send + 'static> Sink<T> for PartEnd<T, Out> {
    type Final = Out;

    fn core(&self) -> &Arc<Core<Out>> {
        &self.core
    }

    fn try_reserve(&self, most: usize) -> usize {
        most
    }

    type Entry = Envelope<T>;

    fn entry(&self, envelope: Envelope<T>) -> Envelope<T> {
        envelope
    }

    fn fill(&self, _: usize, entries: &mut VecDeque<Envelope<T>>, _: Moment, _: &mut Bell<'_>) {
        for entry in entries.drain(..) {
            arrive(&self.core, entry);
        }
    }

    fn try_send(
        &self,
        entry: Envelope<T>,
        _: Moment,
        _: &mut Bell<'_>,
    ) -> Result<(), PushError<Envelope<T>>> {
        arrive(&self.core, entry);
        Ok(())
    }

    fn turn_back(&self, entry: Envelope<T>, stage: &StageRuntime, worker: Option<&WorkerId>) {
        self.core.turn_back(entry, stage, worker);
    }

    fn count(&self, _: usize, _: Moment) {}

    fn call(&self, _: &mut Bell<'_>) {}

    fn room<'a>(
        &'a self,
        _: Option<&'a Envelope<T>>,
        _: &'a Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'a {
        ready(())
    }
}
