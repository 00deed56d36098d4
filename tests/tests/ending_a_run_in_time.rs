//! `drain` ends a run by a deadline, `cancel_on` by a token: what is done by then is kept.

use antflow::{CancellationToken, FeedError, pipeline, stage};
use antflow_tests::{
    Gauge, Outcome, Recorder, count, millis, outcomes, quiet, second, seconds, values, within,
};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_drain_with_time_enough_ends_when_the_items_end() {
    let etl = pipeline!(second).with_state(Gauge::new());
    let run = etl.start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    let start = Instant::now();
    let results = within(run.drain(seconds(60))).await;
    assert_eq!(values(results), (0..10).collect::<Vec<_>>());
    assert_eq!(start.elapsed(), seconds(5));
}

#[tokio::test(start_paused = true)]
async fn a_drain_without_time_enough_cuts_off_at_its_deadline() {
    let (alive, recorder) = (Gauge::new(), Recorder::new());
    let etl = pipeline!(second).with_state(alive.clone());
    let run = etl.observe(recorder.clone()).start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    let start = Instant::now();
    let results = within(run.drain(millis(2500))).await;
    assert_eq!(start.elapsed(), millis(2500));
    assert_eq!(outcomes(&results[..4]), [Outcome::Completed; 4]);
    assert_eq!(outcomes(&results[4..]), [Outcome::Cancelled; 6]);
    assert_eq!(alive.now(), 0);
    recorder.check(&results, &run.stats());
}

#[tokio::test(start_paused = true)]
async fn while_it_drains_nothing_more_is_accepted() {
    let etl = pipeline!(second).with_state(Gauge::new());
    let run = etl.start().unwrap();
    within(run.feed(0..4)).await.unwrap();
    let (results, fed) = within(async {
        tokio::join!(run.drain(seconds(60)), async {
            quiet().await;
            run.feed([99]).await
        })
    })
    .await;
    assert_eq!(fed, Err(FeedError::Closed { fed: 0 }));
    assert_eq!(values(results), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_with_its_token() {
    let (alive, stop) = (Gauge::new(), CancellationToken::new());
    let etl = pipeline!(second).with_state(alive.clone());
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(millis(3500)).await;
        token.cancel();
    });
    let start = Instant::now();
    let results = within(etl.run(0..).cancel_on(stop)).await.unwrap();
    assert_eq!(start.elapsed(), millis(3500));
    assert_eq!(count(&results, Outcome::Completed), 6);
    // Two in hand; what was not taken from the iterator has no result.
    assert_eq!(count(&results, Outcome::Cancelled), 2);
    let ids: Vec<_> = results.iter().map(|result| result.sequence_id).collect();
    assert_eq!(ids, (0..8).collect::<Vec<_>>());
    assert_eq!(alive.now(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_token_is_never_cancelled_is_a_run() {
    let etl = pipeline!(second).with_state(Gauge::new());
    let results = within(etl.run(0..4).cancel_on(CancellationToken::new())).await;
    assert_eq!(values(results.unwrap()), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_cancelled_before_feeds_nothing() {
    let stop = CancellationToken::new();
    stop.cancel();
    let etl = pipeline!(second).with_state(Gauge::new());
    let results = within(etl.run(0..).cancel_on(stop)).await.unwrap();
    assert!(results.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_token_after_the_results_of_what_was_fed() {
    let stop = CancellationToken::new();
    let (alive, recorder) = (Gauge::new(), Recorder::new());
    let etl = pipeline!(second).with_state(alive.clone());
    let stream = etl.observe(recorder.clone()).stream(0..).unwrap();
    let mut stream = stream.cancel_on(stop.clone());
    let mut results = Vec::new();
    within(async {
        while let Some(result) = stream.next().await {
            results.push(result);
            if results.len() == 6 {
                stop.cancel();
            }
        }
    })
    .await;
    assert_eq!(outcomes(&results[..6]), [Outcome::Completed; 6]);
    assert_eq!(count(&results, Outcome::Cancelled), results.len() - 6);
    let mut ids: Vec<_> = results.iter().map(|result| result.sequence_id).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..results.len() as u64).collect::<Vec<_>>());
    assert_eq!(alive.now(), 0);
}

#[stage(workers = 3)]
async fn instant(item: u64) -> u64 {
    item
}

/// Nothing in this run ever waits for anything, and still the others have their turns.
#[tokio::test(start_paused = true)]
async fn a_run_that_never_rests_leaves_room_for_others() {
    let stop = CancellationToken::new();
    let token = stop.clone();
    let other = tokio::spawn(async move {
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        token.cancel();
    });
    let etl = pipeline!(instant >> instant.named("Second"));
    let results = within(etl.run(0..1_000_000).cancel_on(stop)).await.unwrap();
    within(other).await.unwrap();
    assert!(count(&results, Outcome::Completed) > 1000);
    assert!(
        results.len() < 1_000_000,
        "the others had their turns behind it"
    );
}
