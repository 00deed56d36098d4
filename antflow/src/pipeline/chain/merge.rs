use std::sync::Arc;

use super::line::{add, open, task_configs};
use super::{Chain, Description, Flow, Launch, LaunchInto, Line, launch_into_the_end};
use crate::engine::Execute;
use crate::engine::cell::Link;
use crate::engine::core::Core;
use crate::engine::inlet::Inlet;
use crate::engine::sink::Sink;
use crate::item::{Shape, Undivided, Yield};
use crate::pipeline::registry::Launching;
use crate::stage::{Accepts, Configured, Stage, TaskConfig};

/// A chain that ends in branches, which may come together again.
pub trait Fork: Clone + Send + Sync + 'static {
    /// What the first stage takes.
    type Input: Send + 'static;
    /// The branches.
    type Branches;
    /// How values become results if they come together.
    #[doc(hidden)]
    type Joined: Shape;

    /// See [`Chain::count`].
    #[doc(hidden)]
    fn stages(&self) -> usize;

    /// See [`Chain::describe`].
    #[doc(hidden)]
    fn describe_stages(&self, stages: &mut Vec<Description>) -> Vec<usize>;
}

/// Branches whose ends come together in the stage `S`, which takes what each of them gives.
#[diagnostic::on_unimplemented(
    message = "`{S}` cannot take what comes out of these branches",
    label = "branches come together here",
    note = "a branch that divides into branches of its own has more than one end"
)]
pub trait MergeInto<S: Stage> {}

/// A branch whose end goes into the stage `S`.
pub trait EndsIn<S> {}

impl<C: Flow, S: Accepts<C::Next>> EndsIn<S> for C {}

/// A [`Fork`] whose stages can run with a state `St`.
pub trait LaunchFork<St>: Fork {
    /// See [`Launch::describe_tasks`].
    #[doc(hidden)]
    fn tasks_of_stages(&self, stages: &mut Vec<Vec<TaskConfig>>);

    /// Makes the running stages, the last ones first. What all branches give, which is `T`, goes into `down`.
    #[doc(hidden)]
    fn launch_fork<T: Send + 'static, D: Sink<T>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<Self::Input>>;
}

/// A chain whose branches come together in one more stage. Made by [`Pipeline::merge`](crate::Pipeline::merge).
#[derive(Debug, Clone)]
pub struct Merge<F, S> {
    fork: F,
    stage: Configured<S>,
}

impl<F: Fork, S: Stage> Merge<F, S> {
    pub(in crate::pipeline) fn new(fork: F, stage: Configured<S>) -> Self {
        Self { fork, stage }
    }
}

impl<F: Fork, S: Stage> Chain for Merge<F, S> {
    type Input = F::Input;
    type Output = <F::Joined as Shape>::Of<S::Output>;
    type Shape = F::Joined;

    fn count(&self) -> usize {
        self.fork.stages() + 1
    }

    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        let behind = self.fork.describe_stages(stages);
        add(stages, &self.stage, behind)
    }

    fn assemble(yielded: Yield) -> Self::Output {
        F::Joined::assemble(yielded, &mut Yield::into_value)
    }
}

impl<F: Fork, S: Stage> Flow for Merge<F, S> {
    type Next = S::Output;
}

impl<F: Fork<Joined = Undivided>, S: Stage> Line for Merge<F, S> {}

impl<St, F, S> Launch<St> for Merge<F, S>
where
    St: Send + Sync + 'static,
    F: LaunchFork<St>,
    S: Execute<St>,
{
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.fork.tasks_of_stages(stages);
        stages.push(task_configs(&self.stage));
    }

    launch_into_the_end!();
}

impl<St, F, S> LaunchInto<St> for Merge<F, S>
where
    St: Send + Sync + 'static,
    F: LaunchFork<St>,
    S: Execute<St>,
{
    fn launch_into<D: Sink<S::Output>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<F::Input>> {
        let index = self.fork.stages();
        let cell = open::<F::Joined, _, _, _, _>(&self.stage, index, down, run, S::into_tasks);
        self.fork.launch_fork::<S::Input, _>(Link(cell), run)
    }
}
