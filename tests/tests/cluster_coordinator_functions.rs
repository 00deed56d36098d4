//! Do coordinators run the functions of graphs, once in effect, and fail them where they have to?

use antflow::cluster::coordinator::{CoordinatorConfig, FunctionCall, FunctionError};
use antflow::cluster::graph::{Node, RetryPolicy};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{Finish, NodeRecord};
use antflow_tests::coordinator_bench::{builder, cluster, coordinator, start};
use antflow_tests::worker_bench::{Scripted, WorkerBench, node};
use antflow_tests::{Log, panic_quietly, seconds};
use serde_json::{Map, Value, json};

fn function(id: &str, name: &str, args: Value) -> Node {
    Node::function(id, name, serde_json::from_value(args).expect("an object"))
        .retry(RetryPolicy::default().max(1).backoff(seconds(1)))
}

fn result(node: &NodeRecord) -> Value {
    let result = node.result.as_ref().expect("it has a result");
    result.read().expect("it is JSON")
}

#[tokio::test(start_paused = true)]
async fn merge_makes_the_artifacts_of_several_nodes_those_of_one_that_workers_read() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    let worker = bench.worker("w", &Scripted::counting(3)).await;
    let run = bench
        .submit([
            node("a"),
            node("b"),
            function("both", "merge.generic", json!({})).depends_on(["a", "b"]),
            node("reads").pull(antflow::cluster::graph::Pull::from_nodes(["both"])),
        ])
        .await;
    let ended = cluster.wait(&run).await.unwrap();
    assert_eq!(ended.run.state, RunState::Finished);
    assert_eq!(
        bench.outputs(&run, "both").await,
        ["0", "1", "2", "0", "1", "2"]
    );
    assert_eq!(bench.outputs(&run, "reads").await.len(), 6);
    let merged = result(ended.node("both").unwrap());
    assert_eq!(merged["merged_from"], json!(["a", "b"]));
    assert_eq!(
        (&merged["complete_nodes"], &merged["partial_batches"]),
        (&json!(2), &json!(6))
    );
    coordinator.shutdown().await;
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_merge_that_is_interrupted_copies_nothing_twice() {
    let bench = WorkerBench::new();
    let coordinator = coordinator(&bench, "c");
    let run = bench
        .submit([
            Node::input("in"),
            function("all", "merge.generic", json!({})).depends_on(["in"]),
        ])
        .await;
    bench.append(&run, "in", 0..1000).await;
    // The first pages are committed, and nobody hears of it.
    bench.store.lose_answers("commit", 1);
    bench.close(&run, "in").await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(bench.artifacts(&run, "all").await.len(), 1000);
    assert_eq!(bench.node(&run, "all").await.epoch, 2);
    coordinator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn aggregate_gives_sums_and_means() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    let counts = Scripted::counting(5).works(|batch, _| async move {
        let count = batch.payload.as_f64().unwrap_or_default();
        Ok(BatchResult::new(batch.payload).metric("count", count))
    });
    let worker = bench.worker("w", &counts).await;
    let of = |mode: &str| json!({ "node_id": "n", "mode": mode });
    let run = bench
        .submit([
            node("n"),
            function("sum", "metrics.aggregate", of("sum")).depends_on(["n"]),
            function("mean", "metrics.aggregate", of("mean")).depends_on(["n"]),
        ])
        .await;
    let ended = cluster.wait(&run).await.unwrap();
    assert_eq!(ended.run.state, RunState::Finished);
    for (id, expected) in [("sum", 10.0), ("mean", 2.0)] {
        let node = ended.node(id).unwrap();
        assert_eq!(result(node)["metrics"]["count"], expected);
        assert_eq!(node.totals.metrics["count"], expected);
    }
    coordinator.shutdown().await;
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn variables_are_changed_one_function_after_the_other() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    let run = bench
        .submit([
            function(
                "set",
                "vars.set",
                json!({ "kv": { "a.n": 1, "old": true }, "b": "x" }),
            ),
            function(
                "merge",
                "vars.merge",
                json!({ "data": { "a": { "m": 2 } } }),
            )
            .depends_on(["set"]),
            function("incr", "vars.incr", json!({ "key": "a.n", "by": 4 })).depends_on(["merge"]),
            function("unset", "vars.unset", json!({ "keys": ["old", "none"] }))
                .depends_on(["incr"]),
        ])
        .await;
    let ended = cluster.wait(&run).await.unwrap();
    assert_eq!(ended.run.state, RunState::Finished);
    assert_eq!(
        json!(ended.run.vars),
        json!({ "a": { "n": 5, "m": 2 }, "b": "x" })
    );
    assert_eq!(
        result(ended.node("set").unwrap()),
        json!({ "ok": true, "touched": 3 })
    );
    coordinator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn variables_that_may_not_be_are_refused_and_secrets_counted_or_blocked() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    let secret = "AKIAIOSFODNN7EXAMPLE";
    let cases = [
        (json!({ "kv": { "$set": 1 } }), Some("bad_vars")),
        (json!({ "kv": {} }), Some("bad_input")),
        (
            json!({ "kv": { "key": secret }, "block_sensitive": true }),
            Some("bad_vars"),
        ),
        (json!({ "kv": { "key": secret } }), None),
    ];
    for (args, expected) in cases {
        let run = bench.submit([function("f", "vars.set", args)]).await;
        let ended = cluster.wait(&run).await.unwrap();
        let node = ended.node("f").unwrap();
        let code = node
            .last_failure
            .as_ref()
            .map(|failure| failure.code.as_str());
        assert_eq!(code, expected);
        assert_eq!(node.epoch, 1, "there is no point in trying again");
        if expected.is_none() {
            assert_eq!(node.totals.metrics["sensitive_hits"], 1.0);
        }
        let written = format!("{:?}{:?}", node.last_failure, node.result);
        assert!(!written.contains(secret), "{written}");
    }
    let number = function("incr", "vars.incr", json!({ "key": "a" })).depends_on(["set"]);
    let set = function("set", "vars.set", json!({ "a": "text" }));
    let run = bench.submit([set, number]).await;
    let ended = cluster.wait(&run).await.unwrap();
    assert_eq!(ended.run.reason.as_deref(), Some("node incr: bad_output"));
    coordinator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn functions_that_panic_fail_or_take_too_long_are_tried_again_as_their_policy_says() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = start(
        builder(&cluster, "c")
            .function(
                "panics",
                async |_: FunctionCall| -> Result<Finish, FunctionError> {
                    panic_quietly("as planned");
                    Ok(Finish::default())
                },
            )
            .function("hangs", |_| std::future::pending())
            .function("once", |call: FunctionCall| async move {
                if call.epoch() == 1 {
                    return Err(FunctionError::transient("not_yet", "try again"));
                }
                Ok(Finish::default())
            }),
    );
    let cases = [
        (function("f", "panics", json!({})), Some("panicked")),
        (
            function("f", "hangs", json!({})).timeout(seconds(3)),
            Some("timeout"),
        ),
        (
            function("f", "unheard_of", json!({})),
            Some("unknown_function"),
        ),
        (function("f", "once", json!({})), None),
    ];
    for (node, code) in cases {
        let run = bench.submit([node]).await;
        let ended = cluster.wait(&run).await.unwrap();
        let node = ended.node("f").unwrap();
        assert_eq!(node.epoch, 2);
        let expected = code.map_or(NodeState::Finished, |_| NodeState::Failed);
        assert_eq!(node.state, expected);
        if let Some(code) = code {
            assert_eq!(ended.run.reason, Some(format!("node f: {code}")));
        }
    }
    coordinator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_function_goes_on_in_its_epoch_when_its_coordinator_starts_again_and_else_in_the_next() {
    for (second, epoch) in [("first", 1), ("second", 2)] {
        let bench = WorkerBench::new();
        let cluster = cluster(&bench);
        let epochs: Log<u64> = Log::new();
        let make = |id: &str, hangs: bool| {
            let epochs = epochs.clone();
            start(
                builder(&cluster, id).function("f", move |call: FunctionCall| {
                    epochs.push(call.epoch());
                    async move {
                        if hangs {
                            std::future::pending::<()>().await;
                        }
                        Ok(Finish::default())
                    }
                }),
            )
        };
        let first = make("first", true);
        let run = bench.submit([function("f", "f", json!({}))]).await;
        bench.reaches(&run, "f", NodeState::Running).await;
        // As if its process had died.
        drop(first);
        let second = make(second, false);
        assert_eq!(bench.ended(&run).await, RunState::Finished);
        assert_eq!(epochs.entries(), [1, epoch]);
        second.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_is_given_back_when_its_coordinator_shuts_down_and_keeps_its_lease_before() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let config = CoordinatorConfig {
        cancel_grace: seconds(2),
        ..CoordinatorConfig::default()
    };
    let hangs = cluster
        .coordinator()
        .config(config)
        .function("f", |_| std::future::pending());
    let first = start(hangs);
    let run = bench.submit([Node::function("f", "f", Map::new())]).await;
    tokio::time::sleep(seconds(500)).await;
    let held = bench.node(&run, "f").await;
    assert_eq!((held.state, held.epoch), (NodeState::Running, 1));
    first.shutdown().await;
    assert_eq!(bench.node(&run, "f").await.state, NodeState::Ready);
}
