use std::fmt;

use super::{Accepts, Signature};
use crate::item::{BoxError, StageError};

/// What a stage behind `batch` gives: a value for each item of the batch, in their order. It is a `Vec` of values, or a
/// [`PerItem`] of results where single items may fail.
#[diagnostic::on_unimplemented(
    message = "a stage behind `batch` gives a value for each item, and this one gives `{Self}`",
    label = "gives `{Self}`",
    note = "return a `Vec` with a value for each item in their order, or a `PerItem` where single items may fail"
)]
pub trait BatchOutput: Send + 'static {
    /// What it gives for an item.
    type Item: Send + 'static;

    /// For how many items there is something.
    #[doc(hidden)]
    fn count(&self) -> usize;

    /// Takes the errors of the items that failed, by their places, with the names of their types.
    #[doc(hidden)]
    fn take_errors(&mut self) -> Vec<(usize, BoxError, &'static str)>;

    /// The values, and nothing in the places of errors.
    #[doc(hidden)]
    fn into_values(self) -> Vec<Option<Self::Item>>;
}

/// A stage that takes batches of `T`, and gives a value for each item of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not made for batches of `{T}`",
    label = "behind `batch`, a stage takes a `Vec<{T}>` and gives a value for each item of it",
    note = "it returns a `Vec` with the values in the order of the items, or a `PerItem` where single items may fail"
)]
pub trait TakesBatches<T>: Signature<Output: BatchOutput> {}

// What it does not take and what it does not give would be two errors otherwise.
#[diagnostic::do_not_recommend]
impl<T, S: Accepts<Vec<T>> + Signature<Output: BatchOutput>> TakesBatches<T> for S {}

impl<T: Send + 'static> BatchOutput for Vec<T> {
    type Item = T;

    fn count(&self) -> usize {
        self.len()
    }

    fn take_errors(&mut self) -> Vec<(usize, BoxError, &'static str)> {
        Vec::new()
    }

    fn into_values(self) -> Vec<Option<T>> {
        self.into_iter().map(Some).collect()
    }
}

/// A result for each item of a batch, in their order: what a stage behind `batch` gives if single items may fail while
/// the others go on.
///
/// ```
/// use antflow::{PerItem, stage};
///
/// #[stage]
/// async fn parse_all(words: Vec<&'static str>) -> PerItem<u32> {
///     words.into_iter().map(str::parse::<u32>).collect()
/// }
/// ```
pub struct PerItem<T>(Vec<Option<Result<T, Fault>>>);

/// An error with the name of its type.
struct Fault(BoxError, &'static str);

impl<T, E: StageError> FromIterator<Result<T, E>> for PerItem<T> {
    fn from_iter<I: IntoIterator<Item = Result<T, E>>>(results: I) -> Self {
        let named = |error: E| Fault(error.into_boxed(), std::any::type_name::<E>());
        let results = results.into_iter();
        Self(results.map(|one| Some(one.map_err(named))).collect())
    }
}

impl<T, E: StageError> From<Vec<Result<T, E>>> for PerItem<T> {
    fn from(results: Vec<Result<T, E>>) -> Self {
        results.into_iter().collect()
    }
}

impl<T> PerItem<T> {
    /// How many items succeeded.
    #[must_use]
    pub fn successes(&self) -> usize {
        let values = self.0.iter().flatten();
        values.filter(|one| one.is_ok()).count()
    }
}

impl<T: Send + 'static> BatchOutput for PerItem<T> {
    type Item = T;

    fn count(&self) -> usize {
        self.0.len()
    }

    fn take_errors(&mut self) -> Vec<(usize, BoxError, &'static str)> {
        let faults = self.0.iter_mut().enumerate().filter_map(|(place, one)| {
            let Fault(error, name) = one.take_if(|one| one.is_err())?.err()?;
            Some((place, error, name))
        });
        faults.collect()
    }

    fn into_values(self) -> Vec<Option<T>> {
        let values = self.0.into_iter();
        values.map(|one| one.and_then(Result::ok)).collect()
    }
}

impl<T: fmt::Debug> fmt::Debug for PerItem<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results = self.0.iter().flatten();
        let results = results.map(|one| one.as_ref().map_err(|Fault(error, _)| error));
        f.debug_list().entries(results).finish()
    }
}

/// A stage behind `batch` gave values for another number of items than it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the batch had {items} items, and {values} values came of it")]
pub struct BatchMismatch {
    /// How many items it was given.
    pub items: usize,
    /// For how many it gave something.
    pub values: usize,
}
