//! Is a run taken over from a worker that the network keeps from its store, and does nothing double when it heals?

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

use std::time::Duration;

use antflow::cluster::coordinator::CoordinatorConfig;
use antflow::cluster::graph::{Catalog, Graph, Node, Pull, RetryPolicy};
use antflow::cluster::state::RunState;
use antflow::cluster::testing::numbers;
use antflow::cluster::worker::{Worker, WorkerConfig};
use antflow::cluster::{Cluster, RunKey};
use antflow::{BoxError, stage};
use antflow_tests::servers::{Network, Postgres, Process};
use antflow_tests::{millis, seconds};

/// Asks the process for a worker.
const WORKER: &str = "ANTFLOW_TEST_WORKER";

/// How many numbers there are, each of which takes a while.
const NUMBERS: u64 = 200;

#[stage]
async fn double(number: u64) -> u64 {
    tokio::time::sleep(millis(20)).await;
    number * 2
}

fn config(id: &str) -> WorkerConfig {
    WorkerConfig {
        worker_id: Some(id.into()),
        lease_ttl: millis(1500),
        hb_interval: millis(300),
        claim_poll: millis(100),
        announce_interval: millis(500),
        ..WorkerConfig::default()
    }
}

/// What the process within the network does. Nothing when it is run as a test.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_does() -> Result<(), BoxError> {
    if std::env::var_os(WORKER).is_none() {
        return Ok(());
    }
    Worker::from_env()?
        .config(config("cut-off"))
        .role::<double>()
        .run()
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_cut_off_is_replaced_and_what_it_says_later_is_void() {
    let network = Network::new();
    let server = Postgres::start(&["listen_addresses=*"]);
    server.trust(&network.range());
    let url = server.database();
    let cluster = Cluster::connect(&url).await.unwrap();
    let coordinator = cluster.coordinator().config(CoordinatorConfig::default());
    let coordinator = coordinator.build().unwrap().start();

    let within = url.replace("127.0.0.1", &network.host());
    let mut command = network.command(&std::env::current_exe().unwrap());
    command.args(["--exact", "what_a_process_does", "--nocapture"]);
    command.env("ANTFLOW_CLUSTER", within).env(WORKER, "1");
    let mut cut_off = Process::start(&mut command, &server.home().join("worker"));

    let run = submit(&cluster, "first").await;
    until(async || done(&cluster, &run).await > NUMBERS / 10).await;
    network.cut();
    let before = done(&cluster, &run).await;
    let spare = cluster.worker().config(config("spare")).role::<double>();
    let spare = spare.build().unwrap().start().await.unwrap();
    until(async || done(&cluster, &run).await > before + NUMBERS / 10).await;
    assert_eq!(holder(&cluster, &run).await, Some("spare".to_owned()));

    // It has gone on meanwhile with what it had, and says so now.
    network.mend();
    let ended = tokio::time::timeout(seconds(60), cluster.wait(&run)).await;
    let ended = ended.unwrap().unwrap();
    assert_eq!(ended.run.state, RunState::Finished);
    assert_eq!(ended.node("doubles").unwrap().epoch, 2);
    is_there_once(&cluster, &run).await;

    // And it is of use again.
    spare.shutdown().await;
    let run = submit(&cluster, "second").await;
    until(async || holder(&cluster, &run).await == Some("cut-off".to_owned())).await;
    let ended = tokio::time::timeout(seconds(60), cluster.wait(&run)).await;
    assert_eq!(ended.unwrap().unwrap().run.state, RunState::Finished);
    is_there_once(&cluster, &run).await;
    assert!(cut_off.is_running());
    coordinator.shutdown().await;
}

async fn submit(cluster: &Cluster, id: &str) -> RunKey {
    let retry = RetryPolicy::default().max_interruptions(100);
    let doubles = Node::new("doubles", "Double").pull(Pull::from_nodes(["numbers"]));
    let nodes = [Node::input("numbers"), doubles.retry(retry)];
    let graph = Graph::new(nodes, &Catalog::any()).unwrap();
    let mut new = antflow::cluster::store::NewRun::new(graph);
    new.id = id.into();
    let run = cluster.submit_run(new).await.unwrap();
    let items = numbers(0..NUMBERS);
    cluster.append_input(&run, "numbers", items).await.unwrap();
    cluster.close_input(&run, "numbers").await.unwrap();
    run
}

/// How many batches are committed.
async fn done(cluster: &Cluster, run: &RunKey) -> u64 {
    let status = cluster.status(run).await.unwrap();
    status.node("doubles").unwrap().totals.batches
}

/// Who has the node.
async fn holder(cluster: &Cluster, run: &RunKey) -> Option<String> {
    let active = cluster.active_runs().await.unwrap();
    let held = active.into_iter().find(|active| active.run == *run)?;
    Some(held.worker.to_string())
}

async fn is_there_once(cluster: &Cluster, run: &RunKey) {
    let page = cluster.artifacts(run, "doubles", 0).await.unwrap();
    let mut found: Vec<u64> = page
        .artifacts
        .iter()
        .map(|artifact| artifact.payload.read().unwrap())
        .collect();
    found.sort_unstable();
    assert_eq!(found, (0..NUMBERS).map(|n| n * 2).collect::<Vec<_>>());
    let store = cluster.store();
    let batches = store
        .batches(run.clone(), "doubles".into(), None, 1000)
        .await
        .unwrap();
    assert_eq!(batches.len() as u64, NUMBERS);
    assert!(
        batches.is_sorted_by_key(|batch| batch.epoch),
        "somebody wrote behind its time"
    );
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    waited.expect("it should have come long ago");
}
