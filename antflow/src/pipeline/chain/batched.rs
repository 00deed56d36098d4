use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::line::{open, task_configs};
use super::{Chain, Description, Flow, Launch, LaunchInto, Line, launch_into_the_end};
use crate::engine::core::Core;
use crate::engine::gather::Gathering;
use crate::engine::inlet::Inlet;
use crate::engine::sink::{Between, GatherSink, Sink, UngatherSink};
use crate::engine::{Execute, same};
use crate::item::{Shape, Undivided, Yield};
use crate::pipeline::registry::Launching;
use crate::stage::{BatchOutput, Configured, Signature, Stage, TakesBatches, TaskConfig};

/// A chain with one more stage at its end, which takes batches. Made by [`Pipeline::batch`](crate::Pipeline::batch).
#[derive(Clone)]
pub struct Batched<C, S> {
    chain: C,
    stage: Configured<S>,
    size: usize,
    max_wait: Duration,
}

/// What a stage that takes batches gives for an item.
type Each<S> = <<S as Signature>::Output as BatchOutput>::Item;

impl<C: Flow, S: Stage> Batched<C, S> {
    pub(in crate::pipeline) fn new(
        chain: C,
        stage: Configured<S>,
        size: usize,
        max_wait: Duration,
    ) -> Self {
        Self {
            chain,
            stage,
            size,
            max_wait,
        }
    }
}

impl<C: Flow, S: Stage + TakesBatches<C::Next>> Chain for Batched<C, S> {
    type Input = C::Input;
    type Output = <C::Shape as Shape>::Of<Each<S>>;
    type Shape = C::Shape;

    fn count(&self) -> usize {
        self.chain.count() + 1
    }

    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        self.chain.describe(stages);
        let mut description = Description::of(&self.stage, Vec::new());
        if self.size == 0 {
            description
                .mistakes
                .push("its batches must be of at least 1 item");
        }
        description.items = self.size;
        stages.push(description);
        Vec::new()
    }

    fn assemble(yielded: Yield) -> Self::Output {
        C::Shape::assemble(yielded, &mut Yield::into_value)
    }
}

impl<C: Flow, S: Stage + TakesBatches<C::Next>> Flow for Batched<C, S> {
    type Next = Each<S>;
}

impl<C: Line<Shape = Undivided>, S: Stage + TakesBatches<C::Next>> Line for Batched<C, S> {}

impl<St, C, S> Launch<St> for Batched<C, S>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St>,
    S: Execute<St> + TakesBatches<C::Next>,
{
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.chain.describe_tasks(stages);
        stages.push(task_configs(&self.stage));
    }

    launch_into_the_end!();
}

impl<St, C, S> LaunchInto<St> for Batched<C, S>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St>,
    S: Execute<St> + TakesBatches<C::Next>,
{
    fn launch_into<D: Sink<Each<S>>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>> {
        let core = Arc::clone(down.core());
        let index = self.chain.count();
        let down = UngatherSink::new(down);
        let cell = open::<C::Shape, _, _, _, _>(&self.stage, index, down, run, S::into_tasks);
        let inlet: Arc<dyn Inlet<S::Input>> = cell;
        let inlet: Arc<dyn Inlet<Vec<C::Next>>> = same(inlet);
        let between = Between::new(core, run.stage(index), "batch");
        let gathering = Gathering::start(between, self.size, self.max_wait, inlet);
        self.chain.launch_into(GatherSink::new(gathering), run)
    }
}

impl<C, S> fmt::Debug for Batched<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batched")
            .field("size", &self.size)
            .field("max_wait", &self.max_wait)
            .finish_non_exhaustive()
    }
}
