//! What the expansions of the macros name. Not for use by hand; it may change in any release.

pub use crate::engine::{Execute, More, One, Retryable, TaskList, Then, tasks, tasks_retried};
pub use crate::stage::{ByRef, ByValue, Call, Fallible, Passing, StageExt, StateFor};

/// Tells whether a type is a `Result`: the constant of this impl goes before the one of [`IsNoResult`].
#[derive(Debug)]
pub struct IsResult<T>(std::marker::PhantomData<T>);

impl<T, E> IsResult<Result<T, E>> {
    /// It is one.
    pub const VALUE: bool = true;
}

/// The other types.
pub trait IsNoResult {
    /// It is none.
    const VALUE: bool = false;
}

impl<T> IsNoResult for IsResult<T> {}

/// What a hook returned: a value, or a future of one.
#[derive(Debug)]
pub struct Hook<R>(pub R);

/// A plain function's value, as a future.
pub trait SettlePlain {
    /// The value.
    type Value;
    /// A future that is ready.
    fn settle(self) -> std::future::Ready<Self::Value>;
}

impl SettlePlain for Hook<()> {
    type Value = ();

    fn settle(self) -> std::future::Ready<()> {
        std::future::ready(())
    }
}

impl SettlePlain for Hook<bool> {
    type Value = bool;

    fn settle(self) -> std::future::Ready<bool> {
        std::future::ready(self.0)
    }
}

/// An async function's future, as it is.
pub trait SettleAsync {
    /// The future.
    type Future: Future;
    /// The future.
    fn settle(self) -> Self::Future;
}

impl<F: Future> SettleAsync for Hook<F> {
    type Future = F;

    fn settle(self) -> F {
        self.0
    }
}
