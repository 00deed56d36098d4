use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering;

use super::super::bell::Bell;
use super::super::cell::Cell;
use super::super::envelope::{Envelope, Held};
use super::super::queue::PushError;
use super::super::sink::Sink;
use super::super::sync::lock;
use super::super::task_list::TaskList;
use super::hand::Hand;
use crate::clock::Moment;
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
    ) -> Option<D::Entry> {
        let tag = hand.release();
        let entry = self.down.entry(Envelope { value: output, tag });
        match hand.ticket.take().filter(|_| self.order.is_some()) {
            Some(ticket) => {
                self.in_turn(hand, ticket, Some(entry), bell).await;
                None
            }
            None => Some(entry),
        }
    }

    /// Puts an output in its place, and sends what is ready unless another worker is at it.
    pub(super) async fn in_turn(
        &self,
        hand: &Hand<'_, D::Final>,
        ticket: u64,
        output: Option<D::Entry>,
        bell: &mut Bell<'_>,
    ) {
        let Some(order) = &self.order else { return };
        {
            let mut order = lock(order);
            if order.closed {
                // Nobody sends any more.
                drop(order);
                if let Some(entry) = output {
                    self.turn_back(hand, entry);
                }
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
            if let Some(entry) = output {
                self.send(hand, entry, bell).await;
            }
            self.queue.advance(head, bell);
        }
    }

    fn turn_back(&self, hand: &Hand<'_, D::Final>, entry: D::Entry) {
        let worker = &hand.frame.worker.id;
        self.down.turn_back(entry, &self.runtime, Some(worker));
    }

    /// Hands an item to the next stage, waiting for room. Returns whether it did.
    pub(super) async fn send(
        &self,
        hand: &Hand<'_, D::Final>,
        entry: D::Entry,
        bell: &mut Bell<'_>,
    ) -> bool {
        let now = Moment::now();
        match self.down.try_send(entry, now, bell) {
            Ok(()) => {
                hand.frame.worker.given.pass(1, now);
                false
            }
            Err(refused) => self.send_late(hand, refused, bell).await,
        }
    }

    /// Hands an item on that the next stage has refused, once there is room. Returns whether it waited for that.
    async fn send_late(
        &self,
        hand: &Hand<'_, D::Final>,
        mut refused: PushError<D::Entry>,
        bell: &mut Bell<'_>,
    ) -> bool {
        let mut waited = false;
        hand.frame.worker.status.finish();
        loop {
            let entry = match refused {
                PushError::Full(entry) => entry,
                PushError::Closed(entry) => {
                    self.turn_back(hand, entry);
                    return waited;
                }
            };
            let mut held =
                Held::<S::Output, D>::new(entry, &self.down, &self.runtime, &hand.frame.worker.id);
            // Only who was put off there can make room.
            if hand.frame.worker.owes.swap(false, Ordering::Relaxed) {
                self.down.call(bell);
            }
            waited = true;
            let began = Moment::now();
            let waiting = hand.frame.worker.wait();
            {
                let mut room = pin!(self.down.room(held.entry(), hand.seat));
                poll_fn(|cx| {
                    let poll = room.as_mut().poll(cx);
                    if poll.is_pending() {
                        bell.ring_and_wait();
                    }
                    poll
                })
                .await;
            }
            drop(waiting);
            let now = Moment::now();
            hand.frame.note_send_wait(now.ticks_since(began));
            let Some(entry) = held.release() else {
                return waited;
            };
            match self.down.try_send(entry, now, bell) {
                Ok(()) => {
                    hand.frame.worker.given.pass(1, now);
                    return waited;
                }
                Err(again) => refused = again,
            }
        }
    }
}
