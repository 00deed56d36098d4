use antflow::RunView;
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, SharedString};

use super::Settings;
use crate::catalog::{self, Kind, Unit};
use crate::{labels, names};

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
        describe(recorder);
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

/// Labels that several series have.
struct Labels<'r> {
    recorder: &'r dyn Recorder,
    labels: Vec<Label>,
}

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

impl<'r> Labels<'r> {
    fn new(recorder: &'r dyn Recorder, name: &'static str, value: impl Into<SharedString>) -> Self {
        Self {
            recorder,
            labels: vec![Label::new(name, value)],
        }
    }

    /// The same labels and one more.
    fn and(&self, name: &'static str, value: impl Into<SharedString>) -> Self {
        let more = std::iter::once(Label::new(name, value));
        Self {
            recorder: self.recorder,
            labels: self.labels.iter().cloned().chain(more).collect(),
        }
    }

    fn key(&self, name: &'static str) -> Key {
        Key::from_parts(name, self.labels.clone())
    }

    fn counter(&self, name: &'static str) -> Counter {
        self.recorder.register_counter(&self.key(name), &METADATA)
    }

    /// A counter for each outcome.
    fn counters<const N: usize>(
        &self,
        name: &'static str,
        outcomes: [&'static str; N],
    ) -> [Counter; N] {
        outcomes.map(|outcome| self.and(labels::OUTCOME, outcome).counter(name))
    }

    fn gauge(&self, name: &'static str) -> Gauge {
        self.recorder.register_gauge(&self.key(name), &METADATA)
    }

    fn histogram(&self, name: &'static str) -> Histogram {
        self.recorder.register_histogram(&self.key(name), &METADATA)
    }
}

/// Tells a recorder what the metrics are.
fn describe(recorder: &dyn Recorder) {
    for metric in catalog::ALL {
        let unit = match metric.unit {
            Unit::Count => metrics::Unit::Count,
            Unit::Seconds => metrics::Unit::Seconds,
        };
        let (name, help) = (metric.name.into(), metric.help.into());
        match metric.kind {
            Kind::Counter => recorder.describe_counter(name, Some(unit), help),
            Kind::Gauge => recorder.describe_gauge(name, Some(unit), help),
            Kind::Histogram(_) => recorder.describe_histogram(name, Some(unit), help),
        }
    }
}
