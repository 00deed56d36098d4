//! Are the numbers of runs exact, side by side and with batches that are not full?

use antflow::cluster::RunKey;
use antflow::cluster::graph::{Node, Pull};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::RunState;
use antflow_tests::coordinator_bench::coordinator;
use antflow_tests::worker_bench::{Planned, Scripted, WorkerBench, node};
use antflow_tests::{Log, millis};
use serde_json::{Map, json};

/// Counts the items of its batches. One batch of each run fails once.
fn counting(failed: &Log<RunKey>) -> Scripted {
    let failed = failed.clone();
    Scripted::default().works(move |batch, ctx| {
        let failed = failed.clone();
        async move {
            tokio::time::sleep(millis(3)).await;
            let items = batch.payload.as_array().map_or(1, Vec::len);
            let run = ctx.info().run.clone();
            if items == 1 && !failed.entries().contains(&run) {
                failed.push(run);
                return Err(Planned {
                    code: "flaky",
                    permanent: false,
                }
                .into());
            }
            let count = u32::try_from(items)?;
            Ok(BatchResult::new(batch.payload).metric("count", count.into()))
        }
    })
}

#[tokio::test(start_paused = true)]
async fn sums_of_runs_side_by_side_are_exact_with_remainders_and_retries() {
    const SIZE: u32 = 4;
    let bench = WorkerBench::new();
    let coordinator = coordinator(&bench, "c");
    let failed = Log::new();
    let handler = counting(&failed);
    let workers = [
        bench.worker("v", &handler).await,
        bench.worker("w", &handler).await,
    ];
    let mut runs = Vec::new();
    for lists in [3, 10, 11, 30] {
        let cut = node("n")
            .pull(Pull::from_nodes(["in"]).rechunk(SIZE, "items"))
            .streaming();
        let sum = Map::from_iter([("node_id".to_owned(), json!("n"))]);
        let sum = Node::function("sum", "metrics.aggregate", sum).depends_on(["n"]);
        let run = bench
            .submit([Node::input("in"), cut.concurrency(2), sum])
            .await;
        let items = bench.view().append_lists(&run, lists).await;
        runs.push((run, lists, items));
    }
    for (run, lists, items) in runs {
        assert_eq!(bench.ended(&run).await, RunState::Finished);
        let chunks: u32 = (0..lists).map(|items| items.div_ceil(SIZE)).sum();
        let read = bench.node(&run, "n").await;
        assert_eq!(
            (read.totals.batches, read.epoch),
            (chunks.into(), 2),
            "{lists} lists"
        );
        assert_eq!(
            read.totals.metrics["count"],
            f64::from(items),
            "{lists} lists"
        );
        let sum = bench.node(&run, "sum").await;
        assert_eq!(
            sum.totals.metrics["count"],
            f64::from(items),
            "{lists} lists"
        );
    }
    coordinator.shutdown().await;
    for worker in workers {
        worker.shutdown().await;
    }
}
