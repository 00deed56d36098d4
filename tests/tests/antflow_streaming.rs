//! What the documents say of results as they come: in the order of their ends, failures among them, as far as wanted.

use std::convert::Infallible;

use antflow::{Pipeline, PipelineResult, from_fn, pipeline, stage};
use antflow_tests::{
    Boom, Gauge, Outcome, add_one, count, double, millis, second, seconds, values, within,
};
use futures::StreamExt;

#[stage(workers = 3)]
async fn not_three(item: u64) -> Result<u64, Boom> {
    if item == 3 { Err(Boom(3)) } else { Ok(item) }
}

#[tokio::test(start_paused = true)]
async fn every_result_of_every_stage_comes() {
    let stream = pipeline!(add_one >> double).stream(0..10).unwrap();
    let mut all = values(within(stream.collect::<Vec<_>>()).await);
    all.sort_unstable();
    assert_eq!(all, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_be_left_after_three_results() {
    let started = Gauge::new();
    let etl = pipeline!(second).with_state(started.clone());
    let first: Vec<_> = within(etl.stream(0..300).unwrap().take(3).collect()).await;
    assert_eq!(values(first).len(), 3);
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(started.now(), 0);
    // Besides the three, one that was done with the third, and one in the hand of each worker.
    assert!(
        started.total() <= 3 + 1 + 2,
        "{} were started",
        started.total()
    );
}

#[tokio::test(start_paused = true)]
async fn the_result_that_is_ready_first_comes_first() {
    let stage = from_fn("Late", async |item: u64| {
        tokio::time::sleep(millis(item)).await;
        Ok::<_, Infallible>(item)
    });
    let etl = Pipeline::builder().stage(stage.workers(3));
    let results: Vec<_> = within(etl.stream([30, 10, 20]).unwrap().collect()).await;
    assert_eq!(values(results), [10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_item_comes_with_its_error_among_the_others() {
    let stream = pipeline!(not_three >> double).stream(0..5).unwrap();
    let mut results: Vec<_> = within(stream.collect()).await;
    results.sort_by_key(|result| result.sequence_id);
    assert_eq!(count(&results, Outcome::Completed), 4);
    let error = results[3].error().unwrap();
    assert_eq!(error.downcast_ref(), Some(&Boom(3)));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_left_leaves_nothing_to_the_run_after_it() {
    let etl = pipeline!(add_one >> double);
    for window in [1, 100] {
        let mut stream = etl.stream(1000..).unwrap().window(window);
        assert!(within(stream.next()).await.is_some());
        drop(stream);
        let results = within(etl.run(0..3)).await.unwrap();
        assert_eq!(values(results), [2, 4, 6]);
    }
}

/// Whether a consumer that takes a second over each result gets all of them; how far the stages ran ahead of it.
async fn ahead_of_a_slow_consumer(window: usize) -> usize {
    let made = Gauge::new();
    let gauge = made.clone();
    let stage = from_fn("Make", move |item: u64| {
        drop(gauge.enter());
        async move { Ok::<_, Infallible>(item) }
    });
    let etl = Pipeline::builder().stage(stage.workers(2));
    let stream = etl.stream(0..100).expect("it can work");
    let mut stream = stream.window(window);
    let (mut given, mut most) = (0, 0);
    while let Some(PipelineResult { value, .. }) = within(stream.next()).await {
        assert!(value.is_ok());
        given += 1;
        tokio::time::sleep(seconds(1)).await;
        most = most.max(made.total() - given);
    }
    assert_eq!(given, 100);
    most
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_bounds_what_is_made_ahead_of_it() {
    assert_eq!(ahead_of_a_slow_consumer(1).await, 1);
    assert_eq!(ahead_of_a_slow_consumer(7).await, 7);
}

#[tokio::test(start_paused = true)]
async fn without_any_room_ahead_there_is_room_for_one() {
    assert_eq!(ahead_of_a_slow_consumer(0).await, 1);
}
