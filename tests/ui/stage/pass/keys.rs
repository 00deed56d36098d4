//! Every key, with literals and with expressions.
#![deny(warnings)]

use std::num::ParseIntError;
use std::time::Duration;

use antflow::{ItemError, Rate, Stage, TaskContext, stage, task};

const WORKERS: usize = 3;

fn queue() -> usize {
    7
}

#[stage(
    name = "Parser",
    workers = WORKERS,
    queue = queue(),
    retry = "per_task",
    attempts = 5,
    wait = "1m 30s",
    backoff = "exponential",
    max_wait = "1h",
    jitter,
    retry_if = is_transient,
    on_wait = "release",
    timeout = Duration::from_secs(5),
    concurrency = 2,
    rate = "100/s",
    on_success = note,
    on_failure = errors::note,
    ordered,
)]
async fn parse(text: &str) -> Result<u32, ParseIntError> {
    text.parse()
}

fn is_transient(error: &ParseIntError) -> bool {
    error.to_string().is_empty()
}

fn note(cx: &TaskContext, number: &u32) {
    println!("{}: {number}", cx.item_id());
}

mod errors {
    pub(super) async fn note(_: &super::TaskContext, error: &super::ItemError) {
        println!("{error}");
    }
}

#[stage(skip_if = is_short, on_skip = skipped, ordered = false, jitter = false, rate = Rate::new(1, Duration::MAX))]
async fn trim_all(text: String) -> String {
    text.trim().to_owned()
}

async fn is_short(text: &String) -> bool {
    text.len() < 3
}

async fn skipped(_: &TaskContext, _: &String) {}

#[task(name = "measure", timeout = "1s", concurrency = 2, rate = "5/min", retry_if = is_transient)]
async fn length(text: &str) -> Result<u32, ParseIntError> {
    text.len().to_string().parse()
}

#[stage(workers = 2, retry = "per_stage", retry_if = is_worth_it)]
struct Measure(trim_end, length);

#[task]
async fn trim_end(text: String) -> String {
    text.trim_end().to_owned()
}

fn is_worth_it(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    error.is::<ParseIntError>()
}

fn main() {
    let config = format!("{:?}", parse {}.config());
    for setting in ["Parser", "workers: 3", "Some(7)", "5s", "90s", "3600s", "ordered: true", "Release", "attempts: 5"] {
        assert!(config.contains(setting), "{setting} is not in {config}");
    }
    let config = format!("{:?}", trim_all {}.config());
    for setting in ["TrimAll", "workers: 1", "retry: None", "ordered: false"] {
        assert!(config.contains(setting), "{setting} is not in {config}");
    }
    let config = format!("{:?}", Measure {}.config());
    assert!(config.contains("PerStage"), "{config}");
    let _: Option<ItemError> = None;
}
