use super::super::attempt::caught;
use super::super::bell::Bell;
use super::super::cell::Cell;
use super::super::envelope::Envelope;
use super::super::keys::{Arrival, IsClosed};
use super::super::sink::Sink;
use super::super::sync::lock;
use super::super::task_list::TaskList;
use super::hand::Hand;
use crate::clock::Moment;
use crate::stage::{Hooks, Stage};

/// What a worker does in a stage in which items have keys: one item of a key at a time, in their order.
impl<S, L, St, D> Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    /// Asks whether the worker may begin with the item that it has just taken. If another item has its key, it goes to
    /// where it waits for that.
    pub(super) fn admit(
        &self,
        hand: &mut Hand<'_, D::Final>,
        mut slots: L::Slots,
        bell: &mut Bell<'_>,
    ) -> Option<L::Slots> {
        let (Some(keys), Some(ticket)) = (&self.keys, hand.ticket) else {
            return Some(slots);
        };
        let item = hand.frame.cx.tag.sequence_id;
        if lock(keys).has(item) {
            return Some(slots);
        }
        let Some(input) = L::input(&mut slots) else {
            return Some(slots);
        };
        let key = caught(|| self.hooks.key(input));
        let mut keys = lock(keys);
        let key = match key {
            Ok(key) => key,
            Err(panic) => {
                hand.spoiled = Some(Box::new(panic));
                for other in keys.pass(ticket) {
                    self.bring_back(other, bell);
                }
                return Some(slots);
            }
        };
        hand.ticket = None;
        let arrival = Arrival {
            ticket,
            item,
            key,
            content: hand.put_into(slots),
        };
        // What was taken is queued again, unless it is begun at once.
        let admitted = match keys.arrive(arrival) {
            Ok(admitted) => admitted,
            Err(IsClosed(envelope)) => {
                drop(keys);
                self.turn_away(envelope.tag, None);
                return None;
            }
        };
        self.queue.lend_one();
        let mut own = None;
        for one in admitted {
            if one.item == item {
                self.queue.take_back_one();
                own = Some(one);
            } else {
                self.bring_back(one, bell);
            }
        }
        match own {
            Some(own) => {
                hand.ticket = Some(own.ticket);
                Some(hand.take_from(own.content))
            }
            None => {
                self.runtime.counters.fed.pass(1, Moment::now());
                None
            }
        }
    }

    /// Gives the key of an item that has left the stage to the next one that waits for it.
    pub(super) fn hand_key_on(&self, item: u64, bell: &mut Bell<'_>) {
        let Some(keys) = &self.keys else { return };
        let mut keys = lock(keys);
        if let Some(next) = keys.leave(item) {
            self.bring_back(next, bell);
        }
    }

    /// Puts an item that has got its key where a worker takes it next. To be called under the lock of the keys, so that
    /// it finds the place that the item was lent.
    fn bring_back(&self, one: Arrival<Envelope<L::Slots>>, bell: &mut Bell<'_>) {
        if let Err(envelope) = self.queue.bring_back(one.content, one.ticket, bell) {
            self.turn_all_away([envelope], Moment::now());
        }
    }
}
