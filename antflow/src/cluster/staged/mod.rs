//! Stages and pipelines as handlers, as they stand.
//!
//! ```
//! use antflow::cluster::worker::Worker;
//! use antflow::{BoxError, pipeline, stage};
//!
//! #[stage(workers = 4, retry = "per_task", attempts = 3)]
//! async fn parse(text: String) -> Result<u32, BoxError> {
//!     Ok(text.trim().parse()?)
//! }
//!
//! #[stage]
//! async fn double(number: u32) -> u32 {
//!     number * 2
//! }
//!
//! let worker = Worker::builder()
//!     // The role `Parse`, after the stage.
//!     .role::<parse>()
//!     .pipeline("parse_and_double", pipeline!(parse >> double));
//! ```
//!
//! Each batch is one item: what the stage takes, read from an artifact, and what it gives, written as one. All that the
//! stage says of itself holds: workers, retries, timeouts, limits, hooks, for one run of a node. So many items are in
//! it at once as the graph's `concurrency` of the node says. An item whose last attempt failed fails the attempt of the
//! node, with the code `item_failed`, `item_panicked` or `item_timed_out`; one that its task gave up leaves nothing
//! behind but the number `cancelled_items`.

mod durable;
mod handler;
mod stored;
mod turns;

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::durable::{Durable, Roles};
pub(crate) use self::durable::{StageRole, roles};
use self::handler::PipelineHandler;
pub use self::stored::Stored;
use crate::cluster::Role;
use crate::cluster::worker::WorkerBuilder;
use crate::engine::Execute;
use crate::pipeline::{Launch, Pipeline};
use crate::stage::{Configured, Stage};

impl WorkerBuilder {
    /// Makes a stage the handler of the role that has its name, with the fingerprint of what it takes and gives.
    ///
    /// See [`staged`](crate::cluster::staged) for how items become batches. A stage with state is one of the
    /// [`stages`](Self::stages) of a pipeline with that state.
    pub fn role<S>(self) -> Self
    where
        S: Stage + Default + Execute<()>,
        S::Input: Stored,
        S::Output: Stored,
    {
        let stage = Configured::new(S::default());
        self.stages(&Pipeline::of_one(stage, Arc::new(())))
    }

    /// Makes each stage of a pipeline the handler of the role that has its name: what other processes
    /// [submit](crate::cluster::Cluster::submit) is worked on here.
    ///
    /// ```
    /// use antflow::cluster::worker::Worker;
    /// use antflow::{State, pipeline, stage};
    ///
    /// #[stage]
    /// async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
    ///     text.parse()
    /// }
    ///
    /// #[stage]
    /// async fn multiply(number: u32, by: State<u32>) -> u32 {
    ///     number * *by
    /// }
    ///
    /// // The roles `Parse` and `Multiply`.
    /// let worker = Worker::builder().stages(&pipeline!(parse >> multiply).with_state(3_u32));
    /// # drop(worker);
    /// ```
    pub fn stages<C, St>(mut self, pipeline: &Pipeline<C, St>) -> Self
    where
        C: Durable<St>,
        St: Send + Sync + 'static,
    {
        for stage in roles(pipeline) {
            let role = Role::from(stage.config.name.into_owned());
            self = self.enter(role, stage.make, Some(stage.fingerprint));
        }
        self
    }

    /// Makes a pipeline the handler of a role: each batch goes through it as one item.
    ///
    /// See [`staged`](crate::cluster::staged) for how items become batches.
    pub fn pipeline<C, St>(self, role: impl Into<Role>, pipeline: Pipeline<C, St>) -> Self
    where
        C: Launch<St>,
        C::Input: DeserializeOwned,
        C::Output: Serialize,
        St: Send + Sync + 'static,
    {
        self.handler(role, move || PipelineHandler::new(pipeline.clone()))
    }
}
