//! A real Prometheus scrapes a worker and a coordinator, and has an answer to whatever the dashboard of clusters and its
//! alerts ask for.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

#[path = "support/http.rs"]
mod http;
#[path = "support/programs.rs"]
mod programs;
#[path = "support/prometheus.rs"]
mod prometheus;

use std::time::{Duration, Instant};

use antflow::BoxError;
use antflow::cluster::Cluster;
use antflow::cluster::bus::{Bus, Post};
use antflow::cluster::coordinator::FunctionCall;
use antflow::cluster::graph::{Catalog, Graph, Node, RetryPolicy};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::protocol::Topic;
use antflow::cluster::store::{ClaimRequest, Finish, NewRun, Offer, WorkStore};
use antflow::cluster::worker::WorkerConfig;
use antflow_metrics::Exporter;
use antflow_metrics::catalog::{self, Kind};
use antflow_metrics::grafana::{Expression, Origin, Subject, Values, expressions};
use antflow_tests::coordinator_bench::{self, cluster};
use antflow_tests::worker_bench::{Planned, ROLE, Scripted, WorkerBench, config, start};
use antflow_tests::{millis, within};
use prometheus::{Prometheus, texts};
use serde_json::Map;

/// How long Prometheus may take until it has an answer to everything. It begins to scrape after five seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// What nothing happens to in this test: there is an answer, which is 0.
const CALM: [&str; 4] = [
    "Nodes / Failed cleanups",
    "Batches / Batches that do not stop",
    "Coordinators / Rows removed",
    "Coordinators / Trouble of coordinators",
];

/// Every batch takes a moment; the third one fails.
fn handler() -> Scripted {
    Scripted::counting(5).works(|batch, _| async move {
        tokio::time::sleep(millis(20)).await;
        if batch.uid.as_str() == "b3" {
            let (code, permanent) = ("no_paper", true);
            return Err(BoxError::from(Planned { code, permanent }));
        }
        Ok(BatchResult::new(batch.payload).metric("pages", 1.5))
    })
}

async fn submit(cluster: &Cluster, node: Node) {
    let graph = Graph::new([node.retry(RetryPolicy::default())], &Catalog::any()).unwrap();
    cluster.submit_run(NewRun::new(graph)).await.unwrap();
}

/// Goes on for ever: runs that fail and functions, nodes that nobody takes, workers that are lost, messages that nobody
/// understands, a store that does not answer.
async fn troubles(bench: &WorkerBench, cluster: &Cluster) {
    let lost = || ClaimRequest {
        worker: "lost".into(),
        offers: vec![Offer {
            role: "lost".into(),
            fingerprint: None,
        }],
        slots: 1,
        run: None,
        ttl: millis(100),
    };
    for round in 0_u64.. {
        submit(cluster, Node::new("n", ROLE)).await;
        submit(cluster, Node::function("f", "nap", Map::new())).await;
        if round.is_multiple_of(5) {
            submit(cluster, Node::new("n", "lost")).await;
            bench.store.claim(lost()).await.unwrap();
            bench.store.refuse("extend", 1);
            let garbage = Post {
                topic: Topic::Commands(ROLE.into()),
                key: String::new(),
                bytes: (*b"garbage").into(),
            };
            bench.bus.publish(garbage).await.unwrap();
        }
        if round.is_multiple_of(20) {
            bench.store.refuse("outbox_take", 2);
        }
        tokio::time::sleep(millis(100)).await;
    }
}

/// What the dashboard of clusters asks for, and the alerts.
fn expressions_of(instance: &str) -> Vec<Expression> {
    let mut all = expressions(&Values {
        job: "antflow".to_owned(),
        instance: instance.to_owned(),
        role: format!("{ROLE}|lost|coordinator_fn"),
        rate_interval: "5s".to_owned(),
        ..Values::default()
    });
    all.retain(|it| it.subject == Subject::Cluster);
    all
}

