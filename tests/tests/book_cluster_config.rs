//! The book's tables of options name each option that there is, with its default.

use std::collections::{BTreeMap, BTreeSet};

use antflow::cluster::coordinator::{ConfigError, CoordinatorConfig};
use antflow::cluster::graph::RetryPolicy;
use antflow::cluster::worker::WorkerConfig;
use serde_json::{Value, json};

const RUNNING: &str = include_str!("../../book/src/cluster-running.md");
const GRAPHS: &str = include_str!("../../book/src/cluster-graphs.md");

/// The keys and the defaults of the table below a head line; a default of `none` is left out.
fn table<'a>(page: &'a str, title: &str) -> BTreeMap<&'a str, &'a str> {
    let (_, below) = page.split_once(title).expect("the page has this title");
    let lines = below.lines().skip_while(|line| !line.starts_with('|'));
    let rows = lines.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(str::trim);
        let key = cells.next().unwrap_or_default().trim_matches('`');
        (key, cells.next().unwrap_or_default())
    })
    .collect()
}

/// Compares a table with a configuration, whose options without a default are `optional`.
fn compare(table: &BTreeMap<&str, &str>, defaults: &Value, optional: &[&str]) {
    let written = defaults.as_object().expect("an object");
    let keys: BTreeSet<_> = written.keys().map(String::as_str).collect();
    let keys: BTreeSet<_> = keys.into_iter().chain(optional.iter().copied()).collect();
    assert_eq!(table.keys().copied().collect::<BTreeSet<_>>(), keys);
    for (key, cell) in table {
        let Some(default) = written.get(*key) else {
            assert_eq!(*cell, "none", "{key}");
            continue;
        };
        let shown: Value = serde_json::from_str(cell.trim_matches('`')).expect("it is JSON");
        let is_same = match (shown.as_f64(), default.as_f64()) {
            (Some(shown), Some(default)) => (shown - default).abs() < 1e-9,
            _ => shown == *default,
        };
        assert!(is_same, "{key}: {shown} is not {default}");
    }
}

/// A configuration reads all of these keys.
fn reads<T>(keys: &BTreeMap<&str, &str>, read: impl Fn(Value) -> Result<T, ConfigError>) {
    for key in keys.keys() {
        // No option takes this, so what is wrong is the value.
        let Err(error) = read(json!({ *key: { "no": "value" } })) else {
            panic!("{key} takes anything");
        };
        assert!(!error.to_string().contains("unknown key"), "{error}");
    }
}

#[test]
fn the_options_of_a_worker_are_those_of_the_book() {
    let table = table(RUNNING, "### Of a worker");
    let defaults = WorkerConfig::default().to_value();
    compare(&table, &defaults, &["worker_id", "kafka_bootstrap"]);
    reads(&table, WorkerConfig::from_value);
}

#[test]
fn the_options_of_a_coordinator_are_those_of_the_book() {
    let table = table(RUNNING, "### Of a coordinator");
    let defaults = CoordinatorConfig::default().to_value();
    compare(&table, &defaults, &["coordinator_id"]);
    reads(&table, CoordinatorConfig::from_value);
}

#[test]
fn the_defaults_of_retries_are_those_of_the_book() {
    let table = table(GRAPHS, "## Retries and bounds");
    let policy = RetryPolicy::default();
    let codes = policy.permanent_on.iter().map(|code| format!("`{code}`"));
    for (key, default) in [
        ("max", policy.max.to_string()),
        ("backoff_sec", policy.backoff.as_secs().to_string()),
        ("exponential", policy.exponential.to_string()),
        ("max_backoff_sec", policy.max_backoff.as_secs().to_string()),
        ("permanent_on", codes.collect::<Vec<_>>().join(", ")),
        ("max_interruptions", policy.max_interruptions.to_string()),
    ] {
        assert_eq!(table[&*format!("retry_policy.{key}")], default, "{key}");
    }
    let others = [
        "timeout_sec",
        "batch_timeout_sec",
        "concurrency",
        "fingerprint",
    ];
    assert_eq!(table.len(), 6 + others.len());
    assert!(others.iter().all(|key| table.contains_key(key)));
}
