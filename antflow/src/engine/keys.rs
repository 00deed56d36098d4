use std::collections::{HashMap, VecDeque};

use super::reorder::Reorder;
use crate::clock::Moment;

/// Which keys of a stage are at work, and what waits for them.
///
/// A key belongs to one item at a time: to the first one that a worker took, until it has left the stage. Those that
/// were taken later wait, in the order of their tickets, however the workers overtook each other after they had taken
/// them.
#[derive(Debug)]
pub(super) struct Keys<T> {
    /// What was taken, until all that was taken before it has come here. None is an item that needs no key.
    arrivals: Reorder<Option<Arrival<T>>>,
    /// The keys that belong to items, by the items' tickets.
    held: HashMap<u64, u64>,
    /// What waits for each key that belongs to an item.
    lanes: HashMap<u64, VecDeque<Arrival<T>>>,
    is_closed: bool,
}

/// An item that wants its key.
#[derive(Debug)]
pub(super) struct Arrival<T> {
    pub(super) ticket: u64,
    pub(super) key: u64,
    /// When it came here.
    pub(super) since: Moment,
    pub(super) content: T,
}

/// The stage was closed; the item is given back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IsClosed<T>(pub(super) T);

impl<T> Default for Keys<T> {
    fn default() -> Self {
        Self {
            arrivals: Reorder::default(),
            held: HashMap::new(),
            lanes: HashMap::new(),
            is_closed: false,
        }
    }
}

impl<T> Keys<T> {
    /// Whether an item has its key already.
    pub(super) fn has(&self, ticket: u64) -> bool {
        self.held.contains_key(&ticket)
    }

    /// Takes in an item, and gives those that have got their keys by that, in the order of their tickets.
    ///
    /// # Errors
    /// Gives it back if the stage was closed.
    pub(super) fn arrive(&mut self, arrival: Arrival<T>) -> Result<Vec<Arrival<T>>, IsClosed<T>> {
        if self.is_closed {
            return Err(IsClosed(arrival.content));
        }
        self.arrivals.insert(arrival.ticket, Some(arrival));
        Ok(self.admit())
    }

    /// Notes that the item of a ticket needs no key, and gives those that have got theirs by that.
    pub(super) fn pass(&mut self, ticket: u64) -> Vec<Arrival<T>> {
        if self.is_closed {
            return Vec::new();
        }
        self.arrivals.insert(ticket, None);
        self.admit()
    }

    fn admit(&mut self) -> Vec<Arrival<T>> {
        let mut admitted = Vec::new();
        while let Some(arrival) = self.arrivals.pop() {
            let Some(arrival) = arrival else { continue };
            match self.lanes.get_mut(&arrival.key) {
                Some(lane) => lane.push_back(arrival),
                None => {
                    self.lanes.insert(arrival.key, VecDeque::new());
                    self.held.insert(arrival.ticket, arrival.key);
                    admitted.push(arrival);
                }
            }
        }
        admitted
    }

    /// Takes the key from an item that has left the stage, and gives the item that has it now.
    pub(super) fn leave(&mut self, ticket: u64) -> Option<Arrival<T>> {
        let key = self.held.remove(&ticket)?;
        let next = self.lanes.get_mut(&key)?.pop_front();
        match &next {
            Some(next) => drop(self.held.insert(next.ticket, key)),
            None => drop(self.lanes.remove(&key)),
        }
        next
    }

    /// Takes nothing in any more, and gives back what waits.
    pub(super) fn close(&mut self) -> Vec<T> {
        self.is_closed = true;
        let arrivals = self.arrivals.drain().into_iter().flatten();
        let lanes = self.lanes.drain().flat_map(|(_, lane)| lane);
        arrivals
            .chain(lanes)
            .map(|arrival| arrival.content)
            .collect()
    }
}

