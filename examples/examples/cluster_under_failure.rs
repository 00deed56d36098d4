//! A graph under failure: messages are lost and repeated, the store is away now and then, and workers die wherever they
//! can. In the end, everything is there once.
//!
//! This is what a test of your own handlers may look like: put `#[tokio::test(start_paused = true)]` over it, and hours
//! of leases and pauses pass in milliseconds.

use std::time::Duration;

use antflow::BoxError;
use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
use antflow::cluster::handler::{Batch, BatchResult, Handler, RunContext};
use antflow::cluster::state::RunState;
use antflow::cluster::testing::{
    BusFaults, CrashPoint, Rehearsal, StoreFaults, TestCluster, numbers,
};
use futures::stream::{self, Stream};
use serde_json::{Map, Value};

/// Squares numbers. It takes its time, so that there is something to interrupt.
#[derive(Default)]
struct Squares;

impl Handler for Squares {
    type Input = Map<String, Value>;
    type Batch = u64;
    type Output = u64;
    type Error = BoxError;

    fn batches(
        &self,
        _: Map<String, Value>,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<u64>, BoxError>> + Send {
        // It reads what others wrote.
        stream::empty()
    }

    async fn process_batch(
        &self,
        batch: Batch<u64>,
        ctx: &RunContext,
    ) -> Result<BatchResult<u64>, BoxError> {
        ctx.sleep(Duration::from_millis(100)).await?;
        ctx.save_checkpoint(batch.uid.as_str()).await?;
        Ok(BatchResult::new(batch.payload * batch.payload).metric("squares", 1.0))
    }
}

const ALL: u64 = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    // Of a test, `start_paused = true` does this.
    tokio::time::pause();

    // First the handler alone.
    let done = Rehearsal::of(Squares::default)
        .reading([2, 3])
        .run()
        .await?;
    assert_eq!(done.outputs::<u64>()?, [4, 9]);

    let cluster = TestCluster::seeded(7)?;
    let squares = Node::new("squares", "squarer").pull(Pull::from_nodes(["numbers"]));
    let again = Node::new("again", "squarer")
        .pull(Pull::from_nodes(["squares"]))
        .streaming();
    let graph = Graph::new([Node::input("numbers"), squares, again], &Catalog::any())?;
    let run = cluster.submit_graph(graph).await?;
    cluster
        .append_input(&run, "numbers", numbers(0..ALL))
        .await?;
    cluster.close_input(&run, "numbers").await?;
    let coordinator = cluster.coordinator("coordinator").build()?.start();

    // Now everything goes wrong.
    cluster.faulty_bus().set_faults(BusFaults {
        lost: 0.3,
        repeated: 0.3,
        reordered: 0.3,
        ..BusFaults::default()
    });
    cluster.faulty_store().fail_at_random(StoreFaults {
        refused: 0.05,
        unheard: 0.05,
        ..StoreFaults::default()
    });
    let points = [
        CrashPoint::AfterClaim,
        CrashPoint::AfterRead,
        CrashPoint::BeforeCommit,
        CrashPoint::AfterCommit,
        CrashPoint::BeforeCheckpoint,
        CrashPoint::AfterCheckpoint,
        CrashPoint::BeforeFinish,
        CrashPoint::AfterFinish,
    ];
    for (number, point) in points.into_iter().enumerate() {
        // Some start again under an id that was there before, and go on at once; others wait for the lease to end.
        let worker = cluster.worker(&format!("worker-{}", number / 2));
        let worker = worker.handler("squarer", Squares::default);
        let worker = cluster.doomed_worker(worker, point, 1).await?;
        worker.crashed().await;
        println!("a worker died at {point:?}");
    }

    // The last one lives.
    let worker = cluster
        .worker("survivor")
        .handler("squarer", Squares::default);
    let worker = worker.build()?.start().await?;
    let ended = cluster.ended(&run).await;
    assert_eq!(ended.run.state, RunState::Finished);

    cluster
        .faulty_store()
        .fail_at_random(StoreFaults::default());
    cluster
        .assert_outputs(&run, "squares", (0..ALL).map(|n| n.pow(2)))
        .await;
    cluster
        .assert_outputs(&run, "again", (0..ALL).map(|n| n.pow(4)))
        .await;
    println!("{ALL} squares, and each of them once");
    worker.shutdown().await;
    coordinator.shutdown().await;
    Ok(())
}
