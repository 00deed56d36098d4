//! Items that go through a stage many at a time.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use antflow::event::Status;
use antflow::{BatchMismatch, FeedError, PerItem, Pipeline, Retry, StatusTracker, from_fn, stage};
use antflow_tests::{Log, Recorder, millis, quiet, seconds, within};
use tokio::time::{Instant, sleep};

#[stage]
async fn pass(n: u32) -> u32 {
    n
}

#[stage]
async fn double_all(batch: Vec<u32>) -> Vec<u32> {
    batch.into_iter().map(|n| n * 2).collect()
}

/// Longer than any test takes.
const FOREVER: Duration = Duration::MAX;

#[tokio::test(start_paused = true)]
async fn a_batch_goes_on_when_it_is_full() {
    let sizes = Log::new();
    let note = sizes.clone();
    let save = from_fn("Save", move |batch: Vec<u32>| {
        note.push(batch.len());
        async move { Ok::<_, Infallible>(batch) }
    });
    let etl = Pipeline::builder().stage(pass {}).batch(4, FOREVER, save);
    let run = etl.start().unwrap();
    run.feed(0..11).await.unwrap();
    quiet().await;
    assert_eq!(sizes.entries(), [4, 4]);
    // Nothing else is to come, so nothing is waited for.
    let begun = Instant::now();
    let results = within(run.join()).await;
    assert_eq!(sizes.entries(), [4, 4, 3]);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let values = results.into_iter().map(|result| result.value.unwrap());
    assert!(values.eq(0..11));
}

