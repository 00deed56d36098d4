use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::field::Empty;
use tracing::{Span, info_span};

use super::Trace;
use super::attempt::AttemptSpan;
use super::listener::Listener;
use super::share::Choice;
use super::worker::WorkerTrace;
use crate::stage::TaskContext;
use crate::stats::RunCounters;

/// The span of a run, and who has a span in it. Empty where nothing is traced.
#[derive(Debug)]
pub(crate) struct RunTrace(Mutex<Option<Traced>>);

/// A run that is traced. Its span is open as long as there is a clone of this.
#[derive(Debug, Clone)]
pub(super) struct Traced(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Only taken when it is closed.
    span: Option<Span>,
    choice: Choice,
    listener: Arc<Listener>,
}

impl RunTrace {
    /// Asks the subscriber whether it wants to know of the run.
    pub(crate) fn begin(trace: Trace, run: &Arc<RunCounters>) -> Self {
        let traced = (!trace.is_none()).then(|| Traced::begin(trace, run));
        Self(Mutex::new(traced.flatten()))
    }

    /// Whether some items are traced.
    pub(crate) fn is_on(&self) -> bool {
        self.get().is_some()
    }

    /// What a worker traces with.
    pub(crate) fn worker(&self) -> WorkerTrace {
        WorkerTrace::new(self.get().clone())
    }

    /// Ends the span, if no worker is left.
    pub(crate) fn end(&self) {
        let traced = self.get().take();
        drop(traced);
    }

    fn get(&self) -> MutexGuard<'_, Option<Traced>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Traced {
    fn begin(trace: Trace, run: &Arc<RunCounters>) -> Option<Self> {
        let listener = Listener::here(Arc::clone(run));
        let names = run.stages.iter().map(|stage| &*stage.names.stage);
        let stages = names.collect::<Vec<_>>().join(" >> ");
        let run = run.id().0;
        // Numbers in spans are signed: OpenTelemetry has no others.
        let span = listener.tell(
            || info_span!(target: "antflow", "antflow.run", run = run.cast_signed(), stages),
        )?;
        let inner = Inner {
            span: Some(span),
            choice: trace.choice(run),
            listener: Arc::new(listener),
        };
        let is_wanted = inner.span.as_ref().is_some_and(|span| !span.is_disabled());
        is_wanted.then(|| Self(Arc::new(inner)))
    }

    #[inline]
    pub(super) fn takes(&self, sequence_id: u64) -> bool {
        self.0.choice.takes(sequence_id)
    }

    /// The span of an attempt of a stage.
    pub(super) fn stage(&self, cx: &TaskContext) -> Option<AttemptSpan> {
        let Inner { span, listener, .. } = &*self.0;
        let run = span.as_ref()?;
        AttemptSpan::open(listener, || {
            info_span!(
                target: "antflow",
                parent: run,
                "antflow.stage",
                stage = cx.stage(),
                item_id = %cx.item_id(),
                sequence_id = cx.sequence_id().cast_signed(),
                worker = %cx.worker(),
                attempt = i64::from(cx.attempt()),
                outcome = Empty,
                error = Empty,
                otel.status_code = Empty,
                otel.status_description = Empty,
            )
        })
    }

    /// The span of an attempt of a task, in that of the stage.
    pub(super) fn task(&self, stage: &AttemptSpan, cx: &TaskContext) -> Option<AttemptSpan> {
        AttemptSpan::open(&self.0.listener, || {
            info_span!(
                target: "antflow",
                parent: stage.span(),
                "antflow.task",
                task = cx.task().unwrap_or_else(|| cx.stage()),
                attempt = i64::from(cx.attempt()),
                outcome = Empty,
                error = Empty,
                otel.status_code = Empty,
                otel.status_description = Empty,
            )
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let span = self.span.take();
        self.listener.tell(|| drop(span));
    }
}
