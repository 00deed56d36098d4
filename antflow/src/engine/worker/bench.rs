use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use super::super::bell::{Bell, Caller};
use super::super::cell::{Cell, StageDesk};
use super::super::desk::Finished;
use super::super::envelope::Envelope;
use super::super::pace::Pace;
use super::super::queue::{Arrival, Taken, Taker};
use super::super::seat::Seat;
use super::super::sink::Sink;
use super::super::task_list::TaskList;
use super::yield_now;
use crate::clock::Moment;
use crate::item::Label;
use crate::stage::Stage;
use crate::stats::{WorkerCounters, WorkerTimings};

/// What a worker has beside the item in hand. Dropped, it ends as cancelled what lies on the desk.
pub(super) struct Bench<'w, S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    cell: &'w Arc<Cell<S, L, St, D>>,
    pub(super) seat: &'w Arc<Seat>,
    pub(super) worker: &'w Arc<WorkerCounters>,
    pub(super) pace: Pace,
    /// Made when the worker first takes more than one item.
    pub(super) desk: Option<Arc<StageDesk<L::Slots, D::Entry>>>,
    /// Whom to wake after the batch.
    pub(super) bell: Bell<'w>,
    /// Whom to wake when the item in hand suspends.
    pub(super) alarm: Bell<'static>,
    /// When what it has was laid on its desk by others, who have counted it; none if it was not.
    brought: Option<Moment>,
    /// When the items arrived in the queue that were taken from it, where somebody wants to know how long they waited.
    pub(super) arrivals: Vec<Arrival>,
    timings: Option<&'w WorkerTimings>,
    /// Whether it found the queue empty and asked the source.
    pub(super) pulls: bool,
    /// Whether somebody was woken who cannot run before this worker lets go of its thread.
    pub(super) rang: bool,
    /// How many batches were done since it last did.
    streak: u32,
    /// Places in the queue that go back with the next look at it.
    lent: usize,
    finished: Finished<D::Entry>,
    pub(super) pulled: Vec<(S::Input, Label)>,
}

/// After so many short batches, of 20 us each at most, others have their turn.
const STREAK: u32 = 4;

