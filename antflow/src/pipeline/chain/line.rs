use std::any::TypeId;
use std::sync::{Arc, Weak};

use super::{Chain, Description, Flow, Launch, LaunchInto, Line, launch_into_the_end};
use crate::engine::cell::{Cell, Link, cell};
use crate::engine::core::Core;
use crate::engine::inlet::Inlet;
use crate::engine::sink::Sink;
use crate::engine::{Execute, TaskList};
use crate::item::{Shape, Undivided, Yield};
use crate::pipeline::registry::{Entry, Launching};
use crate::stage::{Configured, Stage, TaskConfig};

/// A chain of one stage.
#[derive(Debug, Clone)]
pub struct FirstStage<S> {
    stage: Configured<S>,
}

/// A chain with one more stage at its end.
#[derive(Debug, Clone)]
pub struct NextStage<C, S> {
    chain: C,
    stage: Configured<S>,
}

impl<S: Stage> FirstStage<S> {
    pub(in crate::pipeline) fn new(stage: Configured<S>) -> Self {
        Self { stage }
    }

    /// The stage with its configuration.
    #[cfg(feature = "cluster")]
    pub(crate) fn configured(&self) -> &Configured<S> {
        &self.stage
    }
}

impl<C: Flow, S: Stage> NextStage<C, S> {
    pub(in crate::pipeline) fn new(chain: C, stage: Configured<S>) -> Self {
        Self { chain, stage }
    }

    /// What stands in front of the stage.
    #[cfg(feature = "cluster")]
    pub(crate) fn chain(&self) -> &C {
        &self.chain
    }

    /// The last stage with its configuration.
    #[cfg(feature = "cluster")]
    pub(crate) fn configured(&self) -> &Configured<S> {
        &self.stage
    }
}

impl<S: Stage> Chain for FirstStage<S> {
    type Input = S::Input;
    type Output = S::Output;
    type Shape = Undivided;

    fn count(&self) -> usize {
        1
    }

    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        add(stages, &self.stage, Vec::new())
    }

    fn assemble(yielded: Yield) -> S::Output {
        yielded.into_value()
    }
}

impl<C: Flow, S: Stage> Chain for NextStage<C, S> {
    type Input = C::Input;
    type Output = <C::Shape as Shape>::Of<S::Output>;
    type Shape = C::Shape;

    fn count(&self) -> usize {
        self.chain.count() + 1
    }

    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        let behind = self.chain.describe(stages);
        add(stages, &self.stage, behind)
    }

    fn assemble(yielded: Yield) -> Self::Output {
        C::Shape::assemble(yielded, &mut Yield::into_value)
    }
}

impl<S: Stage> Flow for FirstStage<S> {
    type Next = S::Output;
}

impl<C: Flow, S: Stage> Flow for NextStage<C, S> {
    type Next = S::Output;
}

impl<S: Stage> Line for FirstStage<S> {}
impl<C: Line<Shape = Undivided>, S: Stage> Line for NextStage<C, S> {}

/// Adds a stage behind others.
pub(super) fn add<S>(
    stages: &mut Vec<Description>,
    stage: &Configured<S>,
    behind: Vec<usize>,
) -> Vec<usize> {
    stages.push(Description::of(stage, behind));
    vec![stages.len() - 1]
}

impl<St: Send + Sync + 'static, S: Execute<St>> Launch<St> for FirstStage<S> {
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        stages.push(task_configs(&self.stage));
    }

    launch_into_the_end!();
}

impl<St: Send + Sync + 'static, C: LaunchInto<St>, S: Execute<St>> Launch<St> for NextStage<C, S> {
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.chain.describe_tasks(stages);
        stages.push(task_configs(&self.stage));
    }

    launch_into_the_end!();
}

impl<St: Send + Sync + 'static, S: Execute<St>> LaunchInto<St> for FirstStage<S> {
    fn launch_into<D: Sink<S::Output>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<S::Input>> {
        open::<Undivided, _, _, _, _>(&self.stage, 0, down, run, S::into_tasks)
    }
}

impl<St, C, S> LaunchInto<St> for NextStage<C, S>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St>,
    S: Execute<St>,
{
    fn launch_into<D: Sink<S::Output>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>> {
        let index = self.chain.count();
        let cell = open::<C::Shape, _, _, _, _>(&self.stage, index, down, run, S::into_tasks);
        self.chain.launch_into(Link(cell), run)
    }
}

pub(super) fn task_configs<St, S: Execute<St>>(stage: &Configured<S>) -> Vec<TaskConfig> {
    let mut configs = Vec::new();
    stage.stage.clone().into_tasks().configs(&mut configs);
    configs
}

/// Makes a stage behind a chain of this shape, enters it into the run, and starts its workers. `index` counts from the
/// beginning of its branch.
pub(super) fn open<H, S, L, St, D>(
    stage: &Configured<S>,
    index: usize,
    down: D,
    run: &mut Launching<St>,
    into_tasks: impl FnOnce(S) -> L,
) -> Arc<Cell<S, L, St, D>>
where
    H: Shape,
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    let no_way_in = if D::UNGATHERS {
        Some("it takes batches of items, so feed the stage in front of it")
    } else if run.is_split || H::SPLITS {
        Some(
            "it stands behind branches that get copies of each item, so feed a stage in front of them",
        )
    } else {
        None
    };
    let (state, registry) = (Arc::clone(&run.state), Weak::clone(&run.registry));
    let runtime = run.stage(index);
    let cell = cell(stage.clone(), runtime, state, down, registry, into_tasks);
    let inlet: Arc<dyn Inlet<S::Input>> = cell.clone();
    run.add(Entry {
        stage: TypeId::of::<S>(),
        inlet: Box::new(inlet),
        no_way_in,
        control: cell.clone(),
    });
    cell.fill_pool();
    cell
}
