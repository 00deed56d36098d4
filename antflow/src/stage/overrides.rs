use std::borrow::Cow;
use std::time::Duration;

use super::{Rate, Stage, StageConfig};

/// Changes of a stage's configuration for one use, as in `pipeline!(fetch.workers(16) >> parse)`.
///
/// `pipeline!` brings the trait into scope; elsewhere it must be imported.
pub trait StageExt: Stage {
    /// Renames the stage in this pipeline, so that one stage can be used twice.
    fn named(self, name: impl Into<Cow<'static, str>>) -> Configured<Self> {
        self.configured(|config| config.named(name))
    }

    /// Sets the number of workers.
    fn workers(self, workers: usize) -> Configured<Self> {
        self.configured(|config| config.workers(workers))
    }

    /// Sets the capacity of the input queue.
    fn queue(self, capacity: usize) -> Configured<Self> {
        self.configured(|config| config.queue(capacity))
    }

    /// Sets the total number of attempts of a stage that retries.
    fn attempts(self, attempts: u32) -> Configured<Self> {
        Configured::new(self).attempts(attempts)
    }

    /// Sets the pause between the attempts of a stage that retries.
    fn wait(self, wait: Duration) -> Configured<Self> {
        Configured::new(self).wait(wait)
    }

    /// Bounds each attempt.
    fn timeout(self, timeout: Duration) -> Configured<Self> {
        self.configured(|config| config.timeout(timeout))
    }

    /// Bounds how many workers are in the stage's tasks at once.
    fn concurrency(self, limit: usize) -> Configured<Self> {
        self.configured(|config| config.concurrency(limit))
    }

    /// Bounds how often the stage's tasks are started.
    fn rate(self, rate: Rate) -> Configured<Self> {
        self.configured(|config| config.rate(rate))
    }

    /// Makes items leave the stage in the order in which they entered it.
    fn ordered(self) -> Configured<Self> {
        self.configured(StageConfig::ordered)
    }

    #[doc(hidden)]
    fn configured(self, change: impl FnOnce(StageConfig) -> StageConfig) -> Configured<Self> {
        Configured::new(self).map(change)
    }
}

impl<S: Stage> StageExt for S {}

/// A stage with its configuration for one use. Made by the methods of [`StageExt`], which it has too.
#[derive(Debug, Clone)]
#[must_use]
pub struct Configured<S> {
    pub(crate) stage: S,
    pub(crate) config: StageConfig,
    /// Settings of retries that were made on a stage without retries.
    pub(crate) mistakes: Vec<&'static str>,
}

impl<S: Stage> Configured<S> {
    pub(crate) fn new(stage: S) -> Self {
        let config = stage.config();
        Self {
            stage,
            config,
            mistakes: Vec::new(),
        }
    }

    fn map(mut self, change: impl FnOnce(StageConfig) -> StageConfig) -> Self {
        self.config = change(self.config);
        self
    }

    fn map_retry(
        mut self,
        key: &'static str,
        change: impl FnOnce(super::Retry) -> super::Retry,
    ) -> Self {
        match self.config.retry.take() {
            Some(retry) => self.config.retry = Some(change(retry)),
            None => self.mistakes.push(key),
        }
        self
    }

    /// See [`StageExt::named`].
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.map(|config| config.named(name))
    }

    /// See [`StageExt::workers`].
    pub fn workers(self, workers: usize) -> Self {
        self.map(|config| config.workers(workers))
    }

    /// See [`StageExt::queue`].
    pub fn queue(self, capacity: usize) -> Self {
        self.map(|config| config.queue(capacity))
    }

    /// See [`StageExt::attempts`].
    pub fn attempts(self, attempts: u32) -> Self {
        self.map_retry("attempts", |retry| retry.attempts(attempts))
    }

    /// See [`StageExt::wait`].
    pub fn wait(self, wait: Duration) -> Self {
        self.map_retry("wait", |retry| retry.wait(wait))
    }

    /// See [`StageExt::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        self.map(|config| config.timeout(timeout))
    }

    /// See [`StageExt::concurrency`].
    pub fn concurrency(self, limit: usize) -> Self {
        self.map(|config| config.concurrency(limit))
    }

    /// See [`StageExt::rate`].
    pub fn rate(self, rate: Rate) -> Self {
        self.map(|config| config.rate(rate))
    }

    /// See [`StageExt::ordered`].
    pub fn ordered(self) -> Self {
        self.map(StageConfig::ordered)
    }
}

/// What can be put into a pipeline: a [`Stage`], or one that was [`Configured`] for this use.
///
/// Each stage has an impl of its own. Through one for all of them, the compiler would take what is no stage for its own
/// `Stage`, and say so again of everything that follows from it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stage",
    label = "not a stage",
    note = "a stage is an async function with `#[stage]`, and is named without calling it; a `#[task]` is listed by one: `#[stage] struct Name(task);`"
)]
pub trait IntoStage {
    /// The stage itself.
    type Stage: Stage;

    /// The stage with its configuration for this use.
    fn into_stage(self) -> Configured<Self::Stage>;
}

/// A stage as it was written, for the impls of [`IntoStage`].
pub fn as_written<S: Stage>(stage: S) -> Configured<S> {
    Configured::new(stage)
}

impl<S: Stage> IntoStage for Configured<S> {
    type Stage = S;

    fn into_stage(self) -> Self {
        self
    }
}
