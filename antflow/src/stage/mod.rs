//! What a stage is: typed tasks, their configuration, and what they may ask for.
//!
//! `#[stage]` and `#[task]` write the impls of these traits; [`from_fn`](crate::from_fn) makes a stage of a closure. Nothing here runs
//! anything: that is the engine's.

mod accepts;
mod batch;
mod config;
mod context;
mod hooks;
mod keyed_by;
mod limits;
mod overrides;
mod rate;
mod retry;
mod route;
mod state;
mod task;
mod worker_id;
mod worker_status;

pub use accepts::{Accepts, Signature};
pub use batch::{BatchMismatch, BatchOutput, PerItem, TakesBatches};
pub use config::{StageConfig, TaskConfig};
pub use context::TaskContext;
pub(crate) use context::{Names, item_id};
pub use hooks::Hooks;
pub use keyed_by::{KeyedBy, hash_key};
pub(crate) use limits::Limits;
pub use overrides::{Configured, IntoStage, StageExt, as_written};
pub use rate::{ParseRateError, Rate};
pub use retry::{OnWait, Retry, RetryMode};
pub use route::{Route, Visit};
pub use state::{FromRef, State, StateFor};
pub use task::{Argument, ByRef, ByValue, Call, Copier, Fallible, Passing, Task};
pub use worker_id::WorkerId;
pub(crate) use worker_status::WorkerStatus;

/// A stage: one or more tasks, run in order by a pool of workers, with one retry policy.
///
/// Written by `#[stage]`; see [`from_fn`](crate::from_fn) for a stage without the macro.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stage",
    label = "not a stage",
    note = "a stage is an async function with `#[stage]`, and is named without calling it; a `#[task]` is listed by one: `#[stage] struct Name(task);`"
)]
pub trait Stage: Signature + IntoStage<Stage = Self> + Clone + Send + Sync + 'static {
    /// The functions called beside the tasks; `()` for none.
    type Hooks: Hooks<Self::Input, Self::Output>;

    /// Name, pool, queue, retries and limits.
    fn config(&self) -> StageConfig;

    /// The functions called beside the tasks.
    fn hooks(&self) -> Self::Hooks;
}
