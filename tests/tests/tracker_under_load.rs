//! On many threads, with retries, failures, skips and panics, a tracker knows of each of many items what happened to it.

use std::collections::BTreeMap;

use antflow::event::{Overflow, Status, StatusEvent};
use antflow::{
    FailedItem, History, PipelineResult, StatusTracker, TaskContext, WorkerId, pipeline, stage,
};
use antflow_tests::{Boom, Log, from_attempt, panic_quietly, within};

const ITEMS: u64 = 20_000;

#[stage(workers = 4)]
async fn load(item: u64) -> u64 {
    item
}

fn is_known(item: &u64) -> bool {
    item.is_multiple_of(7)
}

/// In which attempt an item succeeds in `check`, if it may have so many.
fn checked_at(item: u64) -> u32 {
    match item {
        _ if item % 23 == 2 => 3,
        _ if item % 41 == 1 => 2,
        _ => 1,
    }
}

#[stage(workers = 8, skip_if = is_known, retry = "per_task", attempts = 2, wait = "0s")]
async fn check(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    tokio::task::yield_now().await;
    from_attempt(checked_at(item), item, cx)
}

/// As above, in `store`; none panics.
fn stored_at(item: u64) -> Option<u32> {
    match item {
        _ if item % 101 == 5 => None,
        _ if item % 29 == 4 => Some(4),
        _ if item % 37 == 3 => Some(3),
        _ => Some(1),
    }
}

#[stage(
    workers = 8,
    retry = "per_stage",
    attempts = 3,
    wait = "1ms",
    on_wait = "release"
)]
async fn store(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    match stored_at(item) {
        None => {
            panic_quietly("planned");
            Ok(item)
        }
        Some(attempt) => from_attempt(attempt, item, cx),
    }
}