#[tokio::test(start_paused = true)]
async fn a_batch_goes_on_when_its_first_item_has_waited() {
    let etl = Pipeline::builder()
        .stage(pass {})
        .batch(100, seconds(1), double_all {});
    let run = etl.start().unwrap();
    let begun = Instant::now();
    run.feed([1]).await.unwrap();
    sleep(millis(700)).await;
    run.feed([2]).await.unwrap();
    assert_eq!(run.next_result().await.unwrap().value.unwrap(), 2);
    assert_eq!(begun.elapsed(), seconds(1));
    assert_eq!(run.next_result().await.unwrap().value.unwrap(), 4);
    run.feed([3]).await.unwrap();
    assert_eq!(run.next_result().await.unwrap().value.unwrap(), 6);
    assert_eq!(begun.elapsed(), seconds(2));
    let stats = run.stats();
    assert_eq!(
        stats.stage_stats[1].completed_items, 2,
        "a stage counts batches"
    );
    within(run.join()).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_over_items_does_not_wait_at_its_end() {
    let begun = Instant::now();
    let etl = Pipeline::builder()
        .stage(pass {})
        .batch(64, FOREVER, double_all {});
    let etl = etl.batch(
        7,
        FOREVER,
        from_fn("Again", async |batch: Vec<u32>| Ok::<_, Infallible>(batch)),
    );
    let results = within(etl.run(0..1000)).await.unwrap();
    assert!(
        results
            .into_iter()
            .map(|result| result.value.unwrap())
            .eq((0..1000).map(|n| n * 2))
    );
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_stream_does_not_wait_at_its_end() {
    let begun = Instant::now();
    let etl = Pipeline::builder()
        .stage(pass {})
        .batch(64, FOREVER, double_all {});
    let mut results = etl.stream(0..1000).unwrap().ordered();
    for n in 0..1000 {
        assert_eq!(within(results.next()).await.unwrap().value.unwrap(), n * 2);
    }
    assert!(within(results.next()).await.is_none());
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_batch_is_tried_again_and_fails_as_a_whole() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let save = from_fn("Save", move |batch: Vec<u32>| {
        count.fetch_add(1, Ordering::Relaxed);
        let is_bad = batch.contains(&3);
        async move { if is_bad { Err("no threes") } else { Ok(batch) } }
    });
    let save = save.retry(Retry::per_task().attempts(2).wait(Duration::ZERO));
    let etl = Pipeline::builder().stage(pass {}).batch(2, FOREVER, save);
    let results = within(etl.run([0, 1, 2, 3])).await.unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    assert!(results[0].is_success() && results[1].is_success());
    for result in &results[2..] {
        let error = result.error().unwrap();
        assert_eq!((error.stage(), error.attempts()), ("Save", 2));
        assert_eq!(error.worker().unwrap().to_string(), "Save-W0");
    }
}

#[stage]
async fn check_all(batch: Vec<u32>) -> PerItem<u32> {
    let check = |n: u32| if n == 3 { Err("no threes") } else { Ok(n) };
    batch.into_iter().map(check).collect()
}

#[tokio::test]
async fn an_item_of_a_batch_fails_for_itself() {
    let recorder = Recorder::new();
    let tracker = StatusTracker::new();
    let etl = Pipeline::builder()
        .stage(pass {})
        .batch(4, FOREVER, check_all {});
    let etl = etl.stage(from_fn("Last", async |n: u32| Ok::<_, Infallible>(n)));
    let etl = etl.observe(recorder.clone()).observe(tracker.clone());
    let run = etl.start().unwrap();
    run.feed([2, 3, 4, 5]).await.unwrap();
    let results = within(run.join()).await;
    let values: Vec<_> = results
        .iter()
        .map(|result| result.value.as_ref().ok())
        .collect();
    assert_eq!(values, [Some(&2), None, Some(&4), Some(&5)]);
    let error = results[1].error().unwrap();
    assert_eq!(
        error.to_string(),
        "stage `CheckAll`, task `check_all`: no threes"
    );
    assert_eq!(
        recorder.status_lines(1)[3..],
        [
            "CheckAll queued",
            "CheckAll in_progress CheckAll-W0",
            "CheckAll failed CheckAll-W0",
        ]
    );
    assert_eq!(
        recorder.status_lines(2)[3..],
        [
            "CheckAll queued",
            "CheckAll in_progress CheckAll-W0",
            "CheckAll completed CheckAll-W0",
            "Last queued",
            "Last in_progress Last-W0",
            "Last completed Last-W0",
        ]
    );
    assert_eq!(
        recorder.task_lines(3)[2..4],
        ["check_all start 1", "check_all complete 1"]
    );
    assert_eq!(tracker.status(1).unwrap().status, Status::Failed);
    assert_eq!(tracker.stats().failed, 1);
    let stats = run.stats();
    assert_eq!((stats.items_processed, stats.items_failed), (3, 1));
}

#[tokio::test]
async fn all_items_of_a_batch_may_fail_for_themselves() {
    let etl = Pipeline::builder()
        .stage(pass {})
        .batch(2, FOREVER, check_all {});
    let results = within(etl.run([3, 3, 4])).await.unwrap();
    let values: Vec<_> = results
        .iter()
        .map(|result| result.value.as_ref().ok())
        .collect();
    assert_eq!(values, [None, None, Some(&4)]);
}

#[tokio::test]
async fn a_batch_of_which_too_little_came_has_failed() {
    let one = from_fn("One", async |batch: Vec<u32>| {
        Ok::<_, Infallible>(vec![batch.len()])
    });
    let etl = Pipeline::builder().stage(pass {}).batch(3, FOREVER, one);
    let results = within(etl.run([1, 2, 3, 4])).await.unwrap();
    for result in &results[..3] {
        let error = result.error().unwrap();
        let mismatch = error.downcast_ref::<BatchMismatch>().unwrap();
        assert_eq!((mismatch.items, mismatch.values), (3, 1));
    }
    assert_eq!(results[3].value.as_ref().unwrap(), &1);
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_stuck_stops_who_feeds() {
    let stuck = from_fn("Stuck", async |batch: Vec<u32>| {
        sleep(seconds(1000)).await;
        Ok::<_, Infallible>(batch)
    });
    let etl = Pipeline::builder()
        .stage(pass {})
        .batch(3, millis(1), stuck.queue(2));
    let run = Arc::new(etl.start().unwrap());
    let feeder = Arc::clone(&run);
    let feeding = tokio::spawn(async move { feeder.feed(0..10_000).await });
    sleep(seconds(100)).await;
    let submitted = run.stats().items_submitted;
    assert!(submitted < 50, "{submitted}");
    let results = within(run.shutdown()).await;
    assert_eq!(results.len() as u64, run.stats().items_submitted);
    assert!(
        results
            .iter()
            .all(|result| result.error().unwrap().is_cancelled())
    );
    assert!(matches!(
        within(feeding).await.unwrap(),
        Err(FeedError::Closed { .. })
    ));
}

#[tokio::test]
async fn a_batch_stage_cannot_be_fed_alone_and_takes_at_least_one_item() {
    let etl = Pipeline::builder()
        .stage(pass {})
        .batch(0, FOREVER, double_all {});
    let refused = etl.start().map(drop).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "stage `DoubleAll`: its batches must be of at least 1 item"
    );
    let etl = Pipeline::builder()
        .stage(pass {})
        .batch(2, FOREVER, double_all {});
    let run = etl.start().unwrap();
    let refused = run.feed_at::<double_all>([vec![1, 2]]).await;
    assert!(
        matches!(refused, Err(FeedError::NoWayIn { .. })),
        "{refused:?}"
    );
    within(run.join()).await;
}
