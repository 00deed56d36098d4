use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use crate::item::BoxError;

/// A closure for [`Callbacks`](super::Callbacks). It may give nothing, or a `Result` whose errors are counted.
///
/// | closure | is called |
/// |---|---|
/// | `Fn(&E)` | where the event happens, mostly by the worker whose item it is |
/// | `Fn(E)` | on the task of the run's callbacks |
/// | `Fn(E)` that gives a future, as async closures do | on the task of the run's callbacks, which waits for the future |
///
/// `Marker` tells them apart and is always inferred, once the type of the closure's parameter is written out.
#[diagnostic::on_unimplemented(
    message = "this is no callback for `{E}`",
    label = "a closure `|event: &{E}|`, `|event: {E}|` or `async |event: {E}|` is wanted",
    note = "it gives nothing or a `Result<(), E>`, and is `Send + Sync + 'static`"
)]
pub trait Callback<E, Marker>: Send + Sync + 'static {
    /// The closure with how it is to be called.
    fn into_recipient(self) -> Recipient<E>;
}

/// A callback with how it is to be called.
pub enum Recipient<E> {
    /// Where the event happens.
    AtOnce(Arc<AtOnce<E>>),
    /// With an event of its own, one after the other.
    InTurn(Arc<InTurn<E>>),
}

/// A callback that takes events by reference.
pub(super) type AtOnce<E> = dyn Fn(&E) -> Result<(), BoxError> + Send + Sync;

/// A callback that takes events by value.
pub(super) type InTurn<E> = dyn Fn(E) -> Called + Send + Sync;

impl<E> Clone for Recipient<E> {
    fn clone(&self) -> Self {
        match self {
            Self::AtOnce(callback) => Self::AtOnce(Arc::clone(callback)),
            Self::InTurn(callback) => Self::InTurn(Arc::clone(callback)),
        }
    }
}

impl<E> fmt::Debug for Recipient<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::AtOnce(_) => "AtOnce",
            Self::InTurn(_) => "InTurn",
        };
        f.debug_tuple(name).finish_non_exhaustive()
    }
}

/// What comes of a call in turn.
pub enum Called {
    /// It is over, with this result.
    Now(Result<(), BoxError>),
    /// It is over when the future is.
    Later(Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>),
}

impl fmt::Debug for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(result) => f.debug_tuple("Now").field(result).finish(),
            Self::Later(_) => f.debug_tuple("Later").finish_non_exhaustive(),
        }
    }
}

/// What a callback may give: nothing, or a `Result` without a value.
pub trait CallbackOutput {
    /// As a result.
    ///
    /// # Errors
    /// The error that it is.
    fn into_result(self) -> Result<(), BoxError>;
}

impl CallbackOutput for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> CallbackOutput for Result<(), E> {
    fn into_result(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// Marks a closure that takes events by reference.
#[derive(Debug)]
pub struct ByRef<Out>(PhantomData<Out>);

/// Marks a plain closure.
#[derive(Debug)]
pub struct Plain<Out>(PhantomData<Out>);

/// Marks a closure that returns a future.
#[derive(Debug)]
pub struct Async<Fut>(PhantomData<Fut>);

impl<F, E, Out> Callback<E, ByRef<Out>> for F
where
    F: Fn(&E) -> Out + Send + Sync + 'static,
    Out: CallbackOutput,
{
    fn into_recipient(self) -> Recipient<E> {
        Recipient::AtOnce(Arc::new(move |event| self(event).into_result()))
    }
}

impl<F, E, Out> Callback<E, Plain<Out>> for F
where
    F: Fn(E) -> Out + Send + Sync + 'static,
    Out: CallbackOutput,
{
    fn into_recipient(self) -> Recipient<E> {
        Recipient::InTurn(Arc::new(move |event| {
            Called::Now(self(event).into_result())
        }))
    }
}

impl<F, E, Fut> Callback<E, Async<Fut>> for F
where
    F: Fn(E) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: CallbackOutput> + Send + 'static,
{
    fn into_recipient(self) -> Recipient<E> {
        Recipient::InTurn(Arc::new(move |event| {
            let call = self(event);
            Called::Later(Box::pin(async { call.await.into_result() }))
        }))
    }
}
