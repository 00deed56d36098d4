//! What the documents say of what each worker has done. The times are those of a real clock, so they are only bounded
//! from below or compared with each other.

use std::time::{Duration, SystemTime};

use antflow::{
    Handle, OnWait, Pipeline, Rate, Retry, StageLoad, WorkerMetrics, from_fn, pipeline, stage,
};
use antflow_tests::{Boom, millis, within};

/// Sleeps for so many milliseconds, and fails for odd ones.
#[stage]
async fn work(pause: u64) -> Result<u64, Boom> {
    tokio::time::sleep(millis(pause)).await;
    if pause % 2 == 1 {
        Err(Boom(pause))
    } else {
        Ok(pause)
    }
}

#[stage(workers = 2)]
async fn next(item: u64) -> u64 {
    item
}

fn total(metrics: &[WorkerMetrics], time: fn(&WorkerMetrics) -> Duration) -> Duration {
    metrics.iter().map(time).sum()
}

/// The only worker that has waited, and has done little else.
fn waiter(run: &Handle<u64, u64>) -> WorkerMetrics {
    let mut metrics = run.worker_metrics();
    metrics.retain(|worker| !worker.waiting_time.is_zero());
    assert_eq!(metrics.len(), 1, "{metrics:#?}");
    metrics.remove(0)
}