#[cfg(all(test, not(antflow_loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arrival(ticket: u64, key: u64) -> Arrival<u64> {
        Arrival {
            ticket,
            key,
            since: Moment::default(),
            content: ticket,
        }
    }

    fn tickets(arrivals: &[Arrival<u64>]) -> Vec<u64> {
        arrivals.iter().map(|arrival| arrival.ticket).collect()
    }

    #[test]
    fn who_comes_late_is_waited_for_by_those_behind() {
        let mut keys = Keys::default();
        assert!(keys.arrive(arrival(2, 7)).unwrap().is_empty());
        assert!(keys.arrive(arrival(1, 7)).unwrap().is_empty());
        assert_eq!(tickets(&keys.arrive(arrival(0, 8)).unwrap()), [0, 1]);
        assert!(keys.has(1) && !keys.has(2));
        assert_eq!(keys.leave(1).map(|next| next.ticket), Some(2));
        assert!(keys.leave(2).is_none() && keys.leave(2).is_none());
        assert_eq!(tickets(&keys.arrive(arrival(3, 7)).unwrap()), [3]);
    }

    #[test]
    fn an_item_without_a_key_keeps_nobody_back() {
        let mut keys = Keys::default();
        assert!(keys.arrive(arrival(1, 7)).unwrap().is_empty());
        assert_eq!(tickets(&keys.pass(0)), [1]);
    }

    #[test]
    fn closed_it_gives_back_what_waits_and_takes_nothing() {
        let mut keys = Keys::default();
        assert_eq!(keys.arrive(arrival(0, 7)).unwrap().len(), 1);
        assert!(keys.arrive(arrival(1, 7)).unwrap().is_empty());
        assert!(keys.arrive(arrival(3, 7)).unwrap().is_empty());
        let mut left = keys.close();
        left.sort_unstable();
        assert_eq!(left, [1, 3]);
        assert_eq!(keys.arrive(arrival(2, 7)).unwrap_err(), IsClosed(2));
        assert!(keys.leave(0).is_none());
    }

    proptest! {
        /// Workers take items, bring them here in any order, and end them in any order: those of one key are at work
        /// one at a time, in the order of their tickets, and in the end nothing is left.
        #[test]
        fn each_key_is_worked_off_in_order(
            wanted in proptest::collection::vec(0..4_u64, 0..40),
            choices in proptest::collection::vec(any::<proptest::sample::Index>(), 200),
        ) {
            let mut choices = choices.into_iter().cycle();
            let mut keys = Keys::default();
            let mut to_come: Vec<_> = (0..).zip(wanted.iter().copied()).collect();
            let mut at_work: Vec<Arrival<u64>> = Vec::new();
            let mut begun: HashMap<u64, Vec<u64>> = HashMap::new();
            while !to_come.is_empty() || !at_work.is_empty() {
                let choice = choices.next().expect("it goes round").index(to_come.len() + at_work.len());
                let admitted: Vec<_> = if choice < to_come.len() {
                    // Workers are not far behind each other.
                    let (ticket, key) = to_come.remove(choice.min(3));
                    keys.arrive(arrival(ticket, key)).expect("it is open")
                } else {
                    let done = at_work.remove(choice - to_come.len());
                    keys.leave(done.ticket).into_iter().collect()
                };
                for one in admitted {
                    prop_assert!(at_work.iter().all(|other| other.key != one.key));
                    begun.entry(one.key).or_default().push(one.ticket);
                    at_work.push(one);
                }
            }
            for (key, begun) in &begun {
                let of_key = (0..).zip(&wanted).filter(|(_, wanted)| *wanted == key);
                let of_key: Vec<u64> = of_key.map(|(ticket, _)| ticket).collect();
                prop_assert_eq!(begun, &of_key);
            }
            prop_assert_eq!(begun.values().map(Vec::len).sum::<usize>(), wanted.len());
            prop_assert!(keys.held.is_empty() && keys.lanes.is_empty());
        }
    }
}
