use std::borrow::Cow;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Execute, One, TaskList};
use crate::item::StageError;
use crate::stage::{
    Accepts, ByValue, Call, Configured, Copier, Hooks, IntoStage, KeyedBy, Rate, Retry, Signature,
    Stage, StageConfig, Task, TaskConfig, TaskContext, as_written,
};

/// Makes a stage of an async closure or function that takes the item by value and returns a `Result`.
///
/// One worker and one attempt, unless the methods of [`FnStage`] say otherwise. The task has the stage's name.
///
/// ```
/// use std::time::Duration;
/// use antflow::{Pipeline, Retry, from_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::StartError> {
/// let parse = from_fn("Parse", async |text: String| text.parse::<u32>())
///     .workers(4)
///     .retry(Retry::per_task().attempts(2).wait(Duration::from_millis(1)));
/// let results = Pipeline::builder().stage(parse).run([String::from("x")]).await?;
/// assert_eq!(results[0].error().map(|error| error.attempts()), Some(2));
/// # Ok(())
/// # }
/// ```
pub fn from_fn<F, In, Out, E, Fut>(
    name: impl Into<Cow<'static, str>>,
    f: F,
) -> FnStage<F, In, Out, E>
where
    F: Fn(In) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Out, E>> + Send + 'static,
    In: Send + 'static,
    Out: Send + 'static,
    E: StageError,
{
    FnStage {
        f: Arc::new(f),
        config: StageConfig::new(name),
        copy: None,
        hooks: Arc::new(()),
        types: PhantomData,
    }
}

/// A stage made by [`from_fn`].
#[must_use]
pub struct FnStage<F, In, Out, E, H = ()> {
    f: Arc<F>,
    config: StageConfig,
    copy: Option<Copier<In>>,
    hooks: Arc<H>,
    types: PhantomData<fn(In) -> Result<Out, E>>,
}

impl<F, In, Out, E, H> FnStage<F, In, Out, E, H> {
    /// Sets the number of workers.
    pub fn workers(self, workers: usize) -> Self {
        self.map(|config| config.workers(workers))
    }

    /// Sets the capacity of the input queue.
    pub fn queue(self, capacity: usize) -> Self {
        self.map(|config| config.queue(capacity))
    }

    /// Sets what happens after a failed attempt. The item must be `Clone`, since each attempt gets one.
    pub fn retry(mut self, retry: Retry) -> Self
    where
        In: Clone,
    {
        self.copy = Some(In::clone);
        self.map(|config| config.retry(retry))
    }

    /// Bounds each attempt.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.map(|config| config.timeout(timeout))
    }

    /// Bounds how many calls run at once.
    pub fn concurrency(self, limit: usize) -> Self {
        self.map(|config| config.concurrency(limit))
    }

    /// Bounds how often calls are started.
    pub fn rate(self, rate: Rate) -> Self {
        self.map(|config| config.rate(rate))
    }

    /// Makes items leave the stage in the order in which they entered it.
    pub fn ordered(self) -> Self {
        self.map(StageConfig::ordered)
    }

    /// Works on items of the same key one at a time, in the order in which they came to the workers; those of other
    /// keys are not held up. An item has its key from then on until it has left the stage, also while it waits for
    /// another attempt. What waits for a key counts as queued, so a queue is best larger than what may wait for one; in
    /// a stage that is [`ordered`](Self::ordered) as well, it also takes a place in that order.
    ///
    /// `key` should be quick, and gives a key of its own: [`hash_key`](crate::hash_key) makes one of what is borrowed
    /// from the item.
    ///
    /// ```
    /// use antflow::{Pipeline, from_fn};
    ///
    /// struct Payment {
    ///     account: u32,
    ///     amount: i64,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let book = from_fn("Book", async |payment: Payment| Ok::<_, std::io::Error>(payment.amount))
    ///     .workers(8)
    ///     .key(|payment: &Payment| payment.account);
    /// let payments = [(1, 10), (2, 5), (1, -10)].map(|(account, amount)| Payment { account, amount });
    /// let results = Pipeline::builder().stage(book).run(payments).await?;
    /// assert_eq!(results.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn key<G, K>(self, key: G) -> FnStage<F, In, Out, E, KeyedBy<Arc<H>, G, K>>
    where
        G: Fn(&In) -> K + Send + Sync + 'static,
        K: Hash + 'static,
        In: Send + 'static,
        Out: Send + 'static,
        H: Hooks<In, Out>,
    {
        let hooks = Arc::clone(&self.hooks);
        self.hooks(KeyedBy::new(hooks, key))
    }

    /// Sets the functions called beside the task: `skip_if`, `on_success` and the like. They take the place of those
    /// that were set before, and of the [`key`](Self::key).
    pub fn hooks<G: Hooks<In, Out>>(self, hooks: G) -> FnStage<F, In, Out, E, G>
    where
        In: Send + 'static,
        Out: Send + 'static,
    {
        FnStage {
            f: self.f,
            config: self.config,
            copy: self.copy,
            hooks: Arc::new(hooks),
            types: PhantomData,
        }
    }

    fn map(mut self, change: impl FnOnce(StageConfig) -> StageConfig) -> Self {
        self.config = change(self.config);
        self
    }
}

