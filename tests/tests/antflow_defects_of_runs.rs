//! Runs that would lose items or hang if the engine looked at its queues instead of its items.

use std::convert::Infallible;

use antflow::{
    BoxError, CancellationToken, FeedError, Pipeline, PipelineResult, State, TaskContext, from_fn,
    pipeline, stage,
};
use antflow_tests::{
    Boom, Gauge, Outcome, count, from_attempt, outcomes, panic_quietly, quiet, record, second,
    values, within,
};
use futures::StreamExt;

#[stage(workers = 2, queue = 2, retry = "per_stage", attempts = 3, wait = "0s")]
async fn refuse(item: u64, calls: State<Gauge>) -> Result<u64, Boom> {
    drop(calls.enter());
    tokio::task::yield_now().await;
    Err(Boom(item))
}

#[stage(retry = "per_stage", attempts = 3, wait = "0s")]
async fn third_time(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    from_attempt(3, item, cx)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_always_fails_is_not_lost_under_per_stage() {
    for _ in 0..100 {
        let calls = Gauge::new();
        let etl = pipeline!(refuse).with_state(calls.clone());
        let results = within(etl.run([1])).await.unwrap();
        assert_eq!(results[0].error().unwrap().attempts(), 3);
        assert_eq!(calls.total(), 3);
        let results = within(pipeline!(third_time).run([1])).await.unwrap();
        assert_eq!(values(results), [1]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn items_that_all_fail_do_not_wait_for_room_in_the_queue_that_they_fill() {
    let etl = pipeline!(refuse).with_state(Gauge::new());
    let (results, _) = record(&etl, 0..200).await;
    assert_eq!(count(&results, Outcome::Failed), 200);
}

#[stage(workers = 20)]
async fn fast(item: u64) -> u64 {
    item
}

/// Never done with an item.
#[stage(queue = 1)]
async fn stuck(item: u64, inside: State<Gauge>) -> u64 {
    let _inside = inside.enter();
    std::future::pending::<()>().await;
    item
}

/// Waits until there are as many inside.
async fn inside_are(wanted: usize, inside: &Gauge) {
    while inside.now() != wanted {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shutdown_frees_the_workers_that_wait_for_a_full_queue() {
    let inside = Gauge::new();
    let etl = pipeline!(fast >> stuck).with_state(inside.clone());
    let run = etl.start().unwrap();
    within(run.feed(0..50)).await.unwrap();
    within(inside_are(1, &inside)).await;
    let results = within(run.shutdown()).await;
    assert_eq!(outcomes(&results), [Outcome::Cancelled; 50]);
    assert_eq!(inside.now(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_that_is_left_frees_them_too() {
    let inside = Gauge::new();
    let etl = pipeline!(fast >> stuck).with_state(inside.clone());
    let mut stream = etl.stream(0..).unwrap();
    within(async {
        tokio::select! {
            _ = stream.next() => panic!("a result of what is never done"),
            () = inside_are(1, &inside) => {}
        }
        drop(stream);
        inside_are(0, &inside).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shutdown_frees_a_feeder_and_a_run_that_still_feeds() {
    let inside = Gauge::new();
    let etl = pipeline!(fast >> stuck).with_state(inside.clone());
    let run = etl.start().unwrap();
    let (fed, results) = within(async {
        tokio::join!(run.feed(0..), async {
            inside_are(1, &inside).await;
            run.shutdown().await
        })
    })
    .await;
    let accepted = results.len();
    assert_eq!(fed, Err(FeedError::Closed { fed: accepted }));

    let stop = CancellationToken::new();
    let run = etl.run(0..).cancel_on(stop.clone());
    let (results, ()) = within(async {
        tokio::join!(run.into_future(), async {
            inside_are(1, &inside).await;
            stop.cancel();
        })
    })
    .await;
    let results = results.unwrap();
    assert_eq!(count(&results, Outcome::Cancelled), results.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_of_more_items_than_fit_gives_them_all() {
    let etl = pipeline!(fast.workers(2).queue(20));
    for window in [0, 1, 100] {
        let stream = etl.stream(0..200).unwrap().window(window);
        let results: Vec<_> = within(stream.collect()).await;
        assert_eq!(count(&results, Outcome::Completed), 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_ends_although_items_fail() {
    let calls = Gauge::new();
    let etl = pipeline!(fast >> refuse).with_state(calls.clone());
    let results: Vec<_> = within(etl.stream(0..20).unwrap().collect()).await;
    assert_eq!(outcomes(&results), [Outcome::Failed; 20]);
    assert_eq!(calls.total(), 60);
}

/// Of each three items one is given up, one panics, and one is done.
#[stage(retry = "per_task")]
async fn rough(item: u64) -> Result<u64, BoxError> {
    match item % 3 {
        0 => {
            let work = tokio::spawn(std::future::pending::<()>());
            work.abort();
            work.await?;
        }
        1 => panic_quietly("rough"),
        _ => {}
    }
    Ok(item)
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_or_a_panic_in_a_task_ends_its_item_and_not_its_worker() {
    let (results, _) = record(&pipeline!(rough), 0..30).await;
    use Outcome::{Cancelled, Completed, Panicked};
    for three in outcomes(&results).chunks(3) {
        assert_eq!(three, [Cancelled, Panicked, Completed]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_run_beside_the_first_harms_neither() {
    let etl = pipeline!(second >> fast).with_state(Gauge::new());
    let first = etl.start().unwrap();
    within(first.feed(0..10)).await.unwrap();
    quiet().await;
    let results = within(etl.run(100..103)).await.unwrap();
    assert_eq!(values(results), [100, 101, 102]);
    let cut = etl.start().unwrap();
    within(cut.feed(0..10)).await.unwrap();
    within(cut.shutdown()).await;
    assert_eq!(
        values(within(first.join()).await),
        (0..10).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_run_after_the_first_gives_its_own_results_and_numbers() {
    let etl = pipeline!(second).with_state(Gauge::new());
    let ids = |results: &[PipelineResult<u64>]| -> Vec<_> {
        results.iter().map(|result| result.sequence_id).collect()
    };
    let results = within(etl.run(0..5)).await.unwrap();
    assert_eq!(ids(&results), [0, 1, 2, 3, 4]);
    let again = etl.start().unwrap();
    within(again.feed(5..8)).await.unwrap();
    let results = within(again.join()).await;
    assert_eq!(ids(&results), [0, 1, 2]);
    assert_eq!(values(results), [5, 6, 7]);
    assert_eq!(again.stats().items_submitted, 3);
}

#[stage]
async fn last(item: u64, cx: &TaskContext) -> Result<u64, FeedError> {
    tokio::task::yield_now().await;
    if item < 3 {
        cx.feed_at::<fast>([item + 1]).await?;
    }
    Ok(item)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_task_feeds_to_an_earlier_stage_is_waited_for() {
    for _ in 0..100 {
        let results = within(pipeline!(fast >> last).run([0])).await.unwrap();
        assert_eq!(values(results), [0, 1, 2, 3]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_shutdown_drops_has_an_outcome_an_event_and_a_place_among_the_results() {
    let never = from_fn("Never", async |item: u64| {
        std::future::pending::<()>().await;
        Ok::<_, Infallible>(item)
    });
    let recorder = antflow_tests::Recorder::new();
    let etl = Pipeline::builder().stage(never).observe(recorder.clone());
    let run = etl.start().unwrap();
    within(run.feed(0..4)).await.unwrap();
    quiet().await;
    let results = within(run.shutdown()).await;
    assert_eq!(outcomes(&results), [Outcome::Cancelled; 4]);
    assert_eq!(run.stats().items_cancelled, 4);
    recorder.check(&results, &run.stats());
    assert_eq!(recorder.status_lines(0)[2], "Never cancelled Never-W0");
    assert_eq!(recorder.status_lines(1)[1], "Never cancelled");
}
