use std::collections::{BTreeMap, VecDeque};

use super::Queued;
use crate::clock::Moment;
use crate::item::DEFAULT_PRIORITY;

/// Items by priority: lower first, first-in-first-out inside one.
///
/// Almost every item has the default priority, so that lane has a place of its own and the others exist while they hold
/// something.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    default: Lane<T>,
    others: BTreeMap<i32, Lane<T>>,
    len: usize,
    /// Whether it is noted when items arrive.
    timed: bool,
    /// The arrivals of what was taken last.
    taken: Vec<Arrival>,
}

/// Items of one priority.
#[derive(Debug)]
struct Lane<T> {
    items: VecDeque<T>,
    /// In the order of the items.
    arrivals: VecDeque<Arrival>,
}

/// Items that came at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) at: Moment,
    pub(crate) count: usize,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self {
            items: VecDeque::new(),
            arrivals: VecDeque::new(),
        }
    }
}

impl<T> Lane<T> {
    /// Takes the first item, and notes when it came.
    fn pop(&mut self, taken: &mut Vec<Arrival>) -> Option<T> {
        let item = self.items.pop_front()?;
        self.depart(1, taken);
        Some(item)
    }

    fn arrive(&mut self, count: usize) {
        let at = Moment::now();
        self.arrivals.push_back(Arrival { at, count });
    }

    fn depart(&mut self, count: usize, taken: &mut Vec<Arrival>) {
        let mut left = count;
        while left > 0
            && let Some(first) = self.arrivals.front_mut()
        {
            let count = left.min(first.count);
            taken.push(Arrival { count, ..*first });
            left -= count;
            first.count -= count;
            if first.count == 0 {
                self.arrivals.pop_front();
            }
        }
    }
}

impl<T> Lanes<T> {
    /// No items; `timed` if it is to be noted when they arrive.
    pub(super) fn new(timed: bool) -> Self {
        Self {
            default: Lane::default(),
            others: BTreeMap::new(),
            len: 0,
            timed,
            taken: Vec::new(),
        }
    }

    /// Moves the arrivals of what was taken to the end of a list.
    #[inline]
    pub(super) fn hand_over_arrivals(&mut self, arrivals: &mut Vec<Arrival>) {
        if self.timed {
            arrivals.append(&mut self.taken);
        }
    }

    fn lane(&mut self, priority: i32) -> &mut Lane<T> {
        if priority == DEFAULT_PRIORITY {
            &mut self.default
        } else {
            self.others.entry(priority).or_default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn push(&mut self, priority: i32, item: T) {
        self.len += 1;
        let timed = self.timed;
        let lane = self.lane(priority);
        lane.items.push_back(item);
        if timed {
            lane.arrive(1);
        }
    }

    /// Takes an item that arrived then.
    pub(super) fn push_since(&mut self, priority: i32, item: T, at: Moment) {
        self.len += 1;
        let timed = self.timed;
        let lane = self.lane(priority);
        lane.items.push_back(item);
        if timed {
            lane.arrivals.push_back(Arrival { at, count: 1 });
        }
    }

    /// The priority of what is next.
    pub(super) fn priority(&self) -> Option<i32> {
        let default = (!self.default.items.is_empty()).then_some(DEFAULT_PRIORITY);
        let other = self.others.first_key_value().map(|(priority, _)| *priority);
        default.into_iter().chain(other).min()
    }

    /// Takes all items of a list; `plain` if they have the default priority.
    pub(super) fn append(&mut self, items: &mut VecDeque<T>, plain: bool)
    where
        T: Queued,
    {
        if !plain {
            for item in items.drain(..) {
                self.push(item.priority(), item);
            }
            return;
        }
        self.len += items.len();
        if self.timed {
            self.default.arrive(items.len());
        }
        let lane = &mut self.default.items;
        if lane.is_empty() {
            std::mem::swap(lane, items);
        } else {
            lane.append(items);
        }
    }

    /// Puts an item back in front of those of its priority.
    pub(crate) fn push_front(&mut self, priority: i32, item: T) {
        self.len += 1;
        let timed = self.timed;
        let lane = self.lane(priority);
        lane.items.push_front(item);
        if timed {
            let at = Moment::now();
            lane.arrivals.push_front(Arrival { at, count: 1 });
        }
    }

    /// Moves up to `most` items to the end of a list, and says how many there were.
    pub(crate) fn pop_into(&mut self, most: usize, list: &mut VecDeque<T>) -> usize {
        let count = most.min(self.len);
        let default = &mut self.default;
        if count == default.items.len() && self.others.is_empty() && list.is_empty() {
            std::mem::swap(&mut default.items, list);
            default.depart(count, &mut self.taken);
            self.len = 0;
        } else {
            list.extend((0..count).map_while(|_| self.pop()));
        }
        count
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        let item = self
            .pop_other(|priority| priority < DEFAULT_PRIORITY)
            .or_else(|| self.default.pop(&mut self.taken))
            .or_else(|| self.pop_other(|_| true))?;
        self.len -= 1;
        Some(item)
    }

    /// Takes from the first lane beside the default one, if its priority is so.
    fn pop_other(&mut self, is_so: impl FnOnce(i32) -> bool) -> Option<T> {
        let mut lane = self.others.first_entry()?;
        if !is_so(*lane.key()) {
            return None;
        }
        let item = lane.get_mut().pop(&mut self.taken);
        if lane.get().items.is_empty() {
            lane.remove();
        }
        item
    }
}

#[cfg(all(test, not(antflow_loom)))]
mod tests {
    use super::*;

    #[test]
    fn lower_goes_first_and_equals_keep_their_order() {
        let mut lanes = Lanes::new(false);
        for (priority, item) in [
            (100, 'c'),
            (500, 'e'),
            (10, 'b'),
            (100, 'd'),
            (-1, 'a'),
            (i32::MAX, 'f'),
        ] {
            lanes.push(priority, item);
        }
        assert_eq!(lanes.len(), 6);
        let order: String = std::iter::from_fn(|| lanes.pop()).collect();
        assert_eq!(order, "abcdef");
        assert_eq!(lanes.len(), 0);
        assert!(lanes.others.is_empty(), "an empty lane stayed");
    }

    #[derive(Debug, PartialEq)]
    struct Number(u32);

    impl Queued for Number {
        fn priority(&self) -> i32 {
            DEFAULT_PRIORITY
        }

        fn enter(&mut self) {}
    }

    #[test]
    fn what_is_taken_has_its_arrival_also_where_it_does_not_go_first() {
        let mut lanes = Lanes::new(true);
        lanes.append(&mut [1, 2, 3].map(Number).into(), true);
        let first = lanes.default.arrivals[0].at;
        lanes.push(7, Number(4));
        let second = lanes.others[&7].arrivals[0].at;
        assert_eq!(lanes.pop(), Some(Number(4)));
        assert_eq!(lanes.pop(), Some(Number(1)));
        lanes.push_front(DEFAULT_PRIORITY, Number(1));
        let third = lanes.default.arrivals[0].at;
        assert_eq!(lanes.pop_into(5, &mut VecDeque::new()), 3);
        let mut arrivals = Vec::new();
        lanes.hand_over_arrivals(&mut arrivals);
        let arrivals: Vec<_> = arrivals.iter().map(|all| (all.at, all.count)).collect();
        assert_eq!(arrivals, [(second, 1), (first, 1), (third, 1), (first, 2)]);
        assert!(lanes.taken.is_empty() && lanes.default.arrivals.is_empty());
    }
}
