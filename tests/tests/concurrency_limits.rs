//! `concurrency` bounds how many are inside at once, and is used up to its bound.

use antflow::{OnWait, Pipeline, Retry, State, TaskContext, from_fn, pipeline, stage, task};
use antflow_tests::{Boom, Gauge, Log, millis, quiet, seconds, values, within};
use tokio::time::Instant;

/// Two gauges: one for each task of a list, or one for the stage.
#[derive(Clone, Default)]
struct Gauges {
    limited: Gauge,
    free: Gauge,
}

#[stage(workers = 10, concurrency = 2)]
async fn limited(item: u64, gauges: State<Gauges>) -> u64 {
    let _inside = gauges.limited.enter();
    tokio::time::sleep(seconds(1)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn at_most_two_of_ten_workers_are_inside_and_two_are() {
    let gauges = Gauges::default();
    let start = Instant::now();
    let etl = pipeline!(limited).with_state(gauges.clone());
    let results = within(etl.run(0..10)).await.unwrap();
    assert_eq!(values(results).len(), 10);
    assert_eq!(gauges.limited.peak(), 2);
    assert_eq!(start.elapsed(), seconds(5));
}

#[task(concurrency = 2)]
async fn narrow(item: u64, cx: &TaskContext, gauges: State<Gauges>) -> Result<u64, Boom> {
    let _inside = gauges.limited.enter();
    tokio::time::sleep(seconds(1)).await;
    if cx.attempt() == 1 {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

#[task]
async fn wide(item: u64, gauges: State<Gauges>) -> u64 {
    let _inside = gauges.free.enter();
    tokio::time::sleep(seconds(3)).await;
    item
}

#[stage(workers = 10, retry = "per_task", wait = "1s")]
struct PerTask(wide, narrow, wide);

#[stage(workers = 10, retry = "per_stage", wait = "1s")]
struct PerStage(wide, narrow, wide);

#[tokio::test(start_paused = true)]
async fn the_limit_of_a_task_in_a_list_is_its_own_under_both_modes() {
    for per_stage in [false, true] {
        let gauges = Gauges::default();
        let results = if per_stage {
            within(pipeline!(PerStage).with_state(gauges.clone()).run(0..20)).await
        } else {
            within(pipeline!(PerTask).with_state(gauges.clone()).run(0..20)).await
        };
        assert_eq!(values(results.unwrap()).len(), 20);
        assert_eq!(gauges.limited.peak(), 2);
        assert_eq!(gauges.limited.total(), 40, "each item was tried twice");
        assert_eq!(gauges.free.peak(), 10, "the tasks beside it are free");
    }
}

#[tokio::test(start_paused = true)]
async fn a_permit_is_not_held_while_a_retry_waits() {
    for retry in [Retry::per_task(), Retry::per_stage()] {
        for on_wait in [OnWait::Hold, OnWait::Release] {
            let inside = Gauge::new();
            let gauge = inside.clone();
            let stage = from_fn("Flaky", move |item: u64| {
                let inside = gauge.enter();
                let first = gauge.total() <= 5;
                async move {
                    tokio::time::sleep(seconds(1)).await;
                    drop(inside);
                    if first { Err(Boom(item)) } else { Ok(item) }
                }
            });
            let retry = retry.clone().wait(seconds(100)).on_wait(on_wait);
            let stage = stage.workers(5).concurrency(1).retry(retry);
            let start = Instant::now();
            let results = within(Pipeline::builder().stage(stage).run(0..5)).await;
            assert_eq!(values(results.unwrap()).len(), 5);
            assert_eq!(inside.peak(), 1);
            // Five first attempts while the first pause runs; then five second ones, a second apart.
            assert_eq!(start.elapsed(), seconds(1 + 100 + 5));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_above_the_number_of_workers_changes_nothing() {
    let gauges = Gauges::default();
    let etl = pipeline!(limited.workers(3).concurrency(100)).with_state(gauges.clone());
    assert_eq!(values(within(etl.run(0..9)).await.unwrap()).len(), 9);
    assert_eq!(gauges.limited.peak(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_one_serves_first_come_first() {
    let order = Log::new();
    let log = order.clone();
    let stage = from_fn("One", move |item: u64| {
        log.push(item);
        async move {
            tokio::time::sleep(millis(10)).await;
            Ok::<_, Boom>(item)
        }
    });
    let stage = stage.workers(8).concurrency(1);
    let run = Pipeline::builder().stage(stage).start().unwrap();
    for item in 0..8 {
        run.feed([item]).await.unwrap();
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    }
    within(run.feed(8..20)).await.unwrap();
    within(run.join()).await;
    assert_eq!(order.entries(), (0..20).collect::<Vec<_>>());
}

/// An attempt that is dropped in the middle gives its permit back.
#[tokio::test(start_paused = true)]
async fn permits_come_back_from_panics_timeouts_and_cancellations() {
    let inside = Gauge::new();
    let gauge = inside.clone();
    let stage = from_fn("Rough", move |item: u64| {
        let inside = gauge.enter();
        async move {
            let _inside = inside;
            match item % 4 {
                0 => std::panic::resume_unwind(Box::new("rough")),
                1 => std::future::pending::<()>().await,
                2 => return Err(antflow::BoxError::from(antflow::Cancelled)),
                _ => {}
            }
            Ok(item)
        }
    });
    let stage = stage.workers(6).concurrency(2).timeout(seconds(1));
    let results = within(Pipeline::builder().stage(stage).run(0..40)).await;
    let results = results.unwrap();
    assert_eq!(
        results.iter().filter(|result| result.is_success()).count(),
        10
    );
    assert_eq!(inside.total(), 40);
    assert_eq!((inside.now(), inside.peak()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn items_that_wait_for_a_permit_are_cancelled_by_shutdown() {
    let gauges = Gauges::default();
    let run = pipeline!(limited)
        .with_state(gauges.clone())
        .start()
        .unwrap();
    within(run.feed(0..10)).await.unwrap();
    quiet().await;
    let start = Instant::now();
    let results = within(run.shutdown()).await;
    assert_eq!(
        results.iter().filter(|result| !result.is_success()).count(),
        10
    );
    assert_eq!(start.elapsed(), millis(0));
    assert_eq!((gauges.limited.now(), gauges.limited.total()), (0, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_limit_holds_on_many_threads() {
    let inside = Gauge::new();
    let gauge = inside.clone();
    let stage = from_fn("Busy", move |item: u64| {
        let gauge = gauge.clone();
        async move {
            let _inside = gauge.enter();
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            Ok::<_, Boom>(item)
        }
    });
    let stage = stage.workers(16).concurrency(3);
    let results = within(Pipeline::builder().stage(stage).run(0..2000)).await;
    assert_eq!(values(results.unwrap()).len(), 2000);
    assert!(inside.peak() <= 3, "{} at once", inside.peak());
}