impl<F, In, Out, E, H> Clone for FnStage<F, In, Out, E, H> {
    fn clone(&self) -> Self {
        Self {
            f: Arc::clone(&self.f),
            config: self.config.clone(),
            copy: self.copy,
            hooks: Arc::clone(&self.hooks),
            types: PhantomData,
        }
    }
}

impl<F, In, Out, E, H> fmt::Debug for FnStage<F, In, Out, E, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnStage")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// The task of a [`FnStage`].
#[derive(Debug)]
pub struct FnTask<F, In, Out, E> {
    f: Arc<F>,
    name: Cow<'static, str>,
    types: PhantomData<fn(In) -> Result<Out, E>>,
}

impl<F, In: Send + 'static, Out: Send + 'static, E, H> Signature for FnStage<F, In, Out, E, H> {
    type Input = In;
    type Output = Out;
}

impl<F, In: Send + 'static, Out: Send + 'static, E, H> Accepts<In> for FnStage<F, In, Out, E, H> {}

impl<F, In: Send + 'static, Out: Send + 'static, E> Signature for FnTask<F, In, Out, E> {
    type Input = In;
    type Output = Out;
}

impl<F, In, Out, E> Task for FnTask<F, In, Out, E>
where
    F: Send + Sync + 'static,
    In: Send + 'static,
    Out: Send + 'static,
    E: StageError,
{
    type Error = E;
    type Passing = ByValue;

    fn config(&self) -> TaskConfig {
        TaskConfig::new(self.name.clone())
    }
}

impl<St, F, In, Out, E, Fut> Call<St> for FnTask<F, In, Out, E>
where
    F: Fn(In) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Out, E>> + Send + 'static,
    In: Send + 'static,
    Out: Send + 'static,
    E: StageError,
{
    fn call<'a>(
        &'a self,
        input: In,
        _: &'a TaskContext,
        _: &'a St,
    ) -> impl Future<Output = Result<Out, E>> + Send + 'a {
        (self.f)(input)
    }
}

impl<F, In, Out, E, H> Stage for FnStage<F, In, Out, E, H>
where
    F: Send + Sync + 'static,
    In: Send + 'static,
    Out: Send + 'static,
    E: StageError,
    H: Hooks<In, Out>,
{
    type Hooks = Arc<H>;

    fn config(&self) -> StageConfig {
        self.config.clone()
    }

    fn hooks(&self) -> Arc<H> {
        Arc::clone(&self.hooks)
    }
}

impl<F, In, Out, E, H> IntoStage for FnStage<F, In, Out, E, H>
where
    F: Send + Sync + 'static,
    In: Send + 'static,
    Out: Send + 'static,
    E: StageError,
    H: Hooks<In, Out>,
{
    type Stage = Self;

    fn into_stage(self) -> Configured<Self> {
        as_written(self)
    }
}

impl<St, F, In, Out, E, Fut, H> Execute<St> for FnStage<F, In, Out, E, H>
where
    St: Sync + 'static,
    F: Fn(In) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Out, E>> + Send + 'static,
    In: Send + 'static,
    Out: Send + 'static,
    E: StageError,
    H: Hooks<In, Out>,
{
    fn into_tasks(self) -> impl TaskList<St, Input = In, Output = Out> {
        let task = FnTask {
            f: self.f,
            name: self.config.name,
            types: PhantomData,
        };
        One::with_copy(task, self.copy)
    }
}
