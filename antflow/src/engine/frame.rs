use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::core::Shared;
use super::report::{Report, StatusNews, TaskNews};
use super::runtime::{StageRuntime, TaskRuntime};
use crate::clock::Moment;
use crate::event::Status;
use crate::item::{ItemError, ItemErrorKind};
use crate::stage::{RetryMode, TaskContext};
use crate::stats::{WorkerCounters, WorkerTimings};
use crate::trace::WorkerTrace;

/// What an attempt stands on: the worker, its stage, and the item in hand.
pub struct Frame<'w> {
    pub(super) cx: TaskContext,
    pub(super) stage: &'w StageRuntime,
    pub(super) worker: &'w WorkerCounters,
    pub(super) shared: &'w Shared,
    /// When the attempt was begun, or the batch that the item is part of.
    pub(super) started: Moment,
    /// When the last attempt of a task had ended.
    pub(super) ended: Moment,
    /// How long the attempts of this stage took since the worker has the item, in ticks; counted where somebody wants
    /// to know.
    pub(super) spent: u64,
    pub(super) timings: Option<&'w WorkerTimings>,
    /// When the attempt of the whole stage is over, and how long that is.
    pub(super) deadline: Option<(Instant, Duration)>,
    pub(super) retry_if: &'w dyn RetryIf,
    pub(super) trace: WorkerTrace,
    /// There once something was told.
    pub(super) report: Option<Box<Report>>,
}

/// The stage's own say about which errors are retried.
pub(super) trait RetryIf: Send + Sync {
    fn retry_if(&self, error: &(dyn Error + Send + Sync + 'static)) -> bool;
}

impl Frame<'_> {
    /// The total number of attempts, and how many of them are made of one task before the next.
    #[inline]
    pub(super) fn attempts(&self, mode: RetryMode) -> u32 {
        self.stage.retry(mode).map_or(1, |retry| retry.attempts)
    }

    /// Sets the number of the attempt to come.
    #[inline]
    pub(super) fn set_attempt(&mut self, attempt: u32) {
        self.cx.tag.set_attempt(attempt);
    }

    /// How long the attempt may take: the task's own bound, or what is left of the stage's.
    #[inline]
    pub(super) fn bound(&self, task: &TaskRuntime) -> Option<Bound> {
        let own = self
            .stage
            .task_timeout(task)
            .map(|limit| Bound { rest: limit, limit });
        let whole = self.deadline.map(|(at, limit)| Bound {
            rest: at.saturating_duration_since(Instant::now()),
            limit,
        });
        match (own, whole) {
            (Some(own), Some(whole)) => Some(if whole.rest < own.rest { whole } else { own }),
            (own, whole) => own.or(whole),
        }
    }

    /// Notes an attempt of a task that gave a value.
    #[inline]
    pub(super) fn note_success(&mut self, task: usize, ticks: u64) {
        if let Some(timings) = self.timings {
            timings.tasks[task].succeed(ticks);
            self.spent += ticks;
        }
    }

    /// Notes an attempt of a task that gave none.
    pub(super) fn note_failure(&mut self, task: usize, kind: &ItemErrorKind, ticks: u64) {
        if let Some(timings) = self.timings {
            timings.tasks[task].fail(kind, ticks);
            self.spent += ticks;
        }
    }

    /// Notes that an attempt of a task is followed by another one.
    pub(super) fn note_retry(&self, task: usize) {
        if let Some(timings) = self.timings {
            timings.tasks[task].retries.add_one();
        }
    }

    /// Notes that the worker is done with the item, for now or for good.
    #[inline]
    pub(super) fn note_processed(&mut self) {
        if let Some(timings) = self.timings {
            timings
                .processing
                .record(1, std::mem::take(&mut self.spent));
        }
    }

    /// Notes that the worker waited so long for room in the next stage.
    pub(super) fn note_send_wait(&self, ticks: u64) {
        if let Some(timings) = self.timings {
            timings.send_wait.record(1, ticks);
        }
    }

    /// What went wrong in the attempt that has just ended.
    pub(super) fn error(&self, kind: (ItemErrorKind, &'static str)) -> ItemError {
        ItemError::new(
            Arc::clone(&self.stage.name),
            self.cx.task_name().cloned(),
            Some(self.worker.id.clone()),
            self.cx.tag.attempt(),
            kind,
        )
    }

    /// Tells observers that the item in hand has just come to a status.
    #[inline]
    pub(super) fn emit_status(&mut self, status: Status, error: Option<&ItemError>) {
        self.trace.note(status, &self.cx, error);
        if self.shared.observers.want(status) {
            self.tell_status(status, error, Moment::now());
        }
    }

    /// As [`emit_status`](Self::emit_status), of a status without an error that it came to at a moment that is known.
    #[inline]
    pub(super) fn emit_status_at(&mut self, status: Status, at: Moment) {
        self.trace.note(status, &self.cx, None);
        if self.shared.observers.want(status) {
            self.tell_status(status, None, at);
        }
    }

    fn tell_status(&mut self, status: Status, error: Option<&ItemError>, at: Moment) {
        let mut report = self.take_report();
        let news = StatusNews {
            status,
            at,
            started: self.started,
            error,
        };
        let observers = &self.shared.observers;
        report.status(&self.cx, &news, |event| observers.status(event));
        self.report = Some(report);
    }

    /// Tells observers of an attempt.
    #[inline]
    pub(super) fn emit_task(&mut self, news: &TaskNews<'_>) {
        if self.shared.observers.want_tasks() {
            let mut report = self.take_report();
            let observers = &self.shared.observers;
            report.task(&self.cx, news, |event| observers.task(event));
            self.report = Some(report);
        }
    }

    fn take_report(&mut self) -> Box<Report> {
        self.report.take().unwrap_or_else(|| {
            let report = Report::new(self.shared.run.id(), self.stage, &self.worker.id);
            Box::new(report)
        })
    }
}

/// A bound of an attempt: what is left of it, and what it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) rest: Duration,
    pub(super) limit: Duration,
}

impl std::fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame")
            .field("cx", &self.cx)
            .finish_non_exhaustive()
    }
}
