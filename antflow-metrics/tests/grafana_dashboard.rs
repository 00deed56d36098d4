//! The dashboards keep the rules of Grafana's dashboard linter, and some more.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

#[path = "grafana_support/promql.rs"]
mod promql;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use antflow_metrics::catalog;
use promql::Recorded;
use promql_parser::label::MatchOp;
use promql_parser::parser::{self, Expr, VectorSelector};
use serde_json::Value;

/// Those of Grafana's units that a dashboard like this may need.
const UNITS: &[&str] = &[
    "bool",
    "bool_on_off",
    "bytes",
    "cps",
    "dateTimeFromNow",
    "ms",
    "none",
    "ops",
    "percent",
    "percentunit",
    "s",
    "short",
];

/// The dashboards: what each is called, its variables and its rows.
const DASHBOARDS: [(&str, &[&str], &[&str]); 2] = [
    (
        "antflow",
        &["job", "instance", "pipeline", "stage"],
        &["Overview", "Stages", "Tasks", "Workers", "Exporter"],
    ),
    (
        "antflow-cluster",
        &["job", "instance", "role"],
        &[
            "Cluster",
            "Nodes",
            "Batches",
            "Leases, store and bus",
            "Coordinators",
        ],
    ),
];

fn read(name: &str) -> Value {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = here.join("grafana").join(name).with_extension("json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn dashboards() -> impl Iterator<Item = Value> {
    DASHBOARDS.iter().map(|(name, ..)| read(name))
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).unwrap()
}

fn is_row(element: &Value) -> bool {
    element["type"] == "row"
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    list(dashboard, "/panels").iter().filter(|it| !is_row(it))
}

fn variables(dashboard: &Value) -> &[Value] {
    list(dashboard, "/templating/list")
}

/// What Grafana makes of the variables that stand for times.
fn with_intervals(text: &str) -> String {
    text.replace("$__rate_interval", "5m")
        .replace("$__range", "1h")
}

