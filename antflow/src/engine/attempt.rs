use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinError;
use tokio::time::Instant;

use super::frame::Frame;
use super::report::TaskNews;
use crate::clock::Moment;
use crate::event::{Status, TaskEventKind};
use crate::item::{BoxError, Cancelled, ItemError, ItemErrorKind, StageError, panic_message};
use crate::stage::{Call, Copier, Passing, Retry, RetryMode, TaskContext};
use crate::stats::WorkerCounters;
use crate::trace::place;

/// Why the tasks of a stage did not come to their end.
#[derive(Debug)]
pub enum Stop {
    /// The item's outcome.
    End(ItemError),
    /// The item comes back after a pause.
    Again(ItemError, Duration),
}

/// Calls a task until it succeeds or may not be called again.
///
/// Under `per_task` this is where the attempts are counted; under `per_stage` there is one call, and the stage decides
/// what follows. `copy` makes the copy of the item that an attempt gets while another may follow.
pub(super) async fn run_task<St: Sync, T: Call<St>>(
    task: &T,
    index: usize,
    slot: &mut Option<T::Input>,
    copy: Option<Copier<T::Input>>,
    frame: &mut Frame<'_>,
    state: &St,
) -> Result<T::Output, Stop> {
    let per_task = frame.attempts(RetryMode::PerTask);
    let stage = frame.stage;
    frame.worker.status.enter_task(index);
    loop {
        // Under `per_stage` the first task keeps the item from which the stage may start again.
        let restartable =
            index == 0 && frame.cx.tag.attempt() < frame.attempts(RetryMode::PerStage);
        let copy = copy.filter(|_| restartable || frame.cx.tag.attempt() < per_task);
        let failure = match attempt(task, index, slot, copy, frame, state).await {
            Ok(output) => {
                if !restartable {
                    *slot = None;
                }
                if per_task > 1 {
                    frame.set_attempt(1);
                }
                return Ok(output);
            }
            Err(failure) => failure,
        };
        let duration = failure.duration;
        let (error, pause) = match failure.judge(frame, stage.config.retry.as_ref()) {
            Stop::Again(error, pause) => (error, pause),
            Stop::End(error) => {
                frame.emit_task(&TaskNews {
                    kind: TaskEventKind::Fail,
                    at: Moment::now(),
                    error: Some(&error),
                    duration,
                });
                return Err(Stop::End(error));
            }
        };
        frame.note_retry(index);
        frame.emit_task(&TaskNews {
            kind: TaskEventKind::Retry,
            at: Moment::now(),
            error: Some(&error),
            duration,
        });
        if per_task == 1 || stage.releases_workers() {
            return Err(Stop::Again(error, pause));
        }
        frame.emit_status(Status::Retrying, Some(&error));
        frame.worker.retried.add_one();
        hold(frame, pause).await;
        frame.set_attempt(frame.cx.tag.attempt() + 1);
        frame.started = Moment::now();
        frame.emit_status_at(Status::InProgress, frame.started);
    }
}

/// Lets a worker wait with its item for the next attempt.
pub(super) async fn hold(frame: &Frame<'_>, pause: Duration) {
    let status = &frame.worker.status;
    let task = status.task();
    status.hold();
    if !pause.is_zero() {
        waiting_with(frame.worker, tokio::time::sleep(pause)).await;
    }
    status.enter_task(task);
}

/// Waits for a future, and counts the time as one that the worker waited with its item.
async fn waiting_with<F: Future>(worker: &WorkerCounters, future: F) -> F::Output {
    let mut future = pin!(future);
    let mut waiting = None;
    poll_fn(|cx| {
        let poll = future.as_mut().poll(cx);
        if poll.is_pending() {
            waiting.get_or_insert_with(|| worker.wait());
        }
        poll
    })
    .await
}

