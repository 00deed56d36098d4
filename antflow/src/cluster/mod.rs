//! Distributed, durable workers.

pub mod graph;

mod clock;
mod ids;
mod nearest;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use ids::{BatchUid, DedupId, LeaseId, NodeId, ReasonCode, Role, RunKey, WorkerKey};
