//! The store: what is true. Runs, nodes, leases, batches, artifacts, checkpoints, workers, events.
//!
//! A [`Store`] is small, transactional operations, each of which leaves everything consistent: there is no operation
//! that has to follow another one, so whoever crashes leaves nothing half done. Engines implement four traits:
//!
//! | trait | who calls it |
//! |---|---|
//! | [`WorkStore`] | workers: claim, extend, read, commit, end |
//! | [`SteerStore`] | submitters, operators, coordinators: submit, append, cancel, reap, limits, retention |
//! | [`TellStore`] | workers and coordinators: registry, outbox, dead letters |
//! | [`QueryStore`] | everybody |
//!
//! # How a batch takes effect once
//! A worker reads artifacts behind its [`Cursor`], processes them, and [commits](WorkStore::commit) the batch: its
//! artifacts, its record, its cursor and its event in one transaction, which its [`Lease`] has to pass. Whatever
//! happens before the commit leaves no trace; what happens after it changes nothing, as the batch id is there. A
//! retry in a new epoch, a restart in the same epoch and another worker all go on behind the cursor. Batches that are
//! done out of order leave the cursor before the first one that is missing, and are known by their ids. Handlers may
//! run more than once for a batch; its effect in the store is there once.
//!
//! # Rules for all engines
//! - **One transaction** for each operation, serializable in effect: all of it or nothing.
//! - **The store's clock** is the only one: deadlines, waits, ages and all times that are stored come from it, in
//!   the transaction that needs them. Nobody hands in a moment, only durations. The embedded engine reads a
//!   [`Clock`](crate::cluster::Clock) that it was given; a server reads its own.
//! - **Fences**: an operation that takes a [`Lease`] checks run, node, worker, epoch and lease id against the node,
//!   whose state must be running or cancelling, under the lock of the node, in its transaction. The deadline is not
//!   looked at.
//! - **Locks** are taken in this order: run, then its nodes by place. What [settles](crate::cluster::state) locks the
//!   run first, so that two parents that finish at once see each other. What does not settle (extending, checkpoints,
//!   all commits but the first with artifacts) locks its node alone.
//! - **Rules** of states are those of [`state`](crate::cluster::state) and of [`NodeRecord`], by calling them: an
//!   engine has no rules of its own.
//! - **Events** are built by [`events`], from what changed, and stored in the outbox in the same transaction.
//! - **Repeating** an operation after [`Unavailable`](StoreError::Unavailable) is harmless; each one says how.
//! - **Size**: payloads, meta and checkpoints beyond the limit of the store (8 MiB unless it is set) are
//!   [`TooLarge`](StoreError::TooLarge). Metrics are finite, or [`Invalid`](StoreError::Invalid).
//! - **Cost**: no operation reads all batches, artifacts, events or nodes of a store or a run, except the questions
//!   that list them, in pages. Totals are kept, not counted.
//! - **Futures** may be dropped at any point: the transaction then happens as a whole or not at all.

pub mod events;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod sqlite;

mod batch;
mod check;
mod error;
mod lease;
mod millis;
mod payload;
mod plan;
mod query;
mod records;
mod run;
mod steer;
mod stored;
mod tell;
#[cfg(test)]
mod tests;
mod transition;
mod work;

use std::fmt;
use std::pin::Pin;

pub use batch::{
    Artifact, ArtifactPage, ArtifactRef, Assignment, BatchCommit, BatchRecord, Checkpoint,
    CommitRequest, Committed, Cursor, NewArtifact, ReadRequest,
};
pub use error::StoreError;
pub use lease::{CancelNotice, ClaimRequest, ExtendRequest, Extended, Lease, Offer, ResumeRequest};
pub use payload::Payload;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore};
pub use query::QueryStore;
pub use records::{
    ActiveRun, DeadLetter, DeadLetterSource, Limits, NewDeadLetter, OutboxRecord, OutboxRetry,
    Purged, Retention, RunFilter, RunSummary, Starving, StoreCounts, WorkerRecord,
};
pub use run::{
    Appended, CancelRequest, Effects, Failed, Finish, HeldLease, NewRun, NodeRecord, ReadyNode,
    Reaped, RunRecord, Submitted, Totals,
};
pub use sqlite::{SqliteOptions, SqliteStore};
pub use steer::SteerStore;
pub use tell::TellStore;
pub use transition::Standing;
pub use work::WorkStore;

/// What a store's operations give: boxed, so that a store can be an `Arc<dyn Store>`.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store: all four traits at once. Everybody who implements them has it.
pub trait Store: WorkStore + SteerStore + TellStore + QueryStore + fmt::Debug {}

impl<S: WorkStore + SteerStore + TellStore + QueryStore + fmt::Debug> Store for S {}
