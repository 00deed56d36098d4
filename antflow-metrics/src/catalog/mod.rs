//! What each metric is: its type, unit, labels and help, for those who register, draw or explain it.

use crate::{buckets, labels, names};

/// A metric of antflow.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// One of [`names`].
    pub name: &'static str,
    /// Whether it counts, rises and falls, or tells durations.
    pub kind: Kind,
    /// What its numbers count.
    pub unit: Unit,
    /// Its label names, in their order.
    pub labels: &'static [&'static str],
    /// What it says, in one sentence.
    pub help: &'static str,
}

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// It only rises.
    Counter,
    /// It rises and falls.
    Gauge,
    /// It counts durations by their length, in buckets with these upper bounds.
    Histogram(&'static [f64]),
}

/// What the numbers of a metric count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Things: items, attempts, events, workers.
    Count,
    /// Seconds.
    Seconds,
}

/// All metrics, in the order in which a dashboard shows them.
pub const ALL: &[Metric] = &[
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

/// The metric of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Metric> {
    ALL.iter().find(|metric| metric.name == name)
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Counter,
        unit: Unit::Count,
        labels,
        help,
    }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric {
        name,
        kind: Kind::Gauge,
        unit: Unit::Count,
        labels,
        help,
    }
}

const fn histogram(
    name: &'static str,
    bounds: &'static [f64],
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Histogram(bounds),
        unit: Unit::Seconds,
        labels,
        help,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once_and_with_its_kind() {
        let of = |is: fn(&Kind) -> bool| -> Vec<_> {
            let metrics = ALL.iter().filter(|metric| is(&metric.kind));
            metrics.map(|metric| metric.name).collect()
        };
        assert_eq!(of(|kind| *kind == Kind::Counter), names::COUNTERS);
        assert_eq!(of(|kind| *kind == Kind::Gauge), names::GAUGES);
        assert_eq!(
            of(|kind| matches!(kind, Kind::Histogram(_))),
            names::HISTOGRAMS
        );
    }

    #[test]
    fn labels_are_known_ones_and_seconds_are_in_the_name() {
        for metric in ALL {
            assert!(
                metric.labels.iter().all(|it| labels::ALL.contains(it)),
                "{metric:?}"
            );
            let seconds = metric.name.ends_with("_seconds");
            assert_eq!(metric.unit == Unit::Seconds, seconds, "{metric:?}");
            assert!(metric.help.ends_with('.'), "{metric:?}");
        }
    }
}
