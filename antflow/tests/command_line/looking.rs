//! What is shown of runs, nodes and workers.

use antflow::cluster::graph::Node;
use antflow::cluster::state::NodeState;
use antflow::cluster::store::Limits;
use serde_json::{Value, json};

use crate::bench::{Bench, end_of, until, within};

#[tokio::test]
async fn an_empty_cluster_is_shown() {
    let bench = Bench::new().await;
    assert_eq!(
        bench.prints(&["status"]).await,
        "runs: -\n\nworkers: 0 online\n\nlimits: none\noutbox: 0 events wait to be said; dead letters: 0\n"
    );
    assert_eq!(
        bench.prints(&["workers"]).await,
        "no worker was ever there\n"
    );
    let shown = bench.json(&["workers"]).await;
    assert_eq!(
        (&shown["workers"], &shown["active"]),
        (&json!([]), &json!([]))
    );
}

#[tokio::test]
async fn a_cluster_at_work_is_shown() {
    let bench = Bench::new().await;
    let (worker, gate) = bench.worker().await;
    let run = bench.submit("r-1", Node::new("n", "gated")).await;
    bench.submit("r-2", Node::new("lonely", "missing")).await;
    bench.reaches(&run, "n", NodeState::Running).await;
    let limits = Limits {
        global: Some(4),
        roles: [("gated".into(), 2)].into(),
    };
    bench.cluster.set_limits(limits).await.unwrap();

    let shown = bench.prints(&["status"]).await;
    let line = |start: &str| {
        let found = shown.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line `{start}` in:\n{shown}"))
    };
    assert_eq!(line("runs:"), "runs: 2 running");
    let words = |text: &str| {
        text.split_whitespace()
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>()
    };
    let of_run = words(line("r-1 "));
    assert_eq!((of_run[1].as_str(), of_run[3].as_str()), ("running", "ago"));
    assert_eq!(line("workers:"), "workers: 1 online");
    let of_worker = words(line("w-1 "));
    assert_eq!(of_worker[1..4], ["online", "1/2", "2.0.0"]);
    assert_eq!(of_worker[6..], ["gated", "r-1/n"]);
    assert_eq!(words(line("missing "))[1], "1");
    assert_eq!(line("limits:"), "limits: 4 over all roles, 2 of `gated`");
    // Columns stand below each other, without spaces behind them.
    let header = line("RUN ");
    assert_eq!(header.find("STATE"), line("r-1 ").find("running"));
    assert!(shown.lines().all(|line| line.trim_end() == line), "{shown}");
    assert!(!shown.contains('\u{1b}'));

    let shown = bench
        .json(&["status", "--state", "running", "--limit", "1"])
        .await;
    assert_eq!(shown["runs"].as_array().unwrap().len(), 1);
    assert_eq!(shown["runs"][0]["id"], "r-2");
    assert_eq!(shown["starving"][0]["role"], "missing");
    assert_eq!(
        shown["limits"],
        json!({ "global": 4, "roles": { "gated": 2 } })
    );
    assert_eq!(shown["counts"]["runs"]["running"], 2);
    assert_eq!(shown["active"][0]["worker_id"], "w-1");
    let none = bench
        .json(&["status", "--state", "failed", "--state", "cancelled"])
        .await;
    assert_eq!(none["runs"], json!([]));

    let workers = bench.prints(&["workers"]).await;
    assert!(workers.starts_with("WORKER"), "{workers}");
    let workers = bench.json(&["workers"]).await;
    assert_eq!(workers["workers"][0]["announcement"]["status"], "online");
    gate.open();
    worker.shutdown().await;
}

