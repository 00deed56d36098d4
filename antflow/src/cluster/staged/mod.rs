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

mod handler;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::handler::PipelineHandler;
use crate::cluster::Role;
use crate::cluster::worker::WorkerBuilder;
use crate::engine::Execute;
use crate::pipeline::{Launch, Pipeline};
use crate::stage::Stage;

impl WorkerBuilder {
    /// Makes a stage the handler of the role that has its name.
    ///
    /// See [`staged`](crate::cluster::staged) for how items become batches. A stage with state is a pipeline of one
    /// stage: `pipeline("Save", pipeline!(save).with_state(db))`.
    pub fn role<S>(self) -> Self
    where
        S: Stage + Default + Execute<()>,
        S::Input: DeserializeOwned,
        S::Output: Serialize,
    {
        let role = S::default().config().name.into_owned();
        self.pipeline(role, Pipeline::builder().stage(S::default()))
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
