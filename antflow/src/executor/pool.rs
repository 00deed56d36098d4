use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::{Either, ready};
use tokio::runtime::Handle;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::submitted::{Outcome, Promise};
use super::{Rejected, Submitted};
use crate::item::panic_message;

/// What the clones of an executor share: so many workers, and a queue in front of them.
///
/// Every task is spawned at once and waits for a permit of the semaphore, which serves first come first. So a task ends
/// with the runtime or by being aborted wherever it is, and nothing has to be awake for it.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) size: usize,
    workers: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
    runtime: Handle,
    accepted: AtomicU64,
}

impl Pool {
    pub(super) fn new(size: usize, runtime: Handle, stop: CancellationToken) -> Self {
        let size = size.min(Semaphore::MAX_PERMITS);
        Self {
            size,
            workers: Arc::new(Semaphore::new(size)),
            tasks: TaskTracker::new(),
            stop,
            runtime,
            accepted: AtomicU64::new(0),
        }
    }

    /// Puts a task at the end of the queue, or gives it back. `work` makes of it what is done once a worker is free.
    pub(super) fn submit<F, W, T, E>(
        &self,
        task: F,
        work: impl FnOnce(F) -> W,
    ) -> Result<Submitted<T, E>, Rejected<F>>
    where
        W: Future<Output = Outcome<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        // Counted before it is asked: who closes after the question finds the count, and waits for the task.
        let _counted = self.tasks.token();
        if self.is_closed() {
            return Err(Rejected::new(task));
        }
        let (promise, outcome) = Promise::new();
        let job = run(promise, self.turn(), self.stop.clone(), work(task));
        let job = self.runtime.spawn(self.tasks.track_future(job));
        let sequence_id = self.accepted.fetch_add(1, Ordering::Relaxed);
        Ok(Submitted::new(sequence_id, outcome, job.abort_handle()))
    }

    /// A place in the queue. It is taken here and now, so that tasks begin in the order in which they were submitted,
    /// not in that in which the runtime polls them first.
    fn turn(&self) -> impl Future<Output = Turn> + Send + use<> {
        let mut turn = Box::pin(Arc::clone(&self.workers).acquire_owned());
        // Polled once to be queued. Woken is who polls it last, which is the task.
        match (&mut turn).now_or_never() {
            Some(turn) => Either::Left(ready(turn)),
            None => Either::Right(turn),
        }
    }

    /// How many tasks have a worker.
    pub(super) fn running(&self) -> usize {
        self.size - self.workers.available_permits()
    }

    /// How many tasks have none.
    pub(super) fn queued(&self) -> usize {
        self.tasks.len().saturating_sub(self.running())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.tasks.is_closed() || self.stop.is_cancelled()
    }

    /// Accepts nothing more.
    pub(super) fn close(&self) {
        self.tasks.close();
    }

    /// Lets no task begin any more.
    pub(super) fn close_queue(&self) {
        self.workers.close();
    }

    /// Cancels every task, queued or running, and accepts nothing more.
    pub(super) fn cancel(&self) {
        self.stop.cancel();
    }

    /// Waits until the last task has ended, once it is closed.
    pub(super) async fn ended(&self) {
        self.tasks.wait().await;
    }
}

type Turn = Result<OwnedSemaphorePermit, AcquireError>;

/// Waits for a worker, does the work, and keeps the promise.
async fn run<T, E>(
    promise: Promise<T, E>,
    turn: impl Future<Output = Turn>,
    stop: CancellationToken,
    work: impl Future<Output = Outcome<T, E>>,
) {
    use super::TaskError::{Cancelled, Panicked, ShutDown};

    let outcome = match stop.run_until_cancelled(turn).await {
        Some(Ok(_worker)) => {
            // Asks again whether it is cancelled before the work begins.
            let work = AssertUnwindSafe(stop.run_until_cancelled(work));
            match work.catch_unwind().await {
                Ok(ended) => ended.unwrap_or(Err(Cancelled)),
                Err(panic) => Err(Panicked(panic_message(&*panic))),
            }
        }
        Some(Err(_)) => Err(ShutDown),
        None => Err(Cancelled),
    };
    promise.keep(outcome);
}
