//! How runs are submitted, with their input, and waited for.

use std::time::Duration;

use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::worker::{WorkerConfig, WorkerHandle};
use antflow::stage;
use serde_json::{Value, json};

use crate::bench::{Bench, end_of};

#[stage]
async fn double(number: u64) -> u64 {
    number * 2
}

const GRAPH: &str = r#"{ "nodes": [
    { "node_id": "numbers", "type": "input" },
    { "node_id": "doubles", "type": "Double", "io": { "start_when": "first_batch", "input_inline": {
        "input_adapter": "pull.from_artifacts", "input_args": { "from_nodes": ["numbers"] } } } } ] }"#;

const GATED: &str = r#"{ "nodes": [{ "node_id": "n", "type": "gated" }] }"#;

const FAILING: &str = r#"{ "nodes": [{ "node_id": "n", "type": "gated",
    "retry_policy": { "max": 0 }, "io": { "input_inline": { "fails": true } } }] }"#;

async fn doubler(bench: &Bench) -> WorkerHandle {
    let config = WorkerConfig {
        claim_poll: Duration::from_millis(10),
        pull_poll: Duration::from_millis(10),
        pull_backoff_max: Duration::from_millis(10),
        ..WorkerConfig::default()
    };
    let worker = bench.cluster.worker().config(config).role::<double>();
    worker.build().unwrap().start().await.unwrap()
}

fn lines(count: u64) -> String {
    (1..=count).map(|number| format!("{number}\n\n")).collect()
}

#[tokio::test]
async fn a_run_gets_its_input_and_is_waited_for() {
    let bench = Bench::new().await;
    let worker = doubler(&bench).await;
    let graph = bench.file("g.json", GRAPH);
    // More than one chunk, and more than one page.
    let input = format!("numbers={}", bench.file("n.jsonl", &lines(1_203)));
    let submit = ["submit", &graph, "--id", "r-1", "--input", &input, "--wait"];
    let said = bench.run(&submit).await;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), "r-1\n"),
        "{said:?}"
    );
    assert!(said.err.contains("run `r-1` finished after "), "{said:?}");

    let printed = bench.prints(&["artifacts", "r-1", "doubles"]).await;
    let artifacts = printed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let artifacts: Vec<_> = artifacts.collect();
    assert_eq!(artifacts.len(), 1_203);
    assert_eq!(artifacts[1_202]["payload"], json!(2_406));
    assert_eq!(
        (&artifacts[0]["seq"], &artifacts[0]["node"]),
        (&json!(1), &json!("doubles"))
    );
    let rest = bench
        .prints(&["artifacts", "r-1", "doubles", "--after", "1200"])
        .await;
    assert_eq!(rest.lines().count(), 3);

    // The same again does nothing.
    let again = bench.json(&submit).await;
    let input = json!({ "numbers": { "new": 0, "duplicates": 1_203 } });
    assert_eq!(
        again,
        json!({ "run": "r-1", "state": "finished", "reason": null, "input": input })
    );
    worker.shutdown().await;
}

#[tokio::test]
async fn input_that_came_in_part_goes_on_and_other_input_is_refused() {
    let bench = Bench::new().await;
    let graph = bench.file("g.json", GRAPH);
    let said = bench
        .run(&["submit", &graph, "--id", "r", "--params", r#"{ "a": 1 }"#])
        .await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.err.contains("input node `numbers` stays open"),
        "{said:?}"
    );

    let with = |name: &str, text: &str| format!("numbers={}", bench.file(name, text));
    let params = bench.file("params.json", r#"{ "a": 1 }"#);
    let params = format!("@{params}");
    let submit = async |input: &str| {
        let arguments = [
            "submit", &graph, "--id", "r", "--params", &params, "--input", input, "--json",
        ];
        bench.run(&arguments).await
    };
    let append = |text: &str, line| antflow::cluster::store::NewArtifact {
        uid: format!("line-{line}").into(),
        payload: antflow::cluster::store::Payload::from_text(text).unwrap(),
        meta: serde_json::Map::new(),
    };
    // As a command does that is killed after its first chunk.
    let first = vec![append("1", 1), append("2", 3)];
    bench
        .cluster
        .append_input(&"r".into(), "numbers", first)
        .await
        .unwrap();
    let said = submit(&with("other.jsonl", "1\n\n3\n")).await;
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("is another one than"), "{said:?}");
    assert!(said.err.contains("in line 3"), "{said:?}");
    let said = submit(&with("shorter.jsonl", "1\n")).await;
    assert!(said.err.contains("which ends before"), "{said:?}");
    let state = bench.cluster.status(&"r".into()).await.unwrap();
    assert_eq!(state.node("numbers").unwrap().state, NodeState::Open);

    let said = submit(&with("whole.jsonl", "1\n\n2\n3\n")).await;
    let said: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        said["input"]["numbers"],
        json!({ "new": 1, "duplicates": 2 })
    );
    let state = bench.cluster.status(&"r".into()).await.unwrap();
    assert_eq!(state.node("numbers").unwrap().state, NodeState::Finished);
    // Closed, it takes nothing more.
    let said = submit(&with("longer.jsonl", "1\n\n2\n3\n4\n")).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains("only an open input node takes input"),
        "{said:?}"
    );

    let said = bench.run(&["submit", &graph, "--id", "r"]).await;
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("there is another run `r`"), "{said:?}");
}

