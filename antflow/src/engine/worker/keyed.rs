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
        let now = hand.frame.started;
        let taken = &hand.frame.worker.taken;
        if lock(keys).has(ticket) {
            taken.pass(1, now);
            return Some(slots);
        }
        let input = L::input(&mut slots).as_ref();
        let input = input.expect("an item that has not begun is in its slot");
        let key = caught(|| self.hooks.key(input));
        let mut keys = lock(keys);
        let key = match key {
            Ok(key) => key,
            Err(panic) => {
                hand.spoiled = Some(Box::new(panic));
                taken.pass(1, now);
                let refused = self.bring_all_back(keys.pass(ticket), bell);
                drop(keys);
                self.turn_all_away(refused, now);
                return Some(slots);
            }
        };
        let arrival = Arrival {
            ticket,
            key,
            since: now,
            content: hand.put_into(slots),
        };
        let mut admitted = match keys.arrive(arrival) {
            Ok(admitted) => admitted,
            Err(IsClosed(envelope)) => {
                drop(keys);
                self.turn_all_away([envelope], now);
                return None;
            }
        };
        let own = admitted.iter().position(|one| one.ticket == ticket);
        let own = own.map(|place| admitted.remove(place));
        if own.is_none() {
            self.queue.lend_one();
        }
        let refused = self.bring_all_back(admitted, bell);
        drop(keys);
        let slots = own.map(|own| {
            taken.pass(1, now);
            hand.take_from(own.content)
        });
        self.turn_all_away(refused, now);
        slots
    }

    /// Gives the key of the item of this ticket, which has left the stage, to the next one that waits for it.
    pub(super) fn hand_key_on(&self, ticket: Option<u64>, bell: &mut Bell<'_>) {
        let (Some(keys), Some(ticket)) = (&self.keys, ticket) else {
            return;
        };
        let mut keys = lock(keys);
        let refused = self.bring_all_back(keys.leave(ticket), bell);
        drop(keys);
        self.turn_all_away(refused, Moment::now());
    }

    /// Puts items that have got their keys where workers take them, and gives back those that a closed queue has refused.
    ///
    /// To be called under the lock of the keys, so that it finds the places that were lent; but what was refused is to be
    /// ended behind it, as observers are called for that.
    fn bring_all_back(
        &self,
        items: impl IntoIterator<Item = Arrival<Envelope<L::Slots>>>,
        bell: &mut Bell<'_>,
    ) -> Vec<Envelope<L::Slots>> {
        let refused = items.into_iter().filter_map(|one| {
            let Arrival {
                ticket,
                since,
                content,
                ..
            } = one;
            self.queue.bring_back(content, ticket, since, bell).err()
        });
        refused.collect()
    }
}
