//! Typed dataflow pipelines: annotate async functions, wire them, and let the compiler check the wiring.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod engine;
pub mod event;
mod item;
mod pipeline;
pub mod stage;
mod stats;

#[doc(hidden)]
pub mod __private;

pub use antflow_macros::{pipeline, stage, task};
pub use item::{
    BoxError, Cancelled, DEFAULT_PRIORITY, IntoItem, Item, ItemError, ItemErrorKind, ItemId, Metadata, MetadataValue,
    PipelineResult, StageError,
};
pub use pipeline::{
    Builder, Chain, ConfigError, FeedError, Feeder, First, FnStage, FnTask, Handle, Launch, Next, Pipeline,
    ResultStream, Run, StartError, from_fn,
};
pub use stage::{
    Accepts, FromRef, Hooks, OnWait, Rate, Retry, RetryMode, Signature, Stage, StageConfig, StageExt, State, Task,
    TaskConfig, TaskContext, WorkerId,
};
pub use stats::{PipelineStats, StageStats, WorkerState};
pub use tokio_util::sync::CancellationToken;
