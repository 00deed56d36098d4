use std::borrow::Cow;
use std::cmp::Reverse;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::update::short;
use crate::item::ItemId;
use crate::stage::WorkerId;
use crate::stats::{DashboardSnapshot, WorkerMetrics, WorkerState, WorkerStatus};

/// So many workers are shown if nobody says otherwise.
const SHOWN: usize = 100;
/// So many at most.
const MOST: usize = 500;

/// Which workers are asked for.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    offset: usize,
    limit: usize,
    sort: Sort,
    stage: Option<String>,
}

/// Which workers come first. Of equal ones, it is the order of the pipeline.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    /// Those that have had their items for longest; then the idle ones, those that worked most before.
    #[default]
    Longest,
    /// Those that take longest for an item, on average.
    Slowest,
    /// Those that worked most.
    Busiest,
    /// Those in whose hands most items failed.
    Failed,
    /// The order of the pipeline.
    Name,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            offset: 0,
            limit: SHOWN,
            sort: Sort::default(),
            stage: None,
        }
    }
}

/// Some of the workers.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    /// How many there are, those included that left when a stage was made smaller.
    total: usize,
    /// How many of them have an item in hand.
    busy: usize,
    offset: usize,
    sort: Sort,
    workers: Vec<Row<'a>>,
}

/// What a worker is at, and what it has done.
#[derive(Serialize)]
struct Row<'a> {
    stage: &'a str,
    worker: &'a WorkerId,
    worker_id: usize,
    status: WorkerStatus,
    current_item: Option<&'a ItemId>,
    current_task: Option<&'a str>,
    status_text: Option<Cow<'a, str>>,
    #[serde(serialize_with = "crate::serialize::timestamp")]
    since: SystemTime,
    items_processed: u64,
    items_failed: u64,
    retries: u64,
    average_processing_time: f64,
    utilization: f64,
}

type Worker<'a> = (&'a WorkerState, &'a WorkerMetrics);

impl<'a> Page<'a> {
    pub(super) fn new(snapshot: &'a DashboardSnapshot, choice: &Choice) -> Self {
        let mut workers = all(snapshot);
        if let Some(stage) = &choice.stage {
            workers.retain(|(state, _)| state.worker.stage() == stage);
        }
        sort(&mut workers, choice.sort);
        let shown = workers.iter().skip(choice.offset);
        Self {
            total: workers.len(),
            busy: workers.iter().filter(|(state, _)| state.is_busy()).count(),
            offset: choice.offset,
            sort: choice.sort,
            workers: shown.take(choice.limit.min(MOST)).map(row).collect(),
        }
    }
}

/// The workers with their states and metrics. Both lists are in the same order, but a stage may have been given workers
/// after the first was made.
fn all(snapshot: &DashboardSnapshot) -> Vec<Worker<'_>> {
    let mut metrics = snapshot.worker_metrics.iter();
    let states = snapshot.worker_states.iter();
    let both = states.filter_map(|state| {
        let metrics = metrics.find(|metrics| metrics.worker == state.worker)?;
        Some((state, metrics))
    });
    both.collect()
}

fn sort(workers: &mut [Worker<'_>], by: Sort) {
    match by {
        Sort::Longest => workers.sort_by_key(|(state, metrics)| {
            let since = state.is_busy().then_some(state.since);
            let idle = since.is_none();
            (idle, since, Reverse(metrics.processing_time))
        }),
        Sort::Slowest => {
            workers.sort_by_key(|(_, metrics)| Reverse(metrics.average_processing_time()));
        }
        Sort::Busiest => workers.sort_by_key(|(_, metrics)| Reverse(metrics.processing_time)),
        Sort::Failed => workers.sort_by_key(|(_, metrics)| Reverse(metrics.items_failed)),
        Sort::Name => {}
    }
}

fn row<'a>((state, metrics): &Worker<'a>) -> Row<'a> {
    Row {
        stage: state.worker.stage(),
        worker: &state.worker,
        worker_id: state.worker.index(),
        status: state.status,
        current_item: state.current_item.as_ref(),
        current_task: state.current_task.as_deref(),
        status_text: state.status_text.as_deref().map(short),
        since: state.since,
        items_processed: metrics.items_processed,
        items_failed: metrics.items_failed,
        retries: metrics.retries,
        average_processing_time: metrics.average_processing_time().as_secs_f64(),
        utilization: metrics.utilization(),
    }
}
