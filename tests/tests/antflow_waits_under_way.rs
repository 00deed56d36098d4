//! Waits that are not over: where do they count?

use std::time::Duration;

use antflow::{Pipeline, Retry, from_fn, pipeline, stage};
use antflow_tests::{Boom, millis, within};

#[stage(workers = 2, concurrency = 1)]
async fn work(pause: u64) -> u64 {
    tokio::time::sleep(millis(pause)).await;
    pause
}

#[tokio::test]
async fn a_pause_that_is_not_over_is_no_work() {
    let retry = Retry::per_task().attempts(2).wait(millis(200));
    let stage = from_fn("Refuse", async |item: u64| Err::<u64, _>(Boom(item)));
    let run = Pipeline::builder()
        .stage(stage.retry(retry))
        .start()
        .unwrap();
    within(run.feed([0])).await.unwrap();
    tokio::time::sleep(millis(100)).await;
    let during = run.worker_metrics().remove(0);
    within(run.join()).await;
    let after = run.worker_metrics().remove(0);
    eprintln!(
        "during {during:#?} utilization {} after {after:#?}",
        during.utilization()
    );
    assert!(
        during.processing_time <= after.processing_time,
        "it shrinks"
    );
    assert!(during.processing_time < Duration::from_millis(50));
}

#[tokio::test]
async fn a_wait_for_a_limit_that_is_not_over_is_no_work() {
    let run = pipeline!(work).start().unwrap();
    within(run.feed([200, 1])).await.unwrap();
    tokio::time::sleep(millis(100)).await;
    let during = run.worker_metrics();
    let stats = run.stats();
    within(run.join()).await;
    let after = run.worker_metrics();
    for (during, after) in during.iter().zip(&after) {
        eprintln!(
            "{} during {:?} {:?} after {:?} {:?}",
            during.worker,
            during.processing_time,
            during.waiting_time,
            after.processing_time,
            after.waiting_time
        );
    }
    eprintln!(
        "stage processing_time {:?} after {:?}",
        stats.stage_stats[0].processing_time,
        run.stats().stage_stats[0].processing_time
    );
    for (during, after) in during.iter().zip(&after) {
        assert!(
            during.processing_time <= after.processing_time,
            "{} shrinks",
            during.worker
        );
    }
}
