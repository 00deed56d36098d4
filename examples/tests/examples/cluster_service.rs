//! A service of workers and coordinators, each a process with its metrics.

use std::process::Stdio;
use std::time::Duration;

use antflow::cluster::graph::{Catalog, Graph};
use antflow::cluster::state::RunState;
use antflow::cluster::store::{NewArtifact, Payload};
use antflow::cluster::{Cluster, Examination, Severity};
use serde_json::{Map, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::program;

/// Nothing here takes as long.
const LONGEST: Duration = Duration::from_secs(60);

/// The graph that the deployment guide submits.
const GRAPH: &str = include_str!("../../../deploy/words.json");

/// Starts a part of the service, and gives the address of its metrics.
async fn start(part: &str, file: &std::path::Path) -> (Child, String) {
    let mut command = Command::new(program("cluster_service"));
    command.arg(part).env("METRICS", "127.0.0.1:0");
    command.env("ANTFLOW_CLUSTER", file).kill_on_drop(true);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let address = line.strip_prefix("metrics at http://").unwrap();
    (child, address.strip_suffix("/metrics").unwrap().to_owned())
}

#[tokio::test]
async fn workers_and_coordinators_of_a_service_work_and_are_measured() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cluster.db");
    let (mut coordinator, _) = start("coordinator", &file).await;
    let (mut worker, metrics) = start("worker", &file).await;

    let cluster = Cluster::embedded(&file).await.unwrap();
    let graph = Graph::from_json(GRAPH, &Catalog::any()).unwrap();
    let run = cluster.submit_graph(graph.clone()).await.unwrap();
    let address = |n: u64| NewArtifact {
        uid: format!("address {n}").into(),
        payload: Payload::from(&json!(format!("https://{n}.example"))),
        meta: Map::new(),
    };
    let addresses = (0..10).map(address).collect();
    let appended = cluster.append_input(&run, "addresses", addresses).await;
    appended.unwrap();
    cluster.close_input(&run, "addresses").await.unwrap();
    let ended = tokio::time::timeout(LONGEST, cluster.wait(&run)).await;
    assert_eq!(ended.unwrap().unwrap().run.state, RunState::Finished);

    let diagnosis = cluster.diagnose(Examination::default().graph(graph)).await;
    assert_eq!(diagnosis.severity(), Severity::Fine, "{diagnosis:?}");
    let scraped = antflow_tests::Request::get(metrics.parse().unwrap(), "/metrics");
    let scraped = scraped.send().await.unwrap().body;
    let batches = scraped.lines().any(|line| {
        line.starts_with("antflow_worker_batches_total") && line.contains(r#"role="CountWords""#)
    });
    assert!(batches, "{scraped}");

    for child in [&mut worker, &mut coordinator] {
        let id = child.id().unwrap().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(told.unwrap().success());
        let ended = tokio::time::timeout(LONGEST, child.wait()).await;
        assert!(ended.unwrap().unwrap().success());
    }
}
