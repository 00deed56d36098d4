//! `rate` lets the first calls through at once and spaces the later ones.

use std::time::Duration;

use antflow::{OnWait, Pipeline, Rate, Retry, State, from_fn, pipeline, stage, task};
use antflow_tests::{Boom, Gauge, Log, Outcome, count, millis, seconds, values, within};
use tokio::time::Instant;

#[derive(Clone)]
struct Times {
    start: Instant,
    log: Log<u128>,
}

impl Times {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            log: Log::new(),
        }
    }

    /// Notes the milliseconds since the start.
    fn note(&self) {
        self.log.push(self.start.elapsed().as_millis());
    }

    fn check(&self, expected: &[u128]) {
        let seen = self.log.entries();
        assert_eq!(seen.len(), expected.len(), "{seen:?}");
        for (seen_at, at) in seen.iter().zip(expected) {
            // Timers are good to a millisecond.
            assert!(
                seen_at.abs_diff(*at) <= 2,
                "{seen:?}, expected {expected:?}"
            );
        }
    }
}

#[stage(workers = 10, rate = "4/s")]
async fn paced(item: u64, times: State<Times>) -> u64 {
    times.note();
    item
}

#[tokio::test(start_paused = true)]
async fn the_first_go_at_once_and_the_later_ones_are_spaced() {
    let times = Times::new();
    let etl = pipeline!(paced).with_state(times.clone());
    let results = within(etl.run(0..10)).await.unwrap();
    assert_eq!(values(results), (0..10).collect::<Vec<_>>());
    times.check(&[0, 0, 0, 0, 250, 500, 750, 1000, 1250, 1500]);
}

#[tokio::test(start_paused = true)]
async fn after_a_rest_the_first_go_at_once_again() {
    let times = Times::new();
    let run = pipeline!(paced).with_state(times.clone()).start().unwrap();
    within(run.feed(0..5)).await.unwrap();
    tokio::time::sleep(seconds(10)).await;
    within(run.feed(0..6)).await.unwrap();
    within(run.join()).await;
    times.check(&[
        0, 0, 0, 0, 250, 10_000, 10_000, 10_000, 10_000, 10_250, 10_500,
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_rate_may_be_slower_than_one_in_a_second() {
    let times = Times::new();
    let etl = pipeline!(paced.rate(Rate::new(1, seconds(60)))).with_state(times.clone());
    within(etl.run(0..3)).await.unwrap();
    times.check(&[0, 60_000, 120_000]);
}

#[tokio::test(start_paused = true)]
async fn retries_count_too() {
    for retry in [Retry::per_task(), Retry::per_stage()] {
        for on_wait in [OnWait::Hold, OnWait::Release] {
            let times = Times::new();
            let noted = times.clone();
            let stage = from_fn("Refuse", move |item: u64| {
                noted.note();
                async move { Err::<u64, _>(Boom(item)) }
            });
            let retry = retry.clone().attempts(4).wait(millis(0)).on_wait(on_wait);
            let stage = stage.retry(retry).rate(Rate::new(1, seconds(1)));
            let results = within(Pipeline::builder().stage(stage).run([1])).await;
            assert_eq!(count(&results.unwrap(), Outcome::Failed), 1);
            times.check(&[0, 1000, 2000, 3000]);
        }
    }
}

#[task]
async fn free(item: u64) -> u64 {
    item
}

#[task(rate = "2/s")]
async fn slow(item: u64, times: State<Times>) -> u64 {
    times.note();
    item
}

#[stage(workers = 6)]
struct List(free, slow, free);

#[tokio::test(start_paused = true)]
async fn the_rate_of_a_task_in_a_list_is_its_own() {
    let times = Times::new();
    let etl = pipeline!(List).with_state(times.clone());
    assert_eq!(values(within(etl.run(0..6)).await.unwrap()).len(), 6);
    times.check(&[0, 0, 500, 1000, 1500, 2000]);
}

#[tokio::test(start_paused = true)]
async fn rate_and_concurrency_hold_together() {
    let (times, inside) = (Times::new(), Gauge::new());
    let (noted, gauge) = (times.clone(), inside.clone());
    let stage = from_fn("Both", move |item: u64| {
        noted.note();
        let inside = gauge.enter();
        async move {
            tokio::time::sleep(seconds(1)).await;
            drop(inside);
            Ok::<_, Boom>(item)
        }
    });
    let stage = stage.workers(10).concurrency(2);
    let stage = stage.rate(Rate::new(4, seconds(1)));
    within(Pipeline::builder().stage(stage).run(0..6))
        .await
        .unwrap();
    times.check(&[0, 0, 1000, 1000, 2000, 2000]);
    assert_eq!(inside.peak(), 2);
}

#[tokio::test(start_paused = true)]
async fn items_that_wait_for_their_turn_are_cancelled_by_shutdown() {
    let times = Times::new();
    let run = pipeline!(paced).with_state(times.clone()).start().unwrap();
    within(run.feed(0..50)).await.unwrap();
    tokio::time::sleep(millis(600)).await;
    let start = Instant::now();
    let results = within(run.shutdown()).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(count(&results, Outcome::Completed), 6);
    assert_eq!(count(&results, Outcome::Cancelled), 44);
}
