use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::attempts::repeat;
use super::{Executor, Map, MapIter, Rejected, Submitted};
use crate::stage::Retry;

/// An executor whose tasks are made again when they fail; made by [`Executor::retries`].
///
/// The pause doubles after each attempt; a task has its worker meanwhile. A panic is not retried. The error of the last
/// attempt is that of the task.
///
/// ```
/// use std::time::Duration;
/// use antflow::Executor;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let executor = Executor::new(4)?;
/// // Up to four attempts: after the first one it waits 20 ms, then 40 ms, then 80 ms.
/// let careful = executor.retries(3).retry_delay(Duration::from_millis(20));
/// let mut texts = ["?", "7"].into_iter();
/// let number = careful.submit(move || {
///     let text = texts.next();
///     async move { text.unwrap_or_default().parse::<u32>() }
/// })?;
/// assert_eq!(number.await?, 7);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Retrying {
    executor: Executor,
    retry: Retry,
}

impl Retrying {
    pub(super) fn new(executor: Executor, retries: u32) -> Self {
        let retry = Retry::per_task()
            .attempts(retries.saturating_add(1))
            .wait(Duration::from_millis(100))
            .exponential();
        Self { executor, retry }
    }

    /// Sets the pause before the second attempt, 100 ms if left out. Before the third it is twice as long, and so on.
    pub fn retry_delay(mut self, delay: Duration) -> Self {
        self.retry = self.retry.wait(delay);
        self
    }

    /// Lets each attempt hold a permit of `limit`; see [`Executor::limit`].
    pub fn limit(mut self, limit: &Arc<Semaphore>) -> Self {
        self.executor = self.executor.limit(limit);
        self
    }

    /// Puts a task at the end of the queue; see [`Executor::submit`].
    ///
    /// The closure makes each attempt, so what an attempt uses up is cloned in it.
    ///
    /// # Errors
    /// As [`Executor::submit`].
    pub fn submit<F, Fut, T, E>(&self, task: F) -> Result<Submitted<T, E>, Rejected<F>>
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let limit = self.executor.limit.clone();
        self.executor
            .pool
            .submit(task, |task| repeat(limit, self.retry.clone(), task))
    }

    /// Submits `task` for every item at once; see [`Executor::map`]. Each attempt gets a clone of its item.
    pub fn map<I, F, Fut, T, E>(&self, items: I, task: F) -> Map<T, E>
    where
        I: IntoIterator<Item: Clone + Send + 'static>,
        F: Fn(I::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        Map::new(items.into_iter().map(self.submitter(task)))
    }

    /// Submits `task` for one item after the other; see [`Executor::map_iter`]. Each attempt gets a clone of its item.
    pub fn map_iter<I, F, Fut, T, E>(&self, items: I, task: F) -> MapIter<T, E>
    where
        I: IntoIterator<Item: Clone + Send + 'static, IntoIter: Send + 'static>,
        F: Fn(I::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let submissions = items.into_iter().map(self.submitter(task));
        MapIter::new(Box::new(submissions), self.executor.window())
    }

    /// What submits `task` for an item; none once the executor is closed.
    fn submitter<A, F, Fut, T, E>(
        &self,
        task: F,
    ) -> impl FnMut(A) -> Option<Submitted<T, E>> + Send + use<A, F, Fut, T, E>
    where
        A: Clone + Send + 'static,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (retrying, task) = (self.clone(), Arc::new(task));
        move |item: A| {
            let task = Arc::clone(&task);
            retrying.submit(move || task(item.clone())).ok()
        }
    }
}
