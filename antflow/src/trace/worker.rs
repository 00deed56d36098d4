use std::future::Future;
use std::pin::Pin;

use super::attempt::AttemptSpan;
use super::inside::Inside;
use super::run::Traced;
use crate::event::Status;
use crate::item::{ItemError, ItemErrorKind};
use crate::stage::TaskContext;

/// What a worker traces with: nothing, unless its run is traced.
#[derive(Debug)]
pub(crate) struct WorkerTrace(Option<Box<Tracer>>);

#[derive(Debug)]
struct Tracer {
    /// The attempt of the stage that the worker is at, if the item is traced.
    attempt: Option<AttemptSpan>,
    run: Traced,
}

/// The span of an attempt of a task, if the item is traced. Dropped, it is that of one that was cut off.
#[derive(Debug)]
pub(crate) struct TaskSpan(Option<AttemptSpan>);

impl WorkerTrace {
    pub(super) fn new(run: Option<Traced>) -> Self {
        let tracer = |run| Box::new(Tracer { attempt: None, run });
        Self(run.map(tracer))
    }

    /// Begins or ends the span of the stage's attempt, as the item comes to a status.
    #[inline]
    pub(crate) fn note(&mut self, status: Status, cx: &TaskContext, error: Option<&ItemError>) {
        if let Some(tracer) = &mut self.0
            && tracer.run.takes(cx.sequence_id())
        {
            tracer.note(status, cx, error);
        }
    }

    /// Ends the span of the stage's attempt if there is one, as the attempt was cut off.
    pub(crate) fn cut_off(&mut self) {
        if let Some(tracer) = &mut self.0 {
            tracer.attempt = None;
        }
    }

    /// Begins the span of an attempt of a task.
    #[inline]
    pub(crate) fn task(&self, cx: &TaskContext) -> TaskSpan {
        TaskSpan(self.0.as_ref().and_then(|tracer| {
            let stage = tracer.attempt.as_ref()?;
            tracer.run.task(stage, cx)
        }))
    }
}

impl Tracer {
    fn note(&mut self, status: Status, cx: &TaskContext, error: Option<&ItemError>) {
        let attempt = self.attempt.take();
        // What comes to an end without a beginning was skipped, or `skip_if` panicked.
        self.attempt = attempt.or_else(|| self.run.stage(cx));
        if status != Status::InProgress
            && let Some(attempt) = self.attempt.take()
        {
            attempt.end(status.as_str(), error.map(ItemError::kind));
        }
    }
}

impl TaskSpan {
    /// The future, inside of the span.
    pub(crate) fn inside<'a, F: Future>(&'a self, future: Pin<&'a mut Option<F>>) -> Inside<'a, F> {
        Inside::new(future, self.0.as_ref())
    }

    /// Ends the span, with what went wrong.
    #[inline]
    pub(crate) fn end(self, failure: Option<&ItemErrorKind>) {
        if let Some(attempt) = self.0 {
            let outcome = failure.map_or("completed", ItemErrorKind::name);
            attempt.end(outcome, failure);
        }
    }
}
