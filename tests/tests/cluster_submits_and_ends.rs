//! Does a pipeline that a cluster runs come to its end, whoever cancels it and whatever feeds it?

use std::future::IntoFuture as _;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use antflow::cluster::state::RunState;
use antflow::cluster::{Cluster, SubmitError};
use antflow::{CancellationToken, pipeline, stage};
use antflow_tests::{Log, Outcome, Recorder, count, values, within};
use futures::StreamExt as _;

#[stage(workers = 2)]
async fn next(number: u64) -> u64 {
    number + 1
}

#[stage(workers = 2)]
async fn after(number: u64) -> u64 {
    number + 1
}

#[stage]
async fn stuck(number: u64) -> u64 {
    std::future::pending::<()>().await;
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_cancelled_while_it_is_fed_gives_a_result_for_each_item_that_was_taken() {
    let cluster = Cluster::in_memory().unwrap();
    let (token, recorder) = (CancellationToken::new(), Recorder::new());
    let view = Arc::new(std::sync::OnceLock::new());
    let seen = Arc::clone(&view);
    let endless = futures::stream::iter(0_u64..).then(async |number| {
        if number % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        number
    });
    let submission = cluster
        .submit_from(&pipeline!(next >> after), endless)
        .cancel_on(token.clone())
        .observe(recorder.clone())
        .on_start(move |run| drop(seen.set(run)));
    let results = tokio::spawn(submission.into_future());
    while view
        .get()
        .is_none_or(|run: &antflow::RunView| run.stats().items_processed < 100)
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    token.cancel();
    let results = within(results).await.unwrap().unwrap();
    assert!(count(&results, Outcome::Cancelled) > 0);
    recorder.check(&results, &view.get().unwrap().stats());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_gives_no_more_and_does_not_end_is_left_when_the_run_is_cancelled() {
    let cluster = Cluster::in_memory().unwrap();
    let token = CancellationToken::new();
    let endless = futures::stream::iter(0..700).chain(futures::stream::pending());
    let submission = cluster
        .submit_from(&pipeline!(next), endless)
        .cancel_on(token.clone())
        .id("endless");
    let results = tokio::spawn(submission.into_future());
    tokio::time::sleep(Duration::from_millis(300)).await;
    token.cancel();
    let results = within(results).await.unwrap().unwrap();
    assert!(results.len() >= 500);
    let status = cluster.status(&"endless".into()).await.unwrap();
    assert_eq!(status.run.state, RunState::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_are_worked_on_while_their_source_waits() {
    let cluster = Cluster::in_memory().unwrap();
    let (sender, items) = futures::channel::mpsc::unbounded();
    let mut results = pin!(cluster.submit_from(&pipeline!(next), items).stream());
    for number in 0..3_u64 {
        sender.unbounded_send(number).unwrap();
        let result = within(results.next()).await.unwrap().unwrap();
        assert_eq!(result.value.unwrap(), number + 1);
    }
    drop(sender);
    assert!(within(results.next()).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_are_worked_on_while_an_iterator_takes_its_time() {
    let cluster = Cluster::in_memory().unwrap();
    let (token, taken) = (CancellationToken::new(), Log::new());
    let taking = taken.clone();
    let slow = (0..4999).inspect(move |number| {
        taking.push(*number);
        std::thread::sleep(Duration::from_millis(5));
    });
    let results = cluster.submit(&pipeline!(next), slow);
    let mut results = pin!(results.cancel_on(token.clone()).stream());
    let first = within(results.next()).await.unwrap().unwrap();
    // Of two workers, either may be the first.
    assert!(first.value.is_ok());
    assert!(taken.len() < 4999);
    token.cancel();
    let rest = within(results.count()).await;
    assert_eq!(rest + 1, taken.len(), "what was taken has an outcome");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_cancelled_before_it_begins_ends() {
    let cluster = Cluster::in_memory().unwrap();
    let token = CancellationToken::new();
    token.cancel();
    let submission = cluster.submit(&pipeline!(stuck), 0..5000).cancel_on(token);
    let results = within(submission).await.unwrap();
    assert_eq!(count(&results, Outcome::Cancelled), results.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_somebody_else_cancels_ends_and_can_be_submitted_again() {
    let cluster = Cluster::in_memory().unwrap();
    let recorder = Recorder::new();
    let submission = cluster
        .submit(&pipeline!(stuck), 0..5000)
        .id("long")
        .observe(recorder.clone());
    let results = tokio::spawn(submission.into_future());
    while recorder.events().len() < 600 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    cluster.cancel(&"long".into(), "not wanted").await.unwrap();
    let results = within(results).await.unwrap().unwrap();
    assert_eq!(count(&results, Outcome::Cancelled), results.len());
    for items in [0..5000, 0..10, 0..9000] {
        let again = cluster.submit(&pipeline!(stuck), items).id("long");
        match within(again).await {
            Ok(again) => assert_eq!(count(&again, Outcome::Cancelled), again.len()),
            Err(error) => assert!(matches!(error, SubmitError::OtherItems { .. }), "{error}"),
        }
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_run_may_be_submitted_twice_at_the_same_time() {
    let cluster = Cluster::in_memory().unwrap();
    let etl = pipeline!(next >> after);
    let twice = (0..2).map(|_| cluster.submit(&etl, 0..2000).id("same").into_future());
    for results in within(futures::future::join_all(twice)).await {
        assert_eq!(values(results.unwrap()), (2..2002).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_on_a_paused_clock() {
    let cluster = Cluster::in_memory().unwrap();
    let etl = pipeline!(next >> after);
    let results = within(cluster.submit(&etl, 0..1000)).await.unwrap();
    assert_eq!(values(results), (2..1002).collect::<Vec<_>>());
}