type Step = (&'static str, Status);

/// What happens to an item in a stage with so many attempts, if it succeeds in this one; if in none, it panics.
fn tries(stage: &'static str, succeeds_in: Option<u32>, attempts: u32) -> Vec<Step> {
    let (retries, end) = match succeeds_in {
        None => (0, Status::Failed),
        Some(needed) if needed > attempts => (attempts - 1, Status::Failed),
        Some(needed) => (needed - 1, Status::Completed),
    };
    let mut steps = vec![(stage, Status::Queued)];
    for _ in 0..retries {
        steps.extend([(stage, Status::InProgress), (stage, Status::Retrying)]);
    }
    steps.extend([(stage, Status::InProgress), (stage, end)]);
    steps
}

/// What happens to an item.
fn expected(item: u64) -> Vec<Step> {
    let mut steps = tries("Load", Some(1), 1);
    if is_known(&item) {
        steps.extend([("Check", Status::Queued), ("Check", Status::Skipped)]);
    } else {
        steps.extend(tries("Check", Some(checked_at(item)), 2));
    }
    if steps.last() != Some(&("Check", Status::Failed)) {
        steps.extend(tries("Store", stored_at(item), 3));
    }
    steps
}

fn check_history(history: &[StatusEvent], result: &PipelineResult<u64>) {
    let item = result.sequence_id;
    let steps: Vec<_> = history
        .iter()
        .map(|event| (&*event.stage, event.status))
        .collect();
    assert_eq!(steps, expected(item), "item {item}");
    assert!(history.is_sorted_by_key(|event| event.timestamp));
    for event in history {
        let stage = event.worker.as_ref().map(WorkerId::stage);
        let queued = event.status == Status::Queued;
        assert_eq!(stage, (!queued).then_some(&*event.stage), "{event:?}");
    }
    let last = history.last().expect("it was fed");
    let failed = result
        .error()
        .map(|error| (error.stage(), error.attempts()));
    let of_event = last.error.as_ref();
    let of_event = of_event.map(|error| (error.stage(), error.attempts()));
    assert_eq!(of_event, failed, "item {item}");
}

fn check_answers(tracker: &StatusTracker, results: &[PipelineResult<u64>]) {
    assert_eq!(results.len() as u64, ITEMS);
    let mut by_stage = BTreeMap::new();
    for result in results {
        check_history(&tracker.history(result.sequence_id), result);
        if let Some(error) = result.error() {
            *by_stage.entry(error.stage().to_owned()).or_insert(0) += 1;
        }
    }
    let (completed, failed): (Vec<_>, Vec<_>) = results.iter().partition(|one| one.is_success());
    let stats = tracker.stats();
    assert_eq!(stats.completed, completed.len() as u64);
    assert_eq!(stats.failed, failed.len() as u64);
    assert_eq!(stats.total(), ITEMS);
    for (status, results) in [(Status::Completed, completed), (Status::Failed, failed)] {
        let events = tracker.by_status(status).into_iter();
        let items = results.iter().map(|result| result.sequence_id);
        assert!(events.map(|event| event.sequence_id).eq(items), "{status}");
    }
    let summary = tracker.error_summary();
    assert_eq!(summary.errors_by_stage, by_stage);
    assert!(by_stage.len() == 2, "both stages fail: {by_stage:?}");
    let mut failed: Vec<_> = summary.failed_items;
    failed.sort_by_key(|item| item.sequence_id);
    let same = |item: &FailedItem, result: &PipelineResult<u64>| {
        let error = result.error().expect("it failed");
        (item.sequence_id, item.stage(), item.attempts())
            == (result.sequence_id, error.stage(), error.attempts())
    };
    let results = results.iter().filter(|result| !result.is_success());
    assert_eq!(failed.len() as u64, stats.failed);
    assert!(
        failed
            .iter()
            .zip(results)
            .all(|(item, result)| same(item, result))
    );
    assert_eq!(tracker.tracked_ids().len() as u64, ITEMS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_history_is_complete_and_agrees_with_the_results() {
    let tracker = StatusTracker::new().with_history(History::Full);
    let etl = pipeline!(load >> check >> store).observe(tracker.clone());
    let results = within(etl.run(0..ITEMS)).await.unwrap();
    check_answers(&tracker, &results);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_is_the_same_beside_callbacks_that_hear_of_everything() {
    let told = Log::new();
    let log = told.clone();
    let tracker = StatusTracker::new()
        .with_overflow(64, Overflow::Wait)
        .on_status_change(move |event: StatusEvent| {
            log.push((event.sequence_id, event.stage, event.status));
        });
    let etl = pipeline!(load >> check >> store).observe(tracker.clone());
    let results = within(etl.run(0..ITEMS)).await.unwrap();
    check_answers(&tracker, &results);
    let mut heard = vec![Vec::new(); ITEMS as usize];
    for (item, stage, status) in told.entries() {
        heard[item as usize].push((stage, status));
    }
    for (item, steps) in heard.iter().enumerate() {
        let steps: Vec<_> = steps
            .iter()
            .map(|(stage, status)| (&**stage, *status))
            .collect();
        assert_eq!(steps, expected(item as u64), "item {item}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_may_be_asked_while_the_run_goes_on() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(load >> check >> store).observe(tracker.clone());
    let asked = tracker.clone();
    let ask = tokio::spawn(async move {
        for step in 0.. {
            let stats = asked.stats();
            let ended = stats.completed + stats.failed;
            if ended == ITEMS {
                break;
            }
            // One of those that are on their way now, or near them.
            let item = (ended + step % 48).min(ITEMS - 1);
            let history = asked.history(item);
            let steps: Vec<_> = history
                .iter()
                .map(|event| (&*event.stage, event.status))
                .collect();
            // What has happened by now is the beginning of what will have happened.
            assert!(expected(item).starts_with(&steps), "item {item}: {steps:?}");
            tokio::task::yield_now().await;
        }
    });
    let results = within(etl.run(0..ITEMS)).await.unwrap();
    within(ask).await.unwrap();
    check_answers(&tracker, &results);
}
