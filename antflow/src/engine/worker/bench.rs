use std::sync::Arc;

use super::super::bell::Bell;
use super::super::cell::{Cell, StageDesk};
use super::super::envelope::Envelope;
use super::super::pace::Pace;
use super::super::runtime::WorkerRuntime;
use super::super::sink::Sink;
use super::super::task_list::TaskList;
use super::yield_now;
use crate::item::Label;
use crate::stage::Stage;

/// What a worker has beside the item in hand. Dropped, it ends as cancelled what lies on the desk.
pub(super) struct Bench<'w, S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    cell: &'w Arc<Cell<S, L, St, D>>,
    pub(super) worker: &'w WorkerRuntime,
    pub(super) pace: Pace,
    /// Made when the worker first takes more than one item.
    pub(super) desk: Option<Arc<StageDesk<L::Slots, S::Output>>>,
    /// Whom to wake after the batch.
    pub(super) bell: Bell<'w>,
    /// Whom to wake when the item in hand suspends.
    pub(super) alarm: Bell<'static>,
    /// Whether somebody was woken who cannot run before this worker lets go of its thread.
    pub(super) rang: bool,
    /// How many batches were done since it last did.
    streak: u32,
    /// Places in the queue that go back with the next look at it.
    lent: usize,
    outputs: Vec<Envelope<S::Output>>,
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
    pub(super) fn new(cell: &'w Arc<Cell<S, L, St, D>>, index: usize) -> Self {
        let config = &cell.runtime.config;
        Self {
            cell,
            worker: &cell.runtime.workers[index],
            // An ordered stage gives out a ticket with each item.
            pace: if config.ordered {
                Pace::single()
            } else {
                Pace::new(config.capacity())
            },
            desk: None,
            bell: Bell::default(),
            alarm: Bell::default(),
            rang: false,
            streak: 0,
            lent: 0,
            outputs: Vec::new(),
            pulled: Vec::new(),
        }
    }

    /// Waits for observers that cannot keep up, and now and then for its turn.
    pub(super) async fn breathe(&mut self) {
        let observers = &self.cell.core().shared.observers;
        if !observers.is_empty() {
            observers.ready().await;
        }
        if self.streak >= STREAK {
            yield_now().await;
            self.released();
        }
        self.streak += 1;
    }

    /// Notes that others had their turn.
    pub(super) fn released(&mut self) {
        self.rang = false;
        self.streak = 0;
    }

    /// Makes a desk, if the worker may take more than one item and has none.
    pub(super) fn lay_desk(&mut self, limit: usize) {
        if limit > 1 && self.desk.is_none() {
            self.desk = Some(self.cell.desk());
        }
    }

    /// The places in the queue that were lent to this worker and are free again.
    pub(super) fn take_lent(&mut self) -> usize {
        std::mem::take(&mut self.lent)
    }

    /// Sets room aside in the next stage for what comes of the batch.
    pub(super) fn reserve(&mut self, most: usize) -> usize {
        let reserved = self.cell.down.try_reserve(most);
        if let Some(desk) = &self.desk {
            desk.reserve(reserved);
        }
        reserved
    }

    /// Hands on what was finished.
    pub(super) fn flush(&mut self) {
        if let Some(desk) = &self.desk {
            let places = desk.finish(&mut self.outputs);
            self.lent += places.lent;
            if places.reserved > 0 {
                let Self {
                    cell,
                    outputs,
                    bell,
                    ..
                } = self;
                cell.down.fill(places.reserved, outputs, bell);
            }
        }
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
        for envelope in left.inputs {
            self.cell.turn_away(envelope.tag, None);
        }
        let core = self.cell.core();
        for Envelope { tag, .. } in left.outputs {
            let (worker, attempts) = (Some(self.worker.id.clone()), tag.attempt());
            core.cancel(&self.cell.runtime, worker, tag, attempts);
        }
    }
}
