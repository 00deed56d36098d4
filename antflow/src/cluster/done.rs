use std::collections::BTreeSet;

/// Which of the numbers from 0 on are done: those below some number, and a few ahead of it.
#[derive(Debug, Default)]
pub(crate) struct Done {
    below: u64,
    ahead: BTreeSet<u64>,
}

impl Done {
    pub(crate) fn insert(&mut self, number: u64) {
        if number >= self.below {
            self.ahead.insert(number);
        }
        while self.ahead.remove(&self.below) {
            self.below += 1;
        }
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        number < self.below || self.ahead.contains(&number)
    }

    /// All below are done, and this one is not.
    pub(crate) fn below(&self) -> u64 {
        self.below
    }

    pub(crate) fn count(&self) -> u64 {
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
