//! Do trackers, dashboards and streams show a pipeline that a cluster runs, whoever is slow?

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use antflow::cluster::Cluster;
use antflow::cluster::worker::WorkerConfig;
use antflow::event::Status;
use antflow::{BoxError, CancellationToken, Item, RunView, StatusTracker, TaskContext};
use antflow::{pipeline, stage};
use antflow_tests::{Log, Outcome, Recorder, count, values, within};
use futures::StreamExt as _;

#[stage(workers = 2)]
async fn next(number: u64) -> u64 {
    number + 1
}

#[stage(workers = 2, retry = "per_task", attempts = 3, wait = "1ms")]
async fn flaky(number: u64, cx: &TaskContext) -> Result<u64, BoxError> {
    if number.is_multiple_of(4) && cx.attempt() < 3 {
        return Err("not yet".into());
    }
    Ok(number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_first_item_holds_up_no_others() {
    let cluster = Cluster::in_memory().unwrap();
    let (token, log) = (CancellationToken::new(), Log::new());
    let mut results = pin!(
        cluster
            .submit(&pipeline!(first_is_slow >> next), 0..3000)
            .cancel_on(token.clone())
            .stream()
    );
    while log.len() < 2999 {
        let result = within(results.next()).await.unwrap().unwrap();
        log.push(result.value.unwrap());
    }
    assert!(!log.entries().contains(&1));
    token.cancel();
    let last = within(results.next()).await.unwrap().unwrap();
    assert!(last.error().unwrap().is_cancelled());
    assert!(within(results.next()).await.is_none());
}

#[stage(workers = 2)]
async fn first_is_slow(number: u64) -> u64 {
    if number == 0 {
        std::future::pending::<()>().await;
    }
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tracker_knows_the_lives_of_items_also_of_the_same_id() {
    let cluster = Cluster::in_memory().unwrap();
    let (here, there) = (StatusTracker::new(), StatusTracker::new());
    let etl = pipeline!(flaky >> next);
    let items = || {
        (0..8).map(|number| {
            Item::new(number)
                .id(if number < 2 {
                    "twin".to_owned()
                } else {
                    format!("{number}")
                })
                .priority(100 - number as i32)
        })
    };
    etl.clone()
        .observe(here.clone())
        .run(items())
        .await
        .unwrap();
    within(cluster.submit(&etl, items()).observe(there.clone()))
        .await
        .unwrap();
    for id in ["twin", "4", "5"] {
        let lives = [&here, &there].map(|tracker| {
            let history = tracker.history(id);
            history
                .iter()
                .map(|event| (event.stage.to_string(), event.status))
                .collect::<Vec<_>>()
        });
        if id != "twin" {
            assert_eq!(lives[0], lives[1], "{id}");
        }
        assert_eq!(lives[0].len(), lives[1].len());
    }
    assert_eq!(
        here.by_status(Status::Completed).len(),
        there.by_status(Status::Completed).len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_at_rest_are_those_of_one_machine() {
    let cluster = Cluster::in_memory().unwrap();
    let etl = pipeline!(flaky >> next);
    let run = etl.start().unwrap();
    run.feed(0..100).await.unwrap();
    run.join().await;
    let (recorder, view) = (Recorder::new(), Arc::new(OnceLock::<RunView>::new()));
    let seen = Arc::clone(&view);
    let submission = cluster.submit(&etl, 0..100).observe(recorder.clone());
    let submission = submission.on_start(move |run| drop(seen.set(run)));
    let results = within(submission).await.unwrap();
    let (here, there) = (run.stats(), view.get().unwrap().stats());
    recorder.check(&results, &there);
    for (here, there) in here.stage_stats.iter().zip(&there.stage_stats) {
        let numbers = |stats: &antflow::StageStats| {
            (
                stats.completed_items,
                stats.retries,
                stats.pending_items,
                stats.failed_items,
            )
        };
        assert_eq!(numbers(here), numbers(there));
    }
    let workers = |metrics: Vec<antflow::WorkerMetrics>| {
        metrics
            .iter()
            .map(|worker| worker.items_processed)
            .sum::<u64>()
    };
    let [here, there] = [run.worker_metrics(), view.get().unwrap().worker_metrics()].map(workers);
    assert_eq!(here, there);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_may_pause_and_leave_at_any_time() {
    let cluster = Cluster::in_memory().unwrap();
    let etl = pipeline!(flaky >> next);
    for taken in [0, 1, 300, 999] {
        let mut results = pin!(cluster.submit(&etl, 0..1000).id("left").stream());
        for _ in 0..taken {
            within(results.next()).await.unwrap().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let results = within(cluster.submit(&etl, 0..1000).id("left"))
        .await
        .unwrap();
    assert_eq!(values(results), (1..1001).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_of_less_capacity_than_there_are_stages_does_them_all() {
    let cluster = Cluster::in_memory().unwrap();
    let etl = pipeline!(flaky >> next >> next.named("Last"));
    let submission = cluster.submit(&etl, 0..300).worker(WorkerConfig::default());
    let results = within(submission).await.unwrap();
    assert_eq!(count(&results, Outcome::Completed), 300);
}
