//! The names of the metrics, grouped as a dashboard shows them.
//!
//! Those of pipelines are here, those of clusters in [`worker`] and [`coordinator`].

pub mod coordinator;
pub mod worker;

// The run as a whole.

/// Items that a pipeline accepted.
///
/// Counter, in items. Labels: `pipeline`.
pub const ITEMS_SUBMITTED_TOTAL: &str = "antflow_items_submitted_total";

/// Items that reached their outcome, each counted once.
///
/// Counter, in items. Labels: `pipeline`, `outcome` (`completed`, `failed`,
/// `cancelled`).
pub const ITEMS_TOTAL: &str = "antflow_items_total";

/// Items that were accepted and have no outcome yet.
///
/// Gauge, in items. Labels: `pipeline`.
pub const ITEMS_IN_FLIGHT: &str = "antflow_items_in_flight";

/// The time from the acceptance of an item to its outcome.
///
/// Histogram, in seconds, with [`buckets::ITEM`](crate::buckets::ITEM). Labels:
/// `pipeline`.
pub const ITEM_DURATION_SECONDS: &str = "antflow_item_duration_seconds";

/// When an item last reached its outcome.
///
/// Gauge, in seconds since the Unix epoch. Labels: `pipeline`. The time since then
/// is `time()` minus this value.
pub const PIPELINE_LAST_PROGRESS_TIMESTAMP_SECONDS: &str =
    "antflow_pipeline_last_progress_timestamp_seconds";

// Each stage.

/// Items that left a stage.
///
/// Counter, in items. Labels: `pipeline`, `stage`, `outcome` (`completed`, `failed`,
/// `skipped`, `cancelled`). An item counts in every stage it passes, so the sum over
/// stages is not the number of items.
pub const STAGE_ITEMS_TOTAL: &str = "antflow_stage_items_total";

/// Items that wait in the queue of a stage.
///
/// Gauge, in items. Labels: `pipeline`, `stage`.
pub const STAGE_QUEUE_DEPTH: &str = "antflow_stage_queue_depth";

/// How many items the queue of a stage can hold.
///
/// Gauge, in items. Labels: `pipeline`, `stage`.
pub const STAGE_QUEUE_CAPACITY: &str = "antflow_stage_queue_capacity";

/// The time an item waits in the queue of a stage. Items that a run takes from its
/// iterator do not wait in the first one, and are not counted there. An item that comes
/// back to the queue counts again.
///
/// Histogram, in seconds, with [`buckets::STEP`](crate::buckets::STEP). Labels:
/// `pipeline`, `stage`.
pub const STAGE_QUEUE_WAIT_SECONDS: &str = "antflow_stage_queue_wait_seconds";

/// The time a worker of a stage works on an item, all attempts together and without
/// waiting. An item that waits for its next attempt without a worker counts once for
/// each time that a worker had it.
///
/// Histogram, in seconds, with [`buckets::STEP`](crate::buckets::STEP). Labels:
/// `pipeline`, `stage`. The rate of its sum is the average number of busy workers.
pub const STAGE_DURATION_SECONDS: &str = "antflow_stage_duration_seconds";

/// The time a worker waits until the next stage has room for its result, each time
/// that it does.
///
/// Histogram, in seconds, with [`buckets::STEP`](crate::buckets::STEP). Labels:
/// `pipeline`, `stage`. The rate of its sum is the average number of workers that
/// are held up.
pub const STAGE_SEND_WAIT_SECONDS: &str = "antflow_stage_send_wait_seconds";

/// The workers of a stage.
///
/// Gauge, in workers. Labels: `pipeline`, `stage`.
pub const STAGE_WORKERS: &str = "antflow_stage_workers";

/// The workers of a stage that hold an item.
///
/// Gauge, in workers. Labels: `pipeline`, `stage`. Unlike the durations, which move
/// when an attempt ends, this also shows a worker that is stuck.
pub const STAGE_WORKERS_BUSY: &str = "antflow_stage_workers_busy";

// Each task.

/// Attempts that ended.
///
/// Counter, in attempts. Labels: `pipeline`, `stage`, `task`, `outcome` (`ok`,
/// `error`, `timeout`, `panic`).
pub const TASK_ATTEMPTS_TOTAL: &str = "antflow_task_attempts_total";

/// Attempts that did not succeed and are followed by another one.
///
/// Counter, in attempts. Labels: `pipeline`, `stage`, `task`.
pub const TASK_RETRIES_TOTAL: &str = "antflow_task_retries_total";

/// The time of one attempt.
///
/// Histogram, in seconds, with [`buckets::STEP`](crate::buckets::STEP). Labels:
/// `pipeline`, `stage`, `task`.
pub const TASK_DURATION_SECONDS: &str = "antflow_task_duration_seconds";

// Each worker, where that is asked for.

