use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use crossbeam_utils::CachePadded;

use super::bell::{Bell, Caller};
use super::reorder::Reorder;
use super::sync::{Mutex, lock};
use crate::item::PipelineResult;

/// Where the outcomes of a run go, until somebody takes them.
#[derive(Debug)]
pub(crate) struct Outlet<Out>(CachePadded<Mutex<Inner<Out>>>);

#[derive(Debug)]
struct Inner<Out> {
    results: Results<Out>,
    finished: bool,
    readers: Vec<Waker>,
}

/// In which order the outcomes are given out.
#[derive(Debug)]
pub(crate) enum Results<Out> {
    /// As the items came in.
    Ordered(Reorder<PipelineResult<Out>>),
    /// As the items end.
    Completed(VecDeque<PipelineResult<Out>>),
}

impl<Out> Outlet<Out> {
    pub(crate) fn new(ordered: bool) -> Self {
        let results = if ordered {
            Results::Ordered(Reorder::default())
        } else {
            Results::Completed(VecDeque::new())
        };
        Self(CachePadded::new(Mutex::new(Inner {
            results,
            finished: false,
            readers: Vec::new(),
        })))
    }

    pub(crate) fn put(
        &self,
        outcomes: impl IntoIterator<Item = PipelineResult<Out>>,
        bell: &mut Bell<'_>,
    ) {
        let mut inner = lock(&self.0);
        match &mut inner.results {
            Results::Ordered(results) => {
                for result in outcomes {
                    results.insert(result.sequence_id, result);
                }
            }
            Results::Completed(results) => results.extend(outcomes),
        }
        bell.extend(inner.readers.drain(..).map(Caller::Task));
    }

    /// Says that no more outcomes come.
    pub(crate) fn finish(&self) {
        let mut inner = lock(&self.0);
        inner.finished = true;
        let readers = std::mem::take(&mut inner.readers);
        drop(inner);
        for reader in readers {
            reader.wake();
        }
    }

    /// The next outcome; none after the last one.
    pub(crate) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<PipelineResult<Out>>> {
        let mut inner = lock(&self.0);
        let next = match &mut inner.results {
            Results::Ordered(results) => results.pop(),
            Results::Completed(results) => results.pop_front(),
        };
        match next {
            Some(result) => Poll::Ready(Some(result)),
            None if inner.finished => Poll::Ready(None),
            None => {
                if !inner
                    .readers
                    .iter()
                    .any(|reader| reader.will_wake(cx.waker()))
                {
                    inner.readers.push(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Takes all that is there.
    pub(crate) fn take(&self) -> Vec<PipelineResult<Out>> {
        match &mut lock(&self.0).results {
            Results::Ordered(results) => results.drain(),
            Results::Completed(results) => results.drain(..).collect(),
        }
    }
}