/// All expressions of panels, as they stand in the file and parsed.
fn expressions(dashboard: &Value) -> Vec<(String, Expr)> {
    let targets = panels(dashboard).flat_map(|panel| list(panel, "/targets"));
    let texts = targets.map(|target| target["expr"].as_str().unwrap());
    let parse = |text: &str| {
        let parsed = parser::parse(&with_intervals(text));
        parsed.unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    texts.map(|text| (text.to_owned(), parse(text))).collect()
}

/// The series that are selected, and the function around each.
fn selected<'a>(expr: &'a Expr, function: &'a str, found: &mut Vec<(&'a VectorSelector, &'a str)>) {
    match expr {
        Expr::VectorSelector(series) => found.push((series, function)),
        Expr::MatrixSelector(range) => found.push((&range.vs, function)),
        Expr::Aggregate(it) => selected(&it.expr, "", found),
        Expr::Paren(it) => selected(&it.expr, "", found),
        Expr::Unary(it) => selected(&it.expr, "", found),
        Expr::Subquery(it) => selected(&it.expr, "", found),
        Expr::Binary(it) => [&it.lhs, &it.rhs]
            .into_iter()
            .for_each(|it| selected(it, "", found)),
        Expr::Call(it) => it
            .args
            .args
            .iter()
            .for_each(|each| selected(each, it.func.name, found)),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

#[test]
fn dashboard_is_not_editable() {
    for dashboard in dashboards() {
        assert_eq!(dashboard["editable"], false);
    }
}

#[test]
fn data_source_is_a_variable_and_all_that_is_asked_uses_it() {
    for dashboard in dashboards() {
        let source = &variables(&dashboard)[0];
        assert_eq!(
            [
                &source["type"],
                &source["name"],
                &source["label"],
                &source["query"]
            ],
            ["datasource", "datasource", "Data source", "prometheus"]
        );
        let targets = panels(&dashboard).flat_map(|panel| list(panel, "/targets"));
        for asking in panels(&dashboard)
            .chain(targets)
            .chain(&variables(&dashboard)[1..])
        {
            assert_eq!(asking["datasource"]["uid"], "${datasource}", "{asking}");
        }
    }
}

#[test]
fn variables_depend_on_those_before_and_follow_the_time_range() {
    for (name, variables_of, _) in DASHBOARDS {
        let dashboard = read(name);
        let mut before = Vec::new();
        for variable in &variables(&dashboard)[1..] {
            let name = variable["name"].as_str().unwrap();
            assert_eq!(variable["type"], "query");
            assert_eq!(variable["refresh"], 2, "{name}");
            assert_eq!(variable["multi"], true, "{name}");
            assert_eq!(variable["includeAll"], true, "{name}");
            assert_eq!(variable["allValue"], ".+", "{name}");
            assert!(
                variable["label"]
                    .as_str()
                    .unwrap()
                    .eq_ignore_ascii_case(name)
            );

            let query = variable["query"]["query"].as_str().unwrap();
            assert_eq!(variable["definition"], query);
            let asked = query
                .strip_prefix("label_values(")
                .and_then(|it| it.strip_suffix(')'));
            let (series, label) = asked.unwrap().rsplit_once(", ").unwrap();
            assert_eq!(label, name);
            let series = parser::parse(series).unwrap();
            let Expr::VectorSelector(series) = series else {
                panic!("{name}: {series}");
            };
            let matched: Vec<_> = series
                .matchers
                .matchers
                .iter()
                .map(|it| it.name.clone())
                .collect();
            assert_eq!(matched, before);
            before.push(name.to_owned());
        }
        assert_eq!(before, variables_of);
    }
}

#[test]
fn panels_have_titles_of_their_own_descriptions_and_units() {
    for dashboard in dashboards() {
        let mut titles = BTreeSet::new();
        for panel in panels(&dashboard) {
            let title = panel["title"].as_str().unwrap();
            assert!(!title.is_empty() && titles.insert(title), "{title}");
            assert!(
                panel["description"].as_str().unwrap().ends_with('.'),
                "{title}"
            );
            let unit = panel
                .pointer("/fieldConfig/defaults/unit")
                .unwrap()
                .as_str()
                .unwrap();
            assert!(UNITS.contains(&unit), "{title}: {unit}");
            assert!(!list(panel, "/targets").is_empty(), "{title}");
            for target in list(panel, "/targets") {
                assert!(
                    !target["legendFormat"].as_str().unwrap().is_empty(),
                    "{title}"
                );
            }
        }
    }
}

#[test]
fn legends_have_places_for_labels_that_answers_have() {
    for dashboard in dashboards() {
        let metrics = Recorded::default();
        for target in panels(&dashboard).flat_map(|panel| list(panel, "/targets")) {
            let legend = target["legendFormat"].as_str().unwrap();
            let expr = with_intervals(target["expr"].as_str().unwrap());
            let labels = metrics.labels(&expr).unwrap().unwrap();
            for place in legend.split("{{").skip(1) {
                let (label, _) = place.split_once("}}").unwrap();
                assert!(labels.contains(label), "{label} of {expr}");
            }
        }
    }
}

#[test]
fn rates_are_taken_over_the_interval_that_fits_the_zoom() {
    for dashboard in dashboards() {
        for (text, _) in expressions(&dashboard) {
            for range in text.split('[').skip(1) {
                let (range, _) = range.split_once(']').unwrap();
                let is_rate = ["rate", "increase"]
                    .iter()
                    .any(|it| text.contains(&format!("{it}(")));
                let expected = if is_rate {
                    "$__rate_interval"
                } else {
                    "$__range"
                };
                assert_eq!(range, expected, "{text}");
            }
        }
    }
}

#[test]
fn everything_is_selected_by_the_variables_of_its_labels() {
    for dashboard in dashboards() {
        for (text, expr) in expressions(&dashboard) {
            let mut found = Vec::new();
            selected(&expr, "", &mut found);
            assert!(!found.is_empty(), "{text}");
            for (series, _) in found {
                let mut wanted = vec!["job", "instance"];
                let name = series.name.as_deref().unwrap();
                for label in ["pipeline", "stage", "role"] {
                    let has = |it: &catalog::Metric| {
                        name.starts_with(it.name) && it.labels.contains(&label)
                    };
                    if catalog::ALL.iter().any(has) {
                        wanted.push(label);
                    }
                }
                for label in wanted {
                    let is_matched = series.matchers.matchers.iter().any(|it| {
                        let is_regex = matches!(it.op, MatchOp::Re(_));
                        it.name == label && is_regex && it.value == format!("${label}")
                    });
                    assert!(is_matched, "{label} of {name} in {text}");
                }
            }
        }
    }
}

#[test]
fn counters_are_seen_as_rates() {
    for dashboard in dashboards() {
        for (text, expr) in expressions(&dashboard) {
            let mut found = Vec::new();
            selected(&expr, "", &mut found);
            for (series, function) in found {
                let name = series.name.as_deref().unwrap();
                let is_counter = ["_total", "_bucket", "_sum", "_count"]
                    .iter()
                    .any(|it| name.ends_with(it));
                let is_rate = ["rate", "irate", "increase"].contains(&function);
                assert_eq!(is_counter, is_rate, "{name} in {text}");
            }
        }
    }
}

#[test]
fn panels_are_in_rows_and_do_not_overlap() {
    for (name, _, rows_of) in DASHBOARDS {
        let dashboard = read(name);
        let elements = list(&dashboard, "/panels");
        let rows: Vec<_> = elements
            .iter()
            .filter(|it| is_row(it))
            .map(|it| &it["title"])
            .collect();
        assert_eq!(rows, rows_of);

        let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
        for element in elements {
            assert!(ids.insert(element["id"].as_u64().unwrap()));
            let [x, y, w, h] =
                ["x", "y", "w", "h"].map(|it| element["gridPos"][it].as_u64().unwrap());
            assert!(x + w <= 24, "{element}");
            for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(cells.insert(place), "{place:?} of {element}");
            }
        }
    }
}
