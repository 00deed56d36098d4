use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use antflow::{
    PipelineStats, RunView, StageStats, StageTimings, TaskTimings, WorkerMetrics, WorkerState,
};
use metrics::Counter;

use super::Settings;
use super::fold::Fold;
use super::series::{self, Series, StageSeries, TaskSeries};
use crate::recording::{Total, count};

/// What is recorded of one run.
pub(super) struct RunMetrics {
    view: RunView,
    settings: Settings,
    recorded: Mutex<Recorded>,
    pub(super) series: Series,
}

/// What has been recorded so far.
struct Recorded {
    submitted: Total,
    outcomes: [Total; 3],
    duration: Fold,
    stages: Vec<StageRecorded>,
    dropped: BTreeMap<String, (Counter, Total)>,
}

#[derive(Default)]
struct StageRecorded {
    outcomes: [Total; 4],
    queue_wait: Fold,
    duration: Fold,
    send_wait: Fold,
    tasks: Vec<TaskRecorded>,
    /// By the index of the worker.
    each: BTreeMap<usize, [Total; 2]>,
}

#[derive(Default)]
struct TaskRecorded {
    attempts: [Total; 4],
    retries: Total,
    duration: Fold,
}

/// Who drops events in most programs, and has a series from the start.
const CALLBACKS: &str = "callbacks";

impl RunMetrics {
    pub(super) fn new(view: RunView, settings: Settings) -> Self {
        let series = settings.record(|recorder| Series::register(recorder, &settings, &view));
        let stages = series.stages.iter().map(|stage| StageRecorded {
            tasks: stage
                .tasks
                .iter()
                .map(|_| TaskRecorded::default())
                .collect(),
            ..StageRecorded::default()
        });
        let recorded = Recorded {
            submitted: Total::default(),
            outcomes: Default::default(),
            duration: Fold::default(),
            stages: stages.collect(),
            dropped: BTreeMap::new(),
        };
        let run = Self {
            view,
            settings,
            recorded: Mutex::new(recorded),
            series,
        };
        run.note_dropped(&mut run.recorded(), CALLBACKS, 0);
        run
    }

    pub(super) fn view(&self) -> &RunView {
        &self.view
    }

    /// Records what the run has counted since this was called before, and returns its stats.
    pub(super) fn collect(&self) -> PipelineStats {
        let mut recorded = self.recorded();
        let stats = self.view.stats();
        recorded
            .submitted
            .count(stats.items_submitted, &self.series.submitted);
        let outcomes = [
            stats.items_processed,
            stats.items_failed,
            stats.items_cancelled,
        ];
        count(&mut recorded.outcomes, outcomes, &self.series.outcomes);
        let timings = self.view.timings();
        if let Some(timings) = &timings {
            recorded
                .duration
                .record(&timings.items, &self.series.duration);
        }
        for (place, series) in self.series.stages.iter().enumerate() {
            let recorded = &mut recorded.stages[place];
            recorded.count(&stats.stage_stats[place], series);
            if let Some(timings) = &timings {
                recorded.time(&timings.stages[place], series);
            }
        }
        if self.settings.workers > 0 {
            for metrics in self.view.worker_metrics() {
                self.count_worker(&mut recorded, &metrics);
            }
        }
        for dropped in self.view.dropped_events() {
            self.note_dropped(&mut recorded, dropped.receiver(), dropped.count());
        }
        if let Some(at) = self.view.last_outcome()
            && let Ok(at) = at.duration_since(UNIX_EPOCH)
        {
            self.series.last_progress.set(at.as_secs_f64());
        }
        stats
    }

    fn count_worker(&self, recorded: &mut Recorded, metrics: &WorkerMetrics) {
        let stages = self.series.stages.iter().zip(&mut recorded.stages);
        for (series, recorded) in stages.filter(|(series, _)| series.name == metrics.worker.stage())
        {
            let now = [metrics.items_processed, metrics.items_failed];
            let place = metrics.worker.index().min(series.each.len() - 1);
            let totals = recorded.each.entry(metrics.worker.index()).or_default();
            count(totals, now, &series.each[place].outcomes);
        }
    }

    /// The stage of each worker that has an item, and which worker it is if it has a series of its own; nothing where
    /// there are no such series.
    pub(super) fn busy_workers(&self) -> Vec<(String, Option<usize>)> {
        if self.settings.workers == 0 {
            return Vec::new();
        }
        let states = self.view.worker_states().into_iter();
        states
            .filter(WorkerState::is_busy)
            .map(|state| {
                let index = state.worker.index();
                let own = (index < self.settings.workers).then_some(index);
                (state.worker.stage().to_owned(), own)
            })
            .collect()
    }

    fn note_dropped(&self, recorded: &mut Recorded, receiver: &str, total: u64) {
        let settings = &self.settings;
        let register = || settings.record(|recorder| series::dropped(recorder, settings, receiver));
        let (counter, counted) = recorded
            .dropped
            .entry(receiver.to_owned())
            .or_insert_with(|| (register(), Total::default()));
        counted.count(total, counter);
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StageRecorded {
    fn count(&mut self, stats: &StageStats, series: &StageSeries) {
        let outcomes = [
            stats.completed_items,
            stats.failed_items,
            stats.skipped_items,
            stats.cancelled_items,
        ];
        count(&mut self.outcomes, outcomes, &series.outcomes);
    }

    fn time(&mut self, timings: &StageTimings, series: &StageSeries) {
        self.queue_wait
            .record(&timings.queue_wait, &series.queue_wait);
        self.duration
            .record(&timings.processing_time, &series.duration);
        self.send_wait.record(&timings.send_wait, &series.send_wait);
        let tasks = self.tasks.iter_mut().zip(&timings.tasks);
        for ((recorded, timings), series) in tasks.zip(&series.tasks) {
            recorded.record(timings, series);
        }
    }
}

impl TaskRecorded {
    fn record(&mut self, timings: &TaskTimings, series: &TaskSeries) {
        let attempts = [
            timings.succeeded,
            timings.failed,
            timings.timed_out,
            timings.panicked,
        ];
        count(&mut self.attempts, attempts, &series.attempts);
        self.retries.count(timings.retries, &series.retries);
        self.duration.record(&timings.duration, &series.duration);
    }
}
