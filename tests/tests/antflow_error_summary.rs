//! What the documents say of the summary of errors: how many items failed, of what, where, and after how many attempts.

use std::time::SystemTime;

use antflow::{Cancelled, ErrorSummary, FailedItem, Item, StatusTracker, pipeline, stage};
use antflow_tests::{Boom, Log, add_one, millis, panic_quietly, within};

#[derive(Debug, thiserror::Error)]
#[error("Connection refused: {0}")]
struct Unreachable(u64);

/// Every tenth item has no host.
#[stage(workers = 2, retry = "per_task", attempts = 3, wait = "0s")]
async fn fetch(item: u64) -> Result<u64, Unreachable> {
    if item % 10 == 9 {
        Err(Unreachable(item))
    } else {
        Ok(item)
    }
}

/// Every fifth item is wrong.
#[stage(workers = 2, retry = "per_stage", attempts = 2, wait = "0s")]
async fn check(item: u64) -> Result<u64, Boom> {
    if item.is_multiple_of(5) {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

fn counts(of: &std::collections::BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    of.iter().map(|(name, count)| (&**name, *count)).collect()
}

#[tokio::test(start_paused = true)]
async fn errors_are_counted_by_type_and_by_stage() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(fetch >> check).observe(tracker.clone());
    within(etl.run(0..20)).await.unwrap();
    let summary = tracker.error_summary();
    assert_eq!(summary.total_failed, 6);
    let by_type = counts(&summary.errors_by_type);
    assert_eq!(by_type, [("Boom", 4), ("Unreachable", 2)]);
    let by_stage = counts(&summary.errors_by_stage);
    assert_eq!(by_stage, [("Check", 4), ("Fetch", 2)]);
}

#[tokio::test(start_paused = true)]
async fn as_text_the_most_frequent_come_first() {
    let run = pipeline!(fetch >> check).start().unwrap();
    assert_eq!(run.error_summary().to_string(), "no errors");
    within(run.feed([0])).await.unwrap();
    while run.error_summary().total_failed == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        run.error_summary().to_string(),
        "1 item failed\nby type:\n  Boom: 1\nby stage:\n  Check: 1"
    );
    within(run.feed([9, 19, 29])).await.unwrap();
    within(run.join()).await;
    assert_eq!(
        run.error_summary().to_string(),
        "4 items failed\nby type:\n  Unreachable: 3\n  Boom: 1\nby stage:\n  Fetch: 3\n  Check: 1"
    );
}

