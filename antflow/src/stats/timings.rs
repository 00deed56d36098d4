use std::sync::Arc;

use super::Histogram;
use super::flow::Count;
use super::histogram::Durations;
use super::live::{StageCounters, WorkerCounters};
use crate::item::ItemErrorKind;

/// How long things took in a run so far, where an observer [wants to know](crate::event::Observer::wants_timings).
///
/// A snapshot; like [`PipelineStats`](super::PipelineStats) it is made of counters that go on while it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Timings {
    /// From the time at which an item was accepted to its outcome.
    pub items: Histogram,
    /// In the order of the pipeline.
    pub stages: Vec<StageTimings>,
}

/// How long things took in a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct StageTimings {
    /// The name of the stage.
    pub stage_name: String,
    /// How long items waited in the stage's queue until a worker took them. Those that `run` takes from its iterator do
    /// not wait in the first queue, and are not among them. One that comes back counts again: for another attempt, or
    /// because its worker was kept by the item before it.
    pub queue_wait: Histogram,
    /// How long a worker worked on an item: all attempts together, without the waits between them and for limits. An
    /// item that waits for its next attempt without a worker counts once for each time that a worker had it.
    pub processing_time: Histogram,
    /// How long a worker waited for room in the next stage, each time that it did.
    pub send_wait: Histogram,
    /// In their order.
    pub tasks: Vec<TaskTimings>,
}

/// How the attempts of a task ended, and how long they took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TaskTimings {
    /// The name of the task.
    pub task_name: String,
    /// Attempts that gave a value.
    pub succeeded: u64,
    /// Attempts that gave an error, also one that gives the item up.
    pub failed: u64,
    /// Attempts that took longer than they may.
    pub timed_out: u64,
    /// Attempts that panicked.
    pub panicked: u64,
    /// Attempts that did not succeed and are followed by another one.
    pub retries: u64,
    /// How long an attempt took.
    pub duration: Histogram,
}

/// What is measured of one worker. It is written by the worker alone.
#[derive(Debug)]
pub(crate) struct WorkerTimings {
    pub(crate) queue_wait: Durations,
    pub(crate) processing: Durations,
    pub(crate) send_wait: Durations,
    pub(crate) tasks: Box<[Attempts]>,
}

/// What is counted of the attempts of one task by one worker.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    succeeded: Count,
    failed: Count,
    timed_out: Count,
    panicked: Count,
    pub(crate) retries: Count,
    duration: Durations,
}

impl Attempts {
    /// Counts an attempt that took so many ticks and gave a value.
    #[inline]
    pub(crate) fn succeed(&self, ticks: u64) {
        self.succeeded.add_one();
        self.duration.record(1, ticks);
    }

    /// Counts an attempt that took so many ticks and gave none.
    pub(crate) fn fail(&self, kind: &ItemErrorKind, ticks: u64) {
        let count = match kind {
            ItemErrorKind::TimedOut(_) => &self.timed_out,
            ItemErrorKind::Panicked(_) => &self.panicked,
            ItemErrorKind::Failed(_) | ItemErrorKind::Cancelled => &self.failed,
        };
        count.add_one();
        self.duration.record(1, ticks);
    }
}

impl WorkerTimings {
    pub(super) fn new(tasks: usize) -> Self {
        Self {
            queue_wait: Durations::default(),
            processing: Durations::default(),
            send_wait: Durations::default(),
            tasks: (0..tasks).map(|_| Attempts::default()).collect(),
        }
    }
}

impl StageTimings {
    pub(super) fn of(stage: &StageCounters) -> Self {
        stage.workers(|workers| {
            let timed = || workers.iter().filter_map(|worker| worker.timings.get());
            let sum = |durations: fn(&WorkerTimings) -> &Durations| {
                let mut sum = Histogram::default();
                timed().for_each(|timings| sum += durations(timings).read());
                sum
            };
            let tasks = stage.names.tasks.iter().enumerate();
            Self {
                stage_name: stage.names.stage.to_string(),
                queue_wait: sum(|timings| &timings.queue_wait),
                processing_time: sum(|timings| &timings.processing),
                send_wait: sum(|timings| &timings.send_wait),
                tasks: tasks
                    .map(|(index, name)| TaskTimings::of(workers, index, name))
                    .collect(),
            }
        })
    }
}

impl TaskTimings {
    fn of(workers: &[Arc<WorkerCounters>], index: usize, name: &str) -> Self {
        let mut sum = Self {
            task_name: name.to_owned(),
            succeeded: 0,
            failed: 0,
            timed_out: 0,
            panicked: 0,
            retries: 0,
            duration: Histogram::default(),
        };
        for attempts in workers
            .iter()
            .filter_map(|worker| worker.timings.get()?.tasks.get(index))
        {
            sum.succeeded += attempts.succeeded.get();
            sum.failed += attempts.failed.get();
            sum.timed_out += attempts.timed_out.get();
            sum.panicked += attempts.panicked.get();
            sum.retries += attempts.retries.get();
            sum.duration += attempts.duration.read();
        }
        sum
    }
}
