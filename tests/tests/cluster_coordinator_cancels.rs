//! Does a run that is cancelled end cancelled, whatever its nodes were at, and does nothing start again?

use std::time::Duration;

use antflow::cluster::graph::{Node, RetryPolicy};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{Finish, NewRun};
use antflow::{BoxError, Cancelled};
use antflow_tests::coordinator_bench::{builder, cluster, coordinator, start};
use antflow_tests::worker_bench::{Planned, Scripted, WorkerBench, node};
use antflow_tests::{Log, seconds};
use serde_json::{Map, json};
use tokio::time::Instant;

/// Does what the name of its node says.
fn by_name() -> Scripted {
    Scripted::counting(1).works(|batch, ctx| async move {
        match ctx.info().node.as_str() {
            "runs" => {
                ctx.cancelled().await;
                Err(Cancelled.into())
            }
            "stubborn" => std::future::pending().await,
            "fails" => Err(BoxError::from(Planned {
                code: "broken",
                permanent: false,
            })),
            _ => Ok(BatchResult::new(batch.payload)),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn nodes_that_run_wait_or_never_started_all_end_cancelled_and_nothing_starts_again() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    let worker = bench.worker("w", &by_name()).await;
    let retry = RetryPolicy::default().backoff(seconds(300));
    let run = bench
        .submit([
            node("runs"),
            node("fails").retry(retry),
            node("never").depends_on(["runs"]),
            Node::new("waits", "nobody"),
            Node::input("open"),
            Node::function("later", "noop", Map::new()).depends_on(["runs"]),
        ])
        .await;
    bench.reaches(&run, "runs", NodeState::Running).await;
    bench.reaches(&run, "fails", NodeState::Deferred).await;
    let before: Vec<_> = cluster.status(&run).await.unwrap().nodes;

    let begun = Instant::now();
    let state = cluster.cancel(&run, "not needed").await.unwrap();
    assert_eq!(state, RunState::Cancelling);
    let ended = cluster.wait(&run).await.unwrap();
    assert!(
        begun.elapsed() < seconds(1),
        "a signal is faster than a look"
    );
    assert_eq!(ended.run.state, RunState::Cancelled);
    assert_eq!(ended.run.reason.as_deref(), Some("not needed"));

    tokio::time::sleep(seconds(1000)).await;
    let after = cluster.status(&run).await.unwrap();
    for (before, after) in before.iter().zip(&after.nodes) {
        assert_eq!(after.state, NodeState::Cancelled, "{}", after.id);
        assert_eq!(after.epoch, before.epoch, "{}", after.id);
        assert_eq!(after.cancel_reason.as_deref(), Some("not needed"));
    }
    assert_eq!(
        cluster.cancel(&run, "again").await.unwrap(),
        RunState::Cancelled
    );
    coordinator.shutdown().await;
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_worker_is_lost_is_cancelled_when_the_grace_is_over() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    let worker = bench.worker("w", &by_name()).await;
    let run = bench
        .submit([node("runs"), node("next").depends_on(["runs"])])
        .await;
    bench.reaches(&run, "runs", NodeState::Running).await;
    // As if its process had died.
    drop(worker);
    let begun = Instant::now();
    cluster
        .cancel_within(&run, "enough", seconds(5))
        .await
        .unwrap();
    let ended = cluster.wait(&run).await.unwrap();
    assert_eq!(ended.run.state, RunState::Cancelled);
    let took = begun.elapsed();
    assert!(took >= seconds(5) && took <= seconds(7), "{took:?}");
    assert_eq!(ended.node("runs").unwrap().epoch, 1);
    assert_eq!(ended.node("next").unwrap().epoch, 0);
    coordinator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_stubborn_handler_is_cut_at_the_grace_and_the_run_ends() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    let worker = bench.worker("w", &by_name()).await;
    let mut new = NewRun::new(
        antflow::cluster::graph::Graph::new(
            [node("stubborn")],
            &antflow::cluster::graph::Catalog::any(),
        )
        .unwrap(),
    );
    new.cancel_grace = Duration::from_secs(3);
    let run = cluster.submit_run(new).await.unwrap();
    bench.reaches(&run, "stubborn", NodeState::Running).await;
    let begun = Instant::now();
    cluster.cancel(&run, "enough").await.unwrap();
    let ended = cluster.wait(&run).await.unwrap();
    assert_eq!(ended.run.state, RunState::Cancelled);
    assert!(begun.elapsed() <= seconds(5), "{:?}", begun.elapsed());
    coordinator.shutdown().await;
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_function_of_a_coordinator_is_cancelled_by_signal_or_flag_with_its_grace() {
    for is_told in [true, false] {
        let bench = WorkerBench::new();
        let cluster = cluster(&bench);
        let log: Log<&str> = Log::new();
        let entries = log.clone();
        let coordinator = start(builder(&cluster, "c").function("waits", move |call| {
            let log = entries.clone();
            async move {
                log.push("begun");
                call.cancelled().await;
                log.push("cancelled");
                call.check_cancelled()?;
                Ok(Finish::default())
            }
        }));
        let run = bench
            .submit([Node::function("f", "waits", Map::new())])
            .await;
        bench.reaches(&run, "f", NodeState::Running).await;
        let begun = Instant::now();
        if is_told {
            cluster.cancel(&run, "enough").await.unwrap();
        } else {
            use antflow::cluster::store::{CancelRequest, SteerStore};
            let request = CancelRequest {
                run: run.clone(),
                reason: "enough".into(),
                grace: None,
            };
            drop(bench.store.cancel(request).await.unwrap());
        }
        let ended = cluster.wait(&run).await.unwrap();
        assert_eq!(ended.run.state, RunState::Cancelled);
        let bound = if is_told {
            Duration::from_millis(600)
        } else {
            seconds(2)
        };
        assert!(begun.elapsed() <= bound, "{:?}", begun.elapsed());
        assert_eq!(log.entries(), ["begun", "cancelled"]);
        coordinator.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn variables_survive_the_cancellation() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    let worker = bench.worker("w", &by_name()).await;
    let args = Map::from_iter([("kv".to_owned(), json!({ "a.b": 1 }))]);
    let nodes = [
        Node::function("set", "vars.set", args),
        node("runs").depends_on(["set"]),
    ];
    let run = bench.submit(nodes).await;
    bench.reaches(&run, "runs", NodeState::Running).await;
    cluster.cancel(&run, "enough").await.unwrap();
    let ended = cluster.wait(&run).await.unwrap();
    assert_eq!(ended.run.state, RunState::Cancelled);
    assert_eq!(ended.node("set").unwrap().state, NodeState::Finished);
    assert_eq!(json!(ended.run.vars), json!({ "a": { "b": 1 } }));
    coordinator.shutdown().await;
    worker.shutdown().await;
}
