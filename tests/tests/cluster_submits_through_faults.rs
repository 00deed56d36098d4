//! Does a pipeline that a cluster runs come to its end through faults of the store, of workers and of runtimes?

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::time::Duration;

use antflow::cluster::store::Store;
use antflow::cluster::{Cluster, SubmitError};
use antflow::{CancellationToken, State, pipeline, stage};
use antflow_tests::worker_bench::{WorkerBench, config};
use antflow_tests::{Log, Recorder, values, within};
use futures::StreamExt as _;

#[stage(workers = 2)]
async fn scale(number: u64, by: State<u64>) -> u64 {
    number * *by
}

#[stage(workers = 2)]
async fn next(number: u64) -> u64 {
    number + 1
}

fn cluster(bench: &WorkerBench) -> Cluster {
    let store: Arc<dyn Store> = Arc::clone(&bench.store) as Arc<dyn Store>;
    Cluster::of(store, Arc::new(bench.bus.clone()))
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_a_while_loses_nothing_and_repeats_nothing() {
    let operations = [
        "submit",
        "resume",
        "append_input",
        "close_input",
        "read_artifacts",
        "run",
        "claim",
        "commit",
        "committed",
        "finish",
        "extend",
        "announce",
        "node",
    ];
    for operation in operations {
        for is_done in [false, true] {
            let bench = WorkerBench::new();
            let cluster = cluster(&bench);
            if is_done {
                bench.store.lose_answers(operation, 3);
            } else {
                bench.store.refuse(operation, 40);
            }
            let (recorder, view) = (Recorder::new(), Arc::new(std::sync::OnceLock::new()));
            let seen = Arc::clone(&view);
            let submission = cluster
                .submit(&pipeline!(scale >> next).with_state(2), 0..200)
                .observe(recorder.clone())
                .on_start(move |run: antflow::RunView| drop(seen.set(run)));
            let results = within(submission).await;
            let results = results.unwrap_or_else(|error| panic!("{operation}: {error}"));
            recorder.check(&results, &view.get().unwrap().stats());
            let expected = (0..200).map(|number| number * 2 + 1).collect::<Vec<_>>();
            assert_eq!(values(results), expected, "{operation}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_worker_goes_on_with_the_items_of_one_that_is_lost() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = cluster.coordinator().build().unwrap().start();
    let etl = pipeline!(stuck >> next);
    let results = tokio::spawn(cluster.submit(&etl, 0..50).remote().into_future());
    tokio::time::sleep(Duration::from_secs(100)).await;
    let first = cluster.worker().config(config("first")).stages(&etl);
    let first = first.build().unwrap().start().await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!results.is_finished());
    drop(first);
    let etl = pipeline!(scale.named("Stuck") >> next).with_state(3);
    let second = cluster.worker().config(config("second")).stages(&etl);
    let second = second.build().unwrap().start().await.unwrap();
    let results = within(results).await.unwrap().unwrap();
    assert_eq!(
        values(results),
        (0..50).map(|n| n * 3 + 1).collect::<Vec<_>>()
    );
    second.shutdown().await;
    coordinator.shutdown().await;
}

#[stage(workers = 2)]
async fn stuck(number: u64) -> u64 {
    std::future::pending::<()>().await;
    number
}

#[test]
fn a_run_goes_on_after_its_runtime_was_shut_down() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.db");
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(2).enable_all().build().unwrap()
    };
    for _ in 0..2 {
        let runtime = runtime();
        let path = path.clone();
        runtime.spawn(async move {
            let cluster = Cluster::embedded(path).await.unwrap();
            let etl = pipeline!(scale >> next).with_state(2);
            let endless = futures::stream::iter(0..1500).chain(futures::stream::pending());
            cluster.submit_from(&etl, endless).id("run").await.unwrap();
        });
        std::thread::sleep(Duration::from_millis(400));
        runtime.shutdown_timeout(Duration::from_secs(5));
    }
    let results = runtime().block_on(async {
        let cluster = Cluster::embedded(path).await.unwrap();
        let etl = pipeline!(scale >> next).with_state(2);
        within(cluster.submit(&etl, 0..2000).id("run"))
            .await
            .unwrap()
    });
    assert_eq!(
        values(results),
        (0..2000).map(|n| n * 2 + 1).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_of_the_same_stages_have_their_own_state_each() {
    let cluster = Cluster::in_memory().unwrap();
    let runs = (1..=4).map(|by| {
        let etl = pipeline!(scale >> next).with_state(by);
        cluster.submit(&etl, 0..300).into_future()
    });
    let all = within(futures::future::join_all(runs)).await;
    for (results, by) in all.into_iter().zip(1..) {
        let expected = (0..300).map(|number| number * by + 1).collect::<Vec<_>>();
        assert_eq!(values(results.unwrap()), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_may_be_submitted_by_two_processes_at_the_same_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.db");
    let clusters = [
        Cluster::embedded(&path).await.unwrap(),
        Cluster::embedded(&path).await.unwrap(),
    ];
    let calls = Log::new();
    let etl = pipeline!(counted >> next).with_state(calls.clone());
    let runs = clusters
        .iter()
        .map(|cluster| cluster.submit(&etl, 0..2000).id("same").into_future());
    for results in within(futures::future::join_all(runs)).await {
        assert_eq!(values(results.unwrap()), (1..2001).collect::<Vec<_>>());
    }
    assert!(calls.len() < 3000, "{} calls", calls.len());
}

#[stage(workers = 2)]
async fn counted(number: u64, calls: State<Log<u64>>) -> u64 {
    calls.push(number);
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_run_is_left_when_its_source_has_no_end() {
    let cluster = Cluster::in_memory().unwrap();
    let etl = pipeline!(next);
    within(cluster.submit(&etl, 0..20).id("done"))
        .await
        .unwrap();
    for (count, fits) in [(20, true), (10, true), (30, false)] {
        let token = CancellationToken::new();
        let endless = futures::stream::iter(0..count).chain(futures::stream::pending());
        let submission = cluster.submit_from(&etl, endless).id("done");
        let submission = tokio::spawn(submission.cancel_on(token.clone()).into_future());
        tokio::time::sleep(Duration::from_millis(50)).await;
        token.cancel();
        match within(submission).await.unwrap() {
            Ok(results) => assert!(fits && results.len() as u64 <= count, "{count}"),
            Err(SubmitError::OtherItems { there: 20, .. }) => assert!(!fits, "{count}"),
            Err(error) => panic!("{count}: {error}"),
        }
    }
}
