//! Are failed nodes tried again as often and as late as their policy says, and what comes of them counted once?

use antflow::BoxError;
use antflow::cluster::graph::RetryPolicy;
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::{NodeState, RunState};
use antflow_tests::Log;
use antflow_tests::coordinator_bench::{cluster, coordinator};
use antflow_tests::seconds;
use antflow_tests::worker_bench::{Planned, Scripted, WorkerBench, node};
use tokio::time::Instant;

/// Fails with this code in each epoch up to this one, and writes down when.
fn fails(code: &'static str, epochs: u64, times: &Log<Instant>) -> Scripted {
    let times = times.clone();
    Scripted::counting(3).works(move |batch, ctx| {
        let times = times.clone();
        async move {
            if batch.payload == 1 {
                times.push(Instant::now());
                if ctx.info().epoch <= epochs {
                    return Err(BoxError::from(Planned {
                        code,
                        permanent: false,
                    }));
                }
            }
            Ok(BatchResult::new(batch.payload).metric("count", 1.0))
        }
    })
}

#[tokio::test(start_paused = true)]
async fn retries_end_after_as_many_as_the_policy_says() {
    let bench = WorkerBench::new();
    let coordinator = coordinator(&bench, "c");
    let times = Log::new();
    let worker = bench.worker("w", &fails("flaky", 100, &times)).await;
    let policy = RetryPolicy::default().backoff(seconds(10)).max(2);
    let run = bench.submit([node("n").retry(policy)]).await;
    assert_eq!(bench.ended(&run).await, RunState::Failed);
    let reason = bench.run(&run).await.reason;
    assert_eq!(reason.as_deref(), Some("node n: flaky"));
    let times = times.entries();
    assert_eq!(times.len(), 3, "one attempt, and two retries");
    for pair in times.windows(2) {
        let pause = pair[1] - pair[0];
        assert!(pause >= seconds(10) && pause <= seconds(12), "{pause:?}");
    }
    tokio::time::sleep(seconds(1000)).await;
    assert_eq!(bench.node(&run, "n").await.epoch, 3);
    coordinator.shutdown().await;
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_reason_that_is_permanent_is_not_retried_and_what_comes_after_is_cancelled() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    let times = Log::new();
    let worker = bench.worker("w", &fails("bad_input", 100, &times)).await;
    let run = bench
        .submit([node("n"), node("after").depends_on(["n"])])
        .await;
    let ended = cluster.wait(&run).await.unwrap();
    assert_eq!(ended.run.state, RunState::Failed);
    assert_eq!(ended.node("n").unwrap().epoch, 1);
    assert_eq!(ended.node("n").unwrap().state, NodeState::Failed);
    assert_eq!(ended.node("after").unwrap().state, NodeState::Cancelled);
    coordinator.shutdown().await;
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_numbers_of_batches_are_counted_once_over_all_attempts() {
    let bench = WorkerBench::new();
    let coordinator = coordinator(&bench, "c");
    let times = Log::new();
    let worker = bench.worker("w", &fails("flaky", 1, &times)).await;
    let run = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let node = bench.node(&run, "n").await;
    assert_eq!((node.epoch, node.totals.batches), (2, 3));
    assert_eq!(node.totals.metrics["count"], 3.0);
    coordinator.shutdown().await;
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_worker_or_for_a_retry_is_not_taken_for_lost() {
    let bench = WorkerBench::new();
    let coordinator = coordinator(&bench, "c");
    let policy = RetryPolicy::default().backoff(seconds(1800));
    let run = bench.submit([node("n").retry(policy)]).await;
    tokio::time::sleep(seconds(3600)).await;
    assert_eq!(bench.node(&run, "n").await.state, NodeState::Ready);

    let times = Log::new();
    let worker = bench.worker("w", &fails("flaky", 1, &times)).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let node = bench.node(&run, "n").await;
    assert_eq!((node.epoch, node.interruptions), (2, 0));
    let times = times.entries();
    assert!(times[1] - times[0] >= seconds(1800));
    assert_eq!(coordinator.stats().reaped, 0);
    coordinator.shutdown().await;
    worker.shutdown().await;
}
