use std::collections::BTreeMap;
use std::sync::Arc;

use antflow::{PipelineStats, StageStats};

use super::run::RunMetrics;

/// What the gauges of a pipeline are to show: the sum of what its runs have at the moment.
#[derive(Default)]
pub(super) struct Levels {
    runs: Vec<Arc<RunMetrics>>,
    in_flight: u64,
    stages: BTreeMap<String, StageLevels>,
}

#[derive(Default)]
struct StageLevels {
    queue_depth: usize,
    queue_capacity: usize,
    workers: usize,
    busy: usize,
    /// By the worker that has a series of its own; all others together.
    each: BTreeMap<Option<usize>, usize>,
}

impl Levels {
    /// Adds what a run has; nothing if it has ended, but its gauges are set as well.
    pub(super) fn add(&mut self, run: &Arc<RunMetrics>, stats: &PipelineStats, has_ended: bool) {
        if !has_ended {
            self.in_flight += stats.items_in_flight;
            for stage in &stats.stage_stats {
                self.stages
                    .entry(stage.stage_name.clone())
                    .or_default()
                    .add(stage);
            }
            for (stage, worker) in run.busy_workers() {
                let levels = self.stages.entry(stage).or_default();
                *levels.each.entry(worker).or_default() += 1;
            }
        }
        self.runs.push(Arc::clone(run));
    }

    /// Sets the gauges of all runs that were added.
    pub(super) fn set(&self) {
        for run in &self.runs {
            run.series.in_flight.set(self.in_flight as f64);
            for series in &run.series.stages {
                let none = StageLevels::default();
                let levels = self.stages.get(&series.name).unwrap_or(&none);
                series.queue_depth.set(levels.queue_depth as f64);
                series.queue_capacity.set(levels.queue_capacity as f64);
                series.workers.set(levels.workers as f64);
                series.busy.set(levels.busy as f64);
                for (place, worker) in series.each.iter().enumerate() {
                    let own = (place + 1 < series.each.len()).then_some(place);
                    let busy = levels.each.get(&own).copied().unwrap_or(0);
                    worker.busy.set(busy as f64);
                }
            }
        }
    }
}

impl StageLevels {
    fn add(&mut self, stats: &StageStats) {
        self.queue_depth += stats.pending_items;
        self.queue_capacity += stats.queue_capacity;
        self.workers += stats.workers;
        self.busy += stats.in_progress_items;
    }
}
