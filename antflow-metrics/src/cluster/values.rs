use std::collections::BTreeMap;

use crate::labels::OTHER;

/// What is recorded by a label whose values users choose: so many values have a series of their own, and all others
/// share one.
pub(super) struct Values<T>(BTreeMap<String, T>);

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Values<T> {
    /// What is recorded for this value, made if there is nothing yet and room for it.
    pub(super) fn of(
        &mut self,
        value: &str,
        most: usize,
        make: impl FnOnce(String) -> T,
    ) -> &mut T {
        let is_own = self.0.contains_key(value) || self.owned() < most;
        let value = if is_own { value } else { OTHER };
        self.0
            .entry(value.to_owned())
            .or_insert_with_key(|value| make(value.clone()))
    }

    fn owned(&self) -> usize {
        self.0.len() - usize::from(self.0.contains_key(OTHER))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.values_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_shares_one_series() {
        let mut values = Values::default();
        for value in ["a", "b", "c", "a", "d", "b"] {
            *values.of(value, 2, |_| 0) += 1;
        }
        let all: Vec<_> = values.0.into_iter().collect();
        let expected = [("a", 2), ("b", 2), (OTHER, 2)];
        assert_eq!(
            all,
            expected.map(|(value, count)| (value.to_owned(), count))
        );
    }
}
