use std::borrow::Cow;
use std::time::Duration;

use super::{Rate, Retry};

/// Everything about a stage but its code: name, pool, queue, retries and limits.
///
/// Values are checked when a run starts, see [`ConfigError`](crate::ConfigError).
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct StageConfig {
    pub(crate) name: Cow<'static, str>,
    pub(crate) workers: usize,
    pub(crate) queue: Option<usize>,
    pub(crate) retry: Option<Retry>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) concurrency: Option<usize>,
    pub(crate) rate: Option<Rate>,
    pub(crate) ordered: bool,
}

/// How many items a queue holds for each worker of its stage, unless it is told.
const QUEUE_PER_WORKER: usize = 10;

impl StageConfig {
    /// A stage of one worker and one attempt, without limits.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            workers: 1,
            queue: None,
            retry: None,
            timeout: None,
            concurrency: None,
            rate: None,
            ordered: false,
        }
    }

    /// Renames the stage.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets how many workers the stage has: how many items it works on at once.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Sets how many items may wait in front of the stage. The default is ten for each worker.
    pub fn queue(mut self, capacity: usize) -> Self {
        self.queue = Some(capacity);
        self
    }

    /// Sets what happens after a failed attempt.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Bounds each attempt: of a task, or of the whole stage under `per_stage`.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Bounds how many workers are in the stage's tasks at once, waits between attempts not counted.
    pub fn concurrency(mut self, limit: usize) -> Self {
        self.concurrency = Some(limit);
        self
    }

    /// Bounds how often the stage's tasks are started.
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Makes items leave the stage in the order in which they entered it.
    pub fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// The capacity of the input queue.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.queue
            .unwrap_or_else(|| self.workers.saturating_mul(QUEUE_PER_WORKER))
    }
}

/// Everything about a task but its code: name and limits.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct TaskConfig {
    pub(crate) name: Cow<'static, str>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) concurrency: Option<usize>,
    pub(crate) rate: Option<Rate>,
}

impl TaskConfig {
    /// A task without limits.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            timeout: None,
            concurrency: None,
            rate: None,
        }
    }

    /// Bounds each attempt.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Bounds how many calls of the task run at once in its stage.
    pub fn concurrency(mut self, limit: usize) -> Self {
        self.concurrency = Some(limit);
        self
    }

    /// Bounds how often the task is started in its stage.
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }
}
