//! Does the doctor find what is wrong, and say what to do?

use antflow::cluster::graph::Node;
use antflow::cluster::state::NodeState;

use crate::bench::Bench;

const GRAPH: &str = r#"{ "nodes": [
    { "node_id": "a", "type": "gated" }, { "node_id": "b", "type": "absent" }
] }"#;

#[tokio::test]
async fn a_cluster_that_is_well_has_a_worker_for_each_role() {
    let bench = Bench::new().await;
    let (worker, _gate) = bench.worker().await;
    let said = bench.json(&["doctor"]).await;
    assert_eq!(said["severity"], "fine", "{said}");
    let whats: Vec<_> = said["findings"].as_array().unwrap().iter().collect();
    let has = |what: &str| whats.iter().any(|finding| finding["what"] == what);
    for what in ["store: answers", "store: clock", "coordinator", "workers"] {
        assert!(has(what), "{what}: {said}");
    }
    let text = bench.prints(&["doctor"]).await;
    assert!(text.ends_with("all is well\n"), "{text}");
    worker.shutdown().await;
}

#[tokio::test]
async fn a_role_without_a_worker_is_a_problem() {
    let bench = Bench::new().await;
    let (worker, _gate) = bench.worker().await;
    let graph = bench.file("graph.json", GRAPH);
    let said = bench.run(&["doctor", "--graph", &graph]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out
            .contains("fine     role `gated`: 1 workers have it"),
        "{said:?}"
    );
    assert!(
        said.out
            .contains("problem  role `absent`: no worker that is there has it"),
        "{said:?}"
    );
    assert!(said.out.ends_with("1 problems, 0 warnings\n"), "{said:?}");
    worker.shutdown().await;

    let run = bench.submit("r", Node::new("n", "elsewhere")).await;
    bench.reaches(&run, "n", NodeState::Ready).await;
    let said = bench.run(&["doctor"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out
            .contains("role `elsewhere`: 1 nodes wait: no worker"),
        "{said:?}"
    );
    assert!(
        said.out.contains("warning  workers: none is there"),
        "{said:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_reached_is_said_with_what_to_do() {
    let bench = Bench::new().await;
    let doctor = |arguments: &[&str]| {
        let mut all = vec!["doctor", "--patience", "2s"];
        all.extend(arguments);
        let command = bench.command(&all);
        async { crate::bench::ended(command).await }
    };
    let said = doctor(&["--cluster", "/none/cluster.db"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out
            .contains("problem  store: reachable: there is no cluster at"),
        "{said:?}"
    );
    let said = doctor(&["--bus", "sqlite://cluster.db"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out
            .contains("problem  url: `sqlite:` is a store and no bus"),
        "{said:?}"
    );
    let said = doctor(&["--graph", "none.json"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("the graph `none.json`"), "{said:?}");
}
