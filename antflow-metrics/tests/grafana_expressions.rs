//! Whatever the dashboard and the rules ask for parses, and asks for metrics and labels that there are.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

#[path = "grafana_support/promql.rs"]
mod promql;

use std::collections::BTreeSet;

use antflow_metrics::grafana::{Expression, Origin, Values, expressions};
use antflow_metrics::{catalog, names};
use promql::Recorded;

fn of(origin: Origin) -> Vec<Expression> {
    let all = expressions(&Values::default()).into_iter();
    all.filter(|expression| expression.origin == origin)
        .collect()
}

/// What the recording rules make of the metrics.
fn recorded() -> Recorded {
    let mut recorded = Recorded::default();
    for rule in of(Origin::Recording) {
        // Rules of one file are independent of each other, so each one is asked for metrics alone.
        let labels = Recorded::default().labels(&rule.promql);
        let labels = labels.unwrap_or_else(|error| panic!("{}: {error}", rule.name));
        recorded.0.insert(rule.name, labels.unwrap());
    }
    recorded
}

#[test]
fn panels_and_variables_ask_for_metrics_with_labels_that_they_have() {
    // Not for what is recorded: the dashboard works without the rules.
    let metrics = Recorded::default();
    let asked = [of(Origin::Variable), of(Origin::Panel)].concat();
    assert!(asked.len() > 20);
    for expression in asked {
        let labels = metrics.labels(&expression.promql);
        assert!(labels.is_ok(), "{expression:?}: {labels:?}");
    }
}

#[test]
fn alerts_ask_for_metrics_and_what_is_recorded() {
    let recorded = recorded();
    let alerts = of(Origin::Alert);
    assert_eq!(alerts.len(), 11);
    for expression in alerts {
        let labels = recorded.labels(&expression.promql);
        assert!(labels.is_ok(), "{expression:?}: {labels:?}");
    }
}

#[test]
fn what_there_is_not_is_found() {
    let recorded = recorded();
    let wrong = [
        "antflow_item_total",
        "antflow_items_total_sum",
        "antflow_item_duration_seconds",
        r#"antflow_items_total{result="failed"}"#,
        "sum by (stage) (rate(antflow_items_total[5m]))",
        "antflow_items_in_flight / antflow_stage_workers",
        "histogram_quantile(0.95, sum by (pipeline) (rate(antflow_item_duration_seconds_bucket[5m])))",
        "stage:antflow_queue_fill:max > 0.9",
        "stage:antflow_queue_fill:ratio{task=\"parse\"}",
        "rate(antflow_items_total[5m]",
    ];
    for promql in wrong {
        assert!(recorded.labels(promql).is_err(), "{promql}");
    }
}

#[test]
fn every_metric_is_on_the_dashboard() {
    let panels = of(Origin::Panel);
    for metric in catalog::ALL {
        let is_asked = |it: &Expression| it.promql.contains(metric.name);
        assert!(panels.iter().any(is_asked), "{}", metric.name);
    }
}

#[test]
fn values_stand_for_variables() {
    let values = Values {
        job: "shop".to_owned(),
        instance: "a:9464".to_owned(),
        pipeline: "Ingest".to_owned(),
        stage: "Parse|Price".to_owned(),
        role: "processor".to_owned(),
        rate_interval: "20s".to_owned(),
        range: "3h".to_owned(),
    };
    let asked = expressions(&values);
    assert!(asked.iter().all(|it| !it.promql.contains('$')));
    let all = asked
        .iter()
        .map(|it| it.promql.as_str())
        .collect::<String>();
    for text in [
        r#"job=~"shop", instance=~"a:9464", pipeline=~"Ingest", stage=~"Parse|Price""#,
        r#"role=~"processor""#,
        "[20s]",
        "[3h]",
    ] {
        assert!(all.contains(text), "{text}");
    }
}

#[test]
fn names_say_where_an_expression_is() {
    let asked = expressions(&Values::default());
    let has = |origin, name: &str| {
        asked
            .iter()
            .any(|it| it.origin == origin && it.name == name)
    };
    assert!(has(Origin::Variable, "pipeline"));
    assert!(has(Origin::Panel, "Overview / Failure ratio"));
    assert!(has(Origin::Recording, "stage:antflow_queue_fill:ratio"));
    assert!(has(Origin::Alert, "AntflowPipelineStalled"));
    let rules = asked
        .iter()
        .filter(|it| [Origin::Recording, Origin::Alert].contains(&it.origin));
    let rules: Vec<_> = rules.map(|it| it.name.as_str()).collect();
    let unique: BTreeSet<_> = rules.iter().collect();
    assert_eq!(unique.len(), rules.len());
    assert!(!rules.contains(&names::BUILD_INFO));
}