/// Items that a worker was done with.
///
/// Counter, in items. Labels: `pipeline`, `stage`, `worker`, `outcome` (`completed`,
/// `failed`).
pub const WORKER_ITEMS_TOTAL: &str = "antflow_worker_items_total";

/// Whether a worker holds an item: 1 if it does. Of `other` workers, how many do.
///
/// Gauge, in workers. Labels: `pipeline`, `stage`, `worker`.
pub const WORKER_BUSY: &str = "antflow_worker_busy";

// The observation itself.

/// Events that were dropped because a receiver was too slow.
///
/// Counter, in events. Labels: `pipeline`, `sink`.
pub const EVENTS_DROPPED_TOTAL: &str = "antflow_events_dropped_total";

/// Which version is running. The value is always 1.
///
/// Gauge, without a unit. Labels: `version`.
pub const BUILD_INFO: &str = "antflow_build_info";

/// All counters.
pub const COUNTERS: &[&str] =
    &joined::<23>([PIPELINE_COUNTERS, worker::COUNTERS, coordinator::COUNTERS]);

/// All gauges.
pub const GAUGES: &[&str] = &joined::<23>([PIPELINE_GAUGES, worker::GAUGES, coordinator::GAUGES]);

/// All histograms.
pub const HISTOGRAMS: &[&str] = &joined::<8>([PIPELINE_HISTOGRAMS, worker::HISTOGRAMS, &[]]);

/// The parts, one behind the other. What does not fill the whole does not compile.
const fn joined<const N: usize>(parts: [&[&'static str]; 3]) -> [&'static str; N] {
    let mut all = [""; N];
    let (mut part, mut at, mut next) = (0, 0, 0);
    while part < parts.len() {
        if at < parts[part].len() {
            all[next] = parts[part][at];
            (at, next) = (at + 1, next + 1);
        } else {
            (part, at) = (part + 1, 0);
        }
    }
    assert!(next == N, "the lists have another length");
    all
}

/// The counters of pipelines.
const PIPELINE_COUNTERS: &[&str] = &[
    ITEMS_SUBMITTED_TOTAL,
    ITEMS_TOTAL,
    STAGE_ITEMS_TOTAL,
    TASK_ATTEMPTS_TOTAL,
    TASK_RETRIES_TOTAL,
    WORKER_ITEMS_TOTAL,
    EVENTS_DROPPED_TOTAL,
];

/// The gauges of pipelines.
const PIPELINE_GAUGES: &[&str] = &[
    ITEMS_IN_FLIGHT,
    PIPELINE_LAST_PROGRESS_TIMESTAMP_SECONDS,
    STAGE_QUEUE_DEPTH,
    STAGE_QUEUE_CAPACITY,
    STAGE_WORKERS,
    STAGE_WORKERS_BUSY,
    WORKER_BUSY,
    BUILD_INFO,
];

/// The histograms of pipelines.
const PIPELINE_HISTOGRAMS: &[&str] = &[
    ITEM_DURATION_SECONDS,
    STAGE_QUEUE_WAIT_SECONDS,
    STAGE_DURATION_SECONDS,
    STAGE_SEND_WAIT_SECONDS,
    TASK_DURATION_SECONDS,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn listed() -> Vec<&'static str> {
        [COUNTERS, GAUGES, HISTOGRAMS].concat()
    }

    #[test]
    fn every_constant_is_in_exactly_one_list() {
        let text = [
            include_str!("mod.rs"),
            include_str!("worker.rs"),
            include_str!("coordinator.rs"),
        ]
        .concat();
        let quoted = text.split('"').filter(|part| part.starts_with("antflow_"));
        let constants: BTreeSet<_> = quoted.filter(|name| *name != "antflow_").collect();
        let unique: BTreeSet<_> = listed().into_iter().collect();
        assert_eq!(unique.len(), listed().len());
        assert_eq!(unique, constants);
    }

    #[test]
    fn every_name_has_the_prefix_and_is_snake_case() {
        for name in listed() {
            assert!(name.starts_with("antflow_"), "{name}");
            assert!(
                name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_'),
                "{name}"
            );
            assert!(!name.ends_with('_') && !name.contains("__"), "{name}");
        }
    }

    #[test]
    fn only_counters_end_in_total() {
        for name in listed() {
            assert_eq!(name.ends_with("_total"), COUNTERS.contains(&name), "{name}");
        }
    }

    #[test]
    fn times_are_in_seconds() {
        for name in listed() {
            let is_time = [
                "duration",
                "wait",
                "timestamp",
                "_age_",
                "_margin_",
                "_ttl_",
            ]
            .iter()
            .any(|it| name.contains(it));
            assert_eq!(name.ends_with("_seconds"), is_time, "{name}");
        }
        assert!(HISTOGRAMS.iter().all(|name| name.ends_with("_seconds")));
    }
}
