use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use self::batch::{Full, Manner, Plain};
use self::bench::Bench;
use self::hand::Hand;
use super::bell::Bell;
use super::cell::{Cell, StageDesk};
use super::control::Control;
use super::core::Shared;
use super::envelope::Envelope;
use super::queue::Taken;
use super::seat::Seat;
use super::sink::Sink;
use super::task_list::TaskList;
use crate::clock::Moment;
use crate::stage::{Hooks, Stage};
use crate::stats::WorkerCounters;

mod batch;
mod bench;
mod gathered;
mod hand;
mod item;
mod keyed;
mod pull;
mod send;

/// What a worker has got to do: an item, and perhaps more on its desk.
struct Batch<T> {
    first: Envelope<T>,
    /// Its ticket if the stage has order or keys.
    ticket: Option<u64>,
    /// How many more there are.
    rest: usize,
    /// Somebody waits at the queue who could go on now.
    calls: bool,
    /// When the worker had it.
    started: Moment,
}

impl<S, L, St, D> Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    /// Starts a worker.
    pub(super) fn start_worker(self: &Arc<Self>, index: usize) {
        let (shared, stage) = (&self.core().shared, self.runtime.index);
        let post = Post::new(Arc::clone(self));
        let seat = if self.is_plain() {
            Seat::new(shared, stage, index, |seat| {
                Self::work::<Plain>(post, index, Arc::clone(seat))
            })
        } else {
            Seat::new(shared, stage, index, |seat| {
                Self::work::<Full>(post, index, Arc::clone(seat))
            })
        };
        shared.drive(seat);
    }

    /// Whether an attempt is nothing but a call: no events, spans, bounds or functions beside the tasks.
    fn is_plain(&self) -> bool {
        let Shared {
            observers, trace, ..
        } = &*self.core().shared;
        // Tasks that follow each other are timed where each is called for itself.
        let is_timed = observers.want_timings() && self.runtime.tasks.len() > 1;
        !observers.want_every_item()
            && !is_timed
            && !trace.is_on()
            && <S::Hooks as Hooks<S::Input, S::Output>>::NONE
            && self.order.is_none()
            && self.keys.is_none()
            && !D::UNGATHERS
            && self.runtime.is_plain()
    }

    /// One worker: takes items and works on them until the queue is closed, or it is to leave.
    async fn work<M: Manner>(post: Post<S, L, St, D>, index: usize, seat: Arc<Seat>) {
        let cell = &post.cell;
        let worker = cell.runtime.counters.worker(index);
        let observers = &cell.core().shared.observers;
        let timings = observers
            .want_timings()
            .then(|| worker.timings(cell.runtime.tasks.len()));
        let mut hand = Hand::new(cell.core(), cell, &seat, &worker, timings);
        let mut bench = Bench::new(cell, &seat, &worker, timings);
        let mut taker = cell.queue.taker();
        let leaves = loop {
            if cell.is_to_leave(index, M::PLAIN) {
                break true;
            }
            // Who takes an item of an ordered stage first begins it first, and asking the source may take long.
            let lets_go = bench.pulls || cell.order.is_some();
            if bench.is_due(lets_go) {
                bench.breathe(lets_go).await;
            }
            let taken = match bench.take(&mut taker) {
                Some(taken) => taken,
                None => match bench
                    .wait(&mut taker, || cell.is_to_leave(index, M::PLAIN))
                    .await
                {
                    Some(taken) => taken,
                    None => continue,
                },
            };
            let batch = match taken {
                Taken::Item {
                    item,
                    ticket,
                    rest,
                    calls,
                } => {
                    let started = Moment::now();
                    bench.note_taken(rest + 1, started);
                    Batch {
                        first: item,
                        ticket,
                        rest,
                        calls,
                        started,
                    }
                }
                Taken::Source => match cell.pull(&mut bench) {
                    Some(batch) => batch,
                    None => continue,
                },
                Taken::Closed => break false,
            };
            cell.work_on::<M>(&mut hand, &mut bench, batch).await;
        };
        // Nobody lays anything on its desk from now on.
        drop(taker);
        if leaves {
            bench.leave();
        }
        drop(bench);
        drop(hand);
        let cell = post.leave();
        if leaves {
            cell.leave_pool(index);
        }
    }

    /// Works on a batch, and hands on what came of it.
    async fn work_on<M: Manner>(
        self: &Arc<Self>,
        hand: &mut Hand<'_, D::Final>,
        bench: &mut Bench<'_, S, L, St, D>,
        batch: Batch<L::Slots>,
    ) {
        let Batch {
            first,
            ticket,
            rest,
            calls,
            mut started,
        } = batch;
        let Envelope { value, tag } = first;
        hand.ticket = ticket;
        hand.frame.started = started;
        hand.frame.worker.status.set_since(started);
        hand.take(tag);
        let value = if M::PLAIN {
            value
        } else if let Some(value) = self.admit(hand, value, &mut bench.bell) {
            // Who got a key by this must not wait for this worker.
            bench.rang |= self.order.is_some() && bench.bell.ring();
            value
        } else {
            hand.rest();
            if calls {
                self.queue.call(false, &mut bench.bell);
            }
            return;
        };
        // Whom the worker wakes is caught behind it until it suspends. So it calls others after a short batch or when
        // its item suspends, and lets them go first where neither is to be expected.
        let suspends = bench.pace.suspends();
        let owes = &bench.worker.owes;
        let mut calls = calls;
        if !suspends {
            if owes.swap(false, Ordering::Relaxed) {
                self.down.call(&mut bench.bell);
            }
            if calls && rest == 0 && self.order.is_none() {
                self.queue.call(false, &mut bench.bell);
                calls = false;
            }
        }
        if rest > 0 || calls || owes.load(Ordering::Relaxed) {
            self.core().shared.watchdog.wake();
        }
        if self.order.is_none() && bench.has_called() {
            bench.let_go().await;
            // What others did meanwhile is no time of this worker's.
            started = Moment::now();
            hand.frame.started = started;
            hand.frame.worker.status.set_since(started);
        }
        let mut begun = started;
        let desk = bench.desk.as_ref().filter(|_| rest > 0).map(Arc::clone);
        let mut rest = rest;
        if let Some(desk) = &desk
            && bench.reserve(rest + 1) == 0
        {
            // Neither does it begin what it could not hand on, nor keep it from others while it waits.
            let room = pin!(self.down.room(None, bench.seat));
            let (worker, alarm) = (bench.worker, &mut bench.alarm);
            let began = Moment::now();
            let waiting = worker.wait();
            let (_, released) = self
                .releasing(Some(desk), &mut calls, worker, alarm, room)
                .await;
            drop(waiting);
            begun = Moment::now();
            hand.frame.note_send_wait(begun.ticks_since(began));
            hand.frame.started = begun;
            if released {
                bench.released();
                rest = 0;
            }
            let room = bench.reserve(bench.pace.limit());
            let more = self.queue.take_more(
                room.saturating_sub(1 + rest),
                &mut bench.arrivals,
                |items, most| desk.load(items, most),
            );
            bench.note_taken(more, begun);
            rest += more;
        }
        bench.bell.mute(suspends.then_some(owes));
        let (blocked, released) = {
            let working = pin!(M::work_off(
                self,
                hand,
                &mut bench.bell,
                desk.as_deref(),
                value
            ));
            let (worker, alarm) = (bench.worker, &mut bench.alarm);
            self.releasing(desk.as_deref(), &mut calls, worker, alarm, working)
                .await
        };
        bench.bell.mute(None);
        let ended = Moment::now();
        if released {
            bench.released();
            if !blocked {
                bench.pace.suspended();
            }
        } else {
            bench.pace.done(rest + 1, ended.since(begun));
        }
        bench.seat.set_reach(bench.pace.reach());
        hand.rest();
        bench.worker.worked(started, ended);
        bench.flush(ended);
        if calls {
            self.queue.call(false, &mut bench.bell);
        }
    }

    /// Waits for a future. If it is not ready at once, others get what lies on the desk, and who waits at the queue is
    /// called. Returns whether that was so.
    async fn releasing<F: Future>(
        &self,
        desk: Option<&StageDesk<L::Slots, D::Entry>>,
        calls: &mut bool,
        worker: &WorkerCounters,
        alarm: &mut Bell<'_>,
        mut future: Pin<&mut F>,
    ) -> (F::Output, bool) {
        let mut released = false;
        poll_fn(|cx| {
            let output = future.as_mut().poll(cx);
            if output.is_pending() && !released {
                released = true;
                if let Some(desk) = desk {
                    self.put_away(worker, desk.clear(), alarm);
                }
                if std::mem::take(calls) {
                    self.queue.call(false, alarm);
                }
                if worker.owes.swap(false, Ordering::Relaxed) {
                    self.down.call(alarm);
                }
                alarm.ring_and_wait();
            }
            output.map(|output| (output, released))
        })
        .await
    }
}

/// Lets others have their turn, and can be taken over by another thread meanwhile.
pub(super) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What a worker works at. Dropped before the worker has left, as it is with its runtime, it closes the stage: nobody is
/// there for what waits.
struct Post<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    cell: Arc<Cell<S, L, St, D>>,
    is_left: bool,
}

impl<S, L, St, D> Post<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    fn new(cell: Arc<Cell<S, L, St, D>>) -> Self {
        Self {
            cell,
            is_left: false,
        }
    }

    fn leave(mut self) -> Arc<Cell<S, L, St, D>> {
        self.is_left = true;
        Arc::clone(&self.cell)
    }
}

impl<S, L, St, D> Drop for Post<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    fn drop(&mut self) {
        if !self.is_left {
            self.cell.core().shared.close();
            self.cell.close();
        }
    }
}
