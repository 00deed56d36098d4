//! Are stages and pipelines handlers as they stand?

use antflow::cluster::graph::{Node, Pull, RetryPolicy};
use antflow::cluster::state::RunState;
use antflow::{BoxError, Cancelled, State, pipeline, stage};
use antflow_tests::Log;
use antflow_tests::worker_bench::{WorkerBench, start};

#[stage(workers = 3, retry = "per_task", attempts = 3, wait = "1s")]
async fn halve(number: u64) -> Result<f64, BoxError> {
    if number == 13 {
        return Err("unlucky".into());
    }
    if number == 4 {
        return Err(Cancelled.into());
    }
    Ok(number as f64 / 2.0)
}

#[stage]
async fn show(half: f64, log: State<Log<String>>) -> String {
    log.push(half.to_string());
    half.to_string()
}

fn reads(id: &str, role: &str, from: &str) -> Node {
    let pull = Pull::from_nodes([from]);
    let node = Node::new(id, role).pull(pull).streaming();
    node.concurrency(4).retry(RetryPolicy::never())
}

#[tokio::test(start_paused = true)]
async fn items_go_through_a_stage_and_a_pipeline_with_state() {
    let (bench, log) = (WorkerBench::new(), Log::new());
    let builder = bench.builder("w").role::<halve>();
    let builder = builder.pipeline("show", pipeline!(show).with_state(log.clone()));
    let worker =
        start(builder.pipeline("both", pipeline!(halve >> show).with_state(log.clone()))).await;
    let run = bench
        .submit([
            Node::input("in"),
            reads("halves", "Halve", "in"),
            reads("texts", "show", "halves"),
            reads("at_once", "both", "in"),
        ])
        .await;
    bench.append(&run, "in", 0..10).await;
    bench.close(&run, "in").await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    for node in ["texts", "at_once"] {
        let mut texts = bench.outputs(&run, node).await;
        texts.sort();
        let mut expected: Vec<_> = (0..10)
            .filter(|n| *n != 4)
            .map(|n| format!("\"{}\"", f64::from(n) / 2.0))
            .collect();
        expected.sort();
        assert_eq!(texts, expected);
    }
    assert_eq!(log.len(), 18);
    let totals = bench.node(&run, "halves").await.totals;
    assert_eq!((totals.batches, totals.artifacts), (10, 9));
    assert_eq!(totals.metrics["cancelled_items"], 1.0);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_item_that_fails_after_its_last_attempt_fails_the_node() {
    let bench = WorkerBench::new();
    let worker = start(bench.builder("w").role::<halve>()).await;
    let run = bench
        .submit([Node::input("in"), reads("n", "Halve", "in")])
        .await;
    bench.append(&run, "in", 13..14).await;
    bench.close(&run, "in").await;
    assert_eq!(bench.ended(&run).await, RunState::Failed);
    let failure = bench.node(&run, "n").await.last_failure.unwrap();
    assert_eq!(failure.code, "item_failed");
    assert_eq!(failure.batch_uid, Some("in/i13".into()));
    assert!(failure.error.unwrap().contains("unlucky"));
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_stage_without_an_adapter_and_data_of_another_type_are_refused() {
    for (node, code) in [
        (Node::new("n", "Halve"), "bad_input_adapter"),
        (reads("n", "Halve", "in"), "schema_mismatch"),
    ] {
        let bench = WorkerBench::new();
        let worker = start(bench.builder("w").role::<halve>().handler("text", || {
            antflow_tests::worker_bench::Scripted::default()
                .makes(|_| vec![("t".to_owned(), serde_json::json!("no number"))])
        }))
        .await;
        let run = bench
            .submit([Node::new("in", "text"), node.depends_on(["in"])])
            .await;
        assert_eq!(bench.ended(&run).await, RunState::Failed);
        let failure = bench.node(&run, "n").await.last_failure.unwrap();
        assert_eq!((failure.code.as_str(), failure.permanent), (code, true));
        worker.shutdown().await;
    }
}
