use super::{Metric, Unit, counter, gauge, histogram};
use crate::{buckets, labels, names};

/// Those of pipelines.
pub(super) const ALL: &[Metric] = &[
    counter(
        names::ITEMS_SUBMITTED_TOTAL,
        &[labels::PIPELINE],
        "Items that a pipeline accepted.",
    ),
    counter(
        names::ITEMS_TOTAL,
        &[labels::PIPELINE, labels::OUTCOME],
        "Items that reached their outcome, each counted once.",
    ),
    gauge(
        names::ITEMS_IN_FLIGHT,
        &[labels::PIPELINE],
        "Items that were accepted and have no outcome yet.",
    ),
    histogram(
        names::ITEM_DURATION_SECONDS,
        buckets::ITEM,
        &[labels::PIPELINE],
        "Time from the acceptance of an item to its outcome.",
    ),
    Metric {
        unit: Unit::Seconds,
        ..gauge(
            names::PIPELINE_LAST_PROGRESS_TIMESTAMP_SECONDS,
            &[labels::PIPELINE],
            "When an item last reached its outcome, in seconds since the Unix epoch.",
        )
    },
    counter(
        names::STAGE_ITEMS_TOTAL,
        &[labels::PIPELINE, labels::STAGE, labels::OUTCOME],
        "Items that left a stage.",
    ),
    gauge(
        names::STAGE_QUEUE_DEPTH,
        &[labels::PIPELINE, labels::STAGE],
        "Items that wait in the queue of a stage.",
    ),
    gauge(
        names::STAGE_QUEUE_CAPACITY,
        &[labels::PIPELINE, labels::STAGE],
        "How many items the queue of a stage can hold.",
    ),
    histogram(
        names::STAGE_QUEUE_WAIT_SECONDS,
        buckets::STEP,
        &[labels::PIPELINE, labels::STAGE],
        "Time that an item waits in the queue of a stage.",
    ),
    histogram(
        names::STAGE_DURATION_SECONDS,
        buckets::STEP,
        &[labels::PIPELINE, labels::STAGE],
        "Time that a worker of a stage works on an item, all attempts together and without waiting.",
    ),
    histogram(
        names::STAGE_SEND_WAIT_SECONDS,
        buckets::STEP,
        &[labels::PIPELINE, labels::STAGE],
        "Time that a worker waits for room in the next stage, each time that it does.",
    ),
    gauge(
        names::STAGE_WORKERS,
        &[labels::PIPELINE, labels::STAGE],
        "Workers of a stage.",
    ),
    gauge(
        names::STAGE_WORKERS_BUSY,
        &[labels::PIPELINE, labels::STAGE],
        "Workers of a stage that hold an item.",
    ),
    counter(
        names::TASK_ATTEMPTS_TOTAL,
        &[
            labels::PIPELINE,
            labels::STAGE,
            labels::TASK,
            labels::OUTCOME,
        ],
        "Attempts that ended.",
    ),
    counter(
        names::TASK_RETRIES_TOTAL,
        &[labels::PIPELINE, labels::STAGE, labels::TASK],
        "Attempts that did not succeed and are followed by another one.",
    ),
    histogram(
        names::TASK_DURATION_SECONDS,
        buckets::STEP,
        &[labels::PIPELINE, labels::STAGE, labels::TASK],
        "Time of one attempt.",
    ),
    counter(
        names::WORKER_ITEMS_TOTAL,
        &[
            labels::PIPELINE,
            labels::STAGE,
            labels::WORKER,
            labels::OUTCOME,
        ],
        "Items that a worker was done with.",
    ),
    gauge(
        names::WORKER_BUSY,
        &[labels::PIPELINE, labels::STAGE, labels::WORKER],
        "Whether a worker holds an item; of other workers, how many do.",
    ),
    counter(
        names::EVENTS_DROPPED_TOTAL,
        &[labels::PIPELINE, labels::SINK],
        "Events that were dropped because a receiver was too slow.",
    ),
    gauge(
        names::BUILD_INFO,
        &[labels::VERSION],
        "Which version of antflow is running; always 1.",
    ),
];