/// Asks until every question has an answer, and one above 0 where something happened.
async fn everything_is_answered(prometheus: &Prometheus, expressions: &[Expression]) {
    let asked = expressions.iter().filter(|it| it.origin != Origin::Alert);
    let asked = asked.map(|it| (it.promql.clone(), CALM.contains(&&*it.name)));
    let alerts = [
        r#"ALERTS{alertname="AntflowLeasesReaped", alertstate="firing"}"#,
        r#"ALERTS{alertname="AntflowNodesStarving", alertstate="pending", role="lost"}"#,
        r#"ALERTS{alertname="AntflowDeadLetters", alertstate="pending"}"#,
    ];
    let alerts = alerts.map(|alert| (alert.to_owned(), false));
    let mut questions: Vec<_> = asked.chain(alerts).collect();
    assert!(questions.len() > 40, "{questions:#?}");
    let begun = Instant::now();
    loop {
        let mut unanswered = Vec::new();
        for (question, is_calm) in questions {
            let answer = prometheus.query(&question).await;
            let is_ours = answer.iter().all(|it| !it.labels.contains_key("pipeline"));
            assert!(is_ours, "{question}: {answer:#?}");
            if !answer.iter().any(|it| it.value > 0.0 || is_calm) {
                unanswered.push((question, is_calm));
            }
        }
        if unanswered.is_empty() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "no data for {unanswered:#?}");
        questions = unanswered;
        tokio::time::sleep(millis(200)).await;
    }
}

/// Prometheus evaluates all alerts, without an error.
async fn alerts_are_healthy(prometheus: &Prometheus, expressions: &[Expression]) {
    let rules = loop {
        let rules = prometheus.api("rules").await;
        // Of a rule that was not evaluated yet.
        if !rules.to_string().contains(r#""health":"unknown""#) {
            break rules;
        }
        tokio::time::sleep(millis(20)).await;
    };
    let groups = rules["groups"].as_array().unwrap().iter();
    let rules: Vec<_> = groups
        .flat_map(|group| group["rules"].as_array().unwrap())
        .collect();
    for alert in expressions.iter().filter(|it| it.origin == Origin::Alert) {
        let rule = rules.iter().find(|rule| rule["name"] == *alert.name);
        assert_eq!(rule.unwrap()["health"], "ok", "{rule:#?}");
    }
}

/// Prometheus has read what the metrics are.
async fn scrapes_are_understood(prometheus: &Prometheus) {
    let metadata = prometheus.api("metadata").await;
    for metric in catalog::CLUSTER {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            _ => "histogram",
        };
        let read = texts(&metadata[metric.name][0]);
        assert_eq!(
            (&*read["type"], &*read["help"]),
            (kind, metric.help),
            "{}",
            metric.name
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_asked_about_a_cluster_has_an_answer() {
    let exporter = Exporter::builder()
        .listen(([127, 0, 0, 1], 0))
        .start()
        .await
        .unwrap();
    let addr = exporter.local_addr().unwrap();
    let metrics = exporter.cluster().every(millis(200));
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let builder = coordinator_bench::builder(&cluster, "c").observe(metrics.clone());
    let builder = builder.function("nap", |_: FunctionCall| async {
        tokio::time::sleep(millis(300)).await;
        Ok(Finish::default())
    });
    let coordinator = coordinator_bench::start(builder);
    let builder = bench.builder("w").config(WorkerConfig {
        lease_ttl: Duration::from_secs(2),
        hb_interval: millis(50),
        ..config("w")
    });
    let worker = start(builder.handler(ROLE, handler).observe(metrics)).await;
    let seen = async {
        let prometheus = Prometheus::start(addr).await;
        let expressions = expressions_of(&addr.to_string());
        everything_is_answered(&prometheus, &expressions).await;
        alerts_are_healthy(&prometheus, &expressions).await;
        scrapes_are_understood(&prometheus).await;
        programs::check_metrics(&http::get(addr, "/metrics").await);
    };
    tokio::select! {
        () = troubles(&bench, &cluster) => unreachable!("there is no end of troubles"),
        () = within(seen) => {}
    }
    worker.shutdown().await;
    coordinator.shutdown().await;
}
