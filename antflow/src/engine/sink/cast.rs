use std::collections::VecDeque;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use super::super::bell::Bell;
use super::super::core::Core;
use super::super::envelope::Envelope;
use super::super::queue::PushError;
use super::super::runtime::StageRuntime;
use super::super::seat::Seat;
use super::super::task_list::same;
use super::Sink;
use crate::clock::Moment;
use crate::stage::WorkerId;

/// A way for `A`, taken by what is an `A` under another name: the outputs of branches that come together.
pub(crate) struct Cast<D, A> {
    down: D,
    taken: PhantomData<fn(A)>,
}

impl<D, A> Cast<D, A> {
    pub(crate) fn new(down: D) -> Self {
        Self {
            down,
            taken: PhantomData,
        }
    }
}

impl<D: Clone, A> Clone for Cast<D, A> {
    fn clone(&self) -> Self {
        Self::new(self.down.clone())
    }
}

impl<A: 'static, B: Send + 'static, D: Sink<A>> Sink<B> for Cast<D, A> {
    type Final = D::Final;

    const BATCHES: bool = D::BATCHES;

    fn core(&self) -> &Arc<Core<D::Final>> {
        self.down.core()
    }

    fn try_reserve(&self, most: usize) -> usize {
        self.down.try_reserve(most)
    }

    type Entry = D::Entry;

    fn entry(&self, envelope: Envelope<B>) -> D::Entry {
        self.down.entry(Envelope {
            value: same(envelope.value),
            tag: envelope.tag,
        })
    }

    fn fill(
        &self,
        reserved: usize,
        entries: &mut VecDeque<D::Entry>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) {
        self.down.fill(reserved, entries, now, bell);
    }

    fn try_send(
        &self,
        entry: D::Entry,
        now: Moment,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<D::Entry>> {
        self.down.try_send(entry, now, bell)
    }

    fn turn_back(&self, entry: D::Entry, stage: &StageRuntime, worker: Option<&WorkerId>) {
        self.down.turn_back(entry, stage, worker);
    }

    fn count(&self, items: usize, now: Moment) {
        self.down.count(items, now);
    }

    fn call(&self, bell: &mut Bell<'_>) {
        self.down.call(bell);
    }

    fn room<'a>(
        &'a self,
        refused: Option<&'a D::Entry>,
        seat: &'a Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'a {
        self.down.room(refused, seat)
    }
}