impl<'w, S, L, St, D> Bench<'w, S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    pub(super) fn new(
        cell: &'w Arc<Cell<S, L, St, D>>,
        seat: &'w Arc<Seat>,
        worker: &'w Arc<WorkerCounters>,
        timings: Option<&'w WorkerTimings>,
    ) -> Self {
        let config = &cell.runtime.config;
        Self {
            cell,
            seat,
            worker,
            // Where order matters, a ticket is given out with each item.
            pace: if config.ordered || cell.keys.is_some() || !D::BATCHES {
                Pace::single()
            } else {
                Pace::new(config.capacity())
            },
            desk: None,
            bell: Bell::default(),
            alarm: Bell::default(),
            brought: None,
            arrivals: Vec::new(),
            timings,
            pulls: false,
            rang: false,
            streak: 0,
            lent: 0,
            finished: Finished::default(),
            pulled: Vec::new(),
        }
    }

    /// Whether [`breathe`](Self::breathe) is called for.
    #[inline]
    pub(super) fn is_due(&mut self, lets_go: bool) -> bool {
        self.streak += 1;
        self.streak > STREAK
            || lets_go && self.has_called()
            || self.cell.core().shared.observers.are_overloaded()
    }

    /// Waits for observers that cannot keep up, and now and then for its turn.
    pub(super) async fn breathe(&mut self, lets_go: bool) {
        let observers = &self.cell.core().shared.observers;
        if observers.are_overloaded() {
            if self.worker.owes.swap(false, Ordering::Relaxed) {
                self.cell.down.call(&mut self.bell);
            }
            self.rang |= self.bell.ring();
            observers.ready().await;
        }
        self.rang |= self.streak > STREAK;
        if self.rang || lets_go {
            self.let_go().await;
        }
    }

    /// Whether there is somebody to let go for.
    #[inline]
    pub(super) fn has_called(&self) -> bool {
        self.rang || !self.bell.is_empty()
    }

    /// Wakes whom it is to wake. Those cannot run before it lets go of its thread, so it does.
    pub(super) async fn let_go(&mut self) {
        self.rang |= self.bell.ring();
        if self.rang {
            yield_now().await;
            self.released();
        }
    }

    /// Takes something to do from the queue, if there is something.
    #[inline]
    pub(super) fn take(
        &mut self,
        taker: &mut Taker<'_, Envelope<L::Slots>>,
    ) -> Option<Taken<Envelope<L::Slots>>> {
        let limit = self.pace.limit();
        if limit > 1 && self.desk.is_none() {
            self.desk = Some(self.cell.desk(self.worker));
        }
        let desk = self.desk.as_deref().filter(|_| limit > 1);
        if let Some((item, rest, brought)) = desk.and_then(StageDesk::start) {
            taker.forget();
            self.brought = Some(brought);
            return Some(Taken::Item {
                item,
                ticket: None,
                rest,
                calls: false,
            });
        }
        self.brought = None;
        let returned = std::mem::take(&mut self.lent);
        taker.take(
            limit,
            returned,
            &mut self.arrivals,
            |items, most| desk.map_or(0, |desk| desk.load(items, most)),
            || Caller::Worker(Arc::clone(self.seat)),
        )
    }

    /// Notes that so many items were taken.
    #[inline]
    pub(super) fn note_taken(&mut self, items: usize, now: Moment) {
        let brought = self.brought.take();
        // Where items have keys, it is not known yet whether the worker may begin.
        if brought.is_none() && self.cell.keys.is_none() {
            self.worker.taken.pass(items, now);
        }
        if let Some(timings) = self.timings {
            let brought = brought.map(|at| Arrival { at, count: items });
            for Arrival { at, count } in self.arrivals.drain(..).chain(brought) {
                timings.queue_wait.record(count, now.ticks_since(at));
            }
        }
    }

    /// Waits for something to do, at the queue that had nothing. None: it was woken, and `leaves` holds.
    pub(super) async fn wait(
        &mut self,
        taker: &mut Taker<'_, Envelope<L::Slots>>,
        leaves: impl Fn() -> bool,
    ) -> Option<Taken<Envelope<L::Slots>>> {
        if self.worker.owes.swap(false, Ordering::Relaxed) {
            self.cell.down.call(&mut self.bell);
        }
        self.bell.ring_and_wait();
        let mut waited = false;
        poll_fn(|_| {
            if !std::mem::replace(&mut waited, true) {
                return Poll::Pending;
            }
            self.released();
            if leaves() {
                return Poll::Ready(None);
            }
            self.take(taker)
                .map_or(Poll::Pending, |taken| Poll::Ready(Some(taken)))
        })
        .await
    }

    /// Lets go of all that it has, as the worker leaves.
    pub(super) fn leave(&mut self) {
        if self.worker.owes.swap(false, Ordering::Relaxed) {
            self.cell.down.call(&mut self.bell);
        }
        if let Some(desk) = &self.desk {
            self.cell
                .put_away(self.worker, desk.clear(), &mut self.bell);
        }
        let lent = std::mem::take(&mut self.lent);
        let nothing = std::iter::empty();
        let refused = self.cell.queue.give_back(lent, nothing, &mut self.bell);
        debug_assert!(refused.is_empty(), "nothing was given back");
    }

    /// Notes that others had their turn.
    pub(super) fn released(&mut self) {
        self.rang = false;
        self.streak = 0;
    }

    /// Sets room aside in the next stage for what comes of the batch.
    pub(super) fn reserve(&mut self, most: usize) -> usize {
        let reserved = self.cell.down.try_reserve(most);
        if let Some(desk) = &self.desk {
            desk.reserve(reserved);
        }
        reserved
    }

    /// Hands on what was finished by now.
    pub(super) fn flush(&mut self, now: Moment) {
        let Some(desk) = &self.desk else { return };
        let Self {
            cell,
            worker,
            finished,
            bell,
            ..
        } = self;
        let places = desk.finish(finished);
        self.lent += places.lent;
        cell.hand_on(finished, places.reserved, worker, now, bell);
    }
}

impl<S, L, St, D> Drop for Bench<'_, S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    fn drop(&mut self) {
        let Some(desk) = &self.desk else { return };
        let left = desk.clear();
        self.cell.tell(self.worker, &left.completions);
        for envelope in left.inputs {
            self.cell.put_out(envelope);
        }
        for entry in left.outputs {
            self.cell
                .down
                .turn_back(entry, &self.cell.runtime, Some(&self.worker.id));
        }
    }
}
