use std::collections::VecDeque;
use std::future::{Future, ready};
use std::sync::Arc;

use super::bell::Bell;
use super::core::Core;
use super::envelope::Envelope;
use super::queue::PushError;
use super::runtime::StageRuntime;
use super::seat::Seat;
use crate::clock::Moment;
use crate::stage::WorkerId;

/// Where a stage's output goes: the next stage, or the way out.
pub trait Sink<T>: Send + Sync + 'static {
    /// What comes out of the last stage.
    type Final: Send + 'static;

    /// What the run's stages share.
    fn core(&self) -> &Arc<Core<Self::Final>>;

    /// Sets room aside for up to `most` items. 0 if there is none, or nothing is taken in any more.
    fn try_reserve(&self, most: usize) -> usize;

    /// What an output is there.
    type Entry: Send + 'static;

    /// Makes an output ready to be taken in.
    fn entry(&self, envelope: Envelope<T>) -> Self::Entry;

    /// Takes in items for which room was set aside, and gives the rest of the room back.
    fn fill(
        &self,
        reserved: usize,
        entries: &mut VecDeque<Self::Entry>,
        now: Moment,
        bell: &mut Bell<'_>,
    );

    /// Takes an item if there is room.
    fn try_send(
        &self,
        entry: Self::Entry,
        now: Moment,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<Self::Entry>>;

    /// Ends as cancelled an item that is not taken in any more; `stage` is the one it comes from.
    fn turn_back(&self, entry: Self::Entry, stage: &StageRuntime, worker: Option<&WorkerId>);

    /// Calls who waits there and could go on; see [`Queue::call`](super::queue::Queue::call).
    fn call(&self, bell: &mut Bell<'_>);

    /// Resolves when there may be room for the worker of this seat.
    fn room<'a>(&'a self, seat: &'a Arc<Seat>) -> impl Future<Output = ()> + Send + 'a;
}

/// The way out, behind the last stage. There is always room: what is in flight bounds what comes.
#[derive(Debug)]
pub(crate) struct Exit<Out>(pub(crate) Arc<Core<Out>>);

impl<Out: Send + 'static> Sink<Out> for Exit<Out> {
    type Final = Out;

    fn core(&self) -> &Arc<Core<Out>> {
        &self.0
    }

    fn try_reserve(&self, most: usize) -> usize {
        most
    }

    type Entry = Envelope<Out>;

    #[inline]
    fn entry(&self, envelope: Envelope<Out>) -> Envelope<Out> {
        envelope
    }

    fn fill(
        &self,
        _: usize,
        entries: &mut VecDeque<Envelope<Out>>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) {
        let items = entries.iter().map(|entry| entry.tag.sequence_id);
        self.0.shared.note_outcomes(items, now);
        self.0.complete(entries.len(), entries.drain(..), bell);
    }

    fn try_send(
        &self,
        entry: Envelope<Out>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<Envelope<Out>>> {
        self.0.shared.note_outcomes([entry.tag.sequence_id], now);
        self.0.complete(1, [entry], bell);
        Ok(())
    }

    fn turn_back(&self, entry: Envelope<Out>, stage: &StageRuntime, worker: Option<&WorkerId>) {
        let attempts = entry.tag.attempt();
        self.0
            .cancel(stage, worker.cloned(), entry.tag, attempts, None);
    }

    fn call(&self, _: &mut Bell<'_>) {}

    fn room<'a>(&'a self, _: &'a Arc<Seat>) -> impl Future<Output = ()> + Send + 'a {
        ready(())
    }
}
