//! Coordinators of a cluster: what they do, and what they find in the store. Of what is in the store, each coordinator
//! says the same.

/// Runs in the store.
///
/// Gauge, in runs. Labels: `state` (that of the run).
pub const RUNS: &str = "antflow_coordinator_runs";

/// Nodes of runs that have not ended, which have not ended either.
///
/// Gauge, in nodes. Labels: `role` (or `other` beyond so many of them), `state` (that of the node).
pub const NODES: &str = "antflow_coordinator_nodes";

/// Nodes that could run, and that no live worker can take.
///
/// Gauge, in nodes. Labels: `role` (or `other` beyond so many of them).
pub const NODES_STARVING: &str = "antflow_coordinator_nodes_starving";

/// Workers that are not offline.
///
/// Gauge, in workers.
pub const WORKERS_ONLINE: &str = "antflow_coordinator_workers_online";

/// Events that wait to be said on the bus.
///
/// Gauge, in events.
pub const OUTBOX_EVENTS: &str = "antflow_coordinator_outbox_events";

/// How long ago the oldest event happened that waits to be said on the bus; 0 if none waits.
///
/// Gauge, in seconds.
pub const OUTBOX_AGE_SECONDS: &str = "antflow_coordinator_outbox_age_seconds";

/// Dead letters that were not tried again: messages that nobody understands, events that the bus does not take.
///
/// Gauge, in letters.
pub const DEAD_LETTERS: &str = "antflow_coordinator_dead_letters";

/// When the store last said all of this.
///
/// Gauge, in seconds since the Unix epoch.
pub const LAST_LOOK_TIMESTAMP_SECONDS: &str = "antflow_coordinator_last_look_timestamp_seconds";

/// Leases that coordinators ended because nobody extended them, or because their grace was over.
///
/// Counter, in leases.
pub const LEASES_REAPED_TOTAL: &str = "antflow_coordinator_leases_reaped_total";

/// Events of the store on their way to the bus.
///
/// Counter, in events. Labels: `outcome` (`said`, `unsaid`: the bus did not take it, and it is tried again).
pub const EVENTS_TOTAL: &str = "antflow_coordinator_events_total";

/// Attempts of coordinator functions that ended.
///
/// Counter, in attempts. Labels: `outcome` (`finished`, `failed`, `lost`).
pub const FUNCTIONS_TOTAL: &str = "antflow_coordinator_functions_total";

/// Coordinator functions that run.
///
/// Gauge, in functions.
pub const FUNCTIONS_RUNNING: &str = "antflow_coordinator_functions_running";

/// Warnings that coordinators gave.
///
/// Counter, in warnings. Labels: `code` (`no_worker`, `other_fingerprint`, `worker_silent`, `lease_expired`,
/// `event_unsaid`, `loop_panicked`).
pub const WARNINGS_TOTAL: &str = "antflow_coordinator_warnings_total";

/// What coordinators removed from the store because it was old: runs, events, letters, workers.
///
/// Counter, in rows.
pub const PURGED_TOTAL: &str = "antflow_coordinator_purged_total";

/// Requests that the store did not carry out.
///
/// Counter, in requests.
pub const STORE_ERRORS_TOTAL: &str = "antflow_coordinator_store_errors_total";

/// Loops of coordinators that panicked and began again.
///
/// Counter, in loops.
pub const RESTARTS_TOTAL: &str = "antflow_coordinator_restarts_total";

/// All counters.
pub(super) const COUNTERS: &[&str] = &[
    LEASES_REAPED_TOTAL,
    EVENTS_TOTAL,
    FUNCTIONS_TOTAL,
    WARNINGS_TOTAL,
    PURGED_TOTAL,
    STORE_ERRORS_TOTAL,
    RESTARTS_TOTAL,
];

/// All gauges.
pub(super) const GAUGES: &[&str] = &[
    RUNS,
    NODES,
    NODES_STARVING,
    WORKERS_ONLINE,
    OUTBOX_EVENTS,
    OUTBOX_AGE_SECONDS,
    DEAD_LETTERS,
    LAST_LOOK_TIMESTAMP_SECONDS,
    FUNCTIONS_RUNNING,
];
