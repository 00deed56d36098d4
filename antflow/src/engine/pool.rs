use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::bell::Bell;
use super::cell::Cell;
use super::sink::Sink;
use super::sync::lock;
use super::task_list::TaskList;
use crate::stage::Stage;

/// Which workers of a stage there are, by their index. How many there are to be says `counters.pool`.
#[derive(Debug, Default)]
pub(super) struct Pool {
    present: Vec<bool>,
}

impl<S, L, St, D> Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    /// Starts the workers that are to be there and are not, and calls the others to see whether they are to leave.
    pub(crate) fn fill_pool(self: &Arc<Self>) {
        let mut pool = lock(&self.pool);
        let size = self.runtime.counters.pool.load(Ordering::Acquire);
        if pool.present.len() < size {
            pool.present.resize(size, false);
        }
        for index in 0..size {
            if !std::mem::replace(&mut pool.present[index], true) {
                self.start_worker(index);
            }
        }
        drop(pool);
        self.queue.wake_workers(&mut Bell::default());
    }

    /// Whether a worker is to leave: it is one too many, or of the wrong manner.
    #[inline]
    pub(super) fn is_to_leave(&self, index: usize, plain: bool) -> bool {
        index >= self.runtime.counters.pool.load(Ordering::Relaxed)
            || plain && self.runtime.limits.get().is_some()
    }

    /// Says that a worker has left, which asked whether it was to. Another one may take its place.
    pub(super) fn leave_pool(self: &Arc<Self>, index: usize) {
        let mut pool = lock(&self.pool);
        let returns = index < self.runtime.counters.pool.load(Ordering::Acquire);
        pool.present[index] = returns;
        if returns {
            self.start_worker(index);
        }
    }
}
