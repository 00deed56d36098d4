use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Histogram;
use crate::clock::Moment;

/// When the items that are on their way were accepted, and how long those took that have their outcomes.
#[derive(Debug, Default)]
pub(crate) struct Entrances(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    /// The items that were accepted together, by the sequence number of the first. They are there until the last of them
    /// has its outcome, so this grows with the items on their way and not with those that were.
    open: BTreeMap<u64, Entrance>,
    took: Histogram,
}

#[derive(Debug, Clone, Copy)]
struct Entrance {
    at: Moment,
    /// How many items there are.
    count: u64,
    /// How many of them have no outcome.
    left: u64,
}

impl Entrances {
    /// Notes that items were accepted.
    pub(crate) fn enter(&self, first: u64, count: u64, at: Moment) {
        if count > 0 {
            let left = count;
            self.book().open.insert(first, Entrance { at, count, left });
        }
    }

    /// Notes that items have their outcomes.
    pub(crate) fn leave(&self, items: impl IntoIterator<Item = u64>, now: Moment) {
        let mut book = self.book();
        let mut items = items.into_iter().peekable();
        while let Some(item) = items.next() {
            let Some((&first, entrance)) = book.open.range_mut(..=item).next_back() else {
                continue;
            };
            // Most of those that end together came together.
            let together = first..first + entrance.count;
            let mut count = 1;
            while items.next_if(|item| together.contains(item)).is_some() {
                count += 1;
            }
            entrance.left = entrance.left.saturating_sub(count);
            let (at, is_done) = (entrance.at, entrance.left == 0);
            if is_done {
                book.open.remove(&first);
            }
            book.took
                .record(count, now.ticks().saturating_sub(at.ticks()));
        }
    }

    pub(super) fn took(&self) -> Histogram {
        self.book().took
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, not(antflow_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_has_its_outcome_is_forgotten_in_whatever_order() {
        let entrances = Entrances::default();
        let at = Moment::from_ticks;
        entrances.enter(0, 10, at(0));
        entrances.enter(10, 5, at(1));
        entrances.leave([12, 3, 4, 14, 13], at(2));
        entrances.leave([0, 1, 2, 5, 6, 7, 8, 9], at(3));
        assert_eq!(entrances.took().count(), 13);
        let open = &entrances.book().open;
        assert_eq!(open.len(), 1);
        assert_eq!(open.get(&10).map(|entrance| entrance.left), Some(2));
    }
}
