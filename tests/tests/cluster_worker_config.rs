//! How is a worker configured, and what is said about what cannot work?

use antflow::cluster::graph::{Catalog, Graph};
use antflow::cluster::handler::{Batch, RunContext};
use antflow::cluster::protocol::Failure;
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::worker::{AdapterBatches, ConfigError, InputAdapter, Worker, WorkerConfig};
use antflow_tests::seconds;
use antflow_tests::worker_bench::{ROLE, Scripted, WorkerBench, node, start};
use futures::stream;
use serde_json::{Map, Value, json};

#[test]
fn files_of_both_kinds_are_read_and_overridden_key_by_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(
        path("worker.json"),
        r#"{ "roles": ["a", "b"], "lease_ttl_sec": 90, "dedup_ttl_ms": 5 }"#,
    )
    .unwrap();
    let toml = "roles = [\"a\", \"b\"]\nlease_ttl_sec = 90\ndedup_ttl_ms = 5\n";
    std::fs::write(path("worker.toml"), toml).unwrap();
    for name in ["worker.json", "worker.toml"] {
        let config =
            WorkerConfig::load(path(name), json!({ "roles": ["c"], "capacity": 3 })).unwrap();
        assert_eq!(config.roles, ["c"]);
        assert_eq!((config.capacity, config.lease_ttl), (3, seconds(90)));
        assert_eq!(config.dedup_ttl.as_millis(), 5);
        assert_eq!(config.hb_interval, seconds(20));
        assert_eq!(
            WorkerConfig::load(path(name), Value::Null).unwrap().roles,
            ["a", "b"]
        );
    }
    let missing = WorkerConfig::load(path("none.json"), Value::Null).unwrap_err();
    assert!(matches!(missing, ConfigError::File { .. }), "{missing}");
    std::fs::write(path("broken.toml"), "roles = [").unwrap();
    let broken = WorkerConfig::load(path("broken.toml"), Value::Null).unwrap_err();
    assert!(matches!(broken, ConfigError::Syntax { .. }), "{broken}");
    std::fs::write(
        path("wrong.json"),
        r#"{ "hb_interval_sec": 60, "role": [] }"#,
    )
    .unwrap();
    let wrong = WorkerConfig::load(path("wrong.json"), json!({ "capacity": 0 })).unwrap_err();
    let wrong: Vec<_> = wrong
        .mistakes()
        .iter()
        .map(|mistake| &mistake.what)
        .collect();
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert_eq!(wrong[0], "unknown key, did you mean `roles`");
}

#[test]
fn everything_that_a_worker_lacks_is_said_at_once() {
    let config = WorkerConfig {
        roles: vec!["fetch".into()],
        lease_ttl: seconds(10),
        ..WorkerConfig::default()
    };
    let builder = Worker::builder()
        .config(config)
        .handler("fetcher", Scripted::default);
    let error = builder
        .handler("fetcher", Scripted::default)
        .build()
        .unwrap_err();
    let mistakes = error.mistakes();
    assert_eq!(mistakes.len(), 5, "{error}");
    assert_eq!(mistakes[0], "the role `fetcher` has two handlers: keep one");
    assert_eq!(
        mistakes[2],
        "the role `fetch` has no handler, did you mean `fetcher`"
    );
    assert_eq!(mistakes[4], "there is no bus: call `bus`");
}

#[tokio::test(start_paused = true)]
async fn a_node_with_a_fingerprint_waits_for_a_worker_of_the_same() {
    let bench = WorkerBench::new();
    let of = |id: &str, fingerprint: &str| {
        bench
            .builder(id)
            .handler_of(ROLE, fingerprint, || Scripted::counting(1))
    };
    let old = start(of("old", "v1")).await;
    let run = bench.submit([node("n").fingerprint("v2")]).await;
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(bench.node(&run, "n").await.state, NodeState::Ready);
    let new = start(of("new", "v2")).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!((old.stats().claimed, new.stats().claimed), (0, 1));
    old.shutdown().await;
    new.shutdown().await;
}

/// Gives so many numbers.
#[derive(Debug)]
struct Numbers;

impl InputAdapter for Numbers {
    fn batches<'a>(
        &'a self,
        args: &'a Map<String, Value>,
        _: &'a RunContext,
    ) -> Result<AdapterBatches<'a>, Failure> {
        let count = args.get("count").and_then(Value::as_u64);
        let count =
            count.ok_or_else(|| Failure::permanent("bad_input_args", "`count` is missing"))?;
        let batch = |n| Ok(Batch::new(format!("n{n}"), json!(n)));
        Ok(Box::pin(stream::iter((0..count).map(batch))))
    }
}

#[tokio::test(start_paused = true)]
async fn workers_may_bring_input_adapters_of_their_own() {
    let bench = WorkerBench::new();
    let builder = bench.builder("w").adapter("numbers", Numbers);
    let worker = start(builder.handler(ROLE, Scripted::default)).await;
    let graph = |args: Value| {
        let input = json!({ "input_adapter": "numbers", "input_args": args });
        let node = json!({ "node_id": "n", "type": ROLE, "io": { "input_inline": input } });
        let graph = Graph::from_value(json!({ "nodes": [node] }), &Catalog::any()).unwrap();
        graph.nodes()[0].clone()
    };
    let run = bench.submit([graph(json!({ "count": 3 }))]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(bench.outputs(&run, "n").await, ["0", "1", "2"]);
    let run = bench.submit([graph(json!({}))]).await;
    assert_eq!(bench.ended(&run).await, RunState::Failed);
    let failure = bench.node(&run, "n").await.last_failure.unwrap();
    assert_eq!(failure.code, "bad_input_args");
    worker.shutdown().await;
}
