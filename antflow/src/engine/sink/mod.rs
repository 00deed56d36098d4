//! Where the outputs of a stage go: into the next stage, to the way out, or to one of several stages.

mod between;
mod cast;
mod end;
mod filter;
mod flat_map;
mod gather;
mod route;
mod tee;
mod ungather;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

pub(crate) use between::Between;
pub(crate) use cast::Cast;
pub(crate) use end::{End, PartEnd};
pub(crate) use filter::{FilterSink, Keep};
pub(crate) use flat_map::{Divide, FlatMapSink};
pub(crate) use gather::GatherSink;
pub(crate) use route::RouteSink;
pub(crate) use route::Way;
pub(crate) use tee::TeeSink;
pub(crate) use ungather::UngatherSink;

use super::bell::Bell;
use super::core::Core;
use super::envelope::Envelope;
use super::queue::PushError;
use super::runtime::StageRuntime;
use super::seat::Seat;
use crate::clock::Moment;
use crate::item::{BoxError, ItemErrorKind};
use crate::stage::WorkerId;

/// The errors of items of a batch, by their places, with the names of their types.
pub(crate) type Failures = Vec<(usize, BoxError, &'static str)>;

/// Where a stage's output goes. Clones lead to the same place.
pub trait Sink<T>: Clone + Send + Sync + 'static {
    /// What the results of the run hold.
    type Final: Send + 'static;

    /// Whether outputs can be made ready by many, and room set aside for them. Where it is not so, taking one in may
    /// call functions of the user, and may take several turns.
    const BATCHES: bool = true;

    /// Whether the outputs are those of batches.
    const UNGATHERS: bool = false;

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

    /// Takes the errors out of what came of a batch of so many items, by the places of the items.
    ///
    /// # Errors
    /// If it is not of so many items.
    fn take_errors(
        &self,
        output: &mut T,
        items: usize,
    ) -> Result<Failures, (ItemErrorKind, &'static str)> {
        let _ = (output, items);
        Ok(Vec::new())
    }

    /// Counts items that come other than from the hands of a worker, who counts what he gives.
    fn count(&self, items: usize, now: Moment);

    /// Calls who waits there and could go on; see [`Queue::call`](super::queue::Queue::call).
    fn call(&self, bell: &mut Bell<'_>);

    /// Resolves when there may be room for the worker of this seat: for an entry that was refused, or for any.
    fn room<'a>(
        &'a self,
        refused: Option<&'a Self::Entry>,
        seat: &'a Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'a;
}
