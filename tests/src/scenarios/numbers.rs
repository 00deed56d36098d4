//! Numbers of runs side by side.

use antflow::cluster::RunKey;
use antflow::cluster::graph::{Node, Pull};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::RunState;
use serde_json::{Map, json};

use super::ground::Ground;
use crate::worker_bench::{Planned, Scripted, node};
use crate::{Log, millis};

/// C20: the numbers of runs side by side, whose nodes have the same names, are kept apart, and their sums are exact,
/// with batches that are not full and retries.
pub async fn sums_of_runs_side_by_side_are_exact(ground: Ground) {
    const SIZE: u32 = 4;
    let failed: Log<RunKey> = Log::new();
    let handler = Scripted::default().works(move |batch, ctx| {
        let failed = failed.clone();
        async move {
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
    });
    let coordinator = ground.coordinator("c").await;
    let workers = [
        ground.worker("v", &handler).await,
        ground.worker("w", &handler).await,
    ];
    let mut runs = Vec::new();
    for lists in [3, 10, 11, 30] {
        let retry = antflow::cluster::graph::RetryPolicy::default().backoff(millis(50));
        let cut = Pull::from_nodes(["in"]).rechunk(SIZE, "items");
        let cut = node("n").pull(cut).streaming().concurrency(2).retry(retry);
        let of = Map::from_iter([("node_id".to_owned(), json!("n"))]);
        let sum = Node::function("sum", "metrics.aggregate", of).depends_on(["n"]);
        let run = ground.view().submit([Node::input("in"), cut, sum]).await;
        let items = ground.view().append_lists(&run, lists).await;
        runs.push((run, lists, items));
    }
    for (run, lists, items) in runs {
        assert_eq!(ground.view().ended(&run).await, RunState::Finished);
        let chunks: u32 = (0..lists).map(|items| items.div_ceil(SIZE)).sum();
        let read = ground.view().node(&run, "n").await;
        let found = (read.totals.batches, read.epoch);
        assert_eq!(found, (chunks.into(), 2), "{lists} lists");
        for id in ["n", "sum"] {
            let node = ground.view().node(&run, id).await;
            let count = node.totals.metrics["count"];
            assert_eq!(count, f64::from(items), "`{id}` of {lists} lists");
        }
    }
    for worker in workers {
        worker.shutdown().await;
    }
    coordinator.shutdown().await;
}
