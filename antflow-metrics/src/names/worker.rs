//! Workers of a cluster: what they do, in each process, all workers of the process together.

/// Nodes that workers took.
///
/// Counter, in nodes. Labels: `role`, `kind` (`claimed`, `resumed`: the worker had it before its process was started
/// again).
pub const CLAIMS_TOTAL: &str = "antflow_worker_claims_total";

/// Nodes that workers run.
///
/// Gauge, in nodes. Labels: `role`.
pub const NODES_RUNNING: &str = "antflow_worker_nodes_running";

/// How many nodes the workers run at once, if there are so many.
///
/// Gauge, in nodes.
pub const CAPACITY: &str = "antflow_worker_capacity";

/// Batches that workers were done with.
///
/// Counter, in batches. Labels: `role`, `outcome` (`committed`, `duplicate`: an earlier attempt had committed it,
/// `failed`, `cancelled`).
pub const BATCHES_TOTAL: &str = "antflow_worker_batches_total";

/// The time that a handler takes for a batch, however it ends. What is cut off or panics is not timed.
///
/// Histogram, in seconds, with [`buckets::BATCH`](crate::buckets::BATCH). Labels: `role`.
pub const BATCH_DURATION_SECONDS: &str = "antflow_worker_batch_duration_seconds";

/// The time that the store takes to commit batches, with all tries.
///
/// Histogram, in seconds, with [`buckets::STEP`](crate::buckets::STEP). Labels: `role`. Its count is that of the commits;
/// one commits several batches.
pub const COMMIT_DURATION_SECONDS: &str = "antflow_worker_commit_duration_seconds";

/// Attempts of nodes that ended.
///
/// Counter, in attempts. Labels: `role`, `outcome` (`finished`, `failed`, `cancelled`, `released`: given back, `lost`:
/// the lease was lost, or the store could not be told).
pub const ATTEMPTS_TOTAL: &str = "antflow_worker_attempts_total";

/// Attempts of nodes that failed, by reason code.
///
/// Counter, in attempts. Labels: `role`, `reason` (the code that the worker or the handler gave, or `other` beyond so
/// many of them).
pub const FAILURES_TOTAL: &str = "antflow_worker_failures_total";

/// What handlers reported with their batches, added up: the numbers of `BatchResult::metrics`, once for each batch
/// that was committed.
///
/// Gauge, in whatever the handler counts: numbers may have fractions, and may be negative. Labels: `role`, `name` (that
/// of the number, or `other` beyond so many of them).
pub const REPORTED: &str = "antflow_worker_reported";

/// The time that was left of a lease when a heartbeat extended it.
///
/// Histogram, in seconds, with [`buckets::LEASE`](crate::buckets::LEASE). Labels: `role`.
pub const LEASE_MARGIN_SECONDS: &str = "antflow_worker_lease_margin_seconds";

/// How long a lease holds without a heartbeat; the shortest time of the workers.
///
/// Gauge, in seconds.
pub const LEASE_TTL_SECONDS: &str = "antflow_worker_lease_ttl_seconds";

/// Heartbeats.
///
/// Counter, in heartbeats. Labels: `outcome` (`ok`, `failed`: the store did not take it).
pub const HEARTBEATS_TOTAL: &str = "antflow_worker_heartbeats_total";

/// How long ago the store last took a heartbeat; the longest time of the workers.
///
/// Gauge, in seconds.
pub const HEARTBEAT_AGE_SECONDS: &str = "antflow_worker_heartbeat_age_seconds";

/// Messages of the bus.
///
/// Counter, in messages. Labels: `outcome` (`heard`, `repeated`: heard before, `unreadable`: it is with the dead letters,
/// `unsaid`: the bus did not take it).
pub const MESSAGES_TOTAL: &str = "antflow_worker_messages_total";

/// Requests that the store did not carry out.
///
/// Counter, in requests. Labels: `kind` (`unavailable`: it did not answer, and is asked again, `refused`).
pub const STORE_ERRORS_TOTAL: &str = "antflow_worker_store_errors_total";

/// Cleanups of handlers that failed, panicked or took too long.
///
/// Counter, in cleanups.
pub const FAILED_CLEANUPS_TOTAL: &str = "antflow_worker_failed_cleanups_total";

/// Batches that did not stop where they were cut off, because they do not wait for anything.
///
/// Counter, in batches.
pub const STUCK_BATCHES_TOTAL: &str = "antflow_worker_stuck_batches_total";

/// The memory of the process, where the system says it.
///
/// Gauge, in bytes.
pub const MEMORY_BYTES: &str = "antflow_worker_memory_bytes";

/// All counters.
pub(super) const COUNTERS: &[&str] = &[
    CLAIMS_TOTAL,
    BATCHES_TOTAL,
    ATTEMPTS_TOTAL,
    FAILURES_TOTAL,
    HEARTBEATS_TOTAL,
    MESSAGES_TOTAL,
    STORE_ERRORS_TOTAL,
    FAILED_CLEANUPS_TOTAL,
    STUCK_BATCHES_TOTAL,
];

/// All gauges.
pub(super) const GAUGES: &[&str] = &[
    NODES_RUNNING,
    CAPACITY,
    REPORTED,
    LEASE_TTL_SECONDS,
    HEARTBEAT_AGE_SECONDS,
    MEMORY_BYTES,
];

/// All histograms.
pub(super) const HISTOGRAMS: &[&str] = &[
    BATCH_DURATION_SECONDS,
    COMMIT_DURATION_SECONDS,
    LEASE_MARGIN_SECONDS,
];
