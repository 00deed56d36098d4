//! When a node starts: as early as its graph allows, and never earlier.

use antflow::cluster::RunKey;
use antflow::cluster::graph::{FanIn, Node, Pull};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::{NodeState, RunState};

use super::ground::{Ground, patient};
use super::probe::{Gates, counted, gated};
use crate::worker_bench::{ROLE, Scripted, node, start};

/// The role of nodes whose batches wait at the gates.
const GATED: &str = "gated";
/// How many batches they have.
const BATCHES: u64 = 2;
const PARENTS: [&str; 3] = ["p", "q", "r"];

fn parents() -> [Node; 3] {
    PARENTS.map(|id| Node::new(id, GATED))
}

async fn worker(ground: &Ground, gates: &Gates) -> antflow::cluster::worker::WorkerHandle {
    let mut config = patient("w");
    config.capacity = 10;
    let gated = gated(BATCHES, gates);
    let builder = ground.cluster().await.worker().config(config);
    let builder = builder.handler(GATED, move || gated.clone());
    let passes =
        || Scripted::default().works(|batch, _| async { Ok(BatchResult::new(batch.payload)) });
    start(builder.handler(ROLE, passes)).await
}

/// Those of these nodes that have begun.
async fn begun(ground: &Ground, run: &RunKey, ids: &[&'static str]) -> Vec<&'static str> {
    let mut begun = Vec::new();
    for id in ids {
        let node = ground.view().node(run, id).await;
        if node.epoch > 0 {
            begun.push(*id);
        } else {
            assert_eq!(node.state, NodeState::Queued, "{id}");
        }
    }
    begun
}

/// C9: of two children the streaming one starts at the first batch of its parent, which still runs, and the other one
/// at its end; both read all of it.
pub async fn a_streaming_child_starts_at_the_first_batch_and_another_one_at_the_end(
    ground: Ground,
) {
    let gates = Gates::default();
    let worker = worker(&ground, &gates).await;
    let reads = |id| node(id).pull(Pull::from_nodes(["p"]));
    let nodes = [
        Node::new("p", GATED),
        reads("early").streaming(),
        reads("late"),
    ];
    let run = ground.view().submit(nodes).await;
    ground.view().reaches(&run, "p", NodeState::Running).await;
    assert!(begun(&ground, &run, &["early", "late"]).await.is_empty());
    gates.open("p/0");
    ground
        .view()
        .wait_for(&run, "early", |node| node.totals.batches == 1)
        .await;
    assert_eq!(
        ground.view().node(&run, "p").await.state,
        NodeState::Running
    );
    assert_eq!(begun(&ground, &run, &["early", "late"]).await, ["early"]);
    gates.open("p/1");
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    for id in ["early", "late"] {
        assert_eq!(
            ground.view().outputs(&run, id).await,
            counted(BATCHES),
            "{id}"
        );
    }
    worker.shutdown().await;
}

/// C9: `any` starts after one parent, `count:n` after as many, and `all`, which is what is meant where nothing is
/// said, after the last one.
pub async fn any_starts_after_one_parent_count_after_as_many_and_all_after_the_last(
    ground: Ground,
) {
    let gates = Gates::default();
    let worker = worker(&ground, &gates).await;
    let child = |id, fan_in| node(id).depends_on(PARENTS).fan_in(fan_in);
    let children = [
        child("any", FanIn::Any),
        child("two", FanIn::Count(2)),
        child("all", FanIn::All),
        node("unsaid").depends_on(PARENTS),
    ];
    let run = ground
        .view()
        .submit(parents().into_iter().chain(children))
        .await;
    let ids = ["any", "two", "all", "unsaid"];
    for (parent, expected) in PARENTS.into_iter().zip([0, 1, 2]) {
        ground
            .view()
            .reaches(&run, parent, NodeState::Running)
            .await;
        assert_eq!(begun(&ground, &run, &ids).await, ids[..expected]);
        for batch in 0..BATCHES {
            gates.open(&format!("{parent}/{batch}"));
        }
        ground
            .view()
            .reaches(&run, parent, NodeState::Finished)
            .await;
        if expected < 2 {
            ground
                .view()
                .reaches(&run, ids[expected], NodeState::Finished)
                .await;
        }
    }
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    worker.shutdown().await;
}

/// C9: of streaming parents as many as asked for must have their first batch: one, where nothing is said.
pub async fn of_streaming_parents_as_many_as_asked_for_must_have_their_first_batch(ground: Ground) {
    let gates = Gates::default();
    let worker = worker(&ground, &gates).await;
    let child = |id: &'static str| node(id).pull(Pull::from_nodes(PARENTS)).streaming();
    let children = [
        child("unsaid"),
        child("two").fan_in(FanIn::Count(2)),
        child("all").fan_in(FanIn::All),
    ];
    let run = ground
        .view()
        .submit(parents().into_iter().chain(children))
        .await;
    let ids = ["unsaid", "two", "all"];
    for (parent, expected) in PARENTS.into_iter().zip(0..) {
        ground
            .view()
            .reaches(&run, parent, NodeState::Running)
            .await;
        assert_eq!(begun(&ground, &run, &ids).await, ids[..expected]);
        gates.open(&format!("{parent}/0"));
        ground
            .view()
            .wait_for(&run, ids[expected], |node| node.epoch == 1)
            .await;
    }
    for parent in PARENTS {
        assert_eq!(
            ground.view().node(&run, parent).await.state,
            NodeState::Running
        );
        gates.open(&format!("{parent}/1"));
    }
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    for id in ids {
        let node = ground.view().node(&run, id).await;
        assert_eq!(
            node.totals.batches,
            3 * BATCHES,
            "{id} has read all of them"
        );
    }
    worker.shutdown().await;
}
