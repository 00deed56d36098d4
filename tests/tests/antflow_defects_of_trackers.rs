//! What a tracker and the metrics say is true: of failures, attempts, repeated ids, times, and of what was cut off.

use std::convert::Infallible;

use antflow::event::{Status, StatusEvent, TaskEvent};
use antflow::{
    History, Item, ItemId, Pipeline, Retry, StageLoad, StatusTracker, from_fn, pipeline, stage,
};
use antflow_tests::{Boom, Gauge, Log, Outcome, double, millis, outcomes, quiet, second, within};

/// Nothing for 0, an error for 1.
#[stage(retry = "per_stage", attempts = 2, wait = "0s")]
async fn look_up(item: u64) -> Result<Option<u64>, Boom> {
    match item {
        0 => Ok(None),
        1 => Err(Boom(1)),
        _ => Ok(Some(item)),
    }
}

fn note(said: &Log<String>, what: &str, of: &str) {
    said.push(format!("{what} {of}"));
}

#[tokio::test(start_paused = true)]
async fn closures_without_async_are_callbacks_of_every_kind() {
    let said = Log::new();
    let [status, start, complete, retry, fail] = [(); 5].map(|()| said.clone());
    let tracker = StatusTracker::new()
        .on_status_change(move |e: StatusEvent| note(&status, "is", e.status.as_str()))
        .on_task_start(move |e: TaskEvent| note(&start, "starts", &e.task))
        .on_task_complete(move |e: TaskEvent| note(&complete, "ends", &e.task))
        .on_task_retry(move |e: TaskEvent| note(&retry, "repeats", &e.task))
        .on_task_fail(move |e: TaskEvent| note(&fail, "gives up", &e.task));
    let results = within(pipeline!(look_up).observe(tracker).run([0, 1])).await;
    assert_eq!(
        outcomes(&results.unwrap()),
        [Outcome::Completed, Outcome::Failed]
    );
    let mut said = said.entries();
    said.sort();
    let mut expected = vec!["is queued"; 2];
    expected.extend(["is in_progress"; 3]);
    expected.extend(["starts look_up"; 3]);
    expected.extend(["repeats look_up", "is retrying"]);
    expected.extend(["gives up look_up", "is failed"]);
    expected.extend(["ends look_up", "is completed"]);
    expected.sort_unstable();
    assert_eq!(said, expected);
}

#[tokio::test(start_paused = true)]
async fn under_per_stage_metrics_stats_and_tracker_count_nothing_and_failures() {
    let tracker = StatusTracker::new();
    let run = pipeline!(look_up).observe(tracker.clone()).start().unwrap();
    within(run.feed(0..3)).await.unwrap();
    within(run.join()).await;
    let worker = &run.worker_metrics()[0];
    assert_eq!((worker.items_processed, worker.items_failed), (2, 1));
    assert_eq!(worker.retries, 1);
    let load = &StageLoad::of(&run.worker_metrics())[0];
    assert_eq!((load.least_items, load.most_items), (3, 3));
    let stage = &run.stats().stage_stats[0];
    assert_eq!((stage.completed_items, stage.failed_items), (2, 1));
    assert_eq!((tracker.stats().completed, tracker.stats().failed), (2, 1));
    assert_eq!(tracker.failed_items()[0].attempts(), 2);
    assert_eq!(run.error_summary().total_failed, 1);
}

#[derive(Debug, thiserror::Error)]
#[error("Host down: {0}")]
struct Unreachable(&'static str);

#[tokio::test(start_paused = true)]
async fn the_type_of_a_failure_is_never_read_out_of_its_text() {
    let tracker = StatusTracker::new();
    let ping = from_fn("Ping", async |host: &'static str| {
        Err::<(), _>(Unreachable(host))
    });
    let etl = Pipeline::builder().stage(ping).observe(tracker.clone());
    within(etl.run(["ant"])).await.unwrap();
    let [failed] = &tracker.failed_items()[..] else {
        panic!("{tracker:?}");
    };
    assert_eq!(failed.error_type(), "Unreachable");
    let source: &Unreachable = failed.error.downcast_ref().unwrap();
    assert_eq!(source.0, "ant");
    let event = &tracker.by_status(Status::Failed)[0];
    let of_event: Option<&Unreachable> = event.error.as_ref().unwrap().downcast_ref();
    assert!(of_event.is_some(), "the event has the error itself");
}

#[tokio::test(start_paused = true)]
async fn the_attempts_of_a_failed_item_are_the_calls_that_were_made() {
    for retry in [Retry::per_task(), Retry::per_stage()] {
        let (calls, tracker) = (Gauge::new(), StatusTracker::new());
        let counted = calls.clone();
        let refuse = from_fn("Refuse", move |item: u64| {
            drop(counted.enter());
            async move { Err::<u64, _>(Boom(item)) }
        });
        let etl = Pipeline::builder().stage(refuse.retry(retry.attempts(4)));
        within(etl.observe(tracker.clone()).run([7])).await.unwrap();
        let [failed] = &tracker.failed_items()[..] else {
            panic!("{tracker:?}");
        };
        assert_eq!((failed.attempts(), calls.total()), (4, 4));
        let error = tracker.status(0).unwrap().error.unwrap();
        assert_eq!((error.attempts(), error.task()), (4, Some("Refuse")));
        let nexts = tracker.history(0).into_iter();
        let nexts = nexts.filter_map(|event| event.next_attempt);
        assert_eq!(nexts.collect::<Vec<_>>(), [2, 3, 4]);
    }
}

