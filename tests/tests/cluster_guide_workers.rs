//! Are workers made, configured and asked as the guide says, and is their state where all can see it?

use antflow::cluster::graph::Node;
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::RunState;
use antflow::cluster::store::{QueryStore, TellStore};
use antflow::cluster::worker::WorkerConfig;
use antflow_tests::worker_bench::{ROLE, Scripted, WorkerBench, node, start};
use antflow_tests::{quiet, seconds};
use serde_json::{json, to_value};
use tokio::time::Instant;

fn slow() -> Scripted {
    Scripted::counting(2).works(|batch, ctx| async move {
        ctx.save_checkpoint(&json!({ "last_id": batch.uid.as_str() }))
            .await?;
        tokio::time::sleep(seconds(10)).await;
        Ok(BatchResult::new(batch.payload))
    })
}

#[test]
fn the_options_of_the_guide_have_its_names_and_its_defaults() {
    let config = WorkerConfig::default().to_value();
    for (key, default) in [
        ("worker_version", json!("2.0.0")),
        ("lease_ttl_sec", json!(60.0)),
        ("hb_interval_sec", json!(20.0)),
        ("announce_interval_sec", json!(60.0)),
        ("dedup_cache_size", json!(10_000)),
        ("dedup_ttl_ms", json!(3_600_000)),
        ("pull_poll_ms_default", json!(300)),
        ("db_cancel_poll_ms", json!(500)),
    ] {
        assert_eq!(config[key], default, "{key}");
    }
    let config = WorkerConfig::from_value(json!({
        "kafka_bootstrap": "localhost:9092",
        "roles": ["processor", "analyzer"],
        "worker_id": null,
    }));
    let config = config.expect("the guide's values");
    assert_eq!(config.kafka_bootstrap.as_deref(), Some("localhost:9092"));
    assert_eq!(config.roles, ["processor", "analyzer"]);
    assert_eq!(config.worker_id, None);
}

#[test]
fn a_lease_that_would_not_outlive_its_heartbeats_is_refused() {
    let error = WorkerConfig::from_value(json!({ "lease_ttl_sec": 20, "hb_interval_sec": 20 }));
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("lease_ttl_sec: a lease of 20s is over before the next heartbeat"));
}

#[tokio::test(start_paused = true)]
async fn a_worker_runs_when_start_returns_and_draws_an_id_if_it_has_none() {
    let bench = WorkerBench::new();
    let builder = bench.builder("w").config(WorkerConfig::default());
    let worker = start(builder.handler(ROLE, || Scripted::counting(1))).await;
    let registered = bench.store.workers().await.unwrap();
    assert_eq!(registered[0].announcement.worker, *worker.id());
    assert!(
        worker.id().as_str().starts_with("worker-"),
        "{}",
        worker.id()
    );
    let builder = bench.builder("w").config(WorkerConfig::default());
    let another = start(builder.handler(ROLE, || Scripted::counting(1))).await;
    assert_ne!(another.id(), worker.id());
    worker.shutdown().await;
    another.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn one_worker_runs_nodes_of_several_roles_at_the_same_time() {
    let bench = WorkerBench::new();
    let builder = bench.builder("w").handler("processor", slow);
    let worker = start(builder.handler("analyzer", slow)).await;
    let begun = Instant::now();
    let first = bench.submit([Node::new("n", "processor")]).await;
    let second = bench.submit([Node::new("n", "analyzer")]).await;
    tokio::time::sleep(seconds(5)).await;
    let running = worker.view().running();
    assert_eq!((running["processor"], running["analyzer"]), (1, 1));
    for run in [&first, &second] {
        assert_eq!(bench.ended(run).await, RunState::Finished);
    }
    assert!(begun.elapsed() < seconds(25), "{:?}", begun.elapsed());
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_state_of_each_worker_is_in_the_store_as_long_as_it_has_something() {
    let bench = WorkerBench::new();
    let idle = bench.store.active_runs(Some("a".into())).await.unwrap();
    assert!(idle.is_empty());
    let workers = [
        start(bench.builder("a").handler("one", slow)).await,
        start(bench.builder("b").handler("two", slow)).await,
    ];
    let first = bench.submit([Node::new("n1", "one")]).await;
    let second = bench.submit([Node::new("n2", "two")]).await;
    quiet().await;
    tokio::time::sleep(seconds(3)).await;
    let active = bench.store.active_runs(Some("a".into())).await.unwrap();
    let written = to_value(&active[0]).unwrap();
    for (field, value) in [
        ("worker_id", json!("a")),
        ("task_id", json!(first)),
        ("node_id", json!("n1")),
        ("step_type", json!("one")),
        ("attempt_epoch", json!(1)),
        ("state", json!("running")),
    ] {
        assert_eq!(written[field], value, "{field}");
    }
    assert!(written["started_at_ms"].is_i64() && written["lease_deadline_ts_ms"].is_i64());
    let saved = active[0].checkpoint.as_ref().expect("it was saved");
    assert_eq!(saved.data.as_str(), r#"{"last_id":"b0"}"#);

    let mut all = bench.store.active_runs(None).await.unwrap();
    all.sort_by(|one, next| one.worker.as_str().cmp(next.worker.as_str()));
    let all: Vec<_> = all.iter().map(|it| (it.worker.as_str(), &it.run)).collect();
    assert_eq!(all, [("a", &first), ("b", &second)]);
    for run in [&first, &second] {
        assert_eq!(bench.ended(run).await, RunState::Finished);
    }
    assert!(bench.store.active_runs(None).await.unwrap().is_empty());
    for worker in workers {
        worker.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_had_nothing_starts_with_nothing() {
    let bench = WorkerBench::new();
    let worker = bench.worker("w", &Scripted::counting(1)).await;
    assert_eq!(worker.stats().resumed, 0);
    let run = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    drop(worker);
    let worker = bench.worker("w", &Scripted::counting(1)).await;
    assert_eq!((worker.stats().resumed, worker.stats().active), (0, 0));
    worker.shutdown().await;
}
