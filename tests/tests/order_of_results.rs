//! Results come back in the order of feeding, whatever the priorities, the pauses and the ends of the items.

use std::convert::Infallible;

use antflow::{Item, OnWait, Pipeline, Retry, TaskContext, from_fn, pipeline, stage};
use antflow_tests::{Boom, Log, Outcome, millis, outcome, seconds, values, within};

/// Takes longer for smaller items, so that they end in the opposite order.
#[stage(workers = 50)]
async fn reverse(item: u64) -> u64 {
    tokio::time::sleep(millis(1000 - item)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn results_are_in_input_order_although_items_end_in_reverse() {
    let results = within(pipeline!(reverse).run(0..50)).await.unwrap();
    let ids: Vec<_> = results.iter().map(|result| result.sequence_id).collect();
    assert_eq!(ids, (0..50).collect::<Vec<_>>());
    assert_eq!(values(results), (0..50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn priorities_change_the_order_of_work_and_not_of_the_results() {
    let done = Log::new();
    let log = done.clone();
    let stage = from_fn("One", move |item: u64| {
        log.push(item);
        async move {
            tokio::time::sleep(millis(10)).await;
            Ok::<_, Infallible>(item)
        }
    });
    let items = (0..20).map(|n| Item::new(n).priority(1000 - i32::try_from(n).unwrap()));
    let etl = Pipeline::builder().stage(stage.queue(20));
    let results = within(etl.run(items)).await.unwrap();
    assert_eq!(values(results), (0..20).collect::<Vec<_>>());
    // All were queued before the worker began: the last one is the most urgent.
    assert_eq!(done.entries(), (0..20).rev().collect::<Vec<_>>());
}

#[stage(
    workers = 7,
    retry = "per_task",
    attempts = 3,
    wait = "50ms",
    on_wait = "release"
)]
async fn mixed(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    tokio::time::sleep(millis(item * 37 % 100)).await;
    match item % 4 {
        0 => Err(Boom(item)),
        1 if cx.attempt() < 3 => Err(Boom(item)),
        _ => Ok(item),
    }
}

#[tokio::test(start_paused = true)]
async fn failures_stand_in_their_places() {
    let results = within(pipeline!(mixed >> reverse).run(0..100))
        .await
        .unwrap();
    assert_eq!(results.len(), 100);
    for (place, result) in (0..).zip(&results) {
        assert_eq!(result.sequence_id, place);
        let failed = outcome(result) == Outcome::Failed;
        assert_eq!(failed, place % 4 == 0, "{result:?}");
        if let Some(error) = result.error() {
            assert_eq!(error.downcast_ref(), Some(&Boom(place)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_fed_in_several_calls_and_places_is_in_the_order_of_acceptance() {
    let run = pipeline!(mixed.named("First") >> reverse).start().unwrap();
    within(run.feed([2, 3])).await.unwrap();
    within(run.feed_at::<reverse>([500, 400])).await.unwrap();
    within(run.feed([6])).await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    within(run.feed([7])).await.unwrap();
    assert_eq!(values(within(run.join()).await), [2, 3, 500, 400, 6, 7]);
}

#[tokio::test(start_paused = true)]
async fn an_ordered_stream_gives_results_in_input_order() {
    let mut stream = pipeline!(mixed >> reverse)
        .stream(0..100)
        .unwrap()
        .ordered();
    let mut place = 0;
    within(async {
        while let Some(result) = stream.next().await {
            assert_eq!(result.sequence_id, place);
            assert_eq!(result.is_success(), place % 4 != 0);
            place += 1;
        }
    })
    .await;
    assert_eq!(place, 100);
}

#[tokio::test(start_paused = true)]
async fn an_ordered_stream_waits_for_its_head_and_a_plain_one_does_not() {
    let slow_first = || {
        let stage = from_fn("SlowFirst", async |item: u64| {
            let pause = if item == 0 { seconds(60) } else { millis(1) };
            tokio::time::sleep(pause).await;
            Ok::<_, Infallible>(item)
        });
        Pipeline::builder().stage(stage.workers(4))
    };
    let start = tokio::time::Instant::now();
    let mut plain = slow_first().stream(0..10).unwrap();
    assert_eq!(within(plain.next()).await.unwrap().sequence_id, 1);
    assert!(start.elapsed() < seconds(1));
    let mut ordered = slow_first().stream(0..10).unwrap().ordered();
    assert_eq!(within(ordered.next()).await.unwrap().sequence_id, 0);
    assert!(start.elapsed() >= seconds(60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn results_on_many_threads_are_in_input_order() {
    let flaky = from_fn("Flaky", async |item: u64| {
        for _ in 0..item % 5 {
            tokio::task::yield_now().await;
        }
        if item.is_multiple_of(7) {
            Err(Boom(item))
        } else {
            Ok(item)
        }
    });
    let retry = Retry::per_stage().wait(millis(0)).on_wait(OnWait::Release);
    let etl = Pipeline::builder().stage(flaky.workers(8).queue(4).retry(retry));
    let items = (0..2000_u64).map(|n| Item::new(n).priority(i32::try_from(n * 7919 % 13).unwrap()));
    let results = within(etl.run(items)).await.unwrap();
    assert_eq!(results.len(), 2000);
    for (place, result) in (0..).zip(&results) {
        assert_eq!(result.sequence_id, place);
        assert_eq!(result.is_success(), place % 7 != 0);
    }
}
