use super::{Metric, Unit, counter, gauge, histogram};
use crate::names::{coordinator, worker};
use crate::{buckets, labels};

/// Those of workers and coordinators.
pub(super) const ALL: &[Metric] = &[
    counter(
        worker::CLAIMS_TOTAL,
        &[labels::ROLE, labels::KIND],
        "Nodes that workers took.",
    ),
    gauge(
        worker::NODES_RUNNING,
        &[labels::ROLE],
        "Nodes that workers run.",
    ),
    gauge(
        worker::CAPACITY,
        &[],
        "How many nodes the workers run at once, if there are so many.",
    ),
    counter(
        worker::BATCHES_TOTAL,
        &[labels::ROLE, labels::OUTCOME],
        "Batches that workers were done with.",
    ),
    histogram(
        worker::BATCH_DURATION_SECONDS,
        buckets::BATCH,
        &[labels::ROLE],
        "Time that a handler takes for a batch, however it ends.",
    ),
    histogram(
        worker::COMMIT_DURATION_SECONDS,
        buckets::STEP,
        &[labels::ROLE],
        "Time that the store takes to commit batches, with all tries.",
    ),
    counter(
        worker::ATTEMPTS_TOTAL,
        &[labels::ROLE, labels::OUTCOME],
        "Attempts of nodes that ended.",
    ),
    counter(
        worker::FAILURES_TOTAL,
        &[labels::ROLE, labels::REASON],
        "Attempts of nodes that failed, by reason code.",
    ),
    gauge(
        worker::REPORTED,
        &[labels::ROLE, labels::NAME],
        "What handlers reported with the batches that were committed, added up.",
    ),
    histogram(
        worker::LEASE_MARGIN_SECONDS,
        buckets::LEASE,
        &[labels::ROLE],
        "Time that was left of a lease when a heartbeat extended it.",
    ),
    seconds(gauge(
        worker::LEASE_TTL_SECONDS,
        &[],
        "How long a lease holds without a heartbeat; the shortest time of the workers.",
    )),
    counter(
        worker::HEARTBEATS_TOTAL,
        &[labels::OUTCOME],
        "Heartbeats, by whether the store took them.",
    ),
    seconds(gauge(
        worker::HEARTBEAT_AGE_SECONDS,
        &[],
        "How long ago the store last took a heartbeat; the longest time of the workers.",
    )),
    counter(
        worker::MESSAGES_TOTAL,
        &[labels::OUTCOME],
        "Messages of the bus.",
    ),
    counter(
        worker::STORE_ERRORS_TOTAL,
        &[labels::KIND],
        "Requests of workers that the store did not carry out.",
    ),
    counter(
        worker::FAILED_CLEANUPS_TOTAL,
        &[],
        "Cleanups of handlers that failed, panicked or took too long.",
    ),
    counter(
        worker::STUCK_BATCHES_TOTAL,
        &[],
        "Batches that did not stop where they were cut off.",
    ),
    Metric {
        unit: Unit::Bytes,
        ..gauge(worker::MEMORY_BYTES, &[], "Memory of the process.")
    },
    gauge(coordinator::RUNS, &[labels::STATE], "Runs in the store."),
    gauge(
        coordinator::NODES,
        &[labels::ROLE, labels::STATE],
        "Nodes that have not ended, of runs that have not ended.",
    ),
    gauge(
        coordinator::NODES_STARVING,
        &[labels::ROLE],
        "Nodes that could run, and that no live worker can take.",
    ),
    gauge(
        coordinator::WORKERS_ONLINE,
        &[],
        "Workers that are not offline.",
    ),
    gauge(
        coordinator::OUTBOX_EVENTS,
        &[],
        "Events that wait to be said on the bus.",
    ),
    seconds(gauge(
        coordinator::OUTBOX_AGE_SECONDS,
        &[],
        "How long ago the oldest event happened that waits to be said on the bus.",
    )),
    gauge(
        coordinator::DEAD_LETTERS,
        &[],
        "Dead letters that were not tried again.",
    ),
    seconds(gauge(
        coordinator::LAST_LOOK_TIMESTAMP_SECONDS,
        &[],
        "When the store last said how much of what there is, in seconds since the Unix epoch.",
    )),
    counter(
        coordinator::LEASES_REAPED_TOTAL,
        &[],
        "Leases that coordinators ended because nobody extended them, or because their grace was over.",
    ),
    counter(
        coordinator::EVENTS_TOTAL,
        &[labels::OUTCOME],
        "Events of the store on their way to the bus.",
    ),
    counter(
        coordinator::FUNCTIONS_TOTAL,
        &[labels::OUTCOME],
        "Attempts of coordinator functions that ended.",
    ),
    gauge(
        coordinator::FUNCTIONS_RUNNING,
        &[],
        "Coordinator functions that run.",
    ),
    counter(
        coordinator::WARNINGS_TOTAL,
        &[labels::CODE],
        "Warnings that coordinators gave.",
    ),
    counter(
        coordinator::PURGED_TOTAL,
        &[],
        "Rows that coordinators removed from the store because they were old.",
    ),
    counter(
        coordinator::STORE_ERRORS_TOTAL,
        &[],
        "Requests of coordinators that the store did not carry out.",
    ),
    counter(
        coordinator::RESTARTS_TOTAL,
        &[],
        "Loops of coordinators that panicked and began again.",
    ),
];

const fn seconds(metric: Metric) -> Metric {
    Metric {
        unit: Unit::Seconds,
        ..metric
    }
}
