//! What is said on the bus: one versioned envelope around every message.
//!
//! ```
//! use antflow::cluster::protocol::{Envelope, Message};
//!
//! let envelope = Envelope::new(Message::TaskStart).about("run-1", "parse").role("parser");
//! let bytes = envelope.encode();
//! assert_eq!(Envelope::decode(&bytes)?, envelope);
//!
//! let error = Envelope::decode(b"{ \"v\": 7 }").unwrap_err();
//! assert_eq!(error.to_string(), "this is version 7 of the protocol, and versions up to 1 are understood");
//! assert_eq!(error.raw(), b"{ \"v\": 7 }");
//! # Ok::<(), antflow::cluster::protocol::DecodeError>(())
//! ```
//!
//! # The JSON
//! `v` (1), `kind`, `payload` (an object, absent where the kind has none), `dedup_id`, `ts_ms`, and where they apply
//! `run_id`, `node_id`, `role`, `epoch`, `worker_id` (the sender, if a worker), `target_worker_id`, `corr_id`. Ids
//! are in the JSON and never in headers. Keys that are not known are skipped, so that newer senders are understood
//! within a version. `schema/events.v1.json` of this crate has all of it as a JSON Schema, for readers in any language;
//! [`SCHEMA`] is its text.
//!
//! # Kinds
//! | kind | from | on | payload |
//! |---|---|---|---|
//! | `task_start` | anybody | `cmd.{role}.v1` | none: a hint that a node may be claimed |
//! | `artifacts` | worker | `artifacts.v1` | `last_seq`: a hint that a node has new artifacts |
//! | `cancel` | coordinator | `signals.v1` | `reason`, `grace_ms`, `lease_id` |
//! | `worker_online`, `worker_offline` | worker | `workers.announce.v1` | the announcement |
//! | `task_accepted`, `task_resumed` | store | `status.{role}.v1` | `lease_id` |
//! | `task_heartbeat` | worker | `status.{role}.v1` | `lease_id`, `lease_deadline_ts_ms` |
//! | `batch_ok` | store | `status.{role}.v1` | `batch_uid`, `metrics`, `artifacts` |
//! | `task_deferred` | store | `status.{role}.v1` | the failure, `retry_at_ms` |
//! | `task_done` | store | `status.{role}.v1` | `metrics`: the sums of the batches and of the end |
//! | `task_failed` | store | `status.{role}.v1` | the failure |
//! | `task_released`, `lease_expired` | store | `status.{role}.v1` | `reason`; `lease_id` |
//! | `cancelled` | store | `status.{role}.v1` | `reason` |
//! | `run_started`, `run_ended` | store | `runs.v1` | none; `state`, `reason` |
//! | `query`, `reply` | anybody | `query.tasks.v1`, `reply.tasks.v1` | none; the worker's health |
//! | `warning` | coordinator | `warnings.v1` | `code`, `text` |
//!
//! What the store says goes through its outbox, at least once; all else is said directly and may be lost. Receivers
//! know repetitions by `dedup_id`, which is the same whenever the same thing is said again.
//!
//! # Errors
//! A [`DecodeError`] keeps the bytes and says why: receivers put it into the dead letters and go on.

mod dedup;
mod envelope;
mod error;
mod message;
#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod tests;
mod topic;

pub use dedup::dedup_id;
pub use envelope::{Envelope, VERSION};
pub use error::{DecodeError, DecodeErrorKind};
pub use message::{
    Announcement, Capabilities, Capacity, Failure, Health, Message, Metrics, Warning,
};
pub use topic::Topic;

/// The JSON Schema of all messages, draft 2020-12.
///
/// ```
/// use antflow::cluster::protocol::SCHEMA;
///
/// let schema: serde_json::Value = serde_json::from_str(SCHEMA)?;
/// assert_eq!(schema["properties"]["v"]["const"], 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub const SCHEMA: &str = include_str!("../../../schema/events.v1.json");
