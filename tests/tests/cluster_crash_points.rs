//! Wherever a worker or a coordinator dies: is it really dead, and does another one go on with nothing lost or doubled?

use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::protocol::Topic;
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::testing::{CrashPoint, TestCluster, numbers};
use antflow::cluster::worker::WorkerBuilder;
use antflow::cluster::{Cluster, RunKey};
use antflow_tests::coordinator_bench::{kinds, listen};
use antflow_tests::worker_bench::{Planned, ROLE, Scripted, node};
use antflow_tests::{millis, seconds};

const ALL: u64 = 12;

/// Saves a checkpoint in each batch, takes a while, and fails once, at the seventh batch.
fn handler(cluster: &TestCluster) -> Scripted {
    let store = cluster.faulty_store().clone();
    Scripted::default().works(move |batch, ctx| {
        let store = store.clone();
        async move {
            ctx.save_checkpoint(&batch.payload).await?;
            tokio::time::sleep(millis(100)).await;
            if batch.payload == 6 && store.asked("fail") == 0 {
                return Err(Planned {
                    code: "flaky",
                    permanent: false,
                }
                .into());
            }
            Ok(BatchResult::new(batch.payload).metric("items", 1.0))
        }
    })
}

fn worker(cluster: &TestCluster, id: &str, handler: &Scripted) -> WorkerBuilder {
    let handler = handler.clone();
    cluster.worker(id).handler(ROLE, move || handler.clone())
}

async fn submit(cluster: &Cluster) -> RunKey {
    let reads = node("n").pull(Pull::from_nodes(["in"]));
    let graph = Graph::new([Node::input("in"), reads], &Catalog::any()).expect("this is a graph");
    let run = cluster.submit_graph(graph).await.expect("it is stored");
    cluster
        .append_input(&run, "in", numbers(0..ALL))
        .await
        .expect("it is stored");
    cluster.close_input(&run, "in").await.expect("it is closed");
    run
}

#[tokio::test(start_paused = true)]
async fn at_each_point_a_worker_dies_at_once_and_the_next_one_goes_on() {
    for point in CrashPoint::OF_WORKERS {
        for id in ["same", "other"] {
            let cluster = TestCluster::new().unwrap();
            let coordinator = cluster.coordinator("c").build().unwrap().start();
            let run = submit(&cluster).await;
            let first = handler(&cluster);
            let doomed = worker(&cluster, "same", &first);
            let doomed = cluster.doomed_worker(doomed, point, 1).await.unwrap();
            doomed.crashed().await;
            assert!(doomed.has_crashed());

            let (log, before) = (first.log.entries(), cluster.status(&run).await.unwrap());
            tokio::time::sleep(seconds(30)).await;
            assert_eq!(first.log.entries(), log, "{point:?}: nothing runs on");
            let after = cluster.status(&run).await.unwrap();
            assert_eq!(
                after, before,
                "{point:?}: its lease is not given back or extended"
            );
            let is_held = after.node("n").unwrap().state == NodeState::Running;
            let has_ended = matches!(point, CrashPoint::AfterFinish | CrashPoint::AfterFail);
            assert_eq!(is_held, !has_ended, "{point:?}");

            let second = handler(&cluster);
            let second = worker(&cluster, id, &second)
                .build()
                .unwrap()
                .start()
                .await
                .unwrap();
            let ended = cluster.ended(&run).await;
            assert_eq!(ended.run.state, RunState::Finished, "{point:?}");
            cluster.assert_outputs(&run, "n", 0..ALL).await;
            let uids = (0..ALL).map(|n| format!("in/{n}"));
            cluster.assert_each_batch_once(&run, "n", uids).await;
            assert_eq!(
                ended.node("n").unwrap().totals.metrics["items"],
                12.0,
                "{point:?}"
            );
            second.shutdown().await;
            coordinator.shutdown().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_dies_the_nth_time_that_it_comes_there() {
    for time in [1, 3, 5] {
        let cluster = TestCluster::new().unwrap();
        let run = submit(&cluster).await;
        let builder = worker(&cluster, "w", &handler(&cluster));
        let doomed = cluster
            .doomed_worker(builder, CrashPoint::AfterCommit, time)
            .await
            .unwrap();
        doomed.crashed().await;
        assert_eq!(cluster.faulty_store().asked("commit"), time);
        let node = cluster
            .status(&run)
            .await
            .unwrap()
            .node("n")
            .unwrap()
            .clone();
        assert_eq!(node.totals.batches, time);
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_killed_at_any_moment() {
    let cluster = TestCluster::new().unwrap();
    let run = submit(&cluster).await;
    let mut kills = 0;
    // Again and again under the same id, at another moment each time.
    while !cluster.status(&run).await.unwrap().run.state.is_terminal() {
        let builder = worker(&cluster, "w", &handler(&cluster));
        let never = CrashPoint::AfterReap;
        let doomed = cluster.doomed_worker(builder, never, 1).await.unwrap();
        tokio::time::sleep(millis(70 + kills % 160)).await;
        assert!(!doomed.has_crashed());
        doomed.kill().await;
        kills += 7;
    }
    assert!(kills > 7 * 6, "{kills}");
    cluster.assert_outputs(&run, "n", 0..ALL).await;
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_that_dies_between_taking_and_noting_events_loses_none() {
    for (point, said_twice) in [
        (CrashPoint::AfterOutboxTake, false),
        (CrashPoint::BeforeOutboxSent, true),
    ] {
        let cluster = TestCluster::new().unwrap();
        let mut inbox = listen(&**cluster.bus(), vec![Topic::Runs]).await;
        let graph = Graph::new([Node::new("n", "nobody")], &Catalog::any()).unwrap();
        cluster.submit_graph(graph).await.unwrap();
        let first = cluster.coordinator("first");
        let first = cluster.doomed_coordinator(first, point, 1).unwrap();
        first.crashed().await;
        let heard = kinds(&mut *inbox);
        assert_eq!(heard.len(), usize::from(said_twice), "{point:?}");

        let second = cluster.coordinator("second").build().unwrap().start();
        tokio::time::sleep(seconds(9)).await;
        assert!(kinds(&mut *inbox).is_empty(), "{point:?}: they are held");
        tokio::time::sleep(seconds(2)).await;
        assert_eq!(kinds(&mut *inbox), ["run_started"], "{point:?}");
        second.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_that_dies_while_it_reaps_leaves_a_node_that_can_be_taken() {
    let cluster = TestCluster::new().unwrap();
    let run = submit(&cluster).await;
    let builder = worker(&cluster, "w", &handler(&cluster));
    let lost = cluster
        .doomed_worker(builder, CrashPoint::AfterClaim, 1)
        .await
        .unwrap();
    lost.crashed().await;
    let reaps = cluster.coordinator("c");
    let reaps = cluster
        .doomed_coordinator(reaps, CrashPoint::AfterReap, 1)
        .unwrap();
    reaps.crashed().await;
    let node = cluster
        .status(&run)
        .await
        .unwrap()
        .node("n")
        .unwrap()
        .clone();
    assert_eq!((node.state, node.interruptions), (NodeState::Ready, 1));

    let spare = worker(&cluster, "spare", &handler(&cluster));
    let spare = spare.build().unwrap().start().await.unwrap();
    assert_eq!(cluster.ended(&run).await.run.state, RunState::Finished);
    cluster.assert_outputs(&run, "n", 0..ALL).await;
    spare.shutdown().await;
}
