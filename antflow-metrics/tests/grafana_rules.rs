//! The rules are what Prometheus takes, fire when they should, and say what to do.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

#[path = "grafana_support/promql.rs"]
mod promql;
#[path = "grafana_support/mod.rs"]
mod support;

use antflow_metrics::grafana::{Origin, Values, expressions};
use promql::Recorded;
use saphyr::YamlOwned;
use support::{promtool, yaml};

const RECORDING: &str = "rules/antflow-recording.yml";
const ALERTS: &str = "rules/antflow-alerts.yml";
const TESTS: &str = "rules/tests.yml";

/// The rules of a file.
fn rules(path: &str) -> Vec<YamlOwned> {
    let file = yaml(path);
    let groups = file["groups"].as_sequence().unwrap().iter();
    groups
        .flat_map(|group| group["rules"].as_sequence().unwrap().clone())
        .collect()
}

/// What the tests of the rules ask, and the answers that they expect.
fn tested() -> Vec<(String, Vec<String>)> {
    let text = |value: &YamlOwned| value.as_str().unwrap().to_owned();
    let tests = yaml(TESTS);
    let groups = tests["tests"].as_sequence().unwrap().iter();
    let asked = groups.flat_map(|it| it["promql_expr_test"].as_sequence().unwrap());
    let tested = asked.map(|it| {
        let samples = it["exp_samples"].as_sequence().unwrap().iter();
        let labels = samples.map(|sample| text(&sample["labels"]));
        (text(&it["expr"]), labels.collect())
    });
    tested.collect()
}

#[test]
fn prometheus_takes_them() {
    promtool(["check", "rules"], &[RECORDING, ALERTS]);
}

#[test]
fn they_fire_when_they_should() {
    promtool(["test", "rules"], &[TESTS]);
}

#[test]
fn every_alert_is_seen_firing_in_a_test() {
    let tested = tested().into_iter();
    let firing: Vec<_> = tested
        .filter(|(expr, _)| expr.contains(r#"ALERTS{alertstate="firing"}"#))
        .flat_map(|(_, labels)| labels)
        .collect();
    for alert in rules(ALERTS) {
        let name = alert["alert"].as_str().unwrap();
        assert!(firing.iter().any(|it| it.contains(name)), "{name}");
    }
}

#[test]
fn every_recording_rule_is_in_a_test() {
    let tested = tested();
    for rule in rules(RECORDING) {
        let name = rule["record"].as_str().unwrap();
        assert!(tested.iter().any(|(expr, _)| expr.contains(name)), "{name}");
    }
}

#[test]
fn files_hold_the_expressions_that_are_given_out() {
    let given = expressions(&Values::default()).into_iter();
    let given: Vec<_> = given
        .filter(|it| [Origin::Recording, Origin::Alert].contains(&it.origin))
        .map(|it| (it.name, it.promql))
        .collect();
    let text = |rule: &YamlOwned, key: &str| {
        let value = rule.as_mapping_get(key).and_then(YamlOwned::as_str);
        value.map(str::to_owned)
    };
    let in_files = [rules(RECORDING), rules(ALERTS)].concat().into_iter();
    let in_files: Vec<_> = in_files
        .map(|rule| {
            let name = text(&rule, "record").or(text(&rule, "alert"));
            (name.unwrap(), text(&rule, "expr").unwrap())
        })
        .collect();
    assert_eq!(in_files, given);
}

#[test]
fn alerts_say_how_urgent_they_are_and_what_to_do() {
    for alert in rules(ALERTS) {
        let name = alert["alert"].as_str().unwrap();
        let severity = alert["labels"]["severity"].as_str().unwrap();
        assert!(
            ["info", "warning", "critical"].contains(&severity),
            "{name}: {severity}"
        );
        for key in ["summary", "description", "runbook"] {
            let text = alert["annotations"][key].as_str().unwrap();
            assert!(
                text.ends_with('.') && !text.contains("  "),
                "{name}: {text}"
            );
        }
    }
}

/// The names of the labels that a text has places for.
fn labels_in(text: &str) -> impl Iterator<Item = &str> {
    let places = text.split("$labels.").skip(1);
    places.map(|it| it.split(|c: char| !c.is_alphanumeric()).next().unwrap())
}

#[test]
fn texts_have_places_for_labels_that_there_are() {
    let mut recorded = Recorded::default();
    for rule in rules(RECORDING) {
        let labels = recorded.labels(rule["expr"].as_str().unwrap()).unwrap();
        let name = rule["record"].as_str().unwrap().to_owned();
        recorded.0.insert(name, labels.unwrap());
    }
    for alert in rules(ALERTS) {
        let labels = recorded
            .labels(alert["expr"].as_str().unwrap())
            .unwrap()
            .unwrap();
        for key in ["summary", "description"] {
            let text = alert["annotations"][key].as_str().unwrap();
            assert!(labels_in(text).count() > 0, "{text}");
            for label in labels_in(text) {
                assert!(labels.contains(label), "{label} in: {text}");
            }
        }
    }
}
