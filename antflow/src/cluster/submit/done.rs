use std::collections::BTreeSet;

/// Sequence numbers of items that have come so far: those up to some number, and a few ahead of it.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// All below are done.
    below: u64,
    ahead: BTreeSet<u64>,
}

impl Done {
    pub(super) fn insert(&mut self, number: u64) {
        if number >= self.below {
            self.ahead.insert(number);
        }
        while self.ahead.remove(&self.below) {
            self.below += 1;
        }
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        number < self.below || self.ahead.contains(&number)
    }

    pub(super) fn count(&self) -> u64 {
        self.below + self.ahead.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_done_in_whatever_order() {
        let mut done = Done::default();
        for number in [2, 0, 2, 5] {
            done.insert(number);
        }
        assert_eq!(done.count(), 3);
        assert!(done.contains(0) && !done.contains(1) && done.contains(2) && done.contains(5));
        done.insert(1);
        assert_eq!((done.below, done.ahead.len()), (3, 1));
        done.insert(1);
        assert_eq!(done.count(), 4);
    }
}
