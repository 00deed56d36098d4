use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::live::{RunCounters, StageCounters, WorkerCounters, read};
use super::stage::stage_stats;
use super::{
    DashboardSnapshot, DroppedEvents, ErrorSummary, PipelineStats, RunId, StageStats, StageTimings,
    Timings, WorkerMetrics, WorkerState, WorkerStatus,
};
use crate::clock::{Moment, duration};

/// A run, to be looked at: for those who watch it and neither feed nor end it.
///
/// Everything that it gives is a snapshot. It does not keep the run going, and can be asked after its end.
///
/// ```
/// use antflow::{pipeline, stage};
///
/// #[stage]
/// async fn double(x: u32) -> u32 {
///     x * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let run = pipeline!(double).start()?;
/// let view = run.view();
/// run.feed([1, 2]).await?;
/// run.join().await;
/// drop(run);
/// assert_eq!(view.stats().items_processed, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RunView(Arc<RunCounters>);

impl RunView {
    pub(crate) fn new(run: Arc<RunCounters>) -> Self {
        Self(run)
    }

    pub(crate) fn counters(&self) -> &RunCounters {
        &self.0
    }

    /// Which run it is.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.0.id()
    }

    /// When the run was started, by the system's clock.
    #[must_use]
    pub fn started(&self) -> SystemTime {
        self.0.started.system_time()
    }

    /// How long the run has been going on, or went on until it ended.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.until().since(self.0.started)
    }

    /// How many items the run is going to have. None unless it was started by [`Pipeline::run`](crate::Pipeline::run) or
    /// [`Pipeline::stream`](crate::Pipeline::stream) over items that know their number.
    #[must_use]
    pub fn total_items(&self) -> Option<u64> {
        self.0.total_items.get().copied()
    }

    /// Whether all items have their outcomes and all tasks have ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.ended.get().is_some()
    }

    /// Waits until the run has ended; see [`has_ended`](Self::has_ended). A run that is dropped ends too.
    ///
    /// # Cancel safety
    /// Dropped, it has changed nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use antflow::{pipeline, stage};
    ///
    /// #[stage]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let run = pipeline!(double).run(0..100).on_start(|view| {
    ///     tokio::spawn(async move {
    ///         let second = Duration::from_secs(1);
    ///         while tokio::time::timeout(second, view.ended()).await.is_err() {
    ///             println!("{} are done", view.stats().items_processed);
    ///         }
    ///         println!("all are done");
    ///     });
    /// });
    /// run.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ended(&self) {
        loop {
            let mut ended = std::pin::pin!(self.0.end.notified());
            ended.as_mut().enable();
            if self.has_ended() {
                return;
            }
            ended.await;
        }
    }

    /// The names of the stages, in order.
    #[must_use]
    pub fn stage_names(&self) -> Vec<String> {
        let names = self
            .0
            .stages
            .iter()
            .map(|stage| stage.names.stage.to_string());
        names.collect()
    }

    /// The names of the tasks of each stage, in order.
    #[must_use]
    pub fn task_names(&self) -> BTreeMap<String, Vec<String>> {
        let names = self.0.stages.iter().map(|stage| &stage.names);
        names
            .map(|names| {
                let tasks = names.tasks.iter().map(ToString::to_string);
                (names.stage.to_string(), tasks.collect())
            })
            .collect()
    }

    /// The names of the workers of each stage.
    #[must_use]
    pub fn worker_names(&self) -> BTreeMap<String, Vec<String>> {
        let names = |workers: &[Arc<WorkerCounters>]| {
            workers.iter().map(|worker| worker.id.to_string()).collect()
        };
        let stages = self.0.stages.iter();
        stages
            .map(|stage| (stage.names.stage.to_string(), stage.workers(names)))
            .collect()
    }

    /// What has happened so far.
    #[must_use]
    pub fn stats(&self) -> PipelineStats {
        let tally = &self.0.tally;
        let (processed, failed, cancelled) = (
            read(&tally.completed),
            read(&tally.failed),
            read(&tally.cancelled),
        );
        // Read last, so that no item is seen to end before it is seen to begin.
        let submitted = read(&self.0.submitted);
        PipelineStats {
            items_submitted: submitted,
            items_processed: processed,
            items_failed: failed,
            items_cancelled: cancelled,
            items_in_flight: submitted.saturating_sub(processed + failed + cancelled),
            duplicate_ids: read(&tally.duplicate_ids),
            observer_panics: read(&tally.observer_panics),
            stage_stats: self.stage_stats(),
        }
    }

    fn stage_stats(&self) -> Vec<StageStats> {
        let now = self.until();
        let stages = &self.0.stages;
        stages
            .iter()
            .zip(&self.0.behind)
            .map(|(stage, behind)| {
                let before = behind.iter().map(|place| &*stages[*place]);
                stage_stats(stage, before, now)
            })
            .collect()
    }

    /// What each worker is at, in the order of stages and workers.
    #[must_use]
    pub fn worker_states(&self) -> Vec<WorkerState> {
        let mut states = Vec::new();
        for stage in &self.0.stages {
            stage.workers(|workers| {
                states.extend(workers.iter().map(|worker| worker_state(stage, worker)));
            });
        }
        states
    }

    /// What each worker has done, in the order of stages and workers.
    #[must_use]
    pub fn worker_metrics(&self) -> Vec<WorkerMetrics> {
        let (now, observed) = (self.until(), self.elapsed());
        let mut metrics = Vec::new();
        for stage in &self.0.stages {
            stage.workers(|workers| {
                let workers = workers.iter();
                metrics.extend(workers.map(|worker| worker_metrics(worker, now, observed)));
            });
        }
        metrics
    }

    /// How many items failed, and of what. Of the failed items it has the last 32.
    #[must_use]
    pub fn error_summary(&self) -> ErrorSummary {
        self.0.errors.summary()
    }

    /// How long things took so far. None unless an observer of the run
    /// [wants to know](crate::event::Observer::wants_timings).
    #[must_use]
    pub fn timings(&self) -> Option<Timings> {
        let entrances = self.0.entrances()?;
        let stages = self.0.stages.iter();
        Some(Timings {
            items: entrances.took(),
            stages: stages.map(|stage| StageTimings::of(stage)).collect(),
        })
    }

    /// When an item last had its outcome, by the system's clock. None if none has.
    #[must_use]
    pub fn last_outcome(&self) -> Option<SystemTime> {
        match read(&self.0.last_outcome) {
            0 => None,
            ticks => Some(Moment::from_ticks(ticks).system_time()),
        }
    }

    /// How many events of the run were dropped, by those of its observers that drop some.
    #[must_use]
    pub fn dropped_events(&self) -> &[DroppedEvents] {
        self.0.dropped.get().map_or(&[], Vec::as_slice)
    }

    /// The numbers, states and errors together, as a dashboard shows them.
    #[must_use]
    pub fn snapshot(&self) -> DashboardSnapshot {
        // Asked first, so that the last numbers are those of a run that is said to have ended.
        let has_ended = self.has_ended();
        DashboardSnapshot {
            run: self.id(),
            total_items: self.total_items(),
            has_ended,
            pipeline_stats: self.stats(),
            worker_states: self.worker_states(),
            worker_metrics: self.worker_metrics(),
            error_summary: self.error_summary(),
            elapsed: self.elapsed(),
            timestamp: SystemTime::now(),
        }
    }

    /// Now, or when the run ended.
    fn until(&self) -> Moment {
        self.0.ended.get().copied().unwrap_or_else(Moment::now)
    }
}

