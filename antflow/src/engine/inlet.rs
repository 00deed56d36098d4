use std::collections::VecDeque;
use std::sync::Arc;

use super::bell::Bell;
use super::cell::Cell;
use super::envelope::Envelope;
use super::queue::Closed;
use super::runtime::StageRuntime;
use super::seat::Seat;
use super::sink::Sink;
use super::source::Source;
use super::sync::lock;
use super::task_list::{TaskList, same};
use crate::clock::Moment;
use crate::event::Pending;
use crate::stage::Stage;

/// The way into a stage other than from the worker of the stage in front, whatever the stage takes.
pub trait Gate: Send + Sync {
    /// The stage.
    fn runtime(&self) -> &Arc<StageRuntime>;

    /// Sets room aside for up to `most` items; see [`Queue::try_reserve`].
    fn try_reserve(&self, most: usize) -> Result<usize, Closed>;

    /// Gives back room that was set aside.
    fn unreserve(&self, count: usize);

    /// Resolves when there may be room for the worker of this seat, or for the task that polls.
    fn room<'a>(&'a self, seat: Option<&'a Arc<Seat>>) -> Pending<'a>;

    /// Calls who waits there and could go on; see [`Queue::call`](super::queue::Queue::call).
    fn call(&self, bell: &mut Bell<'_>);
}

/// A [`Gate`] for items of a type.
pub trait Inlet<T>: Gate {
    /// Takes items in that were just accepted, whose sequence numbers follow each other: into room that was set aside, or
    /// beyond the capacity where none was.
    fn fill(&self, reserved: usize, envelopes: Vec<Envelope<T>>);

    /// Takes in items of another stage, for which room was set aside, and gives the rest of the room back.
    fn pass(
        &self,
        reserved: usize,
        envelopes: VecDeque<Envelope<T>>,
        now: Moment,
        bell: &mut Bell<'_>,
    );

    /// Lets the workers take items from here whenever the queue has none.
    fn attach(&self, source: Box<dyn Source<T>>);
}

impl<S, L, St, D> Gate for Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St>,
    St: Send + Sync + 'static,
    D: Sink<L::Output>,
{
    fn runtime(&self) -> &Arc<StageRuntime> {
        &self.runtime
    }

    fn try_reserve(&self, most: usize) -> Result<usize, Closed> {
        self.queue.try_reserve(most)
    }

    fn unreserve(&self, count: usize) {
        self.queue.unreserve(count, &mut Bell::default());
    }

    fn room<'a>(&'a self, seat: Option<&'a Arc<Seat>>) -> Pending<'a> {
        Box::pin(self.queue.room(seat))
    }

    fn call(&self, bell: &mut Bell<'_>) {
        self.queue.call(false, bell);
    }
}

impl<T, S, L, St, D> Inlet<T> for Cell<S, L, St, D>
where
    T: Send + 'static,
    S: Stage,
    L: TaskList<St>,
    St: Send + Sync + 'static,
    D: Sink<L::Output>,
{
    fn fill(&self, reserved: usize, envelopes: Vec<Envelope<T>>) {
        let now = Moment::now();
        if let Some(first) = envelopes.first() {
            let labels = envelopes.iter().map(|envelope| &envelope.tag.details);
            self.tell_fed(first.tag.sequence_id, labels, now);
        }
        let fed = &self.runtime.counters.fed;
        fed.pass(envelopes.len(), now);
        let mut entries = envelopes.into_iter().map(Self::entry).collect();
        self.fill(reserved, &mut entries, now, &mut Bell::default());
    }

    fn pass(
        &self,
        reserved: usize,
        envelopes: VecDeque<Envelope<T>>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) {
        self.runtime.counters.fed.pass(envelopes.len(), now);
        let mut entries = envelopes.into_iter().map(Self::entry).collect();
        self.fill(reserved, &mut entries, now, bell);
    }

    fn attach(&self, source: Box<dyn Source<T>>) {
        *lock(&self.source) = Some(same(source));
        if !self.queue.attach(&mut Bell::default()) {
            self.detach();
        }
    }
}
