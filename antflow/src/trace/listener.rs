use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tracing::Dispatch;
use tracing::dispatcher::{get_default, with_default};

use crate::stats::RunCounters;

/// The subscriber where a run was started.
///
/// It gets all that is to be said of the run's spans, on whatever thread: that of the thread may be another one, which
/// does not know them.
#[derive(Debug)]
pub(super) struct Listener {
    subscriber: Dispatch,
    run: Arc<RunCounters>,
}

impl Listener {
    pub(super) fn here(run: Arc<RunCounters>) -> Self {
        Self {
            subscriber: get_default(Dispatch::clone),
            run,
        }
    }

    /// Tells it something. A panic is counted as that of an observer.
    pub(super) fn tell<T>(&self, say: impl FnOnce() -> T) -> Option<T> {
        catch_unwind(AssertUnwindSafe(|| self.listens_to(say)))
            .inspect_err(|_| self.run.count_observer_panic())
            .ok()
    }

    /// Lets it listen to user code.
    pub(super) fn listens_to<T>(&self, call: impl FnOnce() -> T) -> T {
        with_default(&self.subscriber, call)
    }
}