#[tokio::test(start_paused = true)]
async fn items_of_one_id_are_not_merged() {
    let tracker = StatusTracker::new();
    let run = pipeline!(look_up).observe(tracker.clone()).start().unwrap();
    let twins = [0, 1, 2].map(|value| Item::new(value).id("twin"));
    within(run.feed(twins)).await.unwrap();
    within(run.join()).await;
    assert_eq!(run.stats().duplicate_ids, 2);
    let stats = tracker.stats();
    assert_eq!((stats.completed, stats.failed), (2, 1));
    let history = tracker.history("twin");
    assert!(history.is_sorted_by_key(|event| event.sequence_id));
    for item in 0..3 {
        let mut of_item = history.iter().filter(|event| event.sequence_id == item);
        let last = of_item.next_back().unwrap().status;
        let expected = if item == 1 {
            Status::Failed
        } else {
            Status::Completed
        };
        assert_eq!(last, expected, "item {item}");
    }
    assert_eq!(tracker.tracked_ids(), [ItemId::from("twin")]);
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_is_not_what_the_run_goes_on_with() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(second).with_state(Gauge::new());
    let run = etl.observe(tracker.clone()).start().unwrap();
    within(run.feed(0..4)).await.unwrap();
    quiet().await;
    let mut states = run.worker_states();
    let mut history = tracker.history(0);
    let (metrics, counts) = (run.worker_metrics(), tracker.stats());
    states.clear();
    history.truncate(1);
    within(run.join()).await;
    assert_eq!(metrics[0].items_processed, 0);
    assert_eq!(run.worker_metrics()[0].items_processed, 2);
    assert_eq!((counts.in_progress, counts.queued), (2, 2));
    assert_eq!(run.worker_states().len(), 2);
    assert_eq!(tracker.history(0).len(), 3);
}

#[tokio::test]
async fn the_average_of_a_fast_stage_is_not_that_of_a_slow_one_behind_it() {
    let fast = from_fn("Fast", async |item: u64| {
        if item.is_multiple_of(2) {
            Ok(item)
        } else {
            Err(Boom(item))
        }
    });
    let slow = from_fn("Slow", async |item: u64| {
        tokio::time::sleep(millis(20)).await;
        Ok::<_, Infallible>(item)
    });
    let run = Pipeline::builder()
        .stage(fast.queue(1))
        .stage(slow.queue(1));
    let run = run.start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    within(run.join()).await;
    let [fast, slow] = &run.worker_metrics()[..] else {
        panic!("two workers");
    };
    assert_eq!((fast.items_processed, fast.items_failed), (5, 5));
    assert!(slow.average_processing_time() >= millis(19), "{slow:#?}");
    let average = fast.average_processing_time();
    assert!(average < slow.average_processing_time() / 4, "{fast:#?}");
    assert_eq!(average, fast.processing_time / 10);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_does_not_grow_with_the_number_of_runs() {
    let tracker = StatusTracker::new().with_history(History::Last(5));
    let etl = pipeline!(look_up).observe(tracker.clone());
    for run in 1..=20 {
        within(etl.run(0..10)).await.unwrap();
        assert_eq!(tracker.tracked_ids().len(), 5);
        let events: usize = (0..10).map(|item: u64| tracker.history(item).len()).sum();
        assert_eq!(events, 5 * 3, "those of the last five items");
        assert!(tracker.failed_items().len() <= 5);
        let stats = tracker.stats();
        assert_eq!((stats.completed, stats.failed), (9 * run, run));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_shutdown_drops_is_cancelled_for_the_tracker_too() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(double >> second).with_state(Gauge::new());
    let run = etl.observe(tracker.clone()).start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    tokio::time::sleep(millis(1500)).await;
    within(run.shutdown()).await;
    let stats = tracker.stats();
    assert_eq!(
        (stats.completed, stats.cancelled, stats.total()),
        (2, 8, 10)
    );
    let cancelled = tracker.by_status(Status::Cancelled);
    assert_eq!(cancelled.len(), 8);
    for event in cancelled {
        assert!(event.error.as_ref().unwrap().is_cancelled());
        let history = tracker.history(event.item_id);
        let ends = history.iter().filter(|one| one.status == Status::Cancelled);
        assert_eq!(ends.count(), 1, "{history:?}");
    }
    assert_eq!(tracker.error_summary().total_failed, 0);
}

#[tokio::test(start_paused = true)]
async fn a_second_run_adds_to_the_tracker_and_not_to_the_first_run() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(double).observe(tracker.clone());
    let first = etl.start().unwrap();
    within(first.feed(0..3)).await.unwrap();
    within(first.join()).await;
    let metrics = first.worker_metrics();
    within(etl.run(0..5)).await.unwrap();
    assert_eq!(first.worker_metrics(), metrics);
    assert_eq!(first.stats().items_processed, 3);
    assert_eq!(tracker.stats().completed, 8);
}
