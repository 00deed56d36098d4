use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::bell::Bell;
use super::cell::Cell;
use super::desk::Stale;
use super::runtime::StageRuntime;
use super::sink::Sink;
use super::sync::lock;
use super::task_list::TaskList;
use crate::clock::Moment;
use crate::stage::{Limits, Rate, Stage};

/// What a run does with a stage, whatever its types.
pub(crate) trait Control: Send + Sync {
    /// The stage.
    fn runtime(&self) -> &Arc<StageRuntime>;

    /// Lets the workers end, and ends what waits as cancelled.
    fn close(&self);

    /// Frees what waits behind items that block their threads. False: no worker holds more than its item.
    fn rescue(&self) -> bool;

    /// Lets the workers take nothing more, or go on. As with what follows, nothing is changed once the stage is closed.
    fn pause(&self, paused: bool);

    /// Sets how many workers there are, one at least.
    fn resize(self: Arc<Self>, workers: usize);

    /// Sets how often attempts may begin.
    fn set_rate(self: Arc<Self>, rate: Option<Rate>);
}

impl<S, L, St, D> Control for Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    fn runtime(&self) -> &Arc<StageRuntime> {
        &self.runtime
    }

    fn close(&self) {
        self.turn_all_away(self.queue.close(), Moment::now());
        self.detach();
        if let Some(keys) = &self.keys {
            let left = lock(keys).close();
            self.turn_all_away(left, Moment::now());
        }
        if let Some(order) = &self.order {
            let left = {
                let mut order = lock(order);
                order.closed = true;
                order.waiting.drain()
            };
            for entry in left.into_iter().flatten() {
                self.down.turn_back(entry, &self.runtime, None);
            }
        }
    }

    fn rescue(&self) -> bool {
        let mut bell = Bell::default();
        let mut busy = false;
        let mut stranded = Vec::new();
        for watched in lock(&self.desks).iter_mut() {
            match watched.desk.clear_stale(&mut watched.batch) {
                Stale::Empty => {}
                Stale::Fresh => busy = true,
                Stale::Cleared(cleared) => stranded.push((Arc::clone(&watched.worker), cleared)),
            }
        }
        // Observers may be told of it, and what they call may want the runtime.
        let _entered = (!stranded.is_empty()).then(|| self.core().shared.runtime().enter());
        for (worker, cleared) in stranded {
            self.put_away(&worker, cleared, &mut bell);
        }
        if self.queue.has_calls() {
            busy = true;
            self.queue.call(true, &mut bell);
        }
        busy
    }

    fn pause(&self, paused: bool) {
        if self.queue.is_closed() {
            return;
        }
        let flag = &self.runtime.counters.paused;
        self.queue.pause(paused, flag, &mut Bell::default());
    }

    fn resize(self: Arc<Self>, workers: usize) {
        if self.queue.is_closed() {
            return;
        }
        self.runtime.counters.pool.store(workers, Ordering::Release);
        self.fill_pool();
    }

    fn set_rate(self: Arc<Self>, rate: Option<Rate>) {
        let has_none = rate.is_none() && self.runtime.limits.get().is_none();
        if has_none || self.queue.is_closed() {
            return;
        }
        let limits = self.runtime.limits.get_or_init(|| Limits::new(None, None));
        // A worker that knew of no limit makes room for one that does, before it takes another item.
        limits.set_rate(rate);
    }
}
