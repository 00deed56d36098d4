//! The stages and the workers, one row each.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::super::text::clean;
use super::Model;
use crate::item::ItemId;
use crate::stage::WorkerId;
use crate::stats::{DashboardSnapshot, StageStats, WorkerMetrics, WorkerState};

/// From this part of its workers on, a stage is as busy as it can be.
const SATURATED: f64 = 0.9;

/// A stage.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct StageRow {
    pub(in super::super) name: String,
    pub(in super::super) workers: usize,
    pub(in super::super) pending: usize,
    pub(in super::super) in_progress: usize,
    pub(in super::super) retrying: usize,
    /// Completed, or let pass by `skip_if`.
    pub(in super::super) done: u64,
    pub(in super::super) failed: u64,
    /// How many items a second it is done with, since the last look.
    pub(in super::super) rate: f64,
    pub(in super::super) is_paused: bool,
    /// Whether it holds the others up.
    pub(in super::super) is_bottleneck: bool,
}

/// A worker. What it is called and at is made into text only where it is seen.
#[derive(Debug, Clone)]
pub(in super::super) struct WorkerRow {
    pub(in super::super) worker: WorkerId,
    pub(in super::super) is_busy: bool,
    pub(in super::super) item: Option<ItemId>,
    /// What the task says of the item, or which task it is.
    pub(in super::super) activity: Option<Activity>,
    /// How long it has been busy or idle.
    pub(in super::super) since: Duration,
    pub(in super::super) processed: u64,
    pub(in super::super) failed: u64,
    pub(in super::super) average: Duration,
    /// Which part of the run it worked, from 0 to 1.
    pub(in super::super) utilization: f64,
}

/// What a worker is at.
#[derive(Debug, Clone)]
pub(in super::super) enum Activity {
    Said(Cow<'static, str>),
    Task(Arc<str>),
}

impl Activity {
    pub(in super::super) fn as_str(&self) -> &str {
        match self {
            Self::Said(text) => text,
            Self::Task(name) => name,
        }
    }
}

pub(super) fn stages(snapshot: &DashboardSnapshot, before: Option<&Model>) -> Vec<StageRow> {
    let stats = &snapshot.pipeline_stats.stage_stats;
    let since = before.map_or(Duration::ZERO, |before| before.elapsed);
    let since = snapshot.elapsed.saturating_sub(since).as_secs_f64();
    let mut rows: Vec<StageRow> = Vec::with_capacity(stats.len());
    for (place, stage) in stats.iter().enumerate() {
        let before = before.and_then(|before| before.stages.get(place));
        rows.push(stage_row(stage, before, since));
    }
    if !snapshot.has_ended
        && rows.len() > 1
        && let Some(place) = bottleneck(&rows, before)
    {
        rows[place].is_bottleneck = true;
    }
    rows
}

fn stage_row(stage: &StageStats, before: Option<&StageRow>, since: f64) -> StageRow {
    let done = stage.completed_items + stage.skipped_items;
    let left = done + stage.failed_items;
    let news = left.saturating_sub(before.map_or(0, |before| before.done + before.failed));
    let rate = match before {
        Some(before) if since <= 0.0 => before.rate,
        None if since <= 0.0 => 0.0,
        _ => news as f64 / since,
    };
    StageRow {
        name: clean(&stage.stage_name),
        workers: stage.workers,
        pending: stage.pending_items,
        in_progress: stage.in_progress_items,
        retrying: stage.retrying_items,
        done,
        failed: stage.failed_items,
        rate,
        is_paused: stage.is_paused,
        is_bottleneck: false,
    }
}

/// The last stage that is as busy as it can be while items wait for it. Those before it are as busy, since they wait for
/// room in it; those behind it are not.
fn bottleneck(rows: &[StageRow], before: Option<&Model>) -> Option<usize> {
    let waited = |place: usize| {
        let before = before.and_then(|before| before.stages.get(place));
        // The workers of the first stage may take items where they come from.
        place == 0 || before.is_none_or(|before| before.pending > 0)
    };
    (0..rows.len()).rev().find(|place| {
        let stage = &rows[*place];
        let is_saturated = stage.in_progress as f64 >= stage.workers as f64 * SATURATED;
        let is_awaited = *place == 0 || stage.pending > 0;
        stage.workers > 0 && is_saturated && is_awaited && waited(*place)
    })
}

pub(super) fn workers(snapshot: &DashboardSnapshot) -> Vec<WorkerRow> {
    let states = snapshot.worker_states.iter().enumerate();
    states
        .map(|(place, state)| {
            let metrics = snapshot.worker_metrics.get(place);
            // Workers that came between the two lists are in one of them alone.
            let metrics = metrics.filter(|metrics| metrics.worker == state.worker);
            worker_row(snapshot, state, metrics)
        })
        .collect()
}

fn worker_row(
    snapshot: &DashboardSnapshot,
    state: &WorkerState,
    metrics: Option<&WorkerMetrics>,
) -> WorkerRow {
    let said = state.status_text.clone().map(Activity::Said);
    let task = || state.current_task.clone().map(Activity::Task);
    WorkerRow {
        worker: state.worker.clone(),
        is_busy: state.is_busy(),
        item: state.current_item.clone(),
        activity: said.or_else(task),
        since: snapshot
            .timestamp
            .duration_since(state.since)
            .unwrap_or_default(),
        processed: metrics.map_or(0, |metrics| metrics.items_processed),
        failed: metrics.map_or(0, |metrics| metrics.items_failed),
        average: metrics.map_or(Duration::ZERO, WorkerMetrics::average_processing_time),
        utilization: metrics.map_or(0.0, WorkerMetrics::utilization),
    }
}
