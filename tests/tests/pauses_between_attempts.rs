//! How long a failed attempt waits for the next: fixed, growing, bounded, and scattered at random.

use std::time::Duration;

use antflow::{OnWait, Pipeline, Retry, State, from_fn, pipeline, stage};
use antflow_tests::{Boom, Log, Outcome, count, millis, seconds, within};
use tokio::time::Instant;

/// The pauses between the attempts of one item that always fails.
async fn pauses(retry: Retry) -> Vec<Duration> {
    let calls = Log::new();
    let log = calls.clone();
    let stage = from_fn("Refuse", move |_: u64| {
        log.push(Instant::now());
        async { Err::<u64, _>(Boom(1)) }
    });
    let attempts = retry.max_attempts();
    let etl = Pipeline::builder().stage(stage.retry(retry));
    let results = within(etl.run([1])).await.expect("it starts");
    assert_eq!(results[0].error().expect("it failed").attempts(), attempts);
    let calls = calls.entries();
    assert_eq!(calls.len(), attempts as usize);
    calls.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Both modes, with and without the worker.
fn policies() -> Vec<Retry> {
    let mut all = Vec::new();
    for retry in [Retry::per_task(), Retry::per_stage()] {
        for on_wait in [OnWait::Hold, OnWait::Release] {
            all.push(retry.clone().on_wait(on_wait));
        }
    }
    all
}

#[tokio::test(start_paused = true)]
async fn the_default_is_three_attempts_a_second_apart() {
    for retry in policies() {
        assert_eq!(pauses(retry).await, [seconds(1), seconds(1)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fixed_pause_stays_the_same() {
    for retry in policies() {
        let retry = retry.attempts(5).wait(millis(250));
        assert_eq!(pauses(retry).await, [millis(250); 4]);
    }
}

#[tokio::test(start_paused = true)]
async fn no_pause_and_one_attempt_are_allowed() {
    for retry in policies() {
        assert_eq!(pauses(retry.clone().wait(millis(0))).await, [millis(0); 2]);
        assert!(pauses(retry.attempts(1)).await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_exponential_pause_doubles() {
    for retry in policies() {
        let retry = retry.attempts(6).wait(seconds(1)).exponential();
        assert_eq!(pauses(retry).await, [1, 2, 4, 8, 16].map(seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn an_exponential_pause_stops_growing_at_its_bound() {
    for retry in policies() {
        let retry = retry.attempts(6).wait(seconds(1)).exponential();
        let retry = retry.max_wait(seconds(5));
        assert_eq!(pauses(retry).await, [1, 2, 4, 5, 5].map(seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn jitter_stays_between_half_of_the_pause_and_the_whole() {
    let mut all = Vec::new();
    for retry in policies() {
        let retry = retry.attempts(101).wait(seconds(10)).jitter();
        all.extend(pauses(retry).await);
    }
    let bounds = seconds(5)..=seconds(10) + millis(1);
    assert!(all.iter().all(|pause| bounds.contains(pause)), "{all:?}");
    // 400 draws from five seconds: in both halves, and hardly ever the same.
    let below = all.iter().filter(|pause| **pause < millis(7500)).count();
    assert!(
        (100..300).contains(&below),
        "{below} of 400 are in the lower half"
    );
    all.sort_unstable();
    all.dedup();
    assert!(all.len() > 200, "{} different pauses", all.len());
}

#[tokio::test(start_paused = true)]
async fn jitter_applies_to_each_pause_of_a_growing_one() {
    let retry = Retry::per_task().attempts(5).wait(seconds(1));
    let pauses = pauses(retry.exponential().jitter()).await;
    for (place, pause) in pauses.into_iter().enumerate() {
        let whole = seconds(1 << place);
        assert!(
            pause >= whole / 2 && pause <= whole + millis(1),
            "{place}: {pause:?}"
        );
    }
}

#[stage(
    retry = "per_task",
    attempts = 4,
    wait = "100ms",
    backoff = "exponential",
    max_wait = "300ms"
)]
async fn from_attribute(item: u64, calls: State<Log<Instant>>) -> Result<u64, Boom> {
    calls.push(Instant::now());
    Err(Boom(item))
}

fn between(calls: &Log<Instant>) -> Vec<Duration> {
    let calls = calls.entries();
    calls.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(start_paused = true)]
async fn the_attribute_says_the_same() {
    let calls = Log::new();
    let etl = pipeline!(from_attribute).with_state(calls.clone());
    within(etl.run([1])).await.unwrap();
    assert_eq!(between(&calls), [100, 200, 300].map(millis));
}

#[tokio::test(start_paused = true)]
async fn a_use_may_have_other_numbers() {
    let calls = Log::new();
    let etl = pipeline!(from_attribute.attempts(3).wait(millis(10)));
    within(etl.with_state(calls.clone()).run([1]))
        .await
        .unwrap();
    assert_eq!(between(&calls), [10, 20].map(millis));
}

#[stage]
async fn once(item: u64, calls: State<Log<Instant>>) -> Result<u64, Boom> {
    calls.push(Instant::now());
    Err(Boom(item))
}

#[tokio::test(start_paused = true)]
async fn without_retry_there_is_one_attempt() {
    let calls = Log::new();
    let etl = pipeline!(once).with_state(calls.clone());
    let results = within(etl.run(0..5)).await.unwrap();
    assert_eq!(count(&results, Outcome::Failed), 5);
    assert_eq!(calls.len(), 5);
}
