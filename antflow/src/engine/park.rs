use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::bell::Bell;
use super::cell::Cell;
use super::envelope::Envelope;
use super::sink::Sink;
use super::task_list::TaskList;
use crate::clock::Moment;
use crate::stage::{Stage, WorkerId};

/// An item that waits for its next attempt. Dropped, it ends the item as cancelled.
pub(super) struct Parked<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> {
    cell: Arc<Cell<S, L, St, D>>,
    envelope: Option<Envelope<L::Slots>>,
    ticket: Option<u64>,
    /// The worker that waits with it, if one does.
    worker: Option<WorkerId>,
}

impl<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> Parked<S, L, St, D> {
    pub(super) fn new(
        cell: Arc<Cell<S, L, St, D>>,
        envelope: Envelope<L::Slots>,
        ticket: Option<u64>,
        worker: Option<WorkerId>,
    ) -> Self {
        if worker.is_none() {
            let parked = &cell.runtime.counters.parked;
            parked.fetch_add(1, Ordering::Relaxed);
        }
        Self {
            cell,
            envelope: Some(envelope),
            ticket,
            worker,
        }
    }

    /// Waits, and puts the item back into the queue, whether or not there is room.
    pub(super) async fn come_back(mut self, pause: Duration) {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        if let Some(envelope) = self.envelope.take() {
            let priority = envelope.tag.priority();
            let mut bell = Bell::default();
            // A closed queue gives it back, and it is dropped with the rest.
            let queue = &self.cell.queue;
            let pushed = queue.push_again(priority, envelope, self.ticket, &mut bell);
            if pushed.is_ok() {
                let fed = &self.cell.runtime.counters.fed;
                fed.pass(1, Moment::now());
            }
            self.envelope = pushed.err();
        }
    }
}

impl<S: Stage, L: TaskList<St>, St, D: Sink<L::Output>> Drop for Parked<S, L, St, D> {
    fn drop(&mut self) {
        if self.worker.is_none() {
            let parked = &self.cell.runtime.counters.parked;
            parked.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(envelope) = self.envelope.take() {
            let Envelope { value, tag } = envelope;
            self.cell.turn_away(&tag, self.worker.take());
            self.cell.core().shared.discard(value);
        }
    }
}
