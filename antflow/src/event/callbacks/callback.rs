use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use crate::item::BoxError;

/// What comes of a call.
pub enum Called {
    /// It is over, with this result.
    Now(Result<(), BoxError>),
    /// It is over when the future is.
    Later(Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>),
}

impl std::fmt::Debug for Called {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Now(result) => f.debug_tuple("Now").field(result).finish(),
            Self::Later(_) => f.debug_tuple("Later").finish_non_exhaustive(),
        }
    }
}

/// A closure for [`Callbacks`](super::Callbacks): `Fn(E)`, or `Fn(E)` that returns a future, as async closures do. It
/// may give nothing, or a `Result` whose errors are counted.
///
/// `Marker` tells the two apart and is always inferred.
pub trait Callback<E, Marker>: Send + Sync + 'static {
    /// Calls the closure.
    fn call(&self, event: E) -> Called;
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

/// Marks a plain closure.
#[derive(Debug)]
pub struct Plain<Out>(PhantomData<Out>);

/// Marks a closure that returns a future.
#[derive(Debug)]
pub struct Async<Fut>(PhantomData<Fut>);

impl<F, E, Out> Callback<E, Plain<Out>> for F
where
    F: Fn(E) -> Out + Send + Sync + 'static,
    Out: CallbackOutput,
{
    fn call(&self, event: E) -> Called {
        Called::Now(self(event).into_result())
    }
}

impl<F, E, Fut> Callback<E, Async<Fut>> for F
where
    F: Fn(E) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: CallbackOutput> + Send + 'static,
{
    fn call(&self, event: E) -> Called {
        let call = self(event);
        Called::Later(Box::pin(async { call.await.into_result() }))
    }
}

/// A callback whose marker is of no concern any more.
pub(super) trait Erased<E>: Send + Sync {
    fn call(&self, event: E) -> Called;
}

pub(super) struct Unmarked<F, Marker>(F, PhantomData<fn() -> Marker>);

impl<F, Marker> Unmarked<F, Marker> {
    pub(super) fn new(callback: F) -> Self {
        Self(callback, PhantomData)
    }
}

impl<E, Marker, F: Callback<E, Marker>> Erased<E> for Unmarked<F, Marker> {
    fn call(&self, event: E) -> Called {
        self.0.call(event)
    }
}
