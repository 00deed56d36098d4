//! Distributed, durable workers: graphs of nodes that workers run in batches, over any number of processes.
//!
//! A batch's effect in the store is there once. A handler may run more than once for a batch, after a crash or a lost
//! lease: effects outside the store need the batch id as idempotency key.
//!
//! # Concepts
//! - A **run** is one execution of a [graph]. Its **nodes** name a role, what they wait for, and where their
//!   input comes from. The guide's task is a run here; a [task](macro@crate::task) is something smaller.
//! - A [**worker**](worker) has roles, and runs the nodes that ask for them: in batches, by a
//!   [**handler**](handler), which is written by hand or a [stage as it stands](staged).
//! - The [**store**](store) is what is true. Its operations are transactions that leave nothing to be done: when the
//!   last parent finishes, its children become ready in the same transaction. Whoever crashes leaves nothing half
//!   done.
//! - A **lease** is a worker's holding of a node. Its **epoch** grows with each claim, its id changes with each
//!   holding: writes of whoever had the node before are refused.
//! - **Artifacts** are what batches leave for the nodes behind: numbered 1, 2, 3 in each node, read by **cursors**
//!   that move in the transaction that commits the reader's batch.
//! - [**States**](state) and every rule by which they change are pure functions, which all stores call.
//! - The [**bus**](bus) carries hints and events in envelopes of the [protocol](protocol). It may lose them: whoever
//!   misses a hint finds the work in the store.
//! - A **coordinator** does what time asks for, by operations of the store that any number of coordinators may call at
//!   once: reap leases, say the events of the outbox, run coordinator functions, watch workers, remove what is old.
//!
//! # The way of one batch
//! ```text
//!  submitter ── submit, append_input ──► store ◄──────────── reap, purge ── coordinator
//!                                        │ ▲ ▲                                  │
//!       claim: lease, cursors, checkpoint│ │ │ outbox_take, outbox_sent         │
//!                                        ▼ │ └──────────────────────────────────┤
//!  hint `cmd.{role}.v1` ──────────► worker │                                    ▼
//!  (or a look into the store)            │ │ commit: artifacts, batch,        bus: `status.{role}.v1`, `runs.v1`
//!          read_artifacts behind cursor  │ │ cursors, checkpoint, events,
//!                                        ▼ │ if the lease is held
//!                                      handler
//! ```
//! 1. [`claim`](store::WorkStore::claim) gives a worker a node with its lease, cursors, checkpoint and totals.
//! 2. The input adapter [reads](store::WorkStore::read_artifacts) artifacts behind the cursor and makes batches with
//!    ids that are the same each time.
//! 3. The handler processes a batch. What it gives to `upsert_partial` waits in memory.
//! 4. [`commit`](store::WorkStore::commit) makes artifacts, cursor, metrics and event true together, or tells the
//!    worker that it is fenced.
//! 5. At the end of the input, [`finish`](store::WorkStore::finish) ends the node and makes its children ready.
//!
//! Meanwhile [`extend`](store::WorkStore::extend) keeps all leases of the worker by one call, and says what was
//! cancelled.
//!
//! # Who knows whom
//! ```text
//!  ids, clock ◄── graph ◄── state ◄── protocol ◄── vars, store ◄── handler ◄── worker ◄── staged ◄── submit, command line
//!                                                  vars, store ◄── coordinator       ◄──
//!                                     protocol ◄── bus         ◄── worker, coordinator
//! ```
//! Store and bus do not know each other. Worker and coordinator know both by their traits alone, and do not know each
//! other. Only [`Cluster`], which knows them all, names an engine, or reads its URL; [`Diagnosis`] is its look at all. `testing`, a feature of its own,
//! knows [`Cluster`] and wraps stores and buses by their traits: nothing in here is made for it. What
//! artifacts say of items (`items`) and what types look like (`schema`) is for `staged` and `submit`.

pub mod bus;
pub mod coordinator;
pub mod graph;
pub mod handler;
pub mod protocol;
pub mod staged;
pub mod state;
pub mod store;
pub mod submit;
#[cfg(feature = "testing")]
pub mod testing;
pub mod vars;
pub mod worker;

mod build;
mod clock;
mod config;
mod done;
mod finding;
mod hints;
mod ids;
mod items;
mod nearest;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
mod schema;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use finding::{Finding, Severity};
pub use ids::{BatchUid, DedupId, LeaseId, NodeId, ReasonCode, Role, RunKey, WorkerKey};
pub use open::{
    BUS_VARIABLE, CLUSTER_VARIABLE, Cluster, ClusterError, Connect, Diagnosis, Examination,
    RunError, RunStatus, StopSignals, UrlError,
};
pub use submit::{Submission, SubmitError};

pub use crate::item::RemoteError;
