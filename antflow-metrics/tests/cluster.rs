//! What workers and coordinators do is in the metrics, as often as they say themselves, and under few labels.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

#[path = "support/programs.rs"]
mod programs;
#[path = "support/scrape.rs"]
mod scrape;

use antflow::cluster::bus::{Bus, Post};
use antflow::cluster::graph::{Node, Pull, RetryPolicy};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::protocol::Topic;
use antflow::cluster::state::RunState;
use antflow::cluster::worker::{WorkerEvent, WorkerObserver, WorkerView};
use antflow::{BoxError, pipeline, stage};
use antflow_metrics::{Exporter, catalog, names};
use antflow_tests::coordinator_bench::{self, cluster};
use antflow_tests::worker_bench::{Planned, ROLE, Scripted, WorkerBench, node, start};
use antflow_tests::{quiet, seconds};
use programs::check_metrics;
use scrape::Scrape;

async fn exporter() -> Exporter {
    let exporter = Exporter::builder().without_server().start().await;
    exporter.unwrap()
}

/// Fails with this code at the first attempt of the second batch.
fn stumbles(code: &'static str) -> Scripted {
    Scripted::counting(3).works(move |batch, ctx| async move {
        tokio::time::sleep(seconds(1)).await;
        if batch.uid.as_str() == "b1" && ctx.info().epoch == 1 {
            let planned = Planned {
                code,
                permanent: false,
            };
            return Err(BoxError::from(planned));
        }
        let result = BatchResult::new(batch.payload);
        Ok(result.metric("items", 0.5).metric("owed", -1.0))
    })
}

