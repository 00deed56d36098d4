//! The program of a worker, with a cluster around it.

use std::process::{Command, Stdio};
use std::time::Duration;

use antflow::cluster::Cluster;
use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
use antflow::cluster::state::RunState;
use antflow::cluster::store::{NewArtifact, Payload};
use serde_json::{Map, json};

use crate::program;

/// Nothing here takes as long.
const LONGEST: Duration = Duration::from_secs(60);

#[tokio::test]
async fn worker_binary() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cluster.db");
    let mut worker = tokio::process::Command::from({
        let mut command = Command::new(program("worker_binary"));
        command.env("ANTFLOW_CLUSTER", &file);
        command.env("ANTFLOW_WORKER_WORKER_ID", "words-1");
        command.stderr(Stdio::piped());
        command
    });
    let worker = worker.kill_on_drop(true).spawn().unwrap();

    let cluster = Cluster::embedded(&file).await.unwrap();
    let pages = Node::new("pages", "Fetch").pull(Pull::from_nodes(["addresses"]));
    let words = Node::new("words", "CountWords").pull(Pull::from_nodes(["pages"]));
    let nodes = [Node::input("addresses"), pages, words.streaming()];
    let graph = Graph::new(nodes, &Catalog::any()).unwrap();
    let run = cluster.submit_graph(graph).await.unwrap();
    let address = |n: u64| NewArtifact {
        uid: format!("address {n}").into(),
        payload: Payload::from(&json!(format!("https://{n}.example"))),
        meta: Map::new(),
    };
    let addresses = (0..10).map(address).collect();
    cluster
        .append_input(&run, "addresses", addresses)
        .await
        .unwrap();
    cluster.close_input(&run, "addresses").await.unwrap();
    let ended = tokio::time::timeout(LONGEST, cluster.wait(&run)).await;
    assert_eq!(ended.unwrap().unwrap().run.state, RunState::Finished);
    let counted = cluster.artifacts(&run, "words", 0).await.unwrap();
    let counted: Vec<_> = counted
        .artifacts
        .iter()
        .map(|one| one.payload.as_str())
        .collect();
    assert_eq!(counted, ["4"; 10]);

    let id = worker.id().unwrap().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(told.success());
    let ended = tokio::time::timeout(LONGEST, worker.wait_with_output()).await;
    let ended = ended.unwrap().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let workers = cluster.workers().await.unwrap();
    assert_eq!(workers[0].announcement.worker, "words-1");
    assert_eq!(workers[0].announcement.status, "offline");
}
