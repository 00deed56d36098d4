//! What the expansions of the macros name. Not for use by hand; it may change in any release.

use crate::engine::same;
pub use crate::engine::{Execute, More, One, Retryable, TaskList, Then, tasks, tasks_retried};
use crate::pipeline::GraphStage;
pub use crate::pipeline::{Setting, agreed};
pub use crate::stage::{
    ByRef, ByValue, Call, Configured, Fallible, IntoStage, Passing, StageExt, StateFor, as_written,
};

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

/// What a hook returned: a value, or a future of one. A future goes before a value, as it is taken by value.
#[derive(Debug)]
pub struct Hook<R>(Option<R>);

impl<R> Hook<R> {
    /// Of this value.
    pub fn new(returned: R) -> Self {
        Self(Some(returned))
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
        self.0.expect("a hook is settled once")
    }
}

/// A plain function's value, as a future.
pub trait SettlePlain {
    /// The value.
    type Value;
    /// A future that is ready.
    fn settle(&mut self) -> std::future::Ready<Self::Value>;
}

impl<R> SettlePlain for Hook<R> {
    type Value = R;

    fn settle(&mut self) -> std::future::Ready<R> {
        std::future::ready(self.0.take().expect("a hook is settled once"))
    }
}

/// What a function gives that only looks on: nothing.
#[diagnostic::on_unimplemented(
    message = "a function that looks on returns nothing, and this one returns `{Self}`",
    label = "returns `{Self}`",
    note = "`on_success`, `on_failure` and `on_skip` change nothing: use the value inside the function"
)]
pub trait Nothing {
    /// Nothing.
    fn nothing(self);
}

impl Nothing for () {
    fn nothing(self) {}
}

/// What `skip_if` gives: yes or no.
#[diagnostic::on_unimplemented(
    message = "`skip_if` asks whether to skip, and this function returns `{Self}`",
    label = "returns `{Self}`, not `bool`"
)]
pub trait Answer {
    /// Whether to skip.
    fn answer(self) -> bool;
}

impl Answer for bool {
    fn answer(self) -> bool {
        self
    }
}

/// The item, as what a stage gives that skips it.
#[diagnostic::on_unimplemented(
    message = "`skip_if` passes the item on, and this stage takes `{Self}` but gives `{Output}`",
    label = "a stage that skips gives what it takes",
    note = "give the same type, or decide in a stage of its own in front"
)]
pub trait PassedOn<Output> {
    /// The same value.
    fn passed_on(self) -> Output;
}

impl<T> PassedOn<T> for T {
    fn passed_on(self) -> T {
        self
    }
}

/// A function with `#[task]`, which a stage may list.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task",
    label = "not a task",
    note = "a stage lists functions with `#[task]`: what a `#[stage]` says of workers, retries and limits would have no meaning here"
)]
pub trait Listed: crate::Task {
    /// The task's name.
    const NAME: &'static str;
}

/// A name, whatever `str` means where it is written.
pub type Text = &'static str;

/// A type, as the argument of another one.
pub type Same<T> = T;

/// What stands for items that a function borrows as a slice.
pub trait Slice {
    /// A vector of its elements.
    type Vec;
}

impl<T> Slice for [T] {
    type Vec = Vec<T>;
}

/// What a graph shows of a stage. Written by `#[stage]`.
pub trait Described: crate::Signature {
    /// The stage's name.
    const NAME: &'static str;
    /// The names of its tasks.
    const TASKS: &'static [&'static str];
    /// Keys and values, as they were written.
    const SETTINGS: &'static [Setting];
}

/// Finds what a graph shows: the constants of this type's own impls go before those of [`NotOutlined`].
#[derive(Debug)]
pub struct Outline<S>(std::marker::PhantomData<S>);

impl<S: Described> Outline<S> {
    /// The stage.
    pub const STAGE: GraphStage = GraphStage::of::<S>(S::NAME, S::TASKS, S::SETTINGS);
}

impl<T: Listed> Outline<T> {
    /// The name of the task.
    pub const TASK: &'static str = T::NAME;
}

/// What is no stage or no task, which is an error of its own.
pub trait NotOutlined {
    /// Nothing.
    const STAGE: GraphStage = GraphStage::of::<Nowhere>("", &[], &[]);
    /// Nothing.
    const TASK: &'static str = "";
}

impl<T> NotOutlined for Outline<T> {}

/// The types of no stage.
#[derive(Debug)]
pub enum Nowhere {}

impl crate::Signature for Nowhere {
    type Input = ();
    type Output = ();
}

/// The output of a declared pipeline's last stage.
#[diagnostic::on_unimplemented(
    message = "the pipeline gives `{Output}`, and is declared to give `{Self}`",
    label = "the stages give `{Output}`"
)]
pub trait GivenBy<Output> {}

impl<T> GivenBy<T> for T {}

/// A declared pipeline, as the type that it was declared to have.
///
/// That it has it follows from the declaration. The compiler is not told, as it would infer the types of a pipeline that
/// does not compile from it, and find the same mistake in them again.
pub fn declared<A: 'static, B: 'static>(pipeline: A) -> B {
    same(pipeline)
}

/// Checks the types at both ends of a declared pipeline.
pub fn takes<S: crate::Accepts<T>, T>() {}

/// Checks the types at both ends of a declared pipeline.
pub fn gives<T: GivenBy<Output>, Output>() {}

/// Tells whether a type is `Send`: the constant of this impl goes before the one of [`IsNotSend`].
#[derive(Debug)]
pub struct IsSend<T>(std::marker::PhantomData<T>);

impl<T: Send> IsSend<T> {
    /// It is.
    pub const VALUE: bool = true;
}

/// The other types.
pub trait IsNotSend {
    /// It is not.
    const VALUE: bool = false;
}

impl<T> IsNotSend for IsSend<T> {}

/// The call of a function whose item is `Send`, or not.
///
/// One that is not is an error of its own. The call would be the same error again, so that it is left out.
#[derive(Debug)]
pub struct Called<const SEND: bool>;

impl Called<true> {
    /// The future of the call.
    pub fn with<F: Future>(call: F) -> F {
        call
    }
}

impl Called<false> {
    /// A future that is `Send`.
    pub fn with<F: Future>(_: F) -> std::future::Ready<F::Output>
    where
        F::Output: Send,
    {
        unreachable!("the item is not `Send`, which does not compile")
    }
}
