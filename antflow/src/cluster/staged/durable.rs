use std::sync::Arc;

use super::Stored;
use super::handler::PipelineHandler;
use crate::cluster::handler::ErasedHandler;
use crate::cluster::schema::fingerprint;
use crate::engine::Execute;
use crate::pipeline::Pipeline;
use crate::pipeline::chain::{FirstStage, Flow, Launch, NextStage};
use crate::stage::{Configured, Stage, StageConfig};

/// A pipeline that a cluster can run: a line of stages, between which everything is [`Stored`].
///
/// What else `pipeline!` knows (`filter`, `flat_map`, `batch`, branches) stays within one node: make such a pipeline the
/// handler of a role by [`WorkerBuilder::pipeline`](crate::cluster::worker::WorkerBuilder::pipeline).
#[diagnostic::on_unimplemented(
    message = "a cluster runs pipelines that are a line of stages, which this one is not",
    label = "more than stages one behind the other",
    note = "make the part with `filter`, `flat_map`, `batch` or branches the handler of a role: `worker.pipeline(\"role\", pipeline!(..))`"
)]
pub trait Durable<St>: Launch<St, Input: Stored, Output: Stored> {
    /// Adds the stages, in their order.
    #[doc(hidden)]
    fn enter(&self, roles: &mut Roles<St>);
}

/// The stages of a pipeline, each as what a worker needs to take on its role.
pub struct Roles<St> {
    state: Arc<St>,
    stages: Vec<StageRole>,
}

/// A stage as a role.
pub(crate) struct StageRole {
    pub(crate) config: StageConfig,
    pub(crate) fingerprint: String,
    pub(crate) make: Box<dyn Fn() -> Box<dyn ErasedHandler> + Send + Sync>,
}

impl<St: Send + Sync + 'static> Roles<St> {
    fn add<S>(&mut self, stage: &Configured<S>)
    where
        S: Stage + Execute<St>,
        S::Input: Stored,
        S::Output: Stored,
    {
        let pipeline = Pipeline::of_one(stage.clone(), Arc::clone(&self.state));
        self.stages.push(StageRole {
            config: stage.config.clone(),
            fingerprint: fingerprint::<S::Input, S::Output>(),
            make: Box::new(move || Box::new(PipelineHandler::new(pipeline.clone()))),
        });
    }
}

/// The stages of a pipeline, in their order.
pub(crate) fn roles<C, St>(pipeline: &Pipeline<C, St>) -> Vec<StageRole>
where
    C: Durable<St>,
    St: Send + Sync + 'static,
{
    let (chain, state) = pipeline.parts();
    let mut roles = Roles {
        state: Arc::clone(state),
        stages: Vec::with_capacity(chain.count()),
    };
    chain.enter(&mut roles);
    roles.stages
}

impl<St, S> Durable<St> for FirstStage<S>
where
    St: Send + Sync + 'static,
    S: Execute<St>,
    S::Input: Stored,
    S::Output: Stored,
{
    fn enter(&self, roles: &mut Roles<St>) {
        roles.add(self.configured());
    }
}

impl<St, C, S> Durable<St> for NextStage<C, S>
where
    St: Send + Sync + 'static,
    C: Durable<St> + Flow,
    Self: Launch<St, Input: Stored, Output: Stored>,
    S: Execute<St>,
    S::Input: Stored,
    S::Output: Stored,
{
    fn enter(&self, roles: &mut Roles<St>) {
        self.chain().enter(roles);
        roles.add(self.configured());
    }
}

impl<St> std::fmt::Debug for Roles<St> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.stages.iter().map(|stage| &stage.config.name);
        f.debug_list().entries(names).finish()
    }
}
