use std::fmt;
use std::sync::Arc;

use super::{Chain, Copies, Description, Flow, Launch, LaunchInto, launch_into_the_end};
use crate::engine::core::Core;
use crate::engine::inlet::Inlet;
use crate::engine::same;
use crate::engine::sink::{Between, Sink, TeeSink};
use crate::item::{Shape, Spread, Yield};
use crate::pipeline::registry::Launching;
use crate::stage::TaskConfig;

/// A chain whose outputs go to any number of branches of one kind, each of which gets a copy. Made by
/// [`Pipeline::broadcast`](crate::Pipeline::broadcast).
pub struct Broadcast<C: Flow, B> {
    chain: C,
    branches: Vec<B>,
    copy: fn(&C::Next) -> C::Next,
}

impl<C: Flow + Copies<C::Next>, B> Broadcast<C, B> {
    pub(in crate::pipeline) fn new(chain: C, branches: Vec<B>) -> Self {
        Self {
            chain,
            branches,
            copy: C::copied,
        }
    }
}

impl<C: Flow, B: Clone> Clone for Broadcast<C, B> {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            branches: self.branches.clone(),
            copy: self.copy,
        }
    }
}

impl<C: Flow, B: Flow> Chain for Broadcast<C, B> {
    type Input = C::Input;
    type Output = <Self::Shape as Shape>::Of<B::Next>;
    type Shape = Spread<C::Shape>;

    fn count(&self) -> usize {
        let branches: usize = self.branches.iter().map(Chain::count).sum();
        self.chain.count() + branches
    }

    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        self.chain.describe(stages);
        // Whatever stands between them, the last stage so far is the one in front.
        if self.branches.is_empty()
            && let Some(last) = stages.last_mut()
        {
            last.mistakes
                .push("it is followed by a broadcast to no stage");
        }
        let ends = self.branches.iter().map(|branch| branch.describe(stages));
        ends.collect::<Vec<_>>().concat()
    }

    fn assemble(yielded: Yield) -> Self::Output {
        Self::Shape::assemble(yielded, &mut Yield::into_value)
    }
}

impl<C: Flow, B: Flow> Flow for Broadcast<C, B> {
    type Next = B::Next;
}

impl<St, C, B> Launch<St> for Broadcast<C, B>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St>,
    B: LaunchInto<St>,
{
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.chain.describe_tasks(stages);
        for branch in &self.branches {
            branch.describe_tasks(stages);
        }
    }

    launch_into_the_end!();
}

impl<St, C, B> LaunchInto<St> for Broadcast<C, B>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St>,
    B: LaunchInto<St>,
{
    fn launch_into<D: Sink<B::Next>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>> {
        let ways = run.behind(self.chain.count(), |run| {
            let branches = self.branches.iter();
            let ways = branches.map(|branch| {
                let inlet = run.branch(branch.count(), |run| branch.launch_into(down.clone(), run));
                same::<_, Arc<dyn Inlet<C::Next>>>(inlet)
            });
            ways.collect()
        });
        let stage = run.stage(self.chain.count() - 1);
        let between = Between::new(Arc::clone(down.core()), stage, "broadcast");
        let sink = TeeSink::new(between, ways, self.copy, C::Shape::DIVISIONS);
        self.chain.launch_into(sink, run)
    }
}

impl<C: Flow, B> fmt::Debug for Broadcast<C, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("branches", &self.branches.len())
            .finish_non_exhaustive()
    }
}