fn worker_state(stage: &StageCounters, worker: &WorkerCounters) -> WorkerState {
    let since = worker.status.since();
    let hand = worker.status.read();
    let (status, text, task) = match &hand {
        Some(hand) => (
            WorkerStatus::Busy,
            hand.text.clone(),
            stage.names.tasks.get(hand.task).cloned(),
        ),
        None => (WorkerStatus::Idle, None, None),
    };
    WorkerState {
        worker: worker.id.clone(),
        status,
        sequence_id: hand.as_ref().map(|hand| hand.sequence_id),
        current_item: hand.map(|hand| hand.id),
        current_task: task,
        status_text: text,
        since: since.system_time(),
    }
}

fn worker_metrics(worker: &WorkerCounters, now: Moment, observed: Duration) -> WorkerMetrics {
    let (busy, waited) = worker.times(now);
    let last_active = match worker.last_active.get() {
        _ if worker.status.is_busy() => Some(now),
        0 => None,
        ticks => Some(Moment::from_ticks(ticks)),
    };
    WorkerMetrics {
        worker: worker.id.clone(),
        items_processed: worker.completed.get() + worker.skipped.get(),
        items_failed: worker.failed.get(),
        retries: worker.retried.get(),
        processing_time: duration(busy - waited),
        waiting_time: duration(waited),
        last_active: last_active.map(Moment::system_time),
        observed,
    }
}

impl fmt::Debug for RunView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunView")
            .field("id", &self.id())
            .field("stages", &self.stage_names())
            .finish_non_exhaustive()
    }
}
