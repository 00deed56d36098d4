use std::fmt;
use std::sync::Arc;

use super::branches::{Joined, LaunchJoined};
use super::{
    Branches, Chain, Description, Flow, Fork, Launch, LaunchBranches, LaunchFork, LaunchInto,
};
use crate::engine::core::Core;
use crate::engine::inlet::Inlet;
use crate::engine::sink::{Between, Sink, TeeSink};
use crate::item::{self, Shape, Yield};
use crate::pipeline::registry::Launching;
use crate::stage::TaskConfig;

/// Makes copies of what goes to several branches: of everything that is `Clone`.
///
/// It is not a trait of `T`, as the compiler would propose references then.
#[diagnostic::on_unimplemented(
    message = "`{T}` goes to several branches with a copy for each, so it must be `Clone`",
    label = "`{T}` is not `Clone`",
    note = "derive `Clone`, or put what is large behind an `Arc`"
)]
pub trait Copies<T> {
    /// Another one.
    #[doc(hidden)]
    fn copied(value: &T) -> T;
}

#[diagnostic::do_not_recommend]
impl<C, T: Clone> Copies<T> for C {
    fn copied(value: &T) -> T {
        value.clone()
    }
}

/// A chain whose outputs go to several branches, each of which gets a copy. Made by
/// [`Pipeline::tee`](crate::Pipeline::tee).
pub struct Tee<C: Flow, B> {
    chain: C,
    branches: B,
    copy: fn(&C::Next) -> C::Next,
}

impl<C: Flow + Copies<C::Next>, B> Tee<C, B> {
    pub(in crate::pipeline) fn new(chain: C, branches: B) -> Self {
        Self {
            chain,
            branches,
            copy: C::copied,
        }
    }
}

impl<C: Flow, B: Clone> Clone for Tee<C, B> {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            branches: self.branches.clone(),
            copy: self.copy,
        }
    }
}

impl<C: Flow, B: Branches> Chain for Tee<C, B> {
    type Input = C::Input;
    type Output = <C::Shape as Shape>::Of<B::Output>;
    type Shape = C::Shape;

    fn count(&self) -> usize {
        self.chain.count() + self.branches.count()
    }

    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        self.chain.describe(stages);
        self.branches.describe(stages)
    }

    fn assemble(yielded: Yield) -> Self::Output {
        C::Shape::assemble(yielded, &mut |yielded| {
            B::assemble(yielded.into_parts(C::Shape::DIVISIONS))
        })
    }
}

impl<C: Flow, B: Joined> Fork for Tee<C, B>
where
    item::Split<C::Shape, B::Shapes>: Shape,
{
    type Input = C::Input;
    type Branches = B;
    type Joined = item::Split<C::Shape, B::Shapes>;

    fn stages(&self) -> usize {
        self.count()
    }

    fn describe_stages(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        self.describe(stages)
    }
}

impl<C: Flow, B> Tee<C, B> {
    /// Makes the stages in front of the branches, into which these are the ways.
    fn launch_front<St, Out>(
        &self,
        ways: Vec<Arc<dyn Inlet<C::Next>>>,
        core: &Arc<Core<Out>>,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>>
    where
        C: LaunchInto<St>,
        Out: Send + 'static,
    {
        let stage = run.stage(self.chain.count() - 1);
        let between = Between::new(Arc::clone(core), stage, "tee");
        let sink = TeeSink::new(between, ways.into(), self.copy, C::Shape::DIVISIONS);
        self.chain.launch_into(sink, run)
    }
}

impl<St, C, B> Launch<St> for Tee<C, B>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St>,
    B: LaunchBranches<St>,
{
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.chain.describe_tasks(stages);
        self.branches.describe_tasks(stages);
    }

    fn launch(
        &self,
        core: Arc<Core<Self::Output>>,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>> {
        self.launch_branch(core, run)
    }

    fn launch_branch<Out: Send + 'static>(
        &self,
        core: Arc<Core<Out>>,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>> {
        let ways = run.split(self.chain.count(), |run| self.branches.launch(&core, run));
        self.launch_front(ways, &core, run)
    }
}

impl<St, C, B> LaunchFork<St> for Tee<C, B>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St>,
    B: LaunchJoined<St>,
    Self: Fork<Input = C::Input>,
{
    fn tasks_of_stages(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.describe_tasks(stages);
    }

    fn launch_fork<T: Send + 'static, D: Sink<T>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>> {
        let ways = run.split(self.chain.count(), |run| {
            self.branches.launch_into(&down, run)
        });
        self.launch_front(ways, down.core(), run)
    }
}

impl<C: Flow, B> fmt::Debug for Tee<C, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tee").finish_non_exhaustive()
    }
}