#[tokio::test]
async fn all_mistakes_are_told_at_once_and_nothing_is_submitted() {
    let bench = Bench::new().await;
    let graph = bench.file(
        "g.json",
        r#"{ "nodes": [
            { "node_id": "a", "type": "r", "depends_on": ["b"] },
            { "node_id": "b", "typ": "r" } ] }"#,
    );
    let input = format!("a={}", bench.file("n.jsonl", "1\n{\n\n3]\n"));
    let arguments = [
        "submit",
        &graph,
        "--params",
        "[1]",
        "--input",
        &input,
        "--input",
        "none=/none",
    ];
    let said = bench.run(&arguments).await;
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said:?}");
    let lines: Vec<_> = said.err.lines().collect();
    assert!(
        lines[0].ends_with("cannot be submitted, for 6 mistakes:"),
        "{said:?}"
    );
    for (line, part) in lines[1..].iter().zip([
        "nodes[1].type: missing",
        "nodes[1].typ: unknown key, did you mean `type`",
        "--params: expected a JSON object",
        "--input a: ",
        "--input a: ",
        "--input none: `/none` cannot be read",
    ]) {
        assert!(line.starts_with(&format!("  {part}")), "{line}");
    }
    assert!(said.err.contains("line 2, is no JSON"), "{said:?}");

    let said = bench.run(&["submit", &graph, "--json"]).await;
    assert_eq!(said.code, Some(2));
    let said: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(said["mistakes"][0]["at"], "nodes[1].type");

    let graph = bench.file("good.json", GRAPH);
    let good = bench.file("good.jsonl", "1");
    for (node, part) in [
        ("none", "the graph has no such node"),
        ("doubles", "its `type` is `Double`"),
    ] {
        let input = format!("{node}={good}");
        let said = bench.run(&["submit", &graph, "--input", &input]).await;
        assert_eq!(said.code, Some(2));
        assert!(said.err.contains(part), "{said:?}");
    }
    let input = format!("numbers={good}");
    let twice = ["submit", &graph, "--input", &input, "--input", &input];
    assert!(bench.run(&twice).await.err.contains("given twice"));
    let said = bench.run(&["submit", "/none.json"]).await;
    assert!(said.err.contains("/none.json: cannot be read"), "{said:?}");
    let runs = bench.cluster.runs(Default::default()).await.unwrap();
    assert!(runs.is_empty());
}

#[tokio::test]
async fn a_run_that_fails_under_wait_fails_the_command() {
    let bench = Bench::new().await;
    let (worker, _gate) = bench.worker().await;
    let graph = bench.file("g.json", FAILING);
    let said = bench.run(&["submit", &graph, "--id", "r", "--wait"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), "r\n"), "{said:?}");
    assert!(said.err.contains("run `r` failed after"), "{said:?}");
    assert!(said.err.contains("node `n`: "), "{said:?}");
    assert!(said.err.contains(": it fails as planned"), "{said:?}");
    let said = bench
        .run(&["submit", &graph, "--id", "r", "--wait", "--json"])
        .await;
    assert_eq!(said.code, Some(1));
    let said: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(said["state"], "failed");
    worker.shutdown().await;
}

#[tokio::test]
async fn a_run_that_is_cancelled_under_wait_fails_the_command() {
    let bench = Bench::new().await;
    let (worker, _gate) = bench.worker().await;
    let graph = bench.file("g.json", GATED);
    let waits = bench
        .command(&["submit", &graph, "--id", "r", "--wait"])
        .spawn()
        .unwrap();
    crate::bench::until(async || bench.cluster.status(&"r".into()).await.is_ok()).await;
    bench.reaches(&"r".into(), "n", NodeState::Running).await;
    let cancelled = bench
        .json(&["cancel", "r", "--reason", "not today", "--wait"])
        .await;
    assert_eq!(
        cancelled,
        json!({ "run": "r", "state": RunState::Cancelled })
    );
    let said = end_of(waits).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("run `r` was cancelled after"), "{said:?}");
    assert!(said.err.contains("not today"), "{said:?}");
    worker.shutdown().await;
}
