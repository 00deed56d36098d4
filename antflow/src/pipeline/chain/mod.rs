//! What a pipeline is made of, as types: stages, and what stands between them.
//!
//! | written in `pipeline!` | type |
//! |---|---|
//! | `fetch` | [`FirstStage`] |
//! | `.. >> parse` | [`NextStage`] |
//! | `.. >> filter(f)` | [`Filter`] |
//! | `.. >> flat_map(f)` | [`FlatMap`] |
//! | `.. >> batch(100, "1s") >> save` | [`Batched`] |
//! | `.. >> (a & b)` | [`Tee`] |
//! | `.. >> broadcast(stages)` | [`Broadcast`] |
//! | `.. >> { Html => a, Pdf => b }` | [`Routed`] |
//! | `.. >> (a & b) >> c` | [`Merge`] |
//!
//! Nobody needs to write these types: `pipeline!` and the methods of [`Pipeline`](crate::Pipeline) make them.

mod batched;
mod branches;
mod broadcast;
mod line;
mod merge;
mod operators;
mod route;
mod start;
mod tee;

use std::sync::Arc;

pub use batched::Batched;
pub use branches::{Branches, IntoBranches, LaunchBranches};
pub use broadcast::Broadcast;
pub use line::{FirstStage, NextStage};
pub use merge::{EndsIn, Fork, LaunchFork, Merge, MergeInto};
pub use operators::{Filter, FlatMap};
pub use route::{
    Agree, Collected, Exhaustive, HasBranch, LaunchRoutes, NoWay, NotTaken, Routed, Routes, Same,
    Taken, Ways,
};
pub use start::{Begins, Start};
pub use tee::{Copies, Tee};

use super::registry::Launching;
use crate::engine::core::Core;
use crate::engine::inlet::Inlet;
use crate::engine::sink::Sink;
pub use crate::item::{Filtered, Shape, Split, Spread, Undivided, Yield};
use crate::stage::{Configured, StageConfig, TaskConfig};

/// The stages of a pipeline and how they are wired, as a type.
///
/// Nobody needs to write one: `pipeline!` and the builder make it.
pub trait Chain: Clone + Send + Sync + 'static {
    /// What the first stage takes.
    type Input: Send + 'static;
    /// What the result of an item holds: what the last stage gives, or, where items are divided on their way, what came
    /// of all the parts.
    type Output: Send + 'static;
    /// How the one becomes the other.
    #[doc(hidden)]
    type Shape: Shape;

    /// How many stages there are.
    #[doc(hidden)]
    fn count(&self) -> usize;

    /// What was said of each stage. Returns the places of those stages whose outputs come out at the end as they are.
    #[doc(hidden)]
    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize>;

    /// What the result of an item that was divided holds, if this came of it.
    #[doc(hidden)]
    fn assemble(yielded: Yield) -> Self::Output;
}

/// A chain with one end, to which another stage can be added.
#[diagnostic::on_unimplemented(
    message = "what comes out here is not of one type",
    label = "these branches do not come together",
    note = "end the pipeline here, or let a stage follow that takes what each of the branches gives"
)]
pub trait Flow: Chain {
    /// What the last stage gives.
    type Next: Send + 'static;
}

/// A chain in which items are neither divided nor let go.
#[diagnostic::on_unimplemented(
    message = "a branch of a route is made of stages alone",
    label = "this branch divides items or lets some go",
    note = "put it in front of the route or behind it"
)]
pub trait Line: Flow<Output = <Self as Flow>::Next> {}

/// What was said of a stage when the pipeline was built.
#[derive(Debug)]
pub struct Description {
    pub(in crate::pipeline) config: StageConfig,
    /// Settings of retries that were made on a stage without retries.
    pub(in crate::pipeline) retries: Vec<&'static str>,
    /// What else cannot work.
    pub(in crate::pipeline) mistakes: Vec<&'static str>,
    /// How many items it takes at once.
    pub(in crate::pipeline) items: usize,
    /// The places of the stages whose workers hand their outputs to it.
    pub(in crate::pipeline) behind: Vec<usize>,
}

impl Description {
    /// How many items can be in the stage: in its queue and in the hands of its workers.
    pub(in crate::pipeline) fn room(&self) -> usize {
        let batches = self.config.capacity().saturating_add(self.config.workers);
        batches.saturating_mul(self.items.max(1))
    }

    fn of<S>(stage: &Configured<S>, behind: Vec<usize>) -> Self {
        Self {
            config: stage.config.clone(),
            retries: stage.mistakes.clone(),
            mistakes: Vec::new(),
            items: 1,
            behind,
        }
    }
}

/// A chain whose stages can run with a state `St`.
pub trait Launch<St>: Chain {
    /// What was said of the tasks of each stage.
    #[doc(hidden)]
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>);

    /// Makes the running stages, the last one first, as a whole pipeline.
    #[doc(hidden)]
    fn launch(
        &self,
        core: Arc<Core<Self::Output>>,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<Self::Input>>;

    /// As [`launch`](Self::launch), as the last branch of a pipeline whose results hold `Out`.
    #[doc(hidden)]
    fn launch_branch<Out: Send + 'static>(
        &self,
        core: Arc<Core<Out>>,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<Self::Input>>;
}

/// A [`Flow`] whose stages can run with a state `St`.
pub trait LaunchInto<St>: Launch<St> + Flow {
    /// Makes the running stages, the last one first. What they give goes into `down`.
    #[doc(hidden)]
    fn launch_into<D: Sink<Self::Next>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<Self::Input>>;
}

/// A [`Flow`] is launched into the way out.
macro_rules! launch_into_the_end {
    () => {
        fn launch(
            &self,
            core: Arc<Core<Self::Output>>,
            run: &mut Launching<St>,
        ) -> Arc<dyn Inlet<Self::Input>> {
            use $crate::engine::sink::End;
            self.launch_into(
                End::<<Self as Chain>::Shape, <Self as Flow>::Next>::new(core),
                run,
            )
        }

        fn launch_branch<Out: Send + 'static>(
            &self,
            core: Arc<Core<Out>>,
            run: &mut Launching<St>,
        ) -> Arc<dyn Inlet<Self::Input>> {
            self.launch_into($crate::engine::sink::PartEnd::new(core), run)
        }
    };
}
use launch_into_the_end;
