//! What workers run: handlers, which turn the input of a node into batches and process them.
//!
//! A handler may run more than once for a batch: after a crash, a failure of another batch, or a lost lease. What it
//! returns and writes by its context takes effect once, in one transaction; effects elsewhere need
//! [`Batch::uid`] as idempotency key.
//!
//! ```
//! use antflow::cluster::handler::{Batch, BatchResult, Handler, RunContext};
//! use antflow::{BoxError, Cancelled};
//! use futures_util::stream::{self, Stream};
//!
//! /// Sums ranges of numbers.
//! #[derive(Default)]
//! struct Sums;
//!
//! /// What the graph says in `io.input_inline`.
//! #[derive(serde::Deserialize)]
//! struct Input {
//!     batch_size: u64,
//! }
//!
//! impl Handler for Sums {
//!     type Input = Input;
//!     type Batch = (u64, u64);
//!     type Output = u64;
//!     type Error = BoxError;
//!
//!     fn batches(
//!         &self,
//!         input: Input,
//!         _: &RunContext,
//!     ) -> impl Stream<Item = Result<Batch<(u64, u64)>, BoxError>> + Send {
//!         let size = input.batch_size.max(1);
//!         stream::iter((0..100).step_by(size as usize).map(move |start| {
//!             Ok(Batch::new(format!("batch_{start}"), (start, (start + size).min(100))))
//!         }))
//!     }
//!
//!     async fn process_batch(
//!         &self,
//!         batch: Batch<(u64, u64)>,
//!         ctx: &RunContext,
//!     ) -> Result<BatchResult<u64>, BoxError> {
//!         let (start, end) = batch.payload;
//!         let mut sum = 0;
//!         for number in start..end {
//!             ctx.check_cancelled()?;
//!             sum += number;
//!         }
//!         Ok(BatchResult::new(sum).metric("items_processed", (end - start) as f64))
//!     }
//! }
//! ```
//!
//! # The life of a handler
//! Each run of a node gets a handler of its own, made by what was given to
//! [`WorkerBuilder::handler`](super::worker::WorkerBuilder::handler). So it may keep what belongs to its run.
//!
//! ```text
//!  made ──► init ──► batches ──► process_batch, for each ──► finalize ──► cleanup
//!             │         │             │                         │           ▲
//!             └─────────┴─────────────┴──── failure, cancellation, shutdown ┘
//! ```
//! `batches` is not called where the graph gives the node an [input adapter](super::graph::Input).
//!
//! # The guide's names
//! | guide | here |
//! |---|---|
//! | `iter_batches(input_data)` | [`batches`](Handler::batches), with `input_inline` as a type of its own |
//! | `run_info` | [`RunInfo`] |
//! | `BatchResult(success=True, metrics)` | [`BatchResult::new`] with [`metric`](BatchResult::metric) |
//! | `BatchResult(success=False, ..)` | `Err`, which [`classify_error`](Handler::classify_error) classifies |
//! | `BatchResult(artifacts_ref=..)` | nothing: what [`artifacts`](RunContext::artifacts) wrote belongs to the batch |
//! | `FinalizationResult` | [`Finalization`] |
//! | `raise asyncio.CancelledError()` | `return Err(`[`Cancelled`](crate::Cancelled)`.into())` |
//! | `ctx.cancel_flag.is_set()` | [`ctx.is_cancelled()`](RunContext::is_cancelled) |
//! | `if ..: raise asyncio.CancelledError()` | [`ctx.check_cancelled()?`](RunContext::check_cancelled) |
//! | `ctx.cancel_meta.get("reason")` | [`ctx.cancel_reason()`](RunContext::cancel_reason) |
//! | `ctx.artifacts_writer` | [`ctx.artifacts()`](RunContext::artifacts) |

mod artifacts;
mod batch;
mod cancel;
mod class;
mod command;
mod context;
mod erased;
mod info;
mod raw;

