use std::error::Error;
use std::future::{Future, ready};
use std::sync::Arc;

use super::TaskContext;
use crate::item::ItemError;

/// Functions called beside a stage's tasks, by the worker that holds the item.
///
/// Written by `#[stage]` for `skip_if`, `on_success`, `on_failure`, `on_skip` and the `retry_if` of a list of tasks.
/// They cannot change an item's outcome: a panic in one of the `on_` methods is caught and counted.
pub trait Hooks<In, Out>: Send + Sync + 'static {
    /// Whether none of the methods does anything, so that they need not be called.
    const NONE: bool = false;

    /// Whether items have keys: see [`key`](Self::key).
    const KEYED: bool = false;

    /// The hash of the item's key, where items have one: those with the same are worked on one at a time, in the order
    /// in which they were taken from the queue. A panic fails the item.
    ///
    /// It should be quick: what was taken later is not begun before the key is known.
    fn key(&self, input: &In) -> u64 {
        let _ = input;
        0
    }

    /// Decides whether the item passes the stage untouched: `Ok` with the value for the next stage, or `Err` with the
    /// input for the tasks.
    fn skip(&self, cx: &TaskContext, input: In) -> impl Future<Output = Result<Out, In>> + Send
    where
        In: Send,
        Out: Send,
    {
        let _ = cx;
        ready(Err(input))
    }

    /// Called after the stage's last task succeeded, before the item moves on.
    fn on_success(&self, cx: &TaskContext, output: &Out) -> impl Future<Output = ()> + Send {
        let _ = (cx, output);
        ready(())
    }

    /// Called once for an item that failed in this stage, after its last attempt.
    fn on_failure(&self, cx: &TaskContext, error: &ItemError) -> impl Future<Output = ()> + Send {
        let _ = (cx, error);
        ready(())
    }

    /// Called for an item that passed the stage untouched.
    fn on_skip(&self, cx: &TaskContext, value: &Out) -> impl Future<Output = ()> + Send {
        let _ = (cx, value);
        ready(())
    }

    /// Whether another attempt may follow this error, if attempts are left.
    fn retry_if(&self, error: &(dyn Error + Send + Sync + 'static)) -> bool {
        let _ = error;
        true
    }
}

impl<In, Out> Hooks<In, Out> for () {
    const NONE: bool = true;
}

impl<In: Send + 'static, Out: Send + 'static, H: Hooks<In, Out>> Hooks<In, Out> for Arc<H> {
    const NONE: bool = H::NONE;
    const KEYED: bool = H::KEYED;

    fn key(&self, input: &In) -> u64 {
        (**self).key(input)
    }

    fn skip(&self, cx: &TaskContext, input: In) -> impl Future<Output = Result<Out, In>> + Send
    where
        In: Send,
        Out: Send,
    {
        (**self).skip(cx, input)
    }

    fn on_success(&self, cx: &TaskContext, output: &Out) -> impl Future<Output = ()> + Send {
        (**self).on_success(cx, output)
    }

    fn on_failure(&self, cx: &TaskContext, error: &ItemError) -> impl Future<Output = ()> + Send {
        (**self).on_failure(cx, error)
    }

    fn on_skip(&self, cx: &TaskContext, value: &Out) -> impl Future<Output = ()> + Send {
        (**self).on_skip(cx, value)
    }

    fn retry_if(&self, error: &(dyn Error + Send + Sync + 'static)) -> bool {
        (**self).retry_if(error)
    }
}
