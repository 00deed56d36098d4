//! A run whose items are worked on elsewhere.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use super::Pipeline;
use super::chain::Launch;
use super::error::StartError;
use super::handle::prepare;
use super::registry::Registry;
use crate::clock::{Moment, ticks};
use crate::engine::bell::Bell;
use crate::engine::core::Core;
use crate::engine::envelope::Envelope;
use crate::engine::outlet::Outlet;
use crate::engine::report::status_event;
use crate::engine::runtime::StageRuntime;
use crate::event::{
    Completion, Completions, Fed, Happening, Status, StatusEvent, TaskEvent, TaskEventKind, What,
    system_time,
};
use crate::item::{ItemError, ItemErrorKind, Label, PipelineResult, Tag};
use crate::stage::{WorkerId, item_id};
use crate::stats::WorkerCounters;

/// A run of a pipeline without workers: it is told what has happened to items in other processes, counts it, and tells
/// observers, dashboards and whoever waits for results. One task tells it.
pub(crate) struct Replay<Out: Send + 'static> {
    registry: Arc<Registry>,
    core: Arc<Core<Out>>,
    stages: Vec<Arc<StageRuntime>>,
}

impl<Out: Send + 'static> Replay<Out> {
    pub(super) fn start<C, St>(
        pipeline: &Pipeline<C, St>,
        outlet: Outlet<Out>,
    ) -> Result<Self, StartError>
    where
        C: Launch<St, Output = Out>,
        St: Send + Sync + 'static,
    {
        let (core, stages) = prepare(pipeline, outlet)?;
        let registry = Registry::new(Arc::clone(&core.shared), Vec::new());
        Ok(Self {
            registry: Arc::new(registry),
            core,
            stages,
        })
    }

    pub(super) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Accepts items, which get the next sequence numbers and wait for the first stage.
    pub(crate) fn accept(&self, labels: &[Label]) {
        let Some(first) = self.stages.first() else {
            return;
        };
        let shared = &self.core.shared;
        let count = labels.len() as u64;
        shared.accounting.accept_inside(count);
        let number = shared.number(count);
        let now = Moment::now();
        first.counters.fed.pass(labels.len(), now);
        if let Some(entrances) = shared.run.entrances() {
            entrances.enter(number, count, now);
        }
        let numbered = || (number..).zip(labels);
        let observers = &shared.observers;
        if observers.want_batches() {
            let details =
                numbered().filter_map(|(item, label)| Some((item, label.details.clone()?)));
            observers.fed(&Fed {
                stage: 0,
                first: number,
                count,
                at: now,
                details: &details.collect::<Vec<_>>(),
            });
        }
        for (item, label) in numbered() {
            shared.note_id(label);
            let tag = Tag::new(item, label.clone());
            self.queued(first, &tag, now.system_time());
        }
    }

    /// How many items were accepted.
    pub(crate) fn accepted(&self) -> u64 {
        self.core.shared.submitted()
    }

    fn queued(&self, stage: &StageRuntime, tag: &Tag, timestamp: SystemTime) {
        let shared = &self.core.shared;
        if shared.observers.want(Status::Queued) {
            let now = Moment::default();
            shared.observers.status(&StatusEvent {
                timestamp,
                ..status_event(shared.run.id(), stage, tag, Status::Queued, now)
            });
        }
    }

    /// Tells of all that happened to an item in the stage of this place, and that it waits for the next one since, unless
    /// it has ended.
    pub(crate) fn passed(
        &self,
        place: usize,
        tag: &Tag,
        happenings: &[Happening],
        has_ended: bool,
    ) {
        let Some(stage) = self.stages.get(place) else {
            return;
        };
        let mut at = Moment::now();
        let mut taker = None;
        for happening in happenings {
            at = Moment::of_system_time(happening.at());
            if let Some(index) = happening.worker {
                let counters = taker.get_or_insert_with(|| {
                    let counters = worker(stage, index);
                    counters.taken.pass(1, at);
                    counters
                });
                self.count(stage, counters, happening, at);
            } else if happening.is_end() {
                // What no worker had is counted with the first one.
                self.count(stage, &worker(stage, 0), happening, at);
            }
            self.tell(stage, tag, happening, at);
        }
        if taker.is_none() {
            stage.counters.withdrawn.pass(1, at);
        }
        if has_ended {
            return;
        }
        match taker {
            Some(worker) => worker.given.pass(1, at),
            None => stage.counters.handed_on.pass(1, at),
        }
        if let Some(next) = self.stages.get(place + 1) {
            let left = happenings.last().map(Happening::at);
            self.queued(next, tag, left.unwrap_or_else(|| at.system_time()));
        }
    }

    fn count(&self, stage: &StageRuntime, worker: &WorkerCounters, news: &Happening, at: Moment) {
        let timings = self.core.shared.observers.want_timings();
        let timings = timings.then(|| worker.timings(stage.tasks.len()));
        match &news.what {
            What::Status {
                status, started, ..
            } => {
                let counter = match status {
                    Status::Completed => &worker.completed,
                    Status::Failed => &worker.failed,
                    Status::Skipped => &worker.skipped,
                    Status::Retrying => &worker.retried,
                    Status::Cancelled => {
                        stage.counters.cancelled.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                    Status::Queued | Status::InProgress => return,
                };
                counter.add_one();
                if let Some(started) = started {
                    let started = Moment::of_system_time(system_time(*started));
                    worker.worked(started, at);
                    if let Some(timings) = timings {
                        timings.processing.record(1, at.ticks_since(started));
                    }
                }
            }
            What::Task {
                task,
                kind,
                duration,
                ..
            } => {
                let place = stage.names.tasks.iter().position(|name| **name == **task);
                let attempts = place
                    .zip(timings)
                    .and_then(|(place, timings)| timings.tasks.get(place));
                let Some(attempts) = attempts else { return };
                let took = ticks(duration.unwrap_or_default());
                match kind {
                    TaskEventKind::Start => {}
                    TaskEventKind::Complete => attempts.succeed(took),
                    TaskEventKind::Retry | TaskEventKind::Fail => {
                        if *kind == TaskEventKind::Retry {
                            attempts.retries.add_one();
                        }
                        let error = news.error.clone().map(ItemError::from);
                        let kind = error
                            .as_ref()
                            .map_or(&ItemErrorKind::Cancelled, ItemError::kind);
                        attempts.fail(kind, took);
                    }
                }
            }
        }
    }

    fn tell(&self, stage: &StageRuntime, tag: &Tag, news: &Happening, at: Moment) {
        let shared = &self.core.shared;
        let observers = &shared.observers;
        let run = shared.run.id();
        let worker = news.worker;
        let worker = worker.map(|index| WorkerId::new(Arc::clone(&stage.name), index));
        let error = || news.error.clone().map(ItemError::from);
        match &news.what {
            // Told where the stage before was left.
            What::Status {
                status: Status::Queued,
                ..
            } => {}
            What::Status {
                status,
                started,
                next_attempt,
            } => {
                let started = started.map(system_time);
                if *status == Status::Completed
                    && observers.want_batches()
                    && let Some(worker) = &worker
                {
                    observers.completed(&Completions {
                        stage: stage.index,
                        worker,
                        items: &[Completion {
                            sequence_id: tag.sequence_id,
                            started: started.map_or(at, Moment::of_system_time),
                            ended: at,
                        }],
                    });
                }
                if observers.want(*status) {
                    observers.status(&StatusEvent {
                        worker,
                        timestamp: news.at(),
                        started,
                        error: error(),
                        next_attempt: *next_attempt,
                        ..status_event(run, stage, tag, *status, at)
                    });
                }
            }
            What::Task {
                task,
                kind,
                attempt,
                duration,
            } => {
                let Some(worker) = worker.filter(|_| observers.want_tasks()) else {
                    return;
                };
                let mut names = stage.names.tasks.iter();
                let name = names.find(|name| ***name == **task);
                observers.task(&TaskEvent {
                    run,
                    item_id: item_id(tag.details.as_deref(), tag.sequence_id),
                    sequence_id: tag.sequence_id,
                    stage: Arc::clone(&stage.name),
                    task: name.cloned().unwrap_or_else(|| task.as_str().into()),
                    worker,
                    kind: *kind,
                    attempt: *attempt,
                    timestamp: news.at(),
                    error: error(),
                    duration: *duration,
                });
            }
        }
    }

    /// Ends an item with what the last stage gave.
    pub(crate) fn complete(&self, tag: Tag, value: Out) {
        let now = Moment::now();
        self.core.shared.note_outcomes([tag.sequence_id], now);
        let mut bell = Bell::default();
        self.core.complete(1, [Envelope { value, tag }], &mut bell);
    }

    /// Ends an item without a value.
    pub(crate) fn fail(&self, tag: &Tag, error: &ItemError) {
        drop(self.core.fail(tag, error));
    }

    /// Ends an item as cancelled that waits for the stage of this place.
    pub(crate) fn cancel(&self, place: usize, tag: &Tag) {
        if let Some(stage) = self.stages.get(place) {
            stage.counters.withdrawn.pass(1, Moment::now());
            self.core.cancel(stage, None, tag, 0, None);
        }
    }

    /// Waits until observers keep up.
    pub(crate) async fn observed(&self) {
        let observers = &self.core.shared.observers;
        if observers.are_overloaded() {
            observers.ready().await;
        }
    }

    /// Ends the run, when all items have their outcomes.
    pub(crate) async fn finish(&self) {
        self.core.shared.close();
        self.registry.ended().await;
        self.core.outlet.finish();
    }

    /// Takes all results that are there.
    pub(crate) fn take(&self) -> Vec<PipelineResult<Out>> {
        self.core.outlet.take()
    }
}

/// The counters of a worker. Elsewhere the pool may be larger than the pipeline says.
fn worker(stage: &StageRuntime, index: usize) -> Arc<WorkerCounters> {
    let last = stage.config.workers.saturating_sub(1);
    stage.counters.worker(index.min(last))
}

impl<Out: Send + 'static> Drop for Replay<Out> {
    fn drop(&mut self) {
        self.registry.abort();
        self.core.outlet.finish();
    }
}
