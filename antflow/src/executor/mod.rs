//! An executor: so many async functions at once, with results to wait for in whatever way suits.
//!
//! A pipeline is for items that all take the same way. An [`Executor`] is for single tasks: each is submitted for
//! itself, may be of another type, and gives a [`Submitted`] to be awaited.
//!
//! ```
//! use antflow::Executor;
//!
//! async fn fetch(page: u32) -> Result<String, std::io::Error> {
//!     Ok(format!("page {page}"))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let executor = Executor::new(4)?;
//! let first = executor.submit(|| fetch(1))?;
//! let others = executor.retries(2).map(2..=9, fetch);
//! assert_eq!(first.await?, "page 1");
//! assert_eq!(others.await?.len(), 8);
//! executor.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Tasks
//! A task is an async function that returns a `Result`, made by a closure, so that it begins when a worker is free for
//! it and can be made again. Its value and its error keep their types: see [`TaskError`]. A panic is the error of its
//! task and harms nothing else. Tasks begin in the order in which they were submitted; the queue has no bound, so
//! whoever submits without end waits for something in between, or uses [`map_iter`](Executor::map_iter).
//!
//! A task that waits for another one of the same executor keeps its worker meanwhile. If all of them wait in this way,
//! nothing goes on: submit such tasks to another executor.
//!
//! # Retries and limits
//! [`retries`](Executor::retries) says how often a task that fails is made again, [`limit`](Executor::limit) how many
//! attempts are made at once by all that share the limit. Both give something to submit to, with the same workers.
//!
//! # Waiting
//! | you have | call | you get |
//! |---|---|---|
//! | one task | `submitted.await`, or [`timeout`](Submitted::timeout) | its result |
//! | items and one function | [`map`](Executor::map) | the values in input order, or the first error |
//! | many items | [`map_iter`](Executor::map_iter) | a stream of results in input order, in bounded memory |
//! | several tasks | [`as_completed`] | a stream of results as they come |
//! | several tasks | [`wait`] | what is done and what is not, after the first, the first error, or all |
//!
//! A timeout is about waiting: the tasks go on, and can be awaited again.
//!
//! # The end
//! | call | queued tasks | running tasks | waits |
//! |---|---|---|---|
//! | [`close`](Executor::close) | run | go on | no |
//! | [`shutdown`](Executor::shutdown) | run | go on | for all of them |
//! | [`shutdown_now`](Executor::shutdown_now) | end with [`TaskError::ShutDown`] | go on | no |
//! | [`cancel_all`](Executor::cancel_all) | end with [`TaskError::Cancelled`] | are cancelled | no |
//!
//! After each of them nothing more is accepted; `shutdown` may follow any other to wait for the end. When the last clone
//! of an executor is dropped, what was submitted runs all the same, as after `close`. When the runtime ends, every task
//! that is left ends with [`TaskError::Cancelled`].

mod attempts;
mod builder;
mod completed;
mod error;
mod map;
mod pool;
mod retrying;
mod shutdown;
mod submitted;
mod wait;

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;

pub use builder::Builder;
pub use completed::{AsCompleted, AsCompletedTimeout, Completed, as_completed};
pub use error::{ExecutorError, Rejected, TaskError};
pub use map::{Map, MapIter};
pub use retrying::Retrying;
pub use submitted::Submitted;
pub use wait::{Wait, WaitFor, WaitTimeout, Waited, wait};

use attempts::{Limit, once};
use pool::Pool;

/// Runs tasks, so many at once, and keeps the others in a queue without bound, first come first served.
///
/// Clones share the workers and the queue. See the [module](self) for how it ends.
///
/// ```
/// use antflow::Executor;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let executor = Executor::new(2)?;
/// let number = executor.submit(|| async { "7".parse::<u32>() })?;
/// let text = executor.submit(|| async { String::from_utf8(vec![104, 105]) })?;
/// assert_eq!(number.await?, 7);
/// assert_eq!(text.await?, "hi");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Executor {
    pool: Arc<Pool>,
    limit: Limit,
}

