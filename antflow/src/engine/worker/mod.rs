use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use self::bench::Bench;
use self::hand::Hand;
use super::bell::Bell;
use super::cell::{Cell, Control, StageDesk};
use super::envelope::Envelope;
use super::queue::Taken;
use super::runtime::WorkerRuntime;
use super::sink::Sink;
use super::task_list::TaskList;
use crate::stage::{Hooks, Stage};

mod batch;
mod bench;
mod hand;
mod item;
mod pull;
mod send;

/// What a worker has got to do: an item, and perhaps more on its desk.
struct Batch<T> {
    first: Envelope<T>,
    /// Its ticket if the stage is ordered.
    ticket: Option<u64>,
    /// How many more there are.
    rest: usize,
    /// Somebody waits at the queue who could go on now.
    calls: bool,
}

impl<S, L, St, D> Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    /// Starts the workers of the stage.
    pub(crate) fn start(self: &Arc<Self>) {
        let (shared, stage) = (&self.core().shared, self.runtime.index);
        for index in 0..self.runtime.workers.len() {
            let cell = Arc::clone(self);
            if self.is_plain() {
                shared.spawn(stage, cell.work::<true>(index));
            } else {
                shared.spawn(stage, cell.work::<false>(index));
            }
        }
    }

    /// One worker: takes items and works on them until the queue is closed.
    ///
    /// `PLAIN` if an attempt is nothing but a call, as most are: then a worker takes little memory.
    async fn work<const PLAIN: bool>(self: Arc<Self>, index: usize) {
        let core = Arc::clone(self.core());
        let cell = Arc::clone(&self);
        let mut leaving = Leaving(Some(move || {
            cell.core().shared.close();
            cell.close();
        }));
        let mut hand = Hand::new(&core, &self, index);
        let mut bench = Bench::new(&self, index);
        while let Some(batch) = self.next_batch(&mut bench).await {
            self.work_on::<PLAIN>(&mut hand, &mut bench, batch).await;
        }
        drop(bench);
        drop(hand);
        leaving.0 = None;
        core.shared.retire();
    }

    /// Waits for something to do.
    async fn next_batch(
        self: &Arc<Self>,
        bench: &mut Bench<'_, S, L, St, D>,
    ) -> Option<Batch<L::Slots>> {
        loop {
            bench.breathe().await;
            if bench.rang && self.order.is_some() {
                // Who takes an item first begins it first.
                yield_now().await;
                bench.released();
            }
            let (limit, returned) = (bench.pace.limit(), bench.take_lent());
            bench.lay_desk(limit);
            let desk = bench.desk.as_deref().filter(|_| limit > 1);
            let take = self.queue.take(limit, returned, |items, most| {
                desk.map_or(0, |desk| desk.load(items, most))
            });
            let alarm = &mut bench.alarm;
            let (taken, waited) = self
                .releasing(None, &mut false, bench.worker, alarm, pin!(take))
                .await;
            if waited {
                bench.released();
            }
            let batch = match taken {
                Taken::Item {
                    item,
                    ticket,
                    rest,
                    calls,
                } => Some(Batch {
                    first: item,
                    ticket,
                    rest,
                    calls,
                }),
                Taken::Source => self.pull(bench),
                Taken::Closed => return None,
            };
            if batch.is_some() {
                return batch;
            }
        }
    }

    /// Whether an attempt is nothing but a call: no events, bounds or functions beside the tasks.
    fn is_plain(&self) -> bool {
        let observers = &self.core().shared.observers;
        !observers.want_status()
            && !observers.want_tasks()
            && <S::Hooks as Hooks<S::Input, S::Output>>::NONE
            && self.order.is_none()
            && self.runtime.is_plain()
    }

    /// Works on a batch, and hands on what came of it.
    async fn work_on<const PLAIN: bool>(
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
        } = batch;
        let Envelope { value, tag } = first;
        hand.ticket = ticket;
        hand.take(tag);
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
            bench.rang |= self.core().shared.watchdog.wake();
        }
        bench.rang |= bench.bell.ring();
        if bench.rang && self.order.is_none() {
            yield_now().await;
            bench.released();
        }
        let desk = bench.desk.as_ref().filter(|_| rest > 0).map(Arc::clone);
        let mut rest = rest;
        if let Some(desk) = &desk
            && bench.reserve(rest + 1) == 0
        {
            // Neither does it begin what it could not hand on, nor keep it from others while it waits.
            let (_, released) = self
                .releasing(
                    Some(desk),
                    &mut calls,
                    bench.worker,
                    &mut bench.alarm,
                    pin!(self.down.room()),
                )
                .await;
            if released {
                bench.released();
                rest = 0;
            }
            let room = bench.reserve(bench.pace.limit());
            rest += self
                .queue
                .take_more(room.saturating_sub(1 + rest), |items, most| {
                    desk.load(items, most)
                });
        }
        bench.pace.start();
        bench.bell.mute(suspends.then_some(owes));
        let (blocked, released) = {
            let working =
                pin!(self.work_off::<PLAIN>(hand, &mut bench.bell, desk.as_deref(), value));
            let (worker, alarm) = (bench.worker, &mut bench.alarm);
            self.releasing(desk.as_deref(), &mut calls, worker, alarm, working)
                .await
        };
        bench.bell.mute(None);
        if released {
            bench.released();
            if !blocked {
                bench.pace.suspended();
            }
        } else {
            bench.pace.done(rest + 1);
        }
        hand.rest();
        bench.flush();
        if calls {
            self.queue.call(false, &mut bench.bell);
        }
        bench.rang |= bench.bell.ring();
    }

    /// Waits for a future. If it is not ready at once, others get what lies on the desk, and who waits at the queue is
    /// called. Returns whether that was so.
    async fn releasing<F: Future>(
        &self,
        desk: Option<&StageDesk<L::Slots, S::Output>>,
        calls: &mut bool,
        worker: &WorkerRuntime,
        alarm: &mut Bell<'_>,
        mut future: Pin<&mut F>,
    ) -> (F::Output, bool) {
        let mut released = false;
        poll_fn(|cx| {
            let output = future.as_mut().poll(cx);
            if output.is_pending() && !released {
                released = true;
                if let Some(desk) = desk {
                    self.put_away(desk.clear(), alarm);
                }
                if std::mem::take(calls) {
                    self.queue.call(false, alarm);
                }
                if worker.owes.swap(false, Ordering::Relaxed) {
                    self.down.call(alarm);
                }
                alarm.ring();
            }
            output.map(|output| (output, released))
        })
        .await
    }
}

/// Lets others have their turn, and can be taken over by another thread meanwhile.
async fn yield_now() {
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

/// Closes the stage if its worker is dropped before that, as it is with its runtime: nobody is there for what waits.
struct Leaving<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for Leaving<F> {
    fn drop(&mut self) {
        if let Some(close) = self.0.take() {
            close();
        }
    }
}
