//! The worker: takes nodes of its roles, runs them in batches by handlers, and keeps their leases.
//!
//! ```text
//!  hint, or a look into the store ──► claim ──► attempt, in each slot:
//!                                               init ─► batches ─► process ─► commit ─► finalize ─► finish
//!  heartbeat ──► extend all leases ──► lost, cancelling ──► the attempts
//! ```
//!
//! ```
//! use std::sync::Arc;
//!
//! use antflow::cluster::bus::InProcessBus;
//! use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
//! use antflow::cluster::store::{NewArtifact, NewRun, Payload, QueryStore, SqliteOptions, SqliteStore, SteerStore};
//! use antflow::cluster::worker::Worker;
//! use antflow::stage;
//!
//! #[stage]
//! async fn double(number: u32) -> u32 {
//!     number * 2
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Arc::new(SqliteStore::in_memory(SqliteOptions::default())?);
//! let bus = Arc::new(InProcessBus::new());
//! let builder = Worker::builder().store(store.clone()).bus(bus);
//! let worker = builder.role::<double>().build()?.start().await?;
//!
//! let doubles = Node::new("doubles", "Double").pull(Pull::from_nodes(["numbers"]));
//! let graph = Graph::new([Node::input("numbers"), doubles], &Catalog::any())?;
//! let run = store.submit(NewRun::new(graph)).await?.run;
//! let number = |n: u32| NewArtifact {
//!     uid: format!("number {n}").into(),
//!     payload: Payload::from(&n.into()),
//!     meta: serde_json::Map::new(),
//! };
//! store.append_input(run.clone(), "numbers".into(), (0..10).map(number).collect()).await?;
//! let effects = store.close_input(run.clone(), "numbers".into()).await?;
//! # drop(effects);
//! while !store.run(run.clone()).await?.state.is_terminal() {
//!     tokio::time::sleep(std::time::Duration::from_millis(10)).await;
//! }
//! assert_eq!(store.node(run, "doubles".into()).await?.totals.batches, 10);
//! worker.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! [`Worker::from_env`] with [`run`](WorkerBuilder::run) makes it a program of its own, configured by the
//! environment.
//!
//! # What is kept, and what is run again
//! A worker commits a batch with its artifacts, cursors, checkpoint and numbers in one transaction, while it processes
//! the next one. What was not committed when a worker dies, fails or is shut down is processed again, by whoever has
//! the node next. So a handler may run more than once for a batch, whose effect in the store is there once.
//!
//! # How runs are cancelled
//! | cause | how it is noticed | what the store is told |
//! |---|---|---|
//! | [`Signal`] | a coordinator says so on the bus, and the store agrees | cancelled |
//! | [`Flag`] | a look into the store, every `db_cancel_poll_ms`; a heartbeat; a commit | cancelled |
//! | [`LeaseExpired`] | no heartbeat came through for as long as a lease holds | given back, if it can be told |
//! | [`LeaseLost`] | the store refuses a write, or does not extend the lease | nothing |
//! | [`Shutdown`] | [`WorkerHandle::shutdown`] | given back |
//! | [`Timeout`] | `timeout_sec` of the node | failed with the code `timeout` |
//! | [`Failure`] | another batch failed | failed |
//!
//! The handler sees the cause in [`RunContext::cancel_reason`](super::handler::RunContext::cancel_reason) and has the
//! grace to end: the run's for a signal or a flag, `cancel_grace_sec` at a shutdown, one second otherwise. Then it is
//! dropped at its next `.await`. Handlers that never wait for anything cannot be dropped: nothing of what they do is
//! kept, and others get the node when its lease is reaped.
//!
//! # Reason codes
//! What the worker itself says when an attempt fails: `bad_input` (`input_inline` is not what the handler takes),
//! `schema_mismatch` (an artifact is not), `bad_output` (the store refuses what came of a batch), `bad_input_adapter`,
//! `bad_input_args`, `no_handler`: all permanent. `panicked`, `timeout`, `batch_timeout`, `cancelled` (the handler gave
//! up although nobody cancelled it), `unreadable_input`: all transient.
//!
//! [`Signal`]: super::handler::CancelCause::Signal
//! [`Flag`]: super::handler::CancelCause::Flag
//! [`LeaseExpired`]: super::handler::CancelCause::LeaseExpired
//! [`LeaseLost`]: super::handler::CancelCause::LeaseLost
//! [`Shutdown`]: super::handler::CancelCause::Shutdown
//! [`Timeout`]: super::handler::CancelCause::Timeout
//! [`Failure`]: super::handler::CancelCause::Failure

mod adapter;
mod attempt;
mod builder;
mod config;
mod control;
mod counters;
mod crew;
mod dedup;
mod feed;
mod halt;
mod handle;
mod hear;
mod heartbeat;
mod lead;
mod memory;
mod persist;
mod progress;
mod pull;
mod serve;
mod shared;
mod teller;

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

pub use crate::cluster::build::BuildError;
pub use adapter::{AdapterBatches, InputAdapter};
pub use builder::WorkerBuilder;
pub use config::{ConfigError, ENV_PREFIX, WorkerConfig};
pub use counters::WorkerStats;
pub use handle::WorkerHandle;
pub use memory::memory_usage;

use crate::cluster::bus::{BusError, Post};
use crate::cluster::store::StoreError;
use shared::Shared;

/// A worker that is configured and does not run yet; see the [module](self).
#[must_use = "a worker does nothing before it is started"]
pub struct Worker {
    shared: Arc<Shared>,
    waiting: mpsc::Receiver<Post>,
}

/// Why a worker did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store did not give back what a worker of this id had.
    #[error("the worker cannot take up what it had: {0}")]
    Store(#[from] StoreError),
    /// The bus cannot be listened to.
    #[error("the worker cannot listen to the bus: {0}")]
    Bus(#[from] BusError),
}

impl Worker {
    /// Begins to configure a worker.
    pub fn builder() -> WorkerBuilder {
        WorkerBuilder::new()
    }

    /// Starts it on the runtime that is running here; returns once it listens, is registered, and has taken up the
    /// nodes that a worker of its id had.
    ///
    /// # Errors
    /// The bus or the store cannot be reached.
    ///
    /// # Cancel safety
    /// Dropped, the worker has not started; nodes that it had wait for the next start or for their leases to expire.
    pub async fn start(self) -> Result<WorkerHandle, StartError> {
        let started = serve::start(&self.shared).await?;
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move {
            serve::serve(shared, started, self.waiting).await;
            drop(guard);
        });
        Ok(WorkerHandle {
            shared: self.shared,
            ended,
            _task: AbortOnDropHandle::new(task),
        })
    }

    /// Runs it until `signal`, such as `tokio::signal::ctrl_c()`, and shuts it down then.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    ///
    /// # Cancel safety
    /// Dropped, it ends as a [`WorkerHandle`] that is dropped.
    pub async fn run_until<T>(self, signal: impl Future<Output = T>) -> Result<(), StartError> {
        let worker = self.start().await?;
        tokio::select! {
            _ = signal => worker.shutdown().await,
            () = worker.join() => {}
        }
        Ok(())
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
