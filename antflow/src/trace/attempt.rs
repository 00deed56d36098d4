use std::error::Error;
use std::sync::Arc;

use tracing::Span;

use super::listener::Listener;
use crate::item::ItemErrorKind;

/// The span of an attempt, which ends with an outcome: where it is dropped without one, the attempt was cut off.
#[derive(Debug)]
pub(super) struct AttemptSpan {
    span: Span,
    listener: Arc<Listener>,
    is_ended: bool,
}

impl AttemptSpan {
    /// Opens a span, if the subscriber wants it.
    pub(super) fn open(listener: &Arc<Listener>, span: impl FnOnce() -> Span) -> Option<Self> {
        let span = listener.tell(span)?;
        (!span.is_disabled()).then(|| Self {
            span,
            listener: Arc::clone(listener),
            is_ended: false,
        })
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Calls user code inside of the span.
    pub(super) fn enter<T>(&self, call: impl FnOnce() -> T) -> T {
        self.listener.listens_to(|| self.span.in_scope(call))
    }

    /// Ends the span, with what went wrong if something did. Who was cancelled has not failed.
    pub(super) fn end(mut self, outcome: &str, failure: Option<&ItemErrorKind>) {
        self.is_ended = true;
        let span = &self.span;
        self.listener.tell(|| {
            span.record("outcome", outcome);
            let failure = failure.filter(|kind| !matches!(kind, ItemErrorKind::Cancelled));
            if let Some(kind) = failure {
                span.record("otel.status_code", "ERROR");
                let text = kind.to_string();
                // With its sources, for those who look at them.
                if let ItemErrorKind::Failed(error) = kind {
                    span.record("error", &**error as &(dyn Error + 'static));
                } else {
                    span.record("error", text.as_str());
                }
                span.record("otel.status_description", text.as_str());
            }
        });
    }
}

impl Drop for AttemptSpan {
    fn drop(&mut self) {
        let span = std::mem::replace(&mut self.span, Span::none());
        self.listener.tell(|| {
            if !self.is_ended {
                span.record("outcome", "cancelled");
            }
            drop(span);
        });
    }
}
