//! A real Prometheus scrapes a pipeline, and has an answer to whatever the dashboard and the rules ask for.

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

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use antflow::event::{Callbacks, Overflow, StatusEvent};
use antflow::{Collect, TaskContext, pipeline, stage};
use antflow_metrics::catalog::{self, Kind};
use antflow_metrics::grafana::{Expression, Origin, Subject, Values, expressions};
use antflow_metrics::{Exporter, names};
use antflow_tests::{Boom, millis, within};
use prometheus::{Prometheus, texts};

/// How long Prometheus may take until it has an answer to everything. It begins to scrape after five seconds.
const PATIENCE: Duration = Duration::from_secs(20);

fn is_known(item: &u64) -> bool {
    item % 10 == 9
}

/// Every third item fails in its first attempt, every tenth in all of them: more than the alert takes as usual.
#[stage(
    workers = 3,
    queue = 4,
    retry = "per_task",
    attempts = 2,
    wait = "2ms",
    skip_if = is_known
)]
async fn load(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    let fails = item.is_multiple_of(10) || item.is_multiple_of(3) && cx.attempt() == 1;
    if fails { Err(Boom(item)) } else { Ok(item) }
}

#[stage(workers = 2, queue = 4)]
async fn parse(item: u64) -> u64 {
    item
}

/// So slow that its queue is always full, and the stage before waits for room.
#[stage(workers = 2, queue = 4)]
async fn save(item: u64) -> u64 {
    tokio::time::sleep(millis(10)).await;
    item
}

/// Whoever is called by it is too slow for all the events.
fn slow_callbacks() -> Callbacks {
    Callbacks::new()
        .on_status_change(async |_: StatusEvent| tokio::time::sleep(millis(50)).await)
        .capacity(1)
        .on_overflow(Overflow::Drop)
}

/// What the dashboard asks for, as it would for the pipeline `etl`, and the rules.
fn expressions_of(instance: &str) -> Vec<Expression> {
    let mut all = expressions(&Values {
        job: "antflow".to_owned(),
        instance: instance.to_owned(),
        pipeline: "etl".to_owned(),
        stage: "Load|Parse|Save".to_owned(),
        rate_interval: "5s".to_owned(),
        ..Values::default()
    });
    all.retain(|it| it.subject == Subject::Pipelines);
    all
}

/// What must have an answer: the expressions of the dashboard, those that are recorded, what is recorded of them, and
/// the alerts that there should be. Whether all of the alerts can be asked is seen where they are evaluated.
fn questions(expressions: &[Expression]) -> Vec<String> {
    let asked = expressions.iter().filter(|it| it.origin != Origin::Alert);
    let recorded = expressions
        .iter()
        .filter(|it| it.origin == Origin::Recording);
    let alerts = [
        r#"{alertname="AntflowEventsDropped", alertstate="firing"}"#,
        r#"{alertname="AntflowFailureRatioHigh", alertstate="pending"}"#,
        r#"{alertname="AntflowBacklogGrowing", alertstate="pending", stage="Save"}"#,
    ];
    let asked = asked.map(|it| it.promql.clone());
    let recorded = recorded.map(|it| it.name.clone());
    let alerts = alerts.iter().map(|labels| format!("ALERTS{labels}"));
    let questions: Vec<_> = asked.chain(recorded).chain(alerts).collect();
    assert!(questions.len() > 40, "{questions:#?}");
    questions
}

