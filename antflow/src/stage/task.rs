use std::future::Future;

use super::{Signature, TaskConfig, TaskContext};
use crate::item::StageError;

/// One async function applied to an item. Written by `#[task]` and `#[stage]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task",
    label = "not a task",
    note = "a task is an async function with `#[task]`"
)]
pub trait Task: Signature + Send + Sync + 'static {
    /// What it returns when it fails; [`Infallible`](std::convert::Infallible) for a function that cannot.
    type Error: StageError;

    /// Whether it takes its item by value or by reference.
    type Passing: Passing<Self::Input>;

    /// Name and limits.
    fn config(&self) -> TaskConfig;

    /// Whether another attempt may follow this error, if attempts are left.
    fn is_retryable(&self, error: &Self::Error) -> bool {
        let _ = error;
        true
    }
}

/// A task that can be called in a pipeline whose state is `St`.
pub trait Call<St>: Task {
    /// Starts one attempt.
    fn call<'a>(
        &'a self,
        input: Argument<'a, Self>,
        cx: &'a TaskContext,
        state: &'a St,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send + 'a;
}

/// How a task `T` is given its item: `T::Input` or `&T::Input`.
pub type Argument<'a, T> = <<T as Task>::Passing as Passing<<T as Signature>::Input>>::Argument<'a>;

/// How the copy of an item is made that an attempt gets while another may follow.
pub type Copier<T> = fn(&T) -> T;

/// How an item is handed to a task: [`ByValue`] or [`ByRef`].
pub trait Passing<T: 'static>: Send + Sync + 'static {
    /// What the function's parameter is.
    type Argument<'a>;

    /// Takes the argument of an attempt out of the slot.
    ///
    /// What must outlive the attempt stays in the slot: the original of a by-value item if `copy` is given, and always
    /// one that is passed by reference.
    fn argument(slot: &mut Option<T>, copy: Option<Copier<T>>) -> Option<Self::Argument<'_>>;
}

/// The task takes its item by value.
#[derive(Debug, Clone, Copy)]
pub enum ByValue {}

/// The task takes its item by reference.
#[derive(Debug, Clone, Copy)]
pub enum ByRef {}

impl<T: 'static> Passing<T> for ByValue {
    type Argument<'a> = T;

    fn argument(slot: &mut Option<T>, copy: Option<Copier<T>>) -> Option<T> {
        match copy {
            Some(copy) => slot.as_ref().map(copy),
            None => slot.take(),
        }
    }
}

impl<T: 'static> Passing<T> for ByRef {
    type Argument<'a> = &'a T;

    fn argument(slot: &mut Option<T>, _: Option<Copier<T>>) -> Option<&T> {
        slot.as_ref()
    }
}

/// `Result`, whatever alias it is written through.
///
/// A macro finds out first whether a type is one, and names the answer. Without an answer, the compiler has no more to
/// say about the type's parts, so that a type which only has the name is one error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is returned under the name `Result`, and is no `std::result::Result`",
    label = "not a `std::result::Result`",
    note = "return a `std::result::Result`, or write the type under another name: `type Answer = {Self};`"
)]
pub trait Fallible<const ANSWER: bool = true> {
    /// That it is one.
    const ANSWER: bool = ANSWER;
    /// The type of the value.
    type Ok;
    /// The type of the error.
    type Err;
    /// The value or the error.
    ///
    /// # Errors
    /// The error that `self` holds.
    fn into_result(self) -> Result<Self::Ok, Self::Err>;
}

impl<T, E, const ANSWER: bool> Fallible<ANSWER> for Result<T, E> {
    type Ok = T;
    type Err = E;

    fn into_result(self) -> Self {
        self
    }
}
