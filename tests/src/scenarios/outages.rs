//! Servers that crash and come back while everybody works.

use antflow::cluster::graph::{Node, Pull};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::protocol::Topic;
use antflow::cluster::state::RunState;
use serde_json::Map;

use super::ground::{Ground, coordinator, quick};
use super::probe::{counted, hear};
use crate::coordinator_bench::status;
use crate::worker_bench::{ROLE, Scripted, node};
use crate::{millis, seconds, within};

const BATCHES: u64 = 60;

/// Runs a stream of two nodes and a function behind them, does something while its first node is at work, and looks
/// whether all is exact and all was said.
pub(super) async fn survive(ground: &Ground, outage: impl AsyncFn()) {
    let mut inbox = ground.listen(vec![status(ROLE), Topic::Runs]).await;
    let handler = Scripted::counting(BATCHES).works(|batch, _| async move {
        tokio::time::sleep(millis(20)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let mut config = quick("c");
    // However long a server takes to start, no event is given up.
    config.outbox_retry.max = 10_000;
    let coordinator = coordinator(&ground.cluster().await, config);
    let workers = [
        ground.worker("v", &handler).await,
        ground.worker("w", &handler).await,
    ];
    let reads = node("second").pull(Pull::from_nodes(["first"])).streaming();
    let function = Node::function("last", "noop", Map::new()).depends_on(["second"]);
    let run = ground.view().submit([node("first"), reads, function]).await;
    ground
        .view()
        .wait_for(&run, "second", |node| node.totals.batches > 5)
        .await;
    outage().await;
    let ended = within(ground.own().wait(&run)).await.unwrap();
    assert_eq!(ended.run.state, RunState::Finished);
    for id in ["first", "second"] {
        assert_eq!(
            ground.view().outputs(&run, id).await,
            counted(BATCHES),
            "{id}"
        );
        assert_eq!(ground.view().node(&run, id).await.epoch, 1, "{id}");
    }
    super::probe::until(async || ground.own().counts().await.unwrap().outbox == 0).await;
    assert!(ground.own().dead_letters(0, 10).await.unwrap().is_empty());
    // What was said while the listener was cut off may be lost to it. It hears what comes then.
    within(async {
        loop {
            let next = ground.view().submit([node("n")]).await;
            assert_eq!(ground.view().ended(&next).await, RunState::Finished);
            let said = hear(&mut *inbox, |said| said.message.kind() == "run_ended");
            if tokio::time::timeout(seconds(2), said).await.is_ok() {
                return;
            }
        }
    })
    .await;
    for worker in workers {
        within(worker.shutdown()).await;
    }
    within(coordinator.shutdown()).await;
}
