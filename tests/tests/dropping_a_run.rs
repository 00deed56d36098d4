//! A run whose `Run` future, `Handle` or `ResultStream` is dropped ends: its tasks are dropped, its items cancelled.

use std::convert::Infallible;
use std::future::pending;

use antflow::event::Status;
use antflow::{FeedError, OnWait, Pipeline, Retry, State, from_fn, pipeline, stage};
use antflow_tests::{Boom, Gauge, Outcome, Recorder, count, millis, quiet, seconds, within};
use futures::FutureExt;

/// Every third item never ends.
#[stage(workers = 4, queue = 2)]
async fn often_stuck(item: u64, alive: State<Gauge>) -> u64 {
    let _alive = alive.enter();
    if item % 3 == 2 {
        pending::<()>().await;
    }
    item
}

#[stage(workers = 2, queue = 1)]
async fn slow(item: u64, alive: State<Gauge>) -> u64 {
    let _alive = alive.enter();
    tokio::time::sleep(seconds(1)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_of_a_run() {
    let (alive, recorder) = (Gauge::new(), Recorder::new());
    let etl = pipeline!(often_stuck >> slow)
        .with_state(alive.clone())
        .observe(recorder.clone());
    let bounded = tokio::time::timeout(millis(1500), etl.run(0..100));
    assert!(within(bounded).await.is_err());
    quiet().await;
    assert!(alive.total() > 4);
    assert_eq!(alive.now(), 0, "a task outlived its run");
    check_all_ended(&recorder);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle() {
    let (alive, recorder) = (Gauge::new(), Recorder::new());
    let etl = pipeline!(often_stuck >> slow)
        .with_state(alive.clone())
        .observe(recorder.clone());
    let run = etl.start().unwrap();
    let feeder = run.feeder();
    within(run.feed(0..6)).await.unwrap();
    tokio::time::sleep(millis(1500)).await;
    assert_ne!(alive.now(), 0);
    drop(run);
    quiet().await;
    assert_eq!(alive.now(), 0, "a task outlived its run");
    check_all_ended(&recorder);
    assert_eq!(feeder.feed([1]).await, Err(FeedError::Closed { fed: 0 }));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_while_a_feeder_waits() {
    let etl = pipeline!(often_stuck >> slow).with_state(Gauge::new());
    let run = etl.start().unwrap();
    let feeder = run.feeder();
    let feeding = tokio::spawn(async move { feeder.feed(0..1000).await });
    tokio::time::sleep(seconds(5)).await;
    drop(run);
    let fed = within(feeding).await.unwrap();
    assert!(
        matches!(fed, Err(FeedError::Closed { fed: 1.. })),
        "{fed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn dropping_the_stream() {
    let (alive, recorder) = (Gauge::new(), Recorder::new());
    let etl = pipeline!(often_stuck >> slow)
        .with_state(alive.clone())
        .observe(recorder.clone());
    let mut stream = etl.stream(0..10_000).unwrap();
    assert!(within(stream.next()).await.unwrap().is_success());
    assert_ne!(alive.now(), 0);
    drop(stream);
    quiet().await;
    assert_eq!(alive.now(), 0, "a task outlived its run");
    check_all_ended(&recorder);
}

/// Every item that was queued anywhere has come to its end.
fn check_all_ended(recorder: &Recorder) {
    let statuses = recorder.statuses();
    let mut last = std::collections::BTreeMap::new();
    for event in &statuses {
        last.insert(event.sequence_id, (event.stage.to_string(), event.status));
    }
    assert!(!last.is_empty());
    for (item, (stage, status)) in last {
        let done = stage == "Slow" && status == Status::Completed;
        assert!(
            done || status == Status::Cancelled,
            "item {item} is {status} in {stage}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_a_run_with_items_between_two_attempts() {
    for on_wait in [OnWait::Hold, OnWait::Release] {
        let recorder = Recorder::new();
        let stage = from_fn("Slow", async |item: u64| Err::<u64, _>(Boom(item)));
        let retry = Retry::per_stage().wait(seconds(60)).on_wait(on_wait);
        let etl = Pipeline::builder().stage(stage.workers(2).retry(retry));
        let run = etl.observe(recorder.clone()).start().unwrap();
        within(run.feed(0..5)).await.unwrap();
        quiet().await;
        drop(run);
        quiet().await;
        assert_eq!(recorder.count(Status::Cancelled), 5, "{on_wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_a_run_with_outputs_that_wait_for_their_turn() {
    let recorder = Recorder::new();
    let stage = from_fn("Turns", async |item: u64| {
        if item == 0 {
            pending::<()>().await;
        }
        Ok::<_, Infallible>(item)
    });
    let etl = Pipeline::builder().stage(stage.workers(3).ordered());
    let run = etl.observe(recorder.clone()).start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    quiet().await;
    assert_eq!(recorder.count(Status::Completed), 9);
    drop(run);
    quiet().await;
    assert_eq!(recorder.count(Status::Cancelled), 10);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_never_polled_has_not_begun() {
    let asked = Gauge::new();
    let counted = asked.clone();
    let items = (0..5).inspect(move |_| drop(counted.enter()));
    let etl = pipeline!(often_stuck).with_state(Gauge::new());
    drop(etl.run(items.clone()));
    drop(etl.run(items.clone()).into_future());
    drop(etl.stream(items).unwrap());
    quiet().await;
    assert_eq!(asked.total(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_join_that_is_dropped_leaves_the_run_to_another() {
    let etl = pipeline!(slow).with_state(Gauge::new());
    let run = etl.start().unwrap();
    within(run.feed(0..3)).await.unwrap();
    let mut join = Box::pin(run.join());
    assert!(join.as_mut().now_or_never().is_none());
    drop(join);
    assert_eq!(
        within(run.feed([9])).await,
        Err(FeedError::Closed { fed: 0 })
    );
    let results = within(run.join()).await;
    assert_eq!(count(&results, Outcome::Completed), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dropping_runs_on_many_threads_ends_all_their_tasks() {
    let alive = Gauge::new();
    let recorder = Recorder::new();
    let etl = pipeline!(often_stuck >> slow.workers(8))
        .with_state(alive.clone())
        .observe(recorder.clone());
    for round in 0..50 {
        let mut stream = etl.stream(0..).unwrap().window(1 + round % 7);
        // Somewhere in the middle: the slow stage takes a second.
        let _ = tokio::time::timeout(millis(1), stream.next()).await;
    }
    within(async {
        while alive.now() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(alive.total() >= 50);
}
