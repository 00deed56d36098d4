//! Typed dataflow pipelines: annotate async functions, wire them, and let the compiler check the wiring.
//!
//! ```
//! use antflow::{pipeline, stage};
//!
//! /// Parses one line; three tries would not help, so there is one.
//! #[stage(workers = 4)]
//! async fn parse(line: String) -> Result<f64, std::num::ParseFloatError> {
//!     line.trim().parse()
//! }
//!
//! #[stage]
//! async fn square(number: f64) -> f64 {
//!     number * number
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), antflow::StartError> {
//! let squares = pipeline!(parse >> square);
//! let results = squares.run(["3", "x", "0.5"].map(String::from)).await?;
//!
//! assert_eq!(results[0].value.as_ref().ok(), Some(&9.0));
//! let error = results[1].error().expect("`x` is no number");
//! assert_eq!(error.to_string(), "stage `Parse`, task `parse`: invalid float literal");
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//! 1. **Nothing is lost.** Every item that is fed ends in exactly one outcome (completed, failed or cancelled), and the
//!    caller gets it back: failures in place, a panic as the failure of its item, cancelled items from a shutdown.
//! 2. **Wrong wiring does not compile**, and the error is on the stage that does not fit.
//! 3. **The framework is not the bottleneck.** Each stage is compiled for the types on both sides; no call and no value
//!    between stages is dynamic.
//!
//! # Stages
//! [`#[stage]`](macro@stage) makes a stage of an async function, or of a struct that lists [`#[task]`](macro@task)
//! functions. The function itself stays as it was. Each stage has a pool of workers, which are spawned tasks, and a
//! bounded queue in front of it. Beside the item, a function may ask for [`State<T>`](State) and for [`&TaskContext`](TaskContext).
//! [`from_fn`] makes a stage of a closure, without the macro.
//!
//! # Retries
//! Without `retry` there is one attempt: repeating what may not be repeatable is the author's decision. `"per_task"`
//! repeats the task that failed, `"per_stage"` all tasks of the stage from its input. See [`Retry`] for pauses.
//!
//! # Beyond a line
//! `pipeline!(fetch >> (archive & parse >> store))` sends a copy of each item to both branches, `fetch >> { Html => html, Pdf => pdf }`
//! sends each into one by its variant (see [`Route`](macro@Route)), and a stage behind brings them together. `filter(f)` lets
//! items go, `flat_map(f)` makes many parts of one, `broadcast(stages)` gives a copy to each of several stages, and
//! `batch(100, "1s")` hands items to the next stage many at a time. An item that is divided is complete when all its parts
//! are, and a part that failed is in its result; see [`pipeline!`] and [`chain`].
//!
//! # Running
//! | you have | call | you get |
//! |---|---|---|
//! | items, and memory for the results | [`run`](Pipeline::run) | all results, in input order |
//! | items without end | [`stream`](Pipeline::stream) | results as they come, in bounded memory |
//! | items that come later, or other plans | [`start`](Pipeline::start) | a [`Handle`]: feed, watch, drain, shut down |
//!
//! Items carry an id, a priority and metadata if they are fed as [`Item`].
//!
//! # Watching
//! | you want | use |
//! |---|---|
//! | numbers of stages and workers | [`Handle::stats`], [`Handle::worker_states`], [`Handle::worker_metrics`], [`RunView`] |
//! | what became of each item | [`StatusTracker`] |
//! | a display in the terminal | `progress` and `dashboard` of runs, streams and handles, with the feature `terminal` |
//! | a display of your own | [`Dashboard`] |
//! | a page in a browser | the feature `web`, in [`dashboard`] |
//! | to be told of each event | [`StatusTracker`]'s callbacks and subscriptions, [`Callbacks`](event::Callbacks), [`Observer`](event::Observer) |
//!
//! Numbers are snapshots. No event is made that nobody asks for.
//!
//! # Steering
//! A [`Handle`] feeds a run, also [in the middle](Handle::feed_at), [pauses](Handle::pause) it and ends it; a
//! [`StageHandle`] gives a stage more workers or another rate while it works. A [`RunControl`] does so for those who do
//! not hold the run.
//!
//! # Single tasks
//! What is no item of a pipeline can be submitted to an [`Executor`]: async functions of any type, so many at once, with
//! retries and shared limits. They are awaited one by one, in input order, as they come, or for the first of several.
//!
//! # Features
//! None is on by default.
//!
//! | feature | what it brings |
//! |---|---|
//! | `cli` | the program `antflow`, which submits runs to clusters, watches and steers them; implies `cluster` |
//! | `cluster` | `cluster`: durable workers, over several processes; implies `serde` |
//! | `testing` | `cluster::testing`: a cluster that fails when it should, for tests; implies `cluster` |
//! | `serde` | [events](event), snapshots, errors and results implement `serde::Serialize`, to be written as JSON |
//! | `terminal` | dashboards in the terminal: `Run::progress`, `Run::dashboard` |
//! | `tracing` | spans of runs, stages and tasks, for the share of items that `Pipeline::trace` says; what an observer, a callback or a dashboard gets wrong is said in `tracing` |
//! | `web` | [`dashboard`] has a server that shows a run on a page in a browser; implies `serde` |
//!
//! What `serde` writes has the names of the fields in Rust, and no field is left out: what is not there is `null`.
//! - A duration is in seconds. A moment is in seconds since the Unix epoch, so that both can be reckoned with.
//! - What has a name in lower case, such as [`Status`](event::Status), is that name; a [`WorkerId`] is the text that it
//!   is displayed as, and beside it stands its index as `worker_id`; an [`ItemId`] is a number or a text, as it was fed.
//! - [`Metadata`] is an object with the entries in their order. Floats that JSON cannot have, such as infinity, are `null`.
//! - An [`ItemError`] has `kind`, `type_name`, `message`, `stage`, `task`, `worker` and `attempts`. A [`PipelineResult`] has
//!   `value` and `error`; the item has a value if `error` is `null`.
//! - Figures that methods give are there under the names of the methods: `duration`, `average_processing_time`,
//!   `utilization`, `failure_rate`, `imbalance`.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod dashboard;
mod engine;
pub mod event;
pub mod executor;
mod item;
mod log;
mod pipeline;
#[cfg(feature = "serde")]
mod serialize;
pub mod stage;
mod stats;
mod trace;
mod tracker;

#[doc(hidden)]
pub mod __private;

pub use antflow_macros::{Route, pipeline, stage, task};
pub use dashboard::Dashboard;
#[cfg(feature = "terminal")]
pub use dashboard::terminal::{self, Detail, TerminalDashboard};
pub use engine::Collect;
pub use executor::Executor;
pub use item::{
    BoxError, Cancelled, DEFAULT_PRIORITY, IntoItem, Item, ItemError, ItemErrorKind, ItemId,
    Metadata, MetadataValue, PipelineResult, StageError,
};
pub use pipeline::chain;
pub use pipeline::{
    Builder, Chain, ConfigError, ControlError, FeedError, Feeder, Feeding, FirstStage, FnStage,
    FnTask, Graph, GraphStage, Handle, Launch, NextStage, Pipeline, ResultStream, Run, RunControl,
    StageHandle, StartError, UnknownStage, from_fn,
};
pub use stage::{
    Accepts, BatchMismatch, BatchOutput, FromRef, Hooks, KeyedBy, OnWait, PerItem, Rate, Retry,
    RetryMode, Route, Signature, Stage, StageConfig, StageExt, State, Task, TaskConfig,
    TaskContext, WorkerId, hash_key,
};
pub use stats::{
    DashboardSnapshot, DroppedEvents, ErrorSummary, FailedItem, Histogram, PipelineStats, RunId,
    RunView, StageLoad, StageStats, StageTimings, TaskTimings, Timings, WorkerMetrics, WorkerState,
    WorkerStatus,
};
pub use tokio_util::sync::CancellationToken;
#[cfg(feature = "tracing")]
pub use trace::Trace;
pub use tracker::{History, StatusCounts, StatusTracker, Subscription};
