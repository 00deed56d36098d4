//! Can a user run graphs, coordinator and workers in one process, on a file that outlives them?

use antflow::cluster::graph::{Catalog, Graph, Pull};
use antflow::cluster::state::RunState;
use antflow::cluster::store::RunFilter;
use antflow::cluster::{Cluster, RunKey};
use antflow_tests::within;
use antflow_tests::worker_bench::{ROLE, Scripted, node};

#[tokio::test]
async fn a_streaming_graph_runs_on_a_file_and_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new").join("cluster.db");
    let run = within(async {
        let cluster = Cluster::embedded(&path).await.unwrap();
        let coordinator = cluster.coordinator().build().unwrap().start();
        let handler = Scripted::counting(50);
        let worker = cluster
            .worker()
            .config(antflow_tests::worker_bench::config("w"))
            .handler(ROLE, move || handler.clone())
            .build()
            .unwrap();
        let worker = worker.start().await.unwrap();
        let reads = node("b").pull(Pull::from_nodes(["a"])).streaming();
        let graph = Graph::new([node("a"), reads], &Catalog::any()).unwrap();
        let run = cluster.submit_graph(graph).await.unwrap();
        let ended = cluster.wait(&run).await.unwrap();
        assert_eq!(ended.run.state, RunState::Finished);
        assert_eq!(ended.node("b").unwrap().totals.batches, 50);
        worker.shutdown().await;
        coordinator.shutdown().await;
        run
    })
    .await;
    let cluster = Cluster::embedded(&path).await.unwrap();
    let runs = cluster.runs(RunFilter::default()).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((&runs[0].id, runs[0].state), (&run, RunState::Finished));
    let artifacts = cluster.artifacts(&run, "b", 0).await.unwrap();
    assert!(artifacts.is_end && artifacts.artifacts.len() == 50);
    assert!(cluster.dead_letters(0, 10).await.unwrap().is_empty());
    assert!(!cluster.events(&run, 0, 1000).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_graph_as_the_guide_writes_it_starts_without_more_and_a_wrong_one_is_refused_whole() {
    let cluster = Cluster::in_memory().unwrap();
    let handler = Scripted::counting(1);
    let worker = cluster.worker().handler("indexer", move || handler.clone());
    let worker = worker.build().unwrap().start().await.unwrap();
    let written = r#"{ "nodes": [
        { "node_id": "w1", "type": "indexer", "io": { "input_inline": { "batch_size": 5 } } }] }"#;
    let graph = Graph::from_json(written, &Catalog::any()).unwrap();
    // A run needs no coordinator as long as all goes well.
    let run = cluster.submit_graph(graph).await.unwrap();
    let ended = within(cluster.wait(&run)).await.unwrap();
    assert_eq!(ended.run.state, RunState::Finished);
    worker.shutdown().await;

    let wrong = r#"{ "nodes": [
        { "node_id": "a", "type": "r", "depends_on": ["b"] },
        { "node_id": "b", "type": "r", "depends_on": ["a", "none"] },
        { "node_id": "b", "typ": "r" }] }"#;
    let error = Graph::from_json(wrong, &Catalog::any()).unwrap_err();
    assert!(error.mistakes().len() >= 3, "{error}");
}

#[tokio::test]
async fn who_asks_for_a_run_that_is_not_there_is_told_so() {
    let cluster = Cluster::in_memory().unwrap();
    let error = cluster.wait(&RunKey::from("none")).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no run `none`");
}
