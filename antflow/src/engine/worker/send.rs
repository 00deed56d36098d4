use std::sync::atomic::Ordering;

use super::super::bell::Bell;
use super::super::cell::Cell;
use super::super::envelope::{Envelope, Held};
use super::super::queue::PushError;
use super::super::sink::Sink;
use super::super::sync::lock;
use super::super::task_list::TaskList;
use super::hand::Hand;
use crate::stage::Stage;

impl<S, L, St, D> Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    /// Hands the output on in its turn if the stage is ordered. Else it is given back, to be handed on with others.
    pub(super) async fn forward(
        &self,
        hand: &mut Hand<'_, D::Final>,
        output: S::Output,
        bell: &mut Bell<'_>,
    ) -> Option<Envelope<S::Output>> {
        let tag = hand.release();
        let envelope = Envelope { value: output, tag };
        match hand.ticket.take() {
            Some(ticket) => {
                self.in_turn(hand, ticket, Some(envelope), bell).await;
                None
            }
            None => Some(envelope),
        }
    }

    /// Puts an output in its place, and sends what is ready unless another worker is at it.
    pub(super) async fn in_turn(
        &self,
        hand: &Hand<'_, D::Final>,
        ticket: u64,
        output: Option<Envelope<S::Output>>,
        bell: &mut Bell<'_>,
    ) {
        let Some(order) = &self.order else { return };
        {
            let mut order = lock(order);
            if order.closed {
                // Nobody sends any more. Dropping it ends it as cancelled.
                drop(order);
                let worker = &hand.frame.worker.id;
                drop(output.map(|output| Held::new(output, hand.core, &self.runtime, worker)));
                return;
            }
            order.waiting.insert(ticket, output);
            if std::mem::replace(&mut order.sending, true) {
                return;
            }
        }
        loop {
            let (output, head) = {
                let mut order = lock(order);
                let Some(output) = order.waiting.pop() else {
                    order.sending = false;
                    return;
                };
                (output, order.waiting.head())
            };
            if let Some(envelope) = output {
                self.send(hand, envelope, bell).await;
            }
            self.queue.advance(head, bell);
        }
    }

    /// Hands an item to the next stage, waiting for room. Returns whether it did.
    pub(super) async fn send(
        &self,
        hand: &Hand<'_, D::Final>,
        envelope: Envelope<S::Output>,
        bell: &mut Bell<'_>,
    ) -> bool {
        let mut waited = false;
        let mut refused = self.down.try_send(envelope, bell);
        while let Err(error) = refused {
            let (envelope, closed) = match error {
                PushError::Full(envelope) => (envelope, false),
                PushError::Closed(envelope) => (envelope, true),
            };
            let mut held = Held::new(envelope, hand.core, &self.runtime, &hand.frame.worker.id);
            if closed {
                // Dropping it ends it as cancelled.
                return waited;
            }
            // Only who was put off there can make room.
            if hand.frame.worker.owes.swap(false, Ordering::Relaxed) {
                self.down.call(bell);
            }
            bell.ring();
            waited = true;
            self.down.room().await;
            let Some(envelope) = held.release() else {
                return waited;
            };
            refused = self.down.try_send(envelope, bell);
        }
        waited
    }
}
