//! What there is of spans without the feature `tracing`: names that vanish when they are compiled.

#![allow(
    clippy::unused_self,
    reason = "with the feature, the methods have something to do"
)]

use std::sync::Arc;

use crate::event::Status;
use crate::item::{ItemError, ItemErrorKind};
use crate::stage::TaskContext;
use crate::stats::RunCounters;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace;

#[derive(Debug)]
pub(crate) struct RunTrace;

#[derive(Debug)]
pub(crate) struct WorkerTrace;

#[derive(Debug)]
pub(crate) struct TaskSpan;

impl Trace {
    pub(crate) const fn none() -> Self {
        Self
    }
}

impl RunTrace {
    pub(crate) fn begin(_: Trace, _: &Arc<RunCounters>) -> Self {
        Self
    }

    pub(crate) fn is_on(&self) -> bool {
        false
    }

    pub(crate) fn worker(&self) -> WorkerTrace {
        WorkerTrace
    }

    pub(crate) fn end(&self) {}
}

impl WorkerTrace {
    #[inline]
    pub(crate) fn note(&mut self, _: Status, _: &TaskContext, _: Option<&ItemError>) {}

    pub(crate) fn cut_off(&mut self) {}

    #[inline]
    pub(crate) fn task(&self, _: &TaskContext) -> TaskSpan {
        TaskSpan
    }
}

impl TaskSpan {
    #[inline]
    pub(crate) fn inside<F>(&self, future: F) -> F {
        future
    }

    #[inline]
    pub(crate) fn end(self, _: Option<&ItemErrorKind>) {}
}