impl Executor {
    /// An executor that runs at most `workers` tasks at once, on the runtime that is running here.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new(workers: usize) -> Result<Self, ExecutorError> {
        Self::builder().workers(workers).build()
    }

    /// An executor with options.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Puts a task at the end of the queue. It runs once, whether or not anybody waits for it.
    ///
    /// May be called from any thread, and from inside a task.
    ///
    /// # Errors
    /// [`Rejected`] with the task, once the executor is closed.
    pub fn submit<F, Fut, T, E>(&self, task: F) -> Result<Submitted<T, E>, Rejected<F>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        self.pool
            .submit(task, |task| once(self.limit.clone(), task))
    }

    /// Submits `task` for every item at once, and gives all values in input order.
    ///
    /// See [`map_iter`](Self::map_iter) for the result of each item, and for more items than fit into memory. Once the
    /// executor is closed, the result is a [`TaskError::ShutDown`].
    ///
    /// ```
    /// use antflow::Executor;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = Executor::new(2)?;
    /// let (widths, heights) = ([1, 2, 3], [4, 5, 6]);
    /// let areas = executor.map(widths.into_iter().zip(heights), async |(width, height)| {
    ///     Ok::<i32, std::io::Error>(width * height)
    /// });
    /// assert_eq!(areas.await?, [4, 10, 18]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn map<I, F, Fut, T, E>(&self, items: I, task: F) -> Map<T, E>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        Map::new(items.into_iter().map(self.submitter(task)))
    }

    /// Submits `task` for one item after the other, a few ahead of what is asked for, and streams the results in input
    /// order.
    ///
    /// An item is taken from the iterator when it is submitted. Dropped, the stream cancels what was submitted.
    ///
    /// ```
    /// use antflow::Executor;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = Executor::new(2)?;
    /// let mut lines = executor.map_iter(["7", "x"], async |line| line.parse::<u32>());
    /// assert_eq!(lines.next().await, Some(Ok(7)));
    /// assert!(lines.next().await.is_some_and(|line| line.is_err()));
    /// assert_eq!(lines.next().await, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn map_iter<I, F, Fut, T, E>(&self, items: I, task: F) -> MapIter<T, E>
    where
        I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static>,
        F: Fn(I::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let submissions = items.into_iter().map(self.submitter(task));
        MapIter::new(Box::new(submissions), self.window())
    }

    /// What submits `task` for an item; none once the executor is closed.
    fn submitter<A, F, Fut, T, E>(
        &self,
        task: F,
    ) -> impl FnMut(A) -> Option<Submitted<T, E>> + Send + use<A, F, Fut, T, E>
    where
        A: Send + 'static,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (executor, task) = (self.clone(), Arc::new(task));
        move |item| {
            let task = Arc::clone(&task);
            executor.submit(move || task(item)).ok()
        }
    }

    /// The same executor, whose tasks are made again when they fail: up to `retries` times beyond the first.
    pub fn retries(&self, retries: u32) -> Retrying {
        Retrying::new(self.clone(), retries)
    }

    /// The same executor, whose attempts each hold a permit of `limit`.
    ///
    /// Whatever shares the semaphore shares the limit: other tasks, other executors, or other code. A task has a worker
    /// while it waits for a permit, and no permit while it waits for its next attempt. A limit that was set before is
    /// replaced. Closing the semaphore cancels the tasks that need a permit.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use antflow::Executor;
    /// use tokio::sync::Semaphore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = Executor::new(50)?;
    /// let uploads = executor.limit(&Arc::new(Semaphore::new(2)));
    /// let sizes = uploads.map(["a", "bb"], async |file| Ok::<_, std::io::Error>(file.len()));
    /// assert_eq!(sizes.await?, [1, 2]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn limit(&self, limit: &Arc<Semaphore>) -> Self {
        Self {
            pool: Arc::clone(&self.pool),
            limit: Some(Arc::clone(limit)),
        }
    }

    /// How many tasks run at once.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.pool.size
    }

    /// How many tasks have a worker now.
    #[must_use]
    pub fn running(&self) -> usize {
        self.pool.running()
    }

    /// How many tasks wait for a worker now.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.pool.queued()
    }

    /// How far [`map_iter`](Self::map_iter) looks ahead unless told otherwise.
    fn window(&self) -> usize {
        self.workers().saturating_mul(2)
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("workers", &self.workers())
            .field("running", &self.running())
            .field("queued", &self.queued())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
