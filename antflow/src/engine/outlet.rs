use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use crossbeam_utils::CachePadded;

use super::bell::{Bell, Caller};
use super::reorder::Reorder;
use super::sync::{Mutex, lock};
use crate::item::PipelineResult;

/// Where the outcomes of a run go, until somebody takes them.
#[derive(Debug)]
pub(crate) struct Outlet<Out> {
    collect: Collect,
    inner: CachePadded<Mutex<Inner<Out>>>,
}

#[derive(Debug)]
struct Inner<Out> {
    results: Results<Out>,
    finished: bool,
    readers: Vec<Waker>,
}

/// Which results of a run are kept for whoever ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Collect {
    /// All of them.
    #[default]
    All,
    /// Those of items that failed or were cancelled. The values of the others are dropped. An item of which parts failed is
    /// complete, so it is among the others: observers and the error summary tell of those parts.
    Failures,
    /// None. The values are dropped; failures are counted, and observers hear of them.
    Nothing,
}

/// In which order the outcomes are given out.
#[derive(Debug)]
pub(crate) enum Results<Out> {
    /// As the items came in.
    Ordered(Reorder<PipelineResult<Out>>),
    /// As the items end.
    Completed(VecDeque<PipelineResult<Out>>),
    /// As the items came in, of those without a value.
    Failures {
        /// The outcomes behind one that has not come.
        order: Reorder<Option<PipelineResult<Out>>>,
        ready: VecDeque<PipelineResult<Out>>,
    },
}

/// Drops a result that is not kept. Its item has ended, so a panic changes nothing any more.
fn drop_value<Out>(result: PipelineResult<Out>) {
    if catch_unwind(AssertUnwindSafe(|| drop(result))).is_err() {
        crate::log::error!("a value panicked when it was dropped");
    }
}

impl<Out> Outlet<Out> {
    /// For results as the items came in, those of them that are kept.
    pub(crate) fn collecting(collect: Collect) -> Self {
        let results = match collect {
            Collect::All => Results::Ordered(Reorder::default()),
            Collect::Failures | Collect::Nothing => Results::Failures {
                order: Reorder::default(),
                ready: VecDeque::new(),
            },
        };
        Self::new(collect, results)
    }

    /// For results as the items end.
    pub(crate) fn completing() -> Self {
        Self::new(Collect::All, Results::Completed(VecDeque::new()))
    }

    fn new(collect: Collect, results: Results<Out>) -> Self {
        let inner = Inner {
            results,
            finished: false,
            readers: Vec::new(),
        };
        Self {
            collect,
            inner: CachePadded::new(Mutex::new(inner)),
        }
    }

    pub(crate) fn put(
        &self,
        outcomes: impl IntoIterator<Item = PipelineResult<Out>>,
        bell: &mut Bell<'_>,
    ) {
        // Dropping values is user code, so it is not done under the lock.
        match self.collect {
            Collect::All => self.enter(bell, |results| match results {
                Results::Ordered(results) => {
                    for result in outcomes {
                        results.insert(result.sequence_id, result);
                    }
                }
                Results::Completed(results) => results.extend(outcomes),
                Results::Failures { .. } => {}
            }),
            Collect::Failures => {
                let failure = |result: PipelineResult<Out>| {
                    let place = result.sequence_id;
                    if result.is_success() {
                        drop_value(result);
                        return (place, None);
                    }
                    (place, Some(result))
                };
                let outcomes: Vec<_> = outcomes.into_iter().map(failure).collect();
                self.enter(bell, |results| {
                    if let Results::Failures { order, ready } = results {
                        for (place, failure) in outcomes {
                            order.insert(place, failure);
                        }
                        ready.extend(std::iter::from_fn(|| order.pop()).flatten());
                    }
                });
            }
            Collect::Nothing => outcomes.into_iter().for_each(drop_value),
        }
    }

    #[inline]
    fn enter(&self, bell: &mut Bell<'_>, enter: impl FnOnce(&mut Results<Out>)) {
        let mut inner = lock(&self.inner);
        enter(&mut inner.results);
        bell.extend(inner.readers.drain(..).map(Caller::Task));
    }

    /// Says that no more outcomes come.
    pub(crate) fn finish(&self) {
        let mut inner = lock(&self.inner);
        inner.finished = true;
        let readers = std::mem::take(&mut inner.readers);
        drop(inner);
        for reader in readers {
            reader.wake();
        }
    }

    /// The next outcome; none after the last one.
    pub(crate) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<PipelineResult<Out>>> {
        let mut inner = lock(&self.inner);
        let next = match &mut inner.results {
            Results::Ordered(results) => results.pop(),
            Results::Completed(results) => results.pop_front(),
            Results::Failures { ready, .. } => ready.pop_front(),
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
        match &mut lock(&self.inner).results {
            Results::Ordered(results) => results.drain(),
            Results::Completed(results) => results.drain(..).collect(),
            Results::Failures { order, ready } => {
                let rest = order.drain().into_iter().flatten();
                ready.drain(..).chain(rest).collect()
            }
        }
    }
}
