use std::any::TypeId;
use std::sync::{Arc, Weak};

use super::registry::{Entry, Launching};
use crate::engine::cell::{Cell, Link, cell};
use crate::engine::inlet::Inlet;
use crate::engine::sink::Sink;
use crate::engine::{Execute, TaskList};
use crate::stage::{Configured, Stage, StageConfig, TaskConfig};

/// The stages of a pipeline, as a type: each knows the one before it.
///
/// Nobody needs to write one: `pipeline!` and the builder make it.
pub trait Chain: Clone + Send + Sync + 'static {
    /// What the first stage takes.
    type Input: Send + 'static;
    /// What the last stage gives.
    type Output: Send + 'static;

    /// How many stages there are.
    #[doc(hidden)]
    fn count(&self) -> usize;

    /// What was said of each stage.
    #[doc(hidden)]
    fn describe(&self, stages: &mut Vec<Description>);
}

/// What was said of a stage when the pipeline was built.
#[derive(Debug)]
pub struct Description {
    pub(super) config: StageConfig,
    pub(super) mistakes: Vec<&'static str>,
}

impl Description {
    /// How many items can be in the stage: in its queue and in the hands of its workers.
    pub(super) fn room(&self) -> usize {
        self.config.capacity().saturating_add(self.config.workers)
    }
}

/// A chain whose stages can run with a state `St`.
pub trait Launch<St>: Chain {
    /// What was said of the tasks of each stage.
    #[doc(hidden)]
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>);

    /// Makes the running stages, the last one first.
    #[doc(hidden)]
    fn launch<D: Sink<Self::Output>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<Self::Input>>;
}

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
    pub(super) fn new(stage: Configured<S>) -> Self {
        Self { stage }
    }
}

impl<C: Chain, S: Stage> NextStage<C, S> {
    pub(super) fn new(chain: C, stage: Configured<S>) -> Self {
        Self { chain, stage }
    }
}

impl<S: Stage> Chain for FirstStage<S> {
    type Input = S::Input;
    type Output = S::Output;

    fn count(&self) -> usize {
        1
    }

    fn describe(&self, stages: &mut Vec<Description>) {
        stages.push(Description::of(&self.stage));
    }
}

impl<C: Chain, S: Stage> Chain for NextStage<C, S> {
    type Input = C::Input;
    type Output = S::Output;

    fn count(&self) -> usize {
        self.chain.count() + 1
    }

    fn describe(&self, stages: &mut Vec<Description>) {
        self.chain.describe(stages);
        stages.push(Description::of(&self.stage));
    }
}

impl Description {
    fn of<S>(stage: &Configured<S>) -> Self {
        Self {
            config: stage.config.clone(),
            mistakes: stage.mistakes.clone(),
        }
    }
}

impl<St: Send + Sync + 'static, S: Execute<St>> Launch<St> for FirstStage<S> {
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        stages.push(task_configs(&self.stage));
    }

    fn launch<D: Sink<S::Output>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<S::Input>> {
        open(&self.stage, 0, down, run, S::into_tasks)
    }
}

impl<St: Send + Sync + 'static, C: Launch<St>, S: Execute<St>> Launch<St> for NextStage<C, S> {
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.chain.describe_tasks(stages);
        stages.push(task_configs(&self.stage));
    }

    fn launch<D: Sink<S::Output>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>> {
        let cell = open(&self.stage, self.chain.count(), down, run, S::into_tasks);
        self.chain.launch(Link(cell), run)
    }
}

fn task_configs<St, S: Execute<St>>(stage: &Configured<S>) -> Vec<TaskConfig> {
    let mut configs = Vec::new();
    stage.stage.clone().into_tasks().configs(&mut configs);
    configs
}

/// Makes a stage, enters it into the run, and starts its workers.
fn open<S, L, St, D>(
    stage: &Configured<S>,
    index: usize,
    down: D,
    run: &mut Launching<St>,
    into_tasks: impl FnOnce(S) -> L,
) -> Arc<Cell<S, L, St, D>>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    let (state, registry) = (Arc::clone(&run.state), Weak::clone(&run.registry));
    let runtime = Arc::clone(&run.stages[index]);
    let cell = cell(stage.clone(), runtime, state, down, registry, into_tasks);
    let inlet: Arc<dyn Inlet<S::Input>> = cell.clone();
    run.add(Entry {
        stage: TypeId::of::<S>(),
        inlet: Box::new(inlet),
        control: cell.clone(),
    });
    cell.fill_pool();
    cell
}