pub use artifacts::{ArtifactError, ArtifactWriter};
pub use batch::{Batch, BatchResult, Finalization};
pub use cancel::{CancelCause, CancelReason};
pub use class::ErrorClass;
pub use command::CommandError;
pub use context::{CheckpointError, RunContext};
pub use info::RunInfo;

pub(crate) use artifacts::Written;
pub(crate) use cancel::Cancellation;
pub(crate) use context::{CommittedTo, Scope, pauses};
pub(crate) use erased::{ErasedHandler, panicked};
pub(crate) use raw::{Body, Ended, RawBatch, RawEnd, RawResult};

use futures_core::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::item::StageError;

/// What a worker does with the nodes of a role; see the [module](self).
///
/// Only [`batches`](Self::batches) and [`process_batch`](Self::process_batch) have to be written. A panic in any of
/// these is a failure with the code `panicked`, and harms nothing else.
pub trait Handler: Send + Sync + 'static {
    /// What `io.input_inline` of the node says, beside the adapter. `()` if that is nothing.
    type Input: DeserializeOwned + Send + 'static;
    /// The payload of a batch: made by [`batches`](Self::batches), or read from another node's artifact.
    type Batch: DeserializeOwned + Send + 'static;
    /// What comes of a batch: the payload of its artifact.
    type Output: Serialize + Send + 'static;
    /// What may go wrong: anything that `?` turns into a [`BoxError`](crate::BoxError).
    type Error: StageError + Send;

    /// Called once, before anything else: the place for connections and pools.
    ///
    /// # Errors
    /// The attempt fails, and [`cleanup`](Self::cleanup) is called.
    fn init(&mut self, info: &RunInfo) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = info;
        async { Ok(()) }
    }

    /// The batches of a node that has no input adapter, in their order.
    ///
    /// The ids of the batches have to be the same each time: a worker that goes on after a crash or a failure calls it
    /// again and skips what was committed. A handler that can begin in the middle finds where in
    /// [`RunContext::checkpoint`]. The stream is asked for one batch more than is being processed, so it may be as
    /// long as it likes.
    ///
    /// An error of the stream is a failure of the attempt.
    fn batches(
        &self,
        input: Self::Input,
        ctx: &RunContext,
    ) -> impl Stream<Item = Result<Batch<Self::Batch>, Self::Error>> + Send;

    /// Processes one batch. As many run at once as the graph's `concurrency` says; one, if it says nothing.
    ///
    /// # Errors
    /// The attempt fails: batches that run beside it are cancelled, what was committed stays, and
    /// [`classify_error`](Self::classify_error) says whether there will be another attempt.
    /// [`Cancelled`](crate::Cancelled) in the error or its sources says that the batch was given up because the run
    /// [is cancelled](RunContext::is_cancelled); without that, it is a failure with the code `cancelled`.
    ///
    /// # Cancel safety
    /// Dropped at any `.await` if its time is over: `batch_timeout_sec`, or the grace after a cancellation.
    fn process_batch(
        &self,
        batch: Batch<Self::Batch>,
        ctx: &RunContext,
    ) -> impl Future<Output = Result<BatchResult<Self::Output>, Self::Error>> + Send;

    /// Called once all batches are committed, for numbers, artifacts and a result of the node as a whole.
    ///
    /// # Errors
    /// The attempt fails. The next one has no batches left, and calls it again.
    fn finalize(
        &self,
        ctx: &RunContext,
    ) -> impl Future<Output = Result<Finalization, Self::Error>> + Send {
        let _ = ctx;
        async { Ok(Finalization::default()) }
    }

    /// Says what kind of failure an error is, and whether there is no point in trying again. Default: a transient
    /// `unexpected_error`.
    fn classify_error(&self, error: &Self::Error) -> ErrorClass {
        let _ = error;
        ErrorClass::transient("unexpected_error")
    }

    /// Called once after [`init`](Self::init), whatever came of it: success, failure, cancellation, shutdown.
    ///
    /// Not called if the process dies. It has the worker's `cancel_grace` to end.
    ///
    /// # Errors
    /// Counted, and otherwise without effect: what was done is done.
    fn cleanup(&self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async { Ok(()) }
    }
}