#[tokio::test(start_paused = true)]
async fn batches_attempts_and_numbers_are_counted_as_they_are_committed() {
    let (bench, exporter) = (WorkerBench::new(), exporter().await);
    let builder = bench.builder("w").observe(exporter.cluster());
    let worker = start(builder.handler(ROLE, || stumbles("too_busy"))).await;
    let run = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    quiet().await;

    let (stats, seen) = (worker.stats(), Scrape::read(&exporter.render()));
    let has = |series: &str, value: f64| assert_eq!(seen.value(series), value, "{series}");
    has("antflow_worker_claims_total role claimed", 2.0);
    has("antflow_worker_claims_total role resumed", 0.0);
    has("antflow_worker_batches_total role committed", 3.0);
    has("antflow_worker_batches_total role duplicate", 1.0);
    has("antflow_worker_batches_total role failed", 1.0);
    has("antflow_worker_attempts_total role finished", 1.0);
    has("antflow_worker_attempts_total role failed", 1.0);
    has("antflow_worker_failures_total role too_busy", 1.0);
    has("antflow_worker_reported role items", 1.5);
    has("antflow_worker_reported role owed", -3.0);
    has("antflow_worker_nodes_running role", 0.0);
    has("antflow_worker_capacity", 2.0);
    has("antflow_worker_lease_ttl_seconds", 60.0);
    assert_eq!(stats.batches, 3);
    assert_eq!(stats.duplicate_batches, 1);
    assert_eq!(stats.failed_batches, 1);
    let durations = seen.counts(names::worker::BATCH_DURATION_SECONDS);
    assert_eq!(
        durations["antflow_worker_batch_duration_seconds_count role"],
        4.0
    );
    has("antflow_worker_batch_duration_seconds_sum role", 4.0);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_runs_is_seen_with_its_heartbeats_and_what_was_left_of_its_lease() {
    let (bench, exporter) = (WorkerBench::new(), exporter().await);
    let slow = Scripted::counting(1).works(|batch, _| async move {
        tokio::time::sleep(seconds(70)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let builder = bench.builder("w").observe(exporter.cluster());
    let worker = start(builder.handler(ROLE, move || slow.clone())).await;
    let run = bench.submit([node("n")]).await;
    tokio::time::sleep(seconds(65)).await;
    let seen = Scrape::read(&exporter.render());
    assert_eq!(seen.value("antflow_worker_nodes_running role"), 1.0);
    assert_eq!(
        seen.value("antflow_worker_heartbeats_total ok"),
        worker.stats().heartbeats as f64
    );
    let age = seen.value("antflow_worker_heartbeat_age_seconds");
    assert!(age > 0.0 && age < 20.0, "{age}");
    let margins = seen.counts(names::worker::LEASE_MARGIN_SECONDS);
    let count = margins["antflow_worker_lease_margin_seconds_count role"];
    assert!((3.0..=4.0).contains(&count), "{count}");
    let left = seen.value("antflow_worker_lease_margin_seconds_sum role");
    assert!(left > count * 39.0 && left <= count * 60.0, "{left}");

    bench.ended(&run).await;
    worker.shutdown().await;
    quiet().await;
    let seen = Scrape::read(&exporter.render());
    for gauge in ["nodes_running role", "capacity", "heartbeat_age_seconds"] {
        assert_eq!(
            seen.value(&format!("antflow_worker_{gauge}")),
            0.0,
            "{gauge}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn codes_and_names_beyond_the_bound_share_a_series() {
    let (bench, exporter) = (WorkerBench::new(), exporter().await);
    let many = Scripted::counting(1).works(|batch, _| async move {
        let numbers = (0..10).map(|n| (format!("n{n}"), 1.0));
        let result = BatchResult::new(batch.payload);
        Ok(numbers.fold(result, |result, (name, value)| result.metric(name, value)))
    });
    let fails = |code| {
        Scripted::counting(1).works(move |_, _| async move {
            let permanent = true;
            Err(BoxError::from(Planned { code, permanent }))
        })
    };
    let metrics = exporter.cluster().with_values(2);
    let builder = bench.builder("w").observe(metrics);
    let codes = std::sync::Mutex::new(["a", "b", "c", "d"].into_iter());
    let builder = builder.handler("fails", move || {
        fails(codes.lock().unwrap().next().unwrap())
    });
    let worker = start(builder.handler(ROLE, move || many.clone())).await;
    let run = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    for _ in 0..4 {
        let run = bench.submit([Node::new("n", "fails")]).await;
        assert_eq!(bench.ended(&run).await, RunState::Failed);
    }
    let seen = Scrape::read(&exporter.render());
    let series = |name: &str| seen.of(&[name]).into_iter().collect::<Vec<_>>();
    let of = |name: &str, value: f64| (name.to_owned(), value);
    assert_eq!(
        series(names::worker::REPORTED),
        [
            of("antflow_worker_reported role n0", 1.0),
            of("antflow_worker_reported role n1", 1.0),
            of("antflow_worker_reported role other", 8.0),
        ]
    );
    assert_eq!(
        series(names::worker::FAILURES_TOTAL),
        [
            of("antflow_worker_failures_total fails a", 1.0),
            of("antflow_worker_failures_total fails b", 1.0),
            of("antflow_worker_failures_total fails other", 2.0),
        ]
    );
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_and_a_lease_that_is_lost_are_seen() {
    let (bench, exporter) = (WorkerBench::new(), exporter().await);
    let slow = Scripted::counting(1).works(|batch, _| async move {
        tokio::time::sleep(seconds(300)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let builder = bench.builder("w").observe(exporter.cluster());
    let worker = start(builder.handler(ROLE, move || slow.clone())).await;
    bench.submit([node("n")]).await;
    tokio::time::sleep(seconds(5)).await;
    bench.store.refuse("extend", u64::MAX);
    bench.store.refuse("release", u64::MAX);
    tokio::time::sleep(seconds(90)).await;
    let (stats, seen) = (worker.stats(), Scrape::read(&exporter.render()));
    let unavailable = seen.value("antflow_worker_store_errors_total unavailable");
    assert!(unavailable > 10.0);
    assert_eq!(unavailable, stats.store_errors as f64);
    let failed = seen.value("antflow_worker_heartbeats_total failed");
    assert_eq!(failed, stats.failed_heartbeats as f64);
    assert_eq!(seen.value("antflow_worker_attempts_total role lost"), 1.0);
    assert_eq!(stats.lost, 1);
    assert!(seen.value("antflow_worker_heartbeat_age_seconds") > 60.0);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_says_what_is_in_the_store_and_what_it_does() {
    let (bench, exporter) = (WorkerBench::new(), exporter().await);
    let cluster = cluster(&bench);
    let builder = coordinator_bench::builder(&cluster, "c").observe(exporter.cluster());
    let coordinator = coordinator_bench::start(builder);
    quiet().await;
    bench
        .submit([
            Node::new("n", "nobody"),
            Node::new("after", "nobody").depends_on(["n"]),
        ])
        .await;
    let garbage = Post {
        topic: Topic::Announce,
        key: String::new(),
        bytes: (*b"garbage").into(),
    };
    bench.bus.publish(garbage).await.unwrap();
    tokio::time::sleep(seconds(120)).await;
    let (stats, seen) = (coordinator.stats(), Scrape::read(&exporter.render()));
    let has = |series: &str, value: f64| assert_eq!(seen.value(series), value, "{series}");
    has("antflow_coordinator_runs running", 1.0);
    has("antflow_coordinator_runs failed", 0.0);
    has("antflow_coordinator_nodes nobody ready", 1.0);
    has("antflow_coordinator_nodes nobody queued", 1.0);
    has("antflow_coordinator_nodes_starving nobody", 1.0);
    has("antflow_coordinator_workers_online", 0.0);
    has("antflow_coordinator_dead_letters", 1.0);
    has("antflow_coordinator_outbox_events", 0.0);
    has("antflow_coordinator_outbox_age_seconds", 0.0);
    has("antflow_coordinator_warnings_total no_worker", 1.0);
    has("antflow_coordinator_events_total said", stats.said as f64);
    assert!(stats.said > 0);
    assert!(seen.value("antflow_coordinator_last_look_timestamp_seconds") > 0.0);

    // Events that the store does not hand out grow old.
    bench.store.refuse("outbox_take", u64::MAX);
    bench.submit([Node::new("n", "nobody")]).await;
    tokio::time::sleep(seconds(100)).await;
    let (stats, seen) = (coordinator.stats(), Scrape::read(&exporter.render()));
    assert!(seen.value("antflow_coordinator_outbox_events") >= 1.0);
    let age = seen.value("antflow_coordinator_outbox_age_seconds");
    assert!(age > 90.0 && age < 101.0, "{age}");
    let errors = seen.value("antflow_coordinator_store_errors_total");
    assert_eq!(errors, stats.store_errors as f64);
    assert_eq!(seen.value("antflow_coordinator_nodes_starving nobody"), 2.0);

    bench.store.heal("outbox_take");
    coordinator.shutdown().await;
    quiet().await;
    let seen = Scrape::read(&exporter.render());
    assert_eq!(seen.value("antflow_coordinator_runs running"), 0.0);
    assert_eq!(seen.value("antflow_coordinator_nodes_starving nobody"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn promtool_has_nothing_to_say_and_labels_are_those_of_the_catalog() {
    let (bench, exporter) = (WorkerBench::new(), exporter().await);
    let cluster = cluster(&bench);
    let builder = coordinator_bench::builder(&cluster, "c").observe(exporter.cluster());
    let coordinator = coordinator_bench::start(builder);
    let builder = bench.builder("w").observe(exporter.cluster());
    let worker = start(builder.handler(ROLE, || stumbles("too_busy"))).await;
    let run = bench
        .submit([node("n").retry(RetryPolicy::default())])
        .await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    tokio::time::sleep(seconds(10)).await;
    let text = exporter.render();
    check_metrics(&text);
    for metric in catalog::CLUSTER {
        let help = format!("# HELP {} {}\n", metric.name, metric.help);
        let lines: Vec<_> = text
            .lines()
            .filter(|line| {
                let rest = line.strip_prefix(metric.name).unwrap_or_default();
                ["{", " ", "_bucket", "_sum", "_count"]
                    .iter()
                    .any(|it| rest.starts_with(it))
            })
            .collect();
        assert!(!lines.is_empty() && text.contains(&help), "{}", metric.name);
        for line in lines {
            let quoted = line.split('"').step_by(2);
            let labels =
                quoted.filter_map(|it| it.trim_start_matches([',', '{']).strip_suffix('='));
            for label in labels {
                let label = label.rsplit('{').next().unwrap();
                assert!(label == "le" || metric.labels.contains(&label), "{line}");
            }
        }
    }
    worker.shutdown().await;
    coordinator.shutdown().await;
}

#[stage]
async fn double(number: u64) -> u64 {
    number * 2
}

#[tokio::test(start_paused = true)]
async fn pipelines_workers_and_coordinators_share_one_exporter() {
    let (bench, exporter) = (WorkerBench::new(), exporter().await);
    let doubling = pipeline!(double).observe(exporter.pipeline("doubling"));
    doubling.run(0..10).await.unwrap();
    let builder = coordinator_bench::builder(&cluster(&bench), "c").observe(exporter.cluster());
    let coordinator = coordinator_bench::start(builder);
    let builder = bench.builder("w").role::<double>();
    let worker = start(builder.observe(exporter.cluster())).await;
    let numbers = Node::input("numbers");
    let doubles = Node::new("doubles", "Double").pull(Pull::from_nodes(["numbers"]));
    let run = bench.submit([numbers, doubles]).await;
    bench.append(&run, "numbers", 0..5).await;
    bench.close(&run, "numbers").await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let text = exporter.render();
    check_metrics(&text);
    let seen = Scrape::read(&text);
    assert_eq!(seen.value("antflow_items_total doubling completed"), 10.0);
    assert_eq!(
        seen.value("antflow_worker_batches_total Double committed"),
        5.0
    );
    assert!(seen.value("antflow_coordinator_last_look_timestamp_seconds") > 0.0);
    worker.shutdown().await;
    coordinator.shutdown().await;
}

/// Panics at everything.
struct Panics;

impl WorkerObserver for Panics {
    fn begin(&self, _: &WorkerView) {
        antflow_tests::panic_quietly("an observer panics as planned");
    }

    fn event(&self, _: &WorkerEvent<'_>) {
        antflow_tests::panic_quietly("an observer panics as planned");
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_harms_nobody_and_is_counted() {
    let (bench, exporter) = (WorkerBench::new(), exporter().await);
    let builder = bench
        .builder("w")
        .observe(Panics)
        .observe(exporter.cluster());
    let worker = start(builder.handler(ROLE, || Scripted::counting(3))).await;
    let run = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let seen = Scrape::read(&exporter.render());
    assert_eq!(
        seen.value("antflow_worker_batches_total role committed"),
        3.0
    );
    // The start, the claim, three batches, a commit, and the end at least.
    assert!(worker.stats().observer_panics >= 7);
    worker.shutdown().await;
}