fn has_waited(worker: &WorkerMetrics) {
    assert!(worker.waiting_time >= millis(40), "{worker:#?}");
    assert!(worker.waiting_time > worker.processing_time, "{worker:#?}");
    assert!(worker.utilization() < 0.5, "{worker:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_counts_what_it_processed_failed_and_repeated() {
    let retry = Retry::per_task().attempts(3).wait(Duration::ZERO);
    let stage = from_fn("Work", async |item: u64| {
        if item % 4 == 3 {
            Err(Boom(item))
        } else {
            Ok(item)
        }
    });
    let etl = Pipeline::builder().stage(stage.retry(retry));
    let run = etl.start().unwrap();
    within(run.feed(0..20)).await.unwrap();
    within(run.join()).await;
    let [worker] = &run.worker_metrics()[..] else {
        panic!("one worker");
    };
    assert_eq!(worker.worker.to_string(), "Work-W0");
    assert_eq!((worker.items_processed, worker.items_failed), (15, 5));
    assert_eq!(worker.retries, 10);
    assert_eq!(worker.failure_rate(), 0.25);
}

#[tokio::test]
async fn the_average_is_over_all_items_also_those_that_failed() {
    let run = pipeline!(work).start().unwrap();
    within(run.feed([10, 11, 12, 13])).await.unwrap();
    within(run.join()).await;
    let worker = &run.worker_metrics()[0];
    assert_eq!((worker.items_processed, worker.items_failed), (2, 2));
    assert!(worker.processing_time >= millis(40), "{worker:#?}");
    assert_eq!(worker.average_processing_time(), worker.processing_time / 4);
    assert_eq!(worker.waiting_time, Duration::ZERO);
    let stage = &run.stats().stage_stats[0];
    assert_eq!(
        stage.average_processing_time(),
        worker.average_processing_time()
    );
}

#[tokio::test]
async fn a_wait_for_a_limit_is_no_work() {
    let run = pipeline!(work.workers(2).concurrency(1)).start().unwrap();
    within(run.feed([60])).await.unwrap();
    tokio::time::sleep(millis(5)).await;
    within(run.feed([0])).await.unwrap();
    within(run.join()).await;
    has_waited(&waiter(&run));
    let both = run.worker_metrics();
    let at_work = total(&both, |worker| worker.processing_time);
    assert!(at_work >= millis(55), "{both:#?}");
}

#[tokio::test]
async fn a_wait_for_a_rate_is_no_work() {
    let rate = Rate::new(1, millis(60));
    let run = pipeline!(work.rate(rate)).start().unwrap();
    within(run.feed([0, 0])).await.unwrap();
    within(run.join()).await;
    has_waited(&waiter(&run));
}

#[tokio::test]
async fn a_pause_before_an_attempt_is_no_work_and_without_a_worker_no_wait() {
    for on_wait in [OnWait::Hold, OnWait::Release] {
        let retry = Retry::per_task().attempts(2).wait(millis(50));
        let stage = from_fn("Refuse", async |item: u64| Err::<u64, _>(Boom(item)));
        let stage = stage.retry(retry.on_wait(on_wait));
        let run = Pipeline::builder().stage(stage).start().unwrap();
        within(run.feed([0])).await.unwrap();
        within(run.join()).await;
        let worker = &run.worker_metrics()[0];
        assert!(worker.observed >= millis(45), "{worker:#?}");
        match on_wait {
            OnWait::Hold => has_waited(worker),
            OnWait::Release => assert_eq!(worker.waiting_time, Duration::ZERO),
        }
        assert!(worker.processing_time < worker.observed / 2, "{worker:#?}");
    }
}

#[tokio::test]
async fn a_wait_for_room_in_the_next_stage_is_no_work() {
    let fast = from_fn("Fast", async |item: u64| Ok::<_, Boom>(item));
    let slow = from_fn("Slow", async |item: u64| {
        tokio::time::sleep(millis(30)).await;
        Ok::<_, Boom>(item)
    });
    let etl = Pipeline::builder().stage(fast).stage(slow.queue(1));
    let run = etl.start().unwrap();
    within(run.feed(0..6)).await.unwrap();
    within(run.join()).await;
    let fast = waiter(&run);
    assert_eq!(fast.worker.stage(), "Fast");
    has_waited(&fast);
}

#[tokio::test]
async fn the_item_in_hand_counts_as_far_as_it_has_come() {
    let run = pipeline!(work).start().unwrap();
    within(run.feed([3_600_000])).await.unwrap();
    let mut last = Duration::ZERO;
    for _ in 0..3 {
        tokio::time::sleep(millis(10)).await;
        let worker = &run.worker_metrics()[0];
        assert!(worker.processing_time > last, "{worker:#?}");
        assert!(worker.processing_time <= worker.observed);
        last = worker.processing_time;
    }
    assert!(last >= millis(20), "{last:?}");
    within(run.shutdown()).await;
}

#[tokio::test]
async fn a_worker_was_last_active_when_it_had_its_last_item() {
    let before = SystemTime::now() - millis(1);
    let run = pipeline!(work.workers(2)).start().unwrap();
    let last = || run.worker_metrics().into_iter().map(|one| one.last_active);
    assert!(last().all(|at| at.is_none()), "nobody had any yet");
    within(run.feed([20])).await.unwrap();
    tokio::time::sleep(millis(5)).await;
    let at_work: Vec<_> = last().flatten().collect();
    assert_eq!(at_work.len(), 1, "one of the two has one");
    within(run.join()).await;
    let ended: Vec<_> = last().flatten().collect();
    assert!(before < at_work[0] && at_work[0] < ended[0]);
    tokio::time::sleep(millis(10)).await;
    assert!(last().flatten().eq(ended), "it has been idle since");
}

#[tokio::test]
async fn a_worker_that_works_is_used_more_than_one_that_does_not() {
    let run = pipeline!(work.workers(2)).start().unwrap();
    within(run.feed([50])).await.unwrap();
    within(run.join()).await;
    let mut metrics = run.worker_metrics();
    metrics.sort_by_key(|worker| worker.processing_time);
    let [idle, busy] = &metrics[..] else {
        panic!("two workers");
    };
    assert_eq!(idle.utilization(), 0.0);
    assert_eq!(idle.average_processing_time(), Duration::ZERO);
    assert_eq!(idle.failure_rate(), 0.0);
    let share = busy.processing_time.as_secs_f64() / busy.observed.as_secs_f64();
    assert_eq!(busy.utilization(), share);
    assert!(share > 0.0 && share <= 1.0);
    assert!(busy.observed >= millis(45), "{busy:#?}");
    let later = run.worker_metrics();
    assert_eq!(later[0].observed, busy.observed, "the run has ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_load_of_a_stage_says_how_evenly_its_workers_share_the_work() {
    let run = pipeline!(work.workers(4) >> next).start().unwrap();
    within(run.feed((0..40).map(|_| 2))).await.unwrap();
    within(run.join()).await;
    let metrics = run.worker_metrics();
    let [work, next] = &StageLoad::of(&metrics)[..] else {
        panic!("two stages");
    };
    assert_eq!((&*work.stage_name, work.workers), ("Work", 4));
    assert_eq!((&*next.stage_name, next.workers), ("Next", 2));
    assert_eq!((work.average_items, next.average_items), (10.0, 20.0));
    for load in [work, next] {
        let of_stage = metrics.iter();
        let of_stage = of_stage.filter(|worker| worker.worker.stage() == load.stage_name);
        let items: Vec<_> = of_stage.clone().map(|one| one.items_processed).collect();
        assert_eq!(items.iter().sum::<u64>(), 40);
        assert_eq!(items.iter().min(), Some(&load.least_items));
        assert_eq!(items.iter().max(), Some(&load.most_items));
        let busiest = load.most_items as f64 / load.average_items;
        assert_eq!(load.imbalance(), busiest);
        let mean = of_stage.map(WorkerMetrics::utilization).sum::<f64>() / load.workers as f64;
        assert!((load.utilization - mean).abs() < 1e-9);
    }
    assert!(work.utilization > next.utilization);
}
