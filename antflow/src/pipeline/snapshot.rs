use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::registry::Registry;
use crate::engine::cell::Control;
use crate::engine::runtime::{Count, WorkerRuntime};
use crate::stats::{PipelineStats, StageStats, WorkerState};

impl Registry {
    pub(super) fn stats(&self) -> PipelineStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let shared = &self.shared;
        PipelineStats {
            items_processed: read(&shared.tally.completed),
            items_failed: read(&shared.tally.failed),
            items_cancelled: read(&shared.tally.cancelled),
            items_in_flight: shared.accounting.in_flight(),
            items_submitted: shared.submitted(),
            duplicate_ids: read(&shared.tally.duplicate_ids),
            observer_panics: shared.observers.panics(),
            stage_stats: self
                .entries
                .iter()
                .map(|entry| stage(&*entry.control))
                .collect(),
        }
    }

    pub(super) fn worker_states(&self) -> Vec<WorkerState> {
        let workers = self
            .entries
            .iter()
            .flat_map(|entry| &entry.control.runtime().workers);
        let state = |worker: &WorkerRuntime| {
            let (current_item, status_text) = worker.status.read().unzip();
            WorkerState {
                worker: worker.id.clone(),
                current_item,
                status_text: status_text.flatten(),
            }
        };
        workers.map(state).collect()
    }

    pub(super) fn worker_names(&self) -> BTreeMap<String, Vec<String>> {
        let names = |workers: &[WorkerRuntime]| {
            workers.iter().map(|worker| worker.id.to_string()).collect()
        };
        self.entries
            .iter()
            .map(|entry| entry.control.runtime())
            .map(|stage| (stage.name.to_string(), names(&stage.workers)))
            .collect()
    }
}

fn stage(control: &dyn Control) -> StageStats {
    let stage = control.runtime();
    let sum = |count: fn(&WorkerRuntime) -> &Count| {
        stage.workers.iter().map(|worker| count(worker).get()).sum()
    };
    let is_busy = |worker: &&WorkerRuntime| worker.status.read().is_some();
    StageStats {
        stage_name: stage.name.to_string(),
        workers: stage.workers.len(),
        queue_capacity: stage.config.capacity(),
        pending_items: control.pending(),
        in_progress_items: stage.workers.iter().filter(is_busy).count(),
        completed_items: sum(|worker| &worker.completed),
        failed_items: sum(|worker| &worker.failed),
        skipped_items: sum(|worker| &worker.skipped),
        cancelled_items: stage.cancelled.load(Ordering::Relaxed),
        retries: sum(|worker| &worker.retried),
    }
}
