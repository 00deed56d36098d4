use std::collections::{BTreeMap, VecDeque};

use super::Queued;
use crate::item::DEFAULT_PRIORITY;

/// Items by priority: lower first, first-in-first-out inside one.
///
/// Almost every item has the default priority, so that lane has a place of its own and the others exist while they hold
/// something.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    default: VecDeque<T>,
    others: BTreeMap<i32, VecDeque<T>>,
    len: usize,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self {
            default: VecDeque::new(),
            others: BTreeMap::new(),
            len: 0,
        }
    }
}

impl<T> Lanes<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn push(&mut self, priority: i32, item: T) {
        self.len += 1;
        if priority == DEFAULT_PRIORITY {
            self.default.push_back(item);
        } else {
            self.others.entry(priority).or_default().push_back(item);
        }
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
        if self.default.is_empty() {
            std::mem::swap(&mut self.default, items);
        } else {
            self.default.append(items);
        }
    }

    /// Puts an item back in front of those of its priority.
    pub(crate) fn push_front(&mut self, priority: i32, item: T) {
        self.len += 1;
        if priority == DEFAULT_PRIORITY {
            self.default.push_front(item);
        } else {
            self.others.entry(priority).or_default().push_front(item);
        }
    }

    /// Moves up to `most` items to the end of a list, and says how many there were.
    pub(crate) fn pop_into(&mut self, most: usize, list: &mut VecDeque<T>) -> usize {
        let count = most.min(self.len);
        if count == self.default.len() && self.others.is_empty() && list.is_empty() {
            std::mem::swap(&mut self.default, list);
            self.len = 0;
        } else {
            list.extend((0..count).map_while(|_| self.pop()));
        }
        count
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        let item = self
            .pop_other()
            .or_else(|| self.default.pop_front())
            .or_else(|| {
                let mut lane = self.others.first_entry()?;
                let item = lane.get_mut().pop_front();
                if lane.get().is_empty() {
                    lane.remove();
                }
                item
            })?;
        self.len -= 1;
        Some(item)
    }

    /// Takes from a lane that goes before the default one.
    fn pop_other(&mut self) -> Option<T> {
        let mut lane = self.others.first_entry()?;
        if *lane.key() > DEFAULT_PRIORITY {
            return None;
        }
        let item = lane.get_mut().pop_front();
        if lane.get().is_empty() {
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
        let mut lanes = Lanes::default();
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
}