fn told(failed: &FailedItem) -> (String, &str, &str, u32, String) {
    (
        failed.item_id.to_string(),
        failed.error_type(),
        failed.stage(),
        failed.attempts(),
        failed.error.to_string(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_failed_item_has_its_id_its_error_its_stage_its_attempts_and_the_time() {
    let before = SystemTime::now() - millis(1);
    let tracker = StatusTracker::new();
    let etl = pipeline!(fetch >> check).observe(tracker.clone());
    let items = [Item::new(1), Item::new(9).id("nine"), Item::new(5).id(77)];
    within(etl.run(items)).await.unwrap();
    let failed = tracker.failed_items();
    let mut said: Vec<_> = failed.iter().map(told).collect();
    said.sort();
    assert_eq!(
        said,
        [
            (
                "77".into(),
                "Boom",
                "Check",
                2,
                "stage `Check`, task `check`: boom 5 (attempt 2 of 2)".into()
            ),
            (
                "nine".into(),
                "Unreachable",
                "Fetch",
                3,
                "stage `Fetch`, task `fetch`: Connection refused: 9 (attempt 3 of 3)".into()
            )
        ]
    );
    let mut places: Vec<_> = failed.iter().map(|item| item.sequence_id).collect();
    places.sort_unstable();
    assert_eq!(places, [1, 2]);
    let times = failed.iter().map(|item| item.timestamp);
    assert!(times.is_sorted());
    for item in &failed {
        assert!(before < item.timestamp && item.timestamp <= SystemTime::now() + millis(1));
        let last = tracker.status(item.item_id.clone()).unwrap();
        assert_eq!(last.timestamp, item.timestamp);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_tracker_the_run_has_the_counts_of_all_and_the_last_that_failed() {
    let run = pipeline!(check).start().unwrap();
    within(run.feed((0..100).map(|item| item * 5)))
        .await
        .unwrap();
    within(run.feed([1, 2, 3])).await.unwrap();
    within(run.join()).await;
    let summary = run.error_summary();
    assert_eq!(summary.total_failed, 100);
    assert_eq!(counts(&summary.errors_by_type), [("Boom", 100)]);
    assert_eq!(counts(&summary.errors_by_stage), [("Check", 100)]);
    let kept = &summary.failed_items;
    assert_eq!(kept.len(), 32);
    assert_eq!(kept.last().unwrap().sequence_id, 99);
    assert!(kept.iter().all(|item| item.attempts() == 2));
    assert_eq!(run.snapshot().error_summary.total_failed, 100);
}

#[tokio::test(start_paused = true)]
async fn a_tracker_has_all_that_failed_in_all_its_runs() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(check).observe(tracker.clone());
    for _ in 0..2 {
        within(etl.run((0..50).map(|item| item * 5))).await.unwrap();
    }
    let summary = tracker.error_summary();
    assert_eq!(
        (summary.total_failed, summary.failed_items.len()),
        (100, 100)
    );
    assert_eq!(tracker.stats().failed, 100);
}

#[tokio::test(start_paused = true)]
async fn of_a_mixed_run_half_is_counted() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(check).observe(tracker.clone());
    within(etl.run((0..10).map(|item| if item % 2 == 0 { 5 } else { 1 })))
        .await
        .unwrap();
    assert_eq!(tracker.error_summary().total_failed, 5);
    assert_eq!(tracker.stats().completed, 5);
}

fn is_empty(summary: &ErrorSummary) -> bool {
    summary.total_failed == 0
        && summary.errors_by_type.is_empty()
        && summary.errors_by_stage.is_empty()
        && summary.failed_items.is_empty()
}

#[tokio::test(start_paused = true)]
async fn where_nothing_fails_it_is_empty() {
    let tracker = StatusTracker::new();
    assert!(is_empty(&tracker.error_summary()));
    let run = pipeline!(add_one).observe(tracker.clone()).start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    within(run.join()).await;
    assert!(is_empty(&tracker.error_summary()) && is_empty(&run.error_summary()));
    assert_eq!(tracker.error_summary().to_string(), "no errors");
}

#[stage(timeout = "1s")]
async fn odd(item: u64) -> Result<u64, antflow::BoxError> {
    match item {
        0 => panic_quietly("zero"),
        1 => std::future::pending().await,
        2 => return Err(Cancelled.into()),
        3 => return Err("just a text".into()),
        _ => {}
    }
    Ok(item)
}

#[tokio::test(start_paused = true)]
async fn panics_and_timeouts_have_types_too_and_what_is_cancelled_has_not_failed() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(odd).observe(tracker.clone());
    within(etl.run(0..5)).await.unwrap();
    let summary = tracker.error_summary();
    assert_eq!(summary.total_failed, 3);
    for kind in ["Panic", "TimedOut"] {
        assert_eq!(summary.errors_by_type[kind], 1, "{summary}");
    }
    let failed = summary.failed_items.iter().map(|item| item.sequence_id);
    assert_eq!(failed.collect::<Vec<_>>(), [0, 1, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_summary_stays_as_it_was_when_it_was_asked_for() {
    let tracker = StatusTracker::new();
    let texts = Log::new();
    let etl = pipeline!(check).observe(tracker.clone());
    within(etl.run([5])).await.unwrap();
    let first = tracker.error_summary();
    texts.push(first.to_string());
    within(etl.run([5, 10])).await.unwrap();
    assert_eq!(texts.entries(), [first.to_string()]);
    assert_eq!((first.total_failed, first.failed_items.len()), (1, 1));
    assert_eq!(tracker.error_summary().total_failed, 3);
}
