use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::stage::{Limits, Names, OnWait, Retry, RetryMode, StageConfig, TaskConfig};
use crate::stats::StageCounters;

/// What a run knows of a stage, whatever its types.
#[derive(Debug)]
pub struct StageRuntime {
    pub(crate) name: Arc<str>,
    pub(crate) names: Arc<Names>,
    /// The stage's place in the pipeline, from 0.
    pub(crate) index: usize,
    pub(crate) config: StageConfig,
    /// Set later too, where a rate is set while the stage is at work.
    pub(crate) limits: OnceLock<Limits>,
    pub(crate) tasks: Vec<TaskRuntime>,
    pub(crate) counters: Arc<StageCounters>,
}

/// What a run knows of a task of a stage.
#[derive(Debug)]
pub(crate) struct TaskRuntime {
    pub(crate) timeout: Option<Duration>,
    pub(crate) limits: Option<Limits>,
}

impl StageRuntime {
    pub(crate) fn new(index: usize, config: StageConfig, tasks: Vec<TaskConfig>) -> Self {
        let name: Arc<str> = config.name.as_ref().into();
        let limits = |concurrency: Option<usize>, rate: Option<_>| {
            (concurrency.is_some() || rate.is_some()).then(|| Limits::new(concurrency, rate))
        };
        let names = Arc::new(Names {
            stage: Arc::clone(&name),
            tasks: tasks.iter().map(|task| task.name.as_ref().into()).collect(),
        });
        Self {
            index,
            limits: limits(config.concurrency, config.rate)
                .map_or_else(OnceLock::new, OnceLock::from),
            tasks: tasks
                .into_iter()
                .map(|task| TaskRuntime {
                    timeout: task.timeout,
                    limits: limits(task.concurrency, task.rate),
                })
                .collect(),
            counters: Arc::new(StageCounters::new(
                Arc::clone(&names),
                config.workers,
                config.capacity(),
            )),
            names,
            name,
            config,
        }
    }

    /// The stage's retries, if they are of this mode.
    #[inline]
    pub(crate) fn retry(&self, mode: RetryMode) -> Option<&Retry> {
        self.config
            .retry
            .as_ref()
            .filter(|retry| retry.mode() == mode)
    }

    /// The bound of a whole attempt of the stage: under `per_stage`, or of several tasks that are not retried.
    #[inline]
    pub(crate) fn stage_timeout(&self) -> Option<Duration> {
        let whole = self.retry(RetryMode::PerTask).is_none();
        self.config.timeout.filter(|_| whole)
    }

    /// The bound of an attempt of one task.
    #[inline]
    pub(crate) fn task_timeout(&self, task: &TaskRuntime) -> Option<Duration> {
        let each = self.retry(RetryMode::PerTask).and(self.config.timeout);
        task.timeout.or(each)
    }

    /// Whether an attempt is bounded in nothing. A list of several tasks goes on with the task that failed, if at all.
    pub(crate) fn is_plain(&self) -> bool {
        let bounded = |task: &TaskRuntime| task.timeout.is_some() || task.limits.is_some();
        self.limits.get().is_none()
            && self.config.timeout.is_none()
            && !self.tasks.iter().any(bounded)
            && (self.tasks.len() == 1 || self.config.retry.is_none())
    }

    #[inline]
    pub(crate) fn releases_workers(&self) -> bool {
        self.config
            .retry
            .as_ref()
            .is_some_and(|retry| retry.on_wait == OnWait::Release)
    }
}
