//! With the feature `serde`, what there is to watch of a run can be written as JSON, in a form that stays.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

mod events;
mod numbers;
mod results;
mod summaries;

use std::time::{Duration, SystemTime};

use antflow::{DashboardSnapshot, Item, RunId, StatusTracker, TaskContext, pipeline, stage};
use antflow_tests::{Boom, from_attempt, within};
use serde_json::{Value, json};

/// An item is the attempt that succeeds.
#[stage(retry = "per_task", attempts = 2, wait = "1s")]
async fn dial(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    from_attempt(u32::try_from(item).unwrap(), item, cx)
}

/// One that fails twice, one that fails once, one that does not.
fn calls() -> [Item<u64>; 3] {
    [
        Item::new(3).id("bad").metadata("line", 7),
        Item::new(2).id("again"),
        Item::new(1),
    ]
}

/// So many seconds after the Unix epoch.
fn at(seconds: f64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds)
}

fn unix(time: SystemTime) -> Value {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    since.as_secs_f64().into()
}

fn number(run: RunId) -> u64 {
    run.to_string().parse().unwrap()
}

/// What is written of the error of "bad" after so many attempts.
fn boom(attempts: u32) -> Value {
    json!({
        "kind": "failed",
        "type_name": "Boom",
        "message": "boom 3",
        "stage": "Dial",
        "task": "dial",
        "worker": "Dial-W0",
        "attempts": attempts,
    })
}

/// A run of `calls` that has ended, as it stood at its end.
async fn ended() -> (DashboardSnapshot, StatusTracker) {
    let tracker = StatusTracker::new();
    let run = pipeline!(dial).observe(tracker.clone()).start().unwrap();
    within(run.feed(calls())).await.unwrap();
    within(run.join()).await;
    (run.snapshot(), tracker)
}
