//! How runs are cancelled, and limits set.

use antflow::cluster::graph::Node;
use antflow::cluster::state::{NodeState, RunState};
use serde_json::json;

use crate::bench::{Bench, within};

#[tokio::test]
async fn a_run_is_cancelled() {
    let bench = Bench::new().await;
    bench.submit("waits", Node::new("n", "nobody")).await;
    assert_eq!(
        bench.prints(&["cancel", "waits"]).await,
        "run `waits` is cancelled\n"
    );
    assert_eq!(
        bench.prints(&["cancel", "waits"]).await,
        "run `waits` is cancelled\n"
    );
    let status = bench.cluster.status(&"waits".into()).await.unwrap();
    assert_eq!(
        status.run.reason.as_deref(),
        Some("cancelled by an operator")
    );

    let (worker, gate) = bench.worker().await;
    let run = bench.submit("works", Node::new("n", "gated")).await;
    bench.reaches(&run, "n", NodeState::Running).await;
    let said = bench
        .run(&[
            "cancel", "works", "--reason", "enough", "--grace", "1m", "--wait",
        ])
        .await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.out, "run `works` is cancelled\n");
    let status = bench.cluster.status(&run).await.unwrap();
    assert_eq!(status.run.reason.as_deref(), Some("enough"));

    // One that has ended stays as it is.
    let run = bench.submit("done", Node::new("n", "gated")).await;
    gate.open();
    within(bench.cluster.wait(&run)).await.unwrap();
    assert_eq!(
        bench.prints(&["cancel", "done", "--wait"]).await,
        "run `done` has finished\n"
    );
    let shown = bench.json(&["cancel", "done"]).await;
    assert_eq!(shown, json!({ "run": "done", "state": RunState::Finished }));

    let node = Node::new("n", "gated").with("fails", true);
    let node = node.retry(antflow::cluster::graph::RetryPolicy::never());
    let run = bench.submit("failed", node).await;
    within(bench.cluster.wait(&run)).await.unwrap();
    assert_eq!(
        bench.prints(&["cancel", "failed"]).await,
        "run `failed` has failed\n"
    );
    assert_eq!(
        bench.run(&["cancel", "failed", "--wait"]).await.code,
        Some(1)
    );
    worker.shutdown().await;
}

#[tokio::test]
async fn limits_are_shown_and_changed_one_by_one() {
    let bench = Bench::new().await;
    let table = |shown: String| -> Vec<Vec<String>> {
        let lines = shown.lines().skip(1);
        let words = |line: &str| line.split_whitespace().map(ToOwned::to_owned).collect();
        lines.map(words).collect()
    };
    assert_eq!(
        table(bench.prints(&["limits"]).await),
        [["all", "roles", "none", "0"]]
    );
    bench
        .prints(&["limits", "--global", "9", "--role", "a=2", "--role", "b=0"])
        .await;
    let shown = bench
        .prints(&["limits", "--role", "a=3", "--role", "b=none"])
        .await;
    assert_eq!(
        table(shown),
        [vec!["all", "roles", "9", "0"], vec!["a", "3", "0"]]
    );
    let limits = bench.cluster.limits().await.unwrap();
    assert_eq!(
        (limits.global, limits.roles),
        (Some(9), [("a".into(), 3)].into())
    );

    let (worker, _gate) = bench.worker().await;
    let run = bench.submit("r", Node::new("n", "gated")).await;
    bench.reaches(&run, "n", NodeState::Running).await;
    let shown = bench.json(&["limits", "--global", "none"]).await;
    let limits = json!({ "global": null, "roles": { "a": 3 } });
    assert_eq!(shown, json!({ "limits": limits, "held": { "gated": 1 } }));
    worker.shutdown().await;
}
