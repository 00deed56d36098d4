use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::workers::{Choice, Page};
use crate::item::ItemId;
use crate::stats::{DashboardSnapshot, ErrorSummary, PipelineStats, RunId, RunView, StageLoad};

/// So long are texts in an update.
const SHORT: usize = 300;
/// So long are texts where they are asked for.
pub(super) const LONG: usize = 4000;

/// What can be done beside looking.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Can {
    pub(super) find_items: bool,
    pub(super) control: bool,
}

/// What a page is sent in each interval. Its size does not depend on how much there is, but for the number of stages.
#[derive(Serialize)]
struct Update<'a> {
    run: RunId,
    /// How many updates were made so far.
    update: u64,
    update_every: f64,
    can: Can,
    has_ended: bool,
    elapsed: f64,
    #[serde(serialize_with = "crate::serialize::timestamp")]
    timestamp: std::time::SystemTime,
    total_items: Option<u64>,
    pipeline_stats: &'a PipelineStats,
    task_names: BTreeMap<String, Vec<String>>,
    stage_loads: Vec<StageLoad>,
    workers: Page<'a>,
    error_summary: Errors<'a>,
}

/// An error summary whose texts are cut.
#[derive(Serialize)]
pub(super) struct Errors<'a> {
    total_failed: u64,
    errors_by_type: &'a BTreeMap<String, u64>,
    errors_by_stage: &'a BTreeMap<String, u64>,
    failed_items: Vec<Failed<'a>>,
}

#[derive(Serialize)]
struct Failed<'a> {
    item_id: &'a ItemId,
    sequence_id: u64,
    stage: &'a str,
    task: Option<&'a str>,
    worker: Option<&'a crate::stage::WorkerId>,
    kind: &'a crate::item::ItemErrorKind,
    type_name: &'a str,
    message: String,
    attempts: u32,
    #[serde(serialize_with = "crate::serialize::timestamp")]
    timestamp: std::time::SystemTime,
}

impl<'a> Errors<'a> {
    pub(super) fn new(summary: &'a ErrorSummary, most: usize) -> Self {
        let failed = summary.failed_items.iter().map(|failed| Failed {
            item_id: &failed.item_id,
            sequence_id: failed.sequence_id,
            stage: failed.stage(),
            task: failed.error.task(),
            worker: failed.error.worker(),
            kind: failed.error.kind(),
            type_name: failed.error_type(),
            message: cut(&failed.error.kind().to_string(), most).into_owned(),
            attempts: failed.attempts(),
            timestamp: failed.timestamp,
        });
        Self {
            total_failed: summary.total_failed,
            errors_by_type: &summary.errors_by_type,
            errors_by_stage: &summary.errors_by_stage,
            failed_items: failed.collect(),
        }
    }
}

/// Writes what a page is sent.
pub(super) fn json(
    snapshot: &DashboardSnapshot,
    run: &RunView,
    can: Can,
    every: Duration,
    count: u64,
) -> String {
    write(&Update {
        run: snapshot.run,
        update: count,
        update_every: every.as_secs_f64(),
        can,
        has_ended: snapshot.has_ended,
        elapsed: snapshot.elapsed.as_secs_f64(),
        timestamp: snapshot.timestamp,
        total_items: snapshot.total_items,
        pipeline_stats: &snapshot.pipeline_stats,
        task_names: run.task_names(),
        stage_loads: StageLoad::of(&snapshot.worker_metrics),
        workers: Page::new(snapshot, &Choice::default()),
        error_summary: Errors::new(&snapshot.error_summary, SHORT),
    })
}

pub(super) fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value)
        .expect("what is written here has only texts as keys and cannot fail")
}

/// The text, or its beginning if it is longer than this many bytes.
pub(super) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let end = (0..=most)
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    Cow::Owned(format!("{}…", &text[..end]))
}

/// The text as an update has it.
pub(super) fn short(text: &str) -> Cow<'_, str> {
    cut(text, SHORT)
}
