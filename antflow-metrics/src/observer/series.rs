use antflow::RunView;
use metrics::{Counter, Gauge, Histogram, Recorder};

use super::Settings;
use crate::recording::{Labels, describe};
use crate::{catalog, labels, names};

/// The series of a run, as its recorder has them.
pub(super) struct Series {
    pub(super) submitted: Counter,
    /// In the order of [`labels::outcome::PIPELINE`].
    pub(super) outcomes: [Counter; 3],
    pub(super) in_flight: Gauge,
    pub(super) duration: Histogram,
    pub(super) last_progress: Gauge,
    /// In the order of the pipeline.
    pub(super) stages: Vec<StageSeries>,
}

pub(super) struct StageSeries {
    pub(super) name: String,
    /// In the order of [`labels::outcome::STAGE`].
    pub(super) outcomes: [Counter; 4],
    pub(super) queue_depth: Gauge,
    pub(super) queue_capacity: Gauge,
    pub(super) queue_wait: Histogram,
    pub(super) duration: Histogram,
    pub(super) send_wait: Histogram,
    pub(super) workers: Gauge,
    pub(super) busy: Gauge,
    pub(super) tasks: Vec<TaskSeries>,
    /// Of single workers, and of all others at the end; empty unless they are asked for.
    pub(super) each: Vec<WorkerSeries>,
}

pub(super) struct TaskSeries {
    /// In the order of [`labels::attempt::ALL`].
    pub(super) attempts: [Counter; 4],
    pub(super) retries: Counter,
    pub(super) duration: Histogram,
}

pub(super) struct WorkerSeries {
    /// In the order of [`labels::outcome::WORKER`].
    pub(super) outcomes: [Counter; 2],
    pub(super) busy: Gauge,
}

impl Series {
    /// Registers the series of a run, so that those are 0 that nothing has happened to.
    pub(super) fn register(recorder: &dyn Recorder, settings: &Settings, run: &RunView) -> Self {
        describe(recorder, catalog::PIPELINES);
        let version = Labels::new(recorder, labels::VERSION, env!("CARGO_PKG_VERSION"));
        version.gauge(names::BUILD_INFO).set(1.0);
        let of = Labels::new(recorder, labels::PIPELINE, settings.pipeline.to_string());
        let tasks = run.task_names();
        let stages = run.stage_names().into_iter().map(|name| {
            let tasks = tasks.get(&name).map_or(&[][..], Vec::as_slice);
            StageSeries::register(&of, name, tasks, settings.workers)
        });
        Self {
            submitted: of.counter(names::ITEMS_SUBMITTED_TOTAL),
            outcomes: of.counters(names::ITEMS_TOTAL, labels::outcome::PIPELINE),
            in_flight: of.gauge(names::ITEMS_IN_FLIGHT),
            duration: of.histogram(names::ITEM_DURATION_SECONDS),
            last_progress: of.gauge(names::PIPELINE_LAST_PROGRESS_TIMESTAMP_SECONDS),
            stages: stages.collect(),
        }
    }
}

impl StageSeries {
    fn register(of: &Labels<'_>, name: String, tasks: &[String], workers: usize) -> Self {
        let of = of.and(labels::STAGE, name.clone());
        let task = |task: &String| {
            let of = of.and(labels::TASK, task.clone());
            TaskSeries {
                attempts: of.counters(names::TASK_ATTEMPTS_TOTAL, labels::attempt::ALL),
                retries: of.counter(names::TASK_RETRIES_TOTAL),
                duration: of.histogram(names::TASK_DURATION_SECONDS),
            }
        };
        let worker = |number: String| {
            let of = of.and(labels::WORKER, number);
            WorkerSeries {
                outcomes: of.counters(names::WORKER_ITEMS_TOTAL, labels::outcome::WORKER),
                busy: of.gauge(names::WORKER_BUSY),
            }
        };
        let each = (0..workers).map(|number| number.to_string());
        let others = (workers > 0).then(|| labels::OTHER.to_owned());
        Self {
            outcomes: of.counters(names::STAGE_ITEMS_TOTAL, labels::outcome::STAGE),
            queue_depth: of.gauge(names::STAGE_QUEUE_DEPTH),
            queue_capacity: of.gauge(names::STAGE_QUEUE_CAPACITY),
            queue_wait: of.histogram(names::STAGE_QUEUE_WAIT_SECONDS),
            duration: of.histogram(names::STAGE_DURATION_SECONDS),
            send_wait: of.histogram(names::STAGE_SEND_WAIT_SECONDS),
            workers: of.gauge(names::STAGE_WORKERS),
            busy: of.gauge(names::STAGE_WORKERS_BUSY),
            tasks: tasks.iter().map(task).collect(),
            each: each.chain(others).map(worker).collect(),
            name,
        }
    }
}

/// Registers the counter of the events that a receiver drops.
pub(super) fn dropped(recorder: &dyn Recorder, settings: &Settings, receiver: &str) -> Counter {
    Labels::new(recorder, labels::PIPELINE, settings.pipeline.to_string())
        .and(labels::SINK, receiver.to_owned())
        .counter(names::EVENTS_DROPPED_TOTAL)
}
