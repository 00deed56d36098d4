//! Do runs end exact, with each node run once, whatever the bus does to what is said on it?

use std::collections::BTreeMap;

use antflow::cluster::RunKey;
use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::RunState;
use antflow::cluster::testing::{BusFaults, TestCluster};
use antflow_tests::worker_bench::{ROLE, Scripted, node};
use antflow_tests::{Log, millis, seconds};
use serde_json::{Map, json};

const BATCHES: u64 = 40;

/// A stream with a merge and a function: `first` makes batches, `left` and `right` read it while it runs, `both` is
/// what they wrote, and `last` reads that.
fn graph() -> Graph {
    let reads = |id: &str, from: &str| node(id).pull(Pull::from_nodes([from]));
    let from = Map::from_iter([("from_nodes".to_owned(), json!(["left", "right"]))]);
    let nodes = [
        node("first").concurrency(2),
        reads("left", "first").streaming(),
        reads("right", "first").streaming(),
        Node::function("both", "merge.generic", from).depends_on(["left", "right"]),
        reads("last", "both"),
    ];
    Graph::new(nodes, &Catalog::any()).expect("this is a graph")
}

/// Makes batches in `first`, passes on what it reads elsewhere, and notes who begins what.
fn handler(begun: &Log<(RunKey, String)>) -> Scripted {
    let begun = begun.clone();
    Scripted::default()
        .makes(|_| (0..BATCHES).map(|n| (format!("b{n}"), json!(n))).collect())
        .works(|batch, _| async move {
            tokio::time::sleep(millis(20)).await;
            Ok(BatchResult::new(batch.payload).metric("count", 1.0))
        })
        .ends(move |ctx| {
            begun.push((ctx.info().run.clone(), ctx.info().node.to_string()));
            Ok(antflow::cluster::handler::Finalization::default())
        })
}

/// Runs the graph several times at once with these faults, and looks whether all is exact.
async fn survive(faults: BusFaults, seed: u64) -> TestCluster {
    let cluster = TestCluster::seeded(seed).expect("it works");
    cluster.faulty_bus().set_faults(faults);
    let begun = Log::new();
    let handler = handler(&begun);
    let coordinators =
        ["c", "d"].map(|id| cluster.coordinator(id).build().expect("it works").start());
    let mut workers = Vec::new();
    for id in ["v", "w", "x"] {
        let handler = handler.clone();
        let worker = cluster.worker(id).handler(ROLE, move || handler.clone());
        workers.push(
            worker
                .build()
                .expect("it works")
                .start()
                .await
                .expect("it works"),
        );
    }
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(cluster.submit_graph(graph()).await.expect("it works"));
    }
    for run in &runs {
        let ended = cluster.ended(run).await;
        assert_eq!(ended.run.state, RunState::Finished, "{faults:?}");
        for node in &ended.nodes {
            assert_eq!(node.epoch, 1, "{faults:?}: `{}` was taken once", node.id);
        }
        for (id, times) in [
            ("first", 1),
            ("left", 1),
            ("right", 1),
            ("both", 2),
            ("last", 2),
        ] {
            let expected = (0..BATCHES).flat_map(|n| (0..times).map(move |_| n));
            cluster.assert_outputs(run, id, expected).await;
        }
        let last = ended.node("last").expect("it works");
        assert_eq!(last.totals.metrics["count"], 80.0, "{faults:?}");
    }
    let mut times: BTreeMap<_, u32> = BTreeMap::new();
    for one in begun.entries() {
        *times.entry(one).or_default() += 1;
    }
    assert_eq!(times.len(), 4 * runs.len());
    assert!(
        times.values().all(|times| *times == 1),
        "{faults:?}: {times:?}"
    );
    for worker in workers {
        worker.shutdown().await;
    }
    for coordinator in coordinators {
        coordinator.shutdown().await;
    }
    cluster
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_repeats_everything_starts_nothing_twice() {
    let all = BusFaults {
        repeated: 1.0,
        ..BusFaults::default()
    };
    let counts = survive(all, 1).await.faulty_bus().counts();
    assert!(
        counts.repeated == counts.asked && counts.asked > 500,
        "{counts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_loses_everything_holds_up_nothing_for_good() {
    let all = BusFaults {
        lost: 1.0,
        ..BusFaults::default()
    };
    let counts = survive(all, 1).await.faulty_bus().counts();
    assert_eq!(counts.lost, counts.asked);
}

#[tokio::test(start_paused = true)]
async fn posts_that_are_late_and_out_of_order_change_no_number() {
    for seed in [1, 2, 3] {
        let some = BusFaults {
            lost: 0.2,
            repeated: 0.3,
            delayed: 0.5,
            reordered: 0.5,
            longest_delay: seconds(3),
        };
        let counts = survive(some, seed).await.faulty_bus().counts();
        let happened = [
            counts.lost,
            counts.repeated,
            counts.delayed,
            counts.reordered,
        ];
        assert!(happened.iter().all(|times| *times > 20), "{counts:?}");
    }
}
