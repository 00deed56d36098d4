//! An attempt that takes too long is given up: of one task, or of the whole stage, as the retries are.

use antflow::{ItemErrorKind, Pipeline, Retry, State, TaskContext, from_fn, pipeline, stage, task};
use antflow_tests::{Boom, Gauge, Log, Outcome, count, millis, outcomes, seconds, values, within};
use tokio::time::Instant;

#[stage(timeout = "2s")]
async fn bounded(item: u64, alive: State<Gauge>) -> u64 {
    let _alive = alive.enter();
    tokio::time::sleep(seconds(item)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn without_retry_one_long_attempt_ends_the_item() {
    let alive = Gauge::new();
    let etl = pipeline!(bounded).with_state(alive.clone());
    let start = Instant::now();
    let results = within(etl.run([1, 3600, 1])).await.unwrap();
    use Outcome::{Completed, TimedOut};
    assert_eq!(outcomes(&results), [Completed, TimedOut, Completed]);
    assert_eq!(start.elapsed(), seconds(4));
    assert_eq!(alive.now(), 0, "the attempt goes on");
    let error = results[1].error().unwrap();
    assert!(matches!(error.kind(), ItemErrorKind::TimedOut(limit) if *limit == seconds(2)));
    assert_eq!(error.type_name(), "TimedOut");
    assert_eq!(
        error.to_string(),
        "stage `Bounded`, task `bounded`: timed out after 2s"
    );
}

/// Too slow in its first two attempts.
#[task]
async fn gets_faster(item: u64, cx: &TaskContext, calls: State<Log<u32>>) -> u64 {
    calls.push(cx.attempt());
    tokio::time::sleep(seconds(if cx.attempt() < 3 { 60 } else { 1 })).await;
    item
}

#[task]
async fn second(item: u64) -> u64 {
    tokio::time::sleep(seconds(1)).await;
    item
}

#[stage(retry = "per_task", attempts = 3, wait = "10s", timeout = "2s")]
struct PerTask(second, gets_faster, second);

#[stage(retry = "per_stage", attempts = 3, wait = "10s", timeout = "4s")]
struct PerStage(second, gets_faster, second);

#[tokio::test(start_paused = true)]
async fn under_per_task_each_attempt_of_each_task_has_its_time() {
    let calls = Log::new();
    let etl = pipeline!(PerTask).with_state(calls.clone());
    let start = Instant::now();
    let results = within(etl.run([7])).await.unwrap();
    assert_eq!(values(results), [7]);
    assert_eq!(calls.entries(), [1, 2, 3]);
    // A second, two attempts of two and their pauses, one of one, and a second.
    assert_eq!(start.elapsed(), seconds(1 + 2 * (2 + 10) + 1 + 1));
}

#[tokio::test(start_paused = true)]
async fn under_per_stage_the_tasks_share_the_time_of_the_attempt() {
    let calls = Log::new();
    let etl = pipeline!(PerStage).with_state(calls.clone());
    let start = Instant::now();
    let results = within(etl.run([7])).await.unwrap();
    assert_eq!(values(results), [7]);
    assert_eq!(calls.entries(), [1, 2, 3]);
    // Two attempts of four and their pauses, and one of three.
    assert_eq!(start.elapsed(), seconds(2 * (4 + 10) + 3));
}

#[stage(retry = "per_stage", attempts = 2, wait = "0s", timeout = "2500ms")]
struct TooLong(second, second, second);

#[tokio::test(start_paused = true)]
async fn tasks_that_are_short_alone_may_be_too_long_together() {
    let start = Instant::now();
    let results = within(pipeline!(TooLong).run([1])).await.unwrap();
    assert_eq!(outcomes(&results), [Outcome::TimedOut]);
    let error = results[0].error().unwrap();
    assert_eq!(error.attempts(), 2);
    assert!(matches!(error.kind(), ItemErrorKind::TimedOut(limit) if *limit == millis(2500)));
    assert_eq!(start.elapsed(), seconds(5));
}

#[task(timeout = "500ms")]
async fn hasty(item: u64) -> u64 {
    tokio::time::sleep(seconds(1)).await;
    item
}

#[stage(retry = "per_task", attempts = 2, wait = "0s", timeout = "1h")]
struct Hasty(second, hasty);

#[stage(timeout = "1h")]
struct HastyOnce(second, hasty);

#[tokio::test(start_paused = true)]
async fn the_shorter_bound_of_task_and_stage_counts() {
    let results = within(pipeline!(Hasty).run([1])).await.unwrap();
    let error = results[0].error().unwrap();
    assert!(matches!(error.kind(), ItemErrorKind::TimedOut(limit) if *limit == millis(500)));
    assert_eq!((error.task(), error.attempts()), (Some("hasty"), 2));
    let results = within(pipeline!(HastyOnce).run([1])).await.unwrap();
    let error = results[0].error().unwrap();
    assert!(matches!(error.kind(), ItemErrorKind::TimedOut(limit) if *limit == millis(500)));
    // Here what is left of the stage's bound is shorter than the task's own.
    let results = within(pipeline!(HastyOnce.timeout(millis(1200))).run([1]))
        .await
        .unwrap();
    let error = results[0].error().unwrap();
    assert!(matches!(error.kind(), ItemErrorKind::TimedOut(limit) if *limit == millis(1200)));
}

#[tokio::test(start_paused = true)]
async fn a_use_may_have_a_bound_of_its_own() {
    let etl = pipeline!(bounded.timeout(seconds(10))).with_state(Gauge::new());
    let results = within(etl.run([5, 11])).await.unwrap();
    assert_eq!(outcomes(&results), [Outcome::Completed, Outcome::TimedOut]);
}

#[tokio::test(start_paused = true)]
async fn a_bound_beyond_the_end_of_time_is_none() {
    for retry in [None, Some(Retry::per_task()), Some(Retry::per_stage())] {
        let stage = from_fn("Endless", async |item: u64| {
            tokio::time::sleep(seconds(1)).await;
            Ok::<_, Boom>(item)
        });
        let stage = stage.timeout(std::time::Duration::MAX);
        let etl = Pipeline::builder().stage(match retry {
            Some(retry) => stage.retry(retry.wait(std::time::Duration::MAX)),
            None => stage,
        });
        assert_eq!(values(within(etl.run([1])).await.unwrap()), [1]);
    }
}

/// The time in which an item waits for its turn is not the attempt's.
#[tokio::test(start_paused = true)]
async fn waiting_for_a_permit_does_not_use_up_the_time_of_the_attempt() {
    let stage = |retry: Option<Retry>| {
        let stage = from_fn("Exclusive", async |item: u64| {
            tokio::time::sleep(seconds(1)).await;
            Ok::<_, Boom>(item)
        });
        let stage = stage.workers(5).concurrency(1).timeout(millis(1500));
        match retry {
            Some(retry) => stage.retry(retry),
            None => stage,
        }
    };
    let retries = [
        Some(Retry::per_task().attempts(1)),
        Some(Retry::per_stage().attempts(1)),
        None,
    ];
    for retry in retries {
        let start = Instant::now();
        let etl = Pipeline::builder().stage(stage(retry.clone()));
        let results = within(etl.run(0..5)).await.unwrap();
        assert_eq!(count(&results, Outcome::Completed), 5, "{retry:?}");
        assert_eq!(start.elapsed(), seconds(5));
    }
}

#[tokio::test(start_paused = true)]
async fn a_timed_out_attempt_frees_its_worker_and_its_permit() {
    let inside = Gauge::new();
    let gauge = inside.clone();
    let stage = from_fn("Stuck", move |item: u64| {
        let inside = gauge.enter();
        async move {
            if item.is_multiple_of(2) {
                std::future::pending::<()>().await;
            }
            drop(inside);
            Ok::<_, Boom>(item)
        }
    });
    let stage = stage.workers(3).concurrency(2).timeout(seconds(1));
    let results = within(Pipeline::builder().stage(stage).run(0..20)).await;
    let results = results.unwrap();
    assert_eq!(count(&results, Outcome::Completed), 10);
    assert_eq!(count(&results, Outcome::TimedOut), 10);
    assert_eq!((inside.now(), inside.peak()), (0, 2));
}
