//! What a tracker says of an item that a worker has in hand and does not work on.

use antflow::event::Status;
use antflow::{ItemError, StatusTracker, TaskContext, pipeline, stage};
use antflow_tests::{Boom, Recorder, millis, quiet, seconds, within};

async fn mourn(_: &TaskContext, _: &ItemError) {
    tokio::time::sleep(seconds(1)).await;
}

#[stage(on_failure = mourn)]
async fn refuse(item: u64) -> Result<u64, Boom> {
    Err(Boom(item))
}

#[tokio::test(start_paused = true)]
async fn an_item_that_failed_stays_failed_while_its_hook_runs() {
    let tracker = StatusTracker::new();
    let run = pipeline!(refuse).observe(tracker.clone()).start().unwrap();
    within(run.feed([1])).await.unwrap();
    quiet().await;
    let steps: Vec<_> = tracker
        .history(0)
        .iter()
        .map(|event| event.status)
        .collect();
    assert_eq!(steps, [Status::Queued, Status::InProgress, Status::Failed]);
    within(run.join()).await;
}

fn always(_: &u64) -> bool {
    true
}

async fn note(_: &TaskContext, _: &u64) {
    tokio::time::sleep(seconds(1)).await;
}

#[stage(skip_if = always, on_skip = note)]
async fn pass(item: u64) -> u64 {
    item
}

#[tokio::test(start_paused = true)]
async fn an_item_that_was_skipped_is_not_in_progress_while_its_hook_runs() {
    let tracker = StatusTracker::new();
    let run = pipeline!(pass).observe(tracker.clone()).start().unwrap();
    within(run.feed([1])).await.unwrap();
    quiet().await;
    let steps: Vec<_> = tracker
        .history(0)
        .iter()
        .map(|event| event.status)
        .collect();
    assert_eq!(steps, [Status::Queued, Status::Skipped]);
    within(run.join()).await;
}

async fn slowly(item: &u64) -> bool {
    tokio::time::sleep(millis(1000)).await;
    *item == 1
}

#[stage(skip_if = slowly)]
async fn ask(item: u64) -> u64 {
    item
}

/// Whether it is skipped is not known yet; a recorder has heard nothing but `queued`.
#[tokio::test(start_paused = true)]
async fn an_item_of_which_skip_if_is_being_asked_is_queued() {
    let tracker = StatusTracker::new();
    let run = pipeline!(ask).observe(tracker.clone()).start().unwrap();
    within(run.feed([1])).await.unwrap();
    quiet().await;
    let steps: Vec<_> = tracker
        .history(0)
        .iter()
        .map(|event| event.status)
        .collect();
    assert_eq!(steps, [Status::Queued]);
    within(run.join()).await;
}

#[stage(retry = "per_task", attempts = 3, wait = "10s")]
async fn hesitate(item: u64) -> Result<u64, Boom> {
    Err(Boom(item))
}

#[tokio::test(start_paused = true)]
async fn an_item_cancelled_before_its_next_attempt_has_not_begun_it() {
    let (tracker, recorder) = (StatusTracker::new(), Recorder::new());
    let etl = pipeline!(hesitate)
        .observe(tracker.clone())
        .observe(recorder.clone());
    let run = etl.start().unwrap();
    within(run.feed([1])).await.unwrap();
    quiet().await;
    within(run.shutdown()).await;
    let history: Vec<_> = tracker
        .history(0)
        .iter()
        .map(|event| event.status)
        .collect();
    let heard: Vec<_> = recorder
        .statuses()
        .iter()
        .map(|event| event.status)
        .collect();
    assert_eq!(history, heard);
    assert_eq!(heard.last(), Some(&Status::Cancelled));
}
