//! What the documents say of ending a run early, and of stages that take an item only when they are free.

use std::future::pending;

use antflow::event::Status;
use antflow::{State, TaskContext, pipeline, stage};
use antflow_tests::{
    Boom, Gauge, Outcome, count, from_attempt, millis, outcomes, quiet, record, second, seconds,
    values, within,
};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn what_a_shutdown_leaves_undone_is_counted_and_given_back() {
    let etl = pipeline!(second).with_state(Gauge::new());
    let run = etl.start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    tokio::time::sleep(millis(1500)).await;
    let results = within(run.shutdown()).await;
    assert_eq!(outcomes(&results)[..2], [Outcome::Completed; 2]);
    assert_eq!(outcomes(&results)[2..], [Outcome::Cancelled; 8]);
    assert_eq!(run.stats().items_cancelled, 8);
    assert!(within(run.shutdown()).await.is_empty(), "the second time");
}

/// A job that ends with an error while its run is still at work.
async fn leave_by_an_error(inside: &Gauge) -> Result<(), Boom> {
    let etl = pipeline!(second).with_state(inside.clone());
    let run = etl.start().expect("it can work");
    within(run.feed(0..10)).await.expect("it is open");
    quiet().await;
    assert_eq!(inside.now(), 2);
    Err(Boom(1))
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_with_the_scope_that_it_is_in() {
    let inside = Gauge::new();
    assert_eq!(leave_by_an_error(&inside).await, Err(Boom(1)));
    tokio::time::sleep(seconds(60)).await;
    assert_eq!((inside.now(), inside.total()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_stops_its_workers() {
    let inside = Gauge::new();
    let etl = pipeline!(second).with_state(inside.clone());
    let run = tokio::time::timeout(millis(1500), etl.run(0..10).into_future());
    assert!(within(run).await.is_err());
    tokio::time::sleep(seconds(60)).await;
    assert_eq!((inside.now(), inside.total()), (0, 4));
}

#[stage(workers = 2, retry = "per_stage", wait = "1h", on_wait = "release")]
async fn refuse(item: u64) -> Result<u64, Boom> {
    Err(Boom(item))
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_takes_the_items_that_wait_for_a_retry() {
    let run = pipeline!(refuse).start().unwrap();
    within(run.feed(0..5)).await.unwrap();
    quiet().await;
    let start = Instant::now();
    let results = within(run.shutdown()).await;
    assert_eq!(outcomes(&results), [Outcome::Cancelled; 5]);
    assert_eq!(start.elapsed(), millis(0));
}

// Stages without any queue are not known here: one with `queue = 1` bounds what waits in front of it to one item.

#[stage(workers = 8)]
async fn prepare(item: u64, made: State<Gauge>) -> u64 {
    drop(made.enter());
    item
}

#[stage(workers = 2, queue = 1)]
async fn upload(item: u64) -> u64 {
    tokio::time::sleep(seconds(1)).await;
    item
}

#[stage]
async fn finish(item: u64) -> u64 {
    item
}

#[tokio::test(start_paused = true)]
async fn stages_before_one_that_is_busy_wait_with_what_they_have() {
    let made = Gauge::new();
    let etl = pipeline!(prepare >> upload >> finish).with_state(made.clone());
    let run = etl.start().unwrap();
    within(run.feed(0..40)).await.unwrap();
    for second in 0..10 {
        quiet().await;
        let upload = run.stats().stage("Upload").unwrap().clone();
        assert_eq!(upload.in_progress_items, 2, "as many as there are workers");
        assert_eq!(upload.pending_items, 1);
        // What is done, in work, waiting, and in the hands of the eight.
        assert!(made.total() <= 2 * second + 2 + 1 + 8, "{}", made.total());
        tokio::time::sleep(millis(999)).await;
    }
    assert_eq!(values(within(run.join()).await).len(), 40);
}

/// Every third item never succeeds, the others at their second attempt.
#[stage(workers = 2, queue = 1, retry = "per_task", attempts = 2, wait = "0s")]
async fn flaky(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    from_attempt(if item.is_multiple_of(3) { 3 } else { 2 }, item, cx)
}

#[tokio::test(start_paused = true)]
async fn retries_behind_a_queue_of_one_end_well_or_are_counted() {
    let (results, recorder) = record(&pipeline!(finish >> flaky), 0..30).await;
    assert_eq!(count(&results, Outcome::Completed), 20);
    assert_eq!(count(&results, Outcome::Failed), 10);
    assert_eq!(recorder.count(Status::Retrying), 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hundreds_of_workers_behind_a_queue_of_one_lose_nothing() {
    for workers in [100, 500] {
        let etl = pipeline!(finish.workers(4) >> flaky.workers(workers));
        let (results, _) = record(&etl, 0..600).await;
        assert_eq!(count(&results, Outcome::Completed), 400);
    }
}

#[stage(workers = 3, queue = 1)]
async fn endless(item: u64, inside: State<Gauge>) -> u64 {
    let _inside = inside.enter();
    pending::<()>().await;
    item
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shutdown_while_a_stage_behind_a_queue_of_one_is_at_work_does_not_hang() {
    let inside = Gauge::new();
    let etl = pipeline!(finish.workers(4) >> endless).with_state(inside.clone());
    let run = etl.start().unwrap();
    within(run.feed(0..30)).await.unwrap();
    within(async {
        while inside.now() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let results = within(run.shutdown()).await;
    assert_eq!(outcomes(&results), [Outcome::Cancelled; 30]);
    assert_eq!(inside.now(), 0);
}
