use std::fmt;
use std::marker::PhantomData;

use super::FirstStage;
use crate::pipeline::Pipeline;
use crate::stage::{Accepts, IntoStage};

/// Where a branch begins: its first stage takes `T`.
#[must_use = "a branch needs a stage"]
pub struct Start<T>(PhantomData<fn(T)>);

/// Stands in the place of the state in the type of a branch that begins where it is given `T`.
pub struct Begins<T>(PhantomData<fn(T)>);

impl<T: 'static> Start<T> {
    pub(in crate::pipeline) fn new() -> Self {
        Self(PhantomData)
    }

    /// Makes `stage` the first one of the branch.
    pub fn stage<S>(self, stage: S) -> Pipeline<FirstStage<S::Stage>, Begins<T>>
    where
        S: IntoStage<Stage: Accepts<T>>,
    {
        Pipeline::builder()
            .stage(stage)
            .with_state(Begins(PhantomData))
    }
}

impl<T> Clone for Start<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Start<T> {}

impl<T> fmt::Debug for Start<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Begins<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begins").finish_non_exhaustive()
    }
}