#[tokio::test]
async fn a_run_is_shown_with_its_nodes() {
    let bench = Bench::new().await;
    let (worker, gate) = bench.worker().await;
    let run = bench.submit("r", Node::new("n", "gated")).await;
    bench.reaches(&run, "n", NodeState::Running).await;
    until(async || {
        let active = bench.cluster.active_runs().await.unwrap();
        active.iter().any(|one| one.checkpoint.is_some())
    })
    .await;

    let shown = bench.prints(&["status", "r", "--events", "1"]).await;
    assert!(shown.starts_with("run `r`: running\nsubmitted "), "{shown}");
    let node: Vec<_> = shown
        .lines()
        .find(|line| line.starts_with("n "))
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(node[..5], ["n", "running", "gated", "1", "w-1"]);
    assert!(
        node[5].ends_with('s'),
        "so much is left of the lease: {node:?}"
    );
    let checkpoint = shown
        .lines()
        .find(|line| line.starts_with("n: checkpoint of "));
    let checkpoint = checkpoint.expect("it was saved");
    assert!(
        checkpoint.ends_with(" in epoch 1: {\"at\":\"b0\"}"),
        "{shown}"
    );
    assert_eq!(
        shown
            .lines()
            .last()
            .unwrap()
            .split_whitespace()
            .rev()
            .nth(1),
        Some("task_accepted")
    );

    gate.open();
    within(bench.cluster.wait(&run)).await.unwrap();
    let shown = bench.prints(&["status", "r"]).await;
    assert!(shown.starts_with("run `r`: finished\n"), "{shown}");
    assert!(shown.contains("items=6"), "{shown}");
    let shown = bench.json(&["status", "r", "--events", "100"]).await;
    assert_eq!(shown["run"]["state"], "finished");
    assert_eq!(shown["nodes"][0]["totals"]["batches"], 2);
    let kinds = shown["events"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds
        .map(|event| event["envelope"]["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "run_started",
            "task_accepted",
            "batch_ok",
            "batch_ok",
            "task_done",
            "run_ended"
        ]
    );
    worker.shutdown().await;
}

#[tokio::test]
async fn what_went_wrong_is_shown() {
    let bench = Bench::new().await;
    let (worker, _gate) = bench.worker().await;
    let node = Node::new("n", "gated").with("fails", true);
    let run = bench.submit("r", node).await;
    until(async || {
        let status = bench.cluster.status(&run).await.unwrap();
        status.nodes[0].last_failure.is_some()
    })
    .await;
    let shown = bench.prints(&["status", "r"]).await;
    assert!(shown.contains(" since its last progress: "), "{shown}");
    assert!(
        shown.contains(" in batch `b0`: it fails as planned"),
        "{shown}"
    );
    worker.shutdown().await;
}

#[tokio::test]
async fn watching_ends_with_the_run() {
    let bench = Bench::new().await;
    let (worker, gate) = bench.worker().await;
    let run = bench.submit("r", Node::new("n", "gated")).await;
    let arguments = ["status", "r", "--watch", "--every", "20ms", "--json"];
    let watch = bench.command(&arguments).spawn().unwrap();
    bench.reaches(&run, "n", NodeState::Running).await;
    gate.open();
    let said = end_of(watch).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let last: Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    assert_eq!(last["run"]["state"], "finished");
    let shown = bench.prints(&["status", "r", "--watch"]).await;
    assert!(shown.starts_with("run `r`: finished"), "{shown}");
    worker.shutdown().await;
}

#[tokio::test]
async fn who_reads_no_further_breaks_nothing() {
    let bench = Bench::new().await;
    for n in 0..20 {
        bench.submit(&format!("r-{n}"), Node::new("n", "r")).await;
    }
    for arguments in [
        "status",
        "status --json",
        "workers",
        "limits",
        "--help",
        "status --watch --every 1ms",
    ] {
        let program = env!("CARGO_BIN_EXE_antflow");
        let script = format!("set -o pipefail; '{program}' {arguments} | head -n 1");
        let mut command = tokio::process::Command::new("bash");
        command
            .args(["-c", &script])
            .env("ANTFLOW_CLUSTER", bench.path("cluster.db"));
        let said: crate::bench::Said = within(command.output()).await.unwrap().into();
        assert_eq!(
            (said.code, said.err.as_str()),
            (Some(0), ""),
            "{arguments}: {said:?}"
        );
        assert_eq!(said.out.lines().count(), 1);
    }
}
