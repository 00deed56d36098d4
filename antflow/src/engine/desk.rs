use std::collections::VecDeque;
use std::iter::once_with;

use crossbeam_utils::CachePadded;

use super::queue::Lanes;
use super::sync::Spinlock;
use crate::clock::Moment;
use crate::event::Completion;

/// What a worker has taken and not begun, and what it has finished and not handed on.
///
/// It is the worker's, and nobody else looks at it while all goes well. But what lies here must not wait for one item:
/// when the item in the worker's hand suspends, the worker clears the desk, and when it blocks its thread, the
/// [watchdog](super::watchdog) does. So there is a lock, which is taken once per item and held for a few instructions.
/// It is as good as never contended, so a spinlock does, at half the price.
#[derive(Debug)]
pub(super) struct Desk<I, O>(CachePadded<Spinlock<Papers<I, O>>>);

#[derive(Debug)]
struct Papers<I, O> {
    inputs: VecDeque<I>,
    outputs: Vec<O>,
    /// What observers are to be told before the outputs are handed on.
    completions: Vec<Completion>,
    /// Places set aside in the next stage, for `outputs` and those to come.
    reserved: usize,
    /// Places in the stage's own queue that the inputs may go back to.
    lent: usize,
    /// Counts the batches, so that the watchdog sees that one lasts.
    batch: u64,
    /// When the inputs were brought by somebody else, if they were.
    brought: Moment,
}

/// What lay on a desk.
#[derive(Debug)]
pub(super) struct Cleared<I, O> {
    pub(super) inputs: VecDeque<I>,
    pub(super) outputs: VecDeque<O>,
    pub(super) completions: Vec<Completion>,
    pub(super) reserved: usize,
    pub(super) lent: usize,
}

/// What was finished on a desk.
#[derive(Debug)]
pub(super) struct Finished<O> {
    pub(super) outputs: VecDeque<O>,
    pub(super) completions: Vec<Completion>,
}

impl<O> Default for Finished<O> {
    fn default() -> Self {
        Self {
            outputs: VecDeque::new(),
            completions: Vec::new(),
        }
    }
}

/// The places in queues that are held for a desk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) reserved: usize,
    pub(super) lent: usize,
}

impl<I, O> Desk<I, O> {
    pub(super) fn new() -> Self {
        Self(CachePadded::new(Spinlock::new(Papers {
            inputs: VecDeque::new(),
            outputs: Vec::new(),
            completions: Vec::new(),
            reserved: 0,
            lent: 0,
            batch: 0,
            brought: Moment::default(),
        })))
    }

    /// Lays up to `most` items of a queue on the desk, and says how many there were.
    pub(super) fn load(&self, items: &mut Lanes<I>, most: usize) -> usize {
        let mut papers = self.0.lock();
        let count = items.pop_into(most, &mut papers.inputs);
        papers.lent += count;
        papers.batch += 1;
        count
    }

    /// Lays items on the desk that were in no queue.
    pub(super) fn add(&self, items: impl Iterator<Item = I>) {
        let mut papers = self.0.lock();
        let before = papers.inputs.len();
        papers.inputs.extend(items);
        papers.lent += papers.inputs.len() - before;
        papers.batch += 1;
    }

    /// Notes room that was set aside in the next stage.
    pub(super) fn reserve(&self, places: usize) {
        self.0.lock().reserved += places;
    }

    /// Lays items on the empty desk of a worker that waits for some, the first of which is for its hand. It gives an
    /// empty list in exchange. False: the desk is not empty.
    pub(super) fn bring(&self, items: &mut VecDeque<I>, now: Moment) -> bool {
        let mut papers = self.0.lock();
        if !papers.inputs.is_empty() {
            return false;
        }
        papers.lent += items.len() - 1;
        papers.batch += 1;
        papers.brought = now;
        std::mem::swap(&mut papers.inputs, items);
        true
    }

    /// Takes the first item of those that were brought, and says how many more there are and when that was.
    pub(super) fn start(&self) -> Option<(I, usize, Moment)> {
        let mut papers = self.0.lock();
        let first = papers.inputs.pop_front()?;
        Some((first, papers.inputs.len(), papers.brought))
    }

    /// Lays the output that `make` gives down, and takes the next item. [`Turn::NoRoom`] if there is none for it in the
    /// next stage: then it is not made.
    ///
    /// It is made in its place, since moving it there would take longer than all the rest. A completion is kept with it.
    #[inline]
    pub(super) fn turn(&self, completion: Option<Completion>, make: impl FnOnce() -> O) -> Turn<I> {
        let mut papers = self.0.lock();
        if papers.outputs.len() >= papers.reserved {
            return Turn::NoRoom;
        }
        papers.completions.extend(completion);
        papers.outputs.extend(once_with(make));
        papers.inputs.pop_front().map_or(Turn::Done, Turn::Next)
    }

    /// Takes the next item.
    pub(super) fn next(&self) -> Option<I> {
        self.0.lock().inputs.pop_front()
    }

    /// Takes what was finished, in exchange for empty lists, and the room that was set aside.
    pub(super) fn take_finished(&self, finished: &mut Finished<O>) -> usize {
        self.0.lock().take_finished(finished)
    }

    /// As [`take_finished`](Self::take_finished), when the batch is done: takes the places that were lent as well.
    pub(super) fn finish(&self, finished: &mut Finished<O>) -> Places {
        let mut papers = self.0.lock();
        Places {
            reserved: papers.take_finished(finished),
            lent: std::mem::take(&mut papers.lent),
        }
    }

    /// Takes everything.
    pub(super) fn clear(&self) -> Cleared<I, O> {
        self.0.lock().clear()
    }

    /// Takes everything, if the batch is still the one that was seen before. Notes which one it is.
    pub(super) fn clear_stale(&self, seen: &mut u64) -> Stale<I, O> {
        // Who holds the lock is at work. Waiting for it might take long, if that one has lost its core.
        let Some(mut papers) = self.0.try_lock() else {
            return Stale::Fresh;
        };
        if papers.inputs.is_empty() && papers.outputs.is_empty() {
            return Stale::Empty;
        }
        if std::mem::replace(seen, papers.batch) != papers.batch {
            return Stale::Fresh;
        }
        Stale::Cleared(papers.clear())
    }
}

/// See [`Desk::turn`].
#[derive(Debug)]
pub(super) enum Turn<I> {
    Next(I),
    Done,
    NoRoom,
}

/// See [`Desk::clear_stale`].
#[derive(Debug)]
pub(super) enum Stale<I, O> {
    Empty,
    Fresh,
    Cleared(Cleared<I, O>),
}

impl<I, O> Papers<I, O> {
    fn take_finished(&mut self, finished: &mut Finished<O>) -> usize {
        // Neither of the two conversions copies anything.
        let empty = Vec::from(std::mem::take(&mut finished.outputs));
        finished.outputs = VecDeque::from(std::mem::replace(&mut self.outputs, empty));
        std::mem::swap(&mut finished.completions, &mut self.completions);
        std::mem::take(&mut self.reserved)
    }

    fn clear(&mut self) -> Cleared<I, O> {
        Cleared {
            inputs: std::mem::take(&mut self.inputs),
            outputs: std::mem::take(&mut self.outputs).into(),
            completions: std::mem::take(&mut self.completions),
            reserved: std::mem::take(&mut self.reserved),
            lent: std::mem::take(&mut self.lent),
        }
    }
}
