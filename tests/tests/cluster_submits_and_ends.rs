//! Does a pipeline that a cluster runs come to its end, whoever cancels it and whatever feeds it?

use std::future::IntoFuture as _;
use std::pin::pin;
use std::time::Duration;

use antflow::cluster::Cluster;
use antflow::{pipeline, stage};
use antflow_tests::{values, within};
use futures::StreamExt as _;

#[stage(workers = 2)]
async fn next(number: u64) -> u64 {
    number + 1
}

#[stage(workers = 2)]
async fn after(number: u64) -> u64 {
    number + 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_were_left_unfinished_do_not_hold_up_another_one() {
    let cluster = Cluster::in_memory().unwrap();
    let etl = pipeline!(next >> after);
    for _ in 0..3 {
        // Its source has not ended, as where a process was killed.
        let endless = futures::stream::iter(0..500).chain(futures::stream::pending());
        let mut left = pin!(cluster.submit_from(&etl, endless).remote().stream());
        drop(tokio::time::timeout(Duration::from_millis(100), left.next()).await);
    }
    let results = within(cluster.submit(&etl, 0..20)).await.unwrap();
    assert_eq!(values(results), (2..22).collect::<Vec<_>>());
}

#[stage(workers = 2)]
async fn wait(millis: u64) -> u64 {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    millis
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_does_not_wait_for_the_work_of_another_one() {
    let cluster = Cluster::in_memory().unwrap();
    let etl = pipeline!(wait);
    // Nobody works on it but who works on everything.
    let other = cluster.submit(&etl, [3_600_000]).remote().id("slow");
    let other = tokio::spawn(other.into_future());
    while cluster.status(&"slow".into()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let results = within(cluster.submit(&etl, [1])).await.unwrap();
    assert_eq!(values(results), [1]);
    other.abort();
}