/// An attempt that gave no value.
#[derive(Debug)]
pub struct Failure {
    kind: (ItemErrorKind, &'static str),
    /// Whether the task has nothing against another attempt.
    retryable: bool,
    duration: Option<Duration>,
    /// The place of the task in its stage.
    task: usize,
    /// How long it took, in ticks.
    took: u64,
}

/// Calls a task once, where nothing is watched or bounded. `copy` as for [`run_task`].
#[inline]
pub(super) async fn call_task<St: Sync, T: Call<St>>(
    task: &T,
    slot: &mut Option<T::Input>,
    copy: Option<Copier<T::Input>>,
    cx: &TaskContext,
    state: &St,
) -> Result<T::Output, Box<Failure>> {
    let argument =
        T::Passing::argument(slot, copy).expect("the item of a task that runs is in its slot");
    match task.call(argument, cx, state).await {
        Ok(output) => {
            *slot = None;
            Ok(output)
        }
        Err(error) => {
            let retryable = task.is_retryable(&error);
            Err(Box::new(Failure::new(failed(error), retryable)))
        }
    }
}

impl Failure {
    fn new(kind: (ItemErrorKind, &'static str), retryable: bool) -> Self {
        Self {
            kind,
            retryable,
            duration: None,
            task: 0,
            took: 0,
        }
    }

    /// Sets how long the attempt took, in ticks.
    pub(super) fn after(self, took: u64) -> Self {
        Self { took, ..self }
    }

    /// The failure that a panic is.
    pub(super) fn panicked(panic: &(dyn Any + Send)) -> Self {
        Self::new(panicked(panic), false)
    }

    /// Decides what follows, by the number of attempts made and what `retry_if` says, and notes how the attempt ended.
    pub(super) fn judge(mut self, frame: &mut Frame<'_>, retry: Option<&Retry>) -> Stop {
        let retry = retry.filter(|retry| frame.cx.tag.attempt() < retry.attempts);
        let wanted = match &self.kind.0 {
            ItemErrorKind::Failed(source) if self.retryable && retry.is_some() => {
                caught(|| frame.retry_if.retry_if(source.as_ref()))
            }
            ItemErrorKind::TimedOut(_) => Ok(true),
            _ => Ok(false),
        };
        let wanted = wanted.unwrap_or_else(|panic| {
            self.kind = panic;
            false
        });
        frame.note_failure(self.task, &self.kind.0, self.took);
        let error = frame.error(self.kind);
        match retry.filter(|_| wanted) {
            Some(retry) => Stop::Again(error, retry.pause_after(frame.cx.tag.attempt())),
            None => Stop::End(error),
        }
    }
}

/// Calls user code that must not take the worker with it.
pub(super) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, (ItemErrorKind, &'static str)> {
    std::panic::catch_unwind(AssertUnwindSafe(call)).map_err(|panic| panicked(&*panic))
}

/// Makes one attempt, within the limits of the stage and the task.
async fn attempt<St: Sync, T: Call<St>>(
    task: &T,
    index: usize,
    slot: &mut Option<T::Input>,
    copy: Option<Copier<T::Input>>,
    frame: &mut Frame<'_>,
    state: &St,
) -> Result<T::Output, Failure> {
    let stage = frame.stage;
    let runtime = &stage.tasks[index];
    let limits = stage.limits.get().or(runtime.limits.as_ref());
    let waiting = limits.and(frame.deadline).map(|_| Instant::now());
    let _stage_permit = match stage.limits.get() {
        Some(limits) => waiting_with(frame.worker, limits.enter()).await,
        None => None,
    };
    let _task_permit = match &runtime.limits {
        Some(limits) => waiting_with(frame.worker, limits.enter()).await,
        None => None,
    };
    // The time that it waits for others is not the attempt's.
    if let (Some(since), Some((at, _))) = (waiting, &mut frame.deadline) {
        *at += since.elapsed();
    }
    frame.emit_task(&TaskNews {
        kind: TaskEventKind::Start,
        at: Moment::now(),
        error: None,
        duration: None,
    });
    let started = frame.shared.observers.want_tasks().then(Instant::now);
    let bound = frame.bound(runtime);
    let span = frame.trace.task(&frame.cx);
    let begun = Moment::now();
    let outcome = {
        // Making the copy and the future is user code too, so both are inside.
        let call = pin!(place!(async {
            let argument = T::Passing::argument(slot, copy)
                .expect("the item of a task that runs is in its slot");
            task.call(argument, &frame.cx, state).await
        }));
        let call = AssertUnwindSafe(span.inside(call)).catch_unwind();
        match bound {
            None => Ok(call.await),
            Some(bound) => tokio::time::timeout(bound.rest, call)
                .await
                .map_err(|_| bound.limit),
        }
    };
    frame.ended = Moment::now();
    let took = frame.ended.ticks_since(begun);
    let duration = started.map(|started| started.elapsed());
    let (kind, retryable) = match outcome {
        Ok(Ok(Ok(output))) => {
            span.end(None);
            frame.note_success(index, took);
            frame.emit_task(&TaskNews {
                kind: TaskEventKind::Complete,
                at: frame.ended,
                error: None,
                duration,
            });
            return Ok(output);
        }
        Ok(Ok(Err(error))) => caught(|| {
            let retryable = task.is_retryable(&error);
            (failed(error), retryable)
        })
        .unwrap_or_else(|panic| (panic, false)),
        Ok(Err(panic)) => (panicked(&*panic), false),
        Err(limit) => ((ItemErrorKind::TimedOut(limit), "TimedOut"), true),
    };
    span.end(Some(&kind.0));
    Err(Failure {
        kind,
        retryable,
        duration,
        task: index,
        took,
    })
}

/// An error is a failure, unless it says that the work was given up.
fn failed<E: StageError>(error: E) -> (ItemErrorKind, &'static str) {
    let error: BoxError = error.into_boxed();
    let given_up = error.is::<Cancelled>()
        || error
            .downcast_ref::<JoinError>()
            .is_some_and(JoinError::is_cancelled);
    if given_up {
        (ItemErrorKind::Cancelled, "Cancelled")
    } else {
        (ItemErrorKind::Failed(error), std::any::type_name::<E>())
    }
}

/// The kind of failure that a panic is, and its name.
pub(super) fn panicked(panic: &(dyn Any + Send)) -> (ItemErrorKind, &'static str) {
    (ItemErrorKind::Panicked(panic_message(panic)), "Panic")
}