/// Asks until every question has an answer above 0: there are items, failures, retries, full queues, lost events.
async fn everything_is_answered(prometheus: &Prometheus, mut questions: Vec<String>) {
    let begun = Instant::now();
    loop {
        let mut unanswered = Vec::new();
        for question in questions {
            let answer = prometheus.query(&question).await;
            if !answer.iter().any(|sample| sample.value > 0.0) {
                unanswered.push(question);
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

/// Prometheus evaluates all the rules, without an error.
async fn rules_are_healthy(prometheus: &Prometheus, expressions: &[Expression]) {
    let rules = loop {
        let rules = prometheus.api("rules").await;
        // Of a rule that was not evaluated yet.
        if !rules.to_string().contains(r#""health":"unknown""#) {
            break rules;
        }
        tokio::time::sleep(millis(20)).await;
    };
    let groups = rules["groups"].as_array().unwrap().iter();
    let mut names = BTreeSet::new();
    for rule in groups.flat_map(|group| group["rules"].as_array().unwrap()) {
        assert_eq!(rule["health"], "ok", "{rule:#}");
        assert_eq!(rule.get("lastError"), None, "{rule:#}");
        names.insert(rule["name"].as_str().unwrap());
    }
    let is_rule = |it: &&Expression| [Origin::Recording, Origin::Alert].contains(&it.origin);
    let ours = expressions.iter().filter(is_rule);
    let ours: BTreeSet<_> = ours.map(|it| it.name.as_str()).collect();
    assert!(names.is_superset(&ours), "{names:?}");
}

/// Who has lost events is told at once, all else has to go on for minutes. The pipeline `calm` is not told of at all.
async fn only_what_is_wrong_is_told(prometheus: &Prometheus) {
    let alerts = prometheus.api("alerts").await;
    let mut told = BTreeSet::new();
    for alert in alerts["alerts"].as_array().unwrap() {
        let labels = texts(&alert["labels"]);
        assert_eq!(labels["pipeline"], "etl", "{alert:#}");
        told.insert((
            labels["alertname"].clone(),
            alert["state"].as_str().unwrap(),
        ));
    }
    let firing: Vec<_> = told.iter().filter(|told| told.1 == "firing").collect();
    assert_eq!(firing, [&("AntflowEventsDropped".to_owned(), "firing")]);
    let stalled = told.iter().find(|told| told.0 == "AntflowPipelineStalled");
    assert_eq!(stalled, None);
}

/// Prometheus has read what the metrics are, and every scrape so far was a good one.
async fn scrapes_are_understood(prometheus: &Prometheus) {
    let metadata = prometheus.api("metadata").await;
    for metric in catalog::PIPELINES {
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
    let targets = prometheus.api("targets").await;
    let target = &targets["activeTargets"][0];
    assert_eq!(
        (&target["health"], &target["lastError"]),
        (&"up".into(), &"".into())
    );
    let up = prometheus.query("min_over_time(up[1m])").await;
    assert_eq!(
        up.iter().map(|sample| sample.value).collect::<Vec<_>>(),
        [1.0]
    );
}

/// Workers that were asked for have series, and all others one.
async fn workers_have_series(prometheus: &Prometheus) {
    let promql = format!(
        "max by (worker) (max_over_time({}{{stage=\"Save\"}}[1m]))",
        names::WORKER_BUSY
    );
    let busy = prometheus.query(&promql).await.into_iter();
    let busy: BTreeMap<_, _> = busy
        .map(|mut sample| (sample.labels.remove("worker").unwrap(), sample.value))
        .collect();
    let expected = [("0", 1.0), ("other", 1.0)];
    assert_eq!(
        busy,
        expected
            .map(|(worker, busy)| (worker.to_owned(), busy))
            .into()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_asked_has_an_answer_and_only_what_is_wrong_is_told() {
    let exporter = Exporter::builder()
        .listen(([127, 0, 0, 1], 0))
        .start()
        .await
        .unwrap();
    let addr = exporter.local_addr().unwrap();
    let etl = pipeline!(load >> parse >> save)
        .observe(exporter.pipeline("etl").with_workers(1))
        .observe(slow_callbacks())
        .collect(Collect::Nothing);
    let calm = pipeline!(parse)
        .observe(exporter.pipeline("calm"))
        .collect(Collect::Nothing);
    let (etl, calm) = (etl.start().unwrap(), calm.start().unwrap());
    let seen = async {
        let prometheus = Prometheus::start(addr).await;
        let expressions = expressions_of(&addr.to_string());
        everything_is_answered(&prometheus, questions(&expressions)).await;
        rules_are_healthy(&prometheus, &expressions).await;
        only_what_is_wrong_is_told(&prometheus).await;
        scrapes_are_understood(&prometheus).await;
        workers_have_series(&prometheus).await;
    };
    let calmly = async {
        for item in 0.. {
            calm.feed([item]).await.unwrap();
            tokio::time::sleep(millis(20)).await;
        }
    };
    tokio::select! {
        _ = etl.feed(0..) => unreachable!("there is no end of items"),
        () = calmly => unreachable!("there is no end of items"),
        () = within(seen) => {}
    }
    within(etl.shutdown()).await;
    within(calm.join()).await;
}
