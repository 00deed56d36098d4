use serde_json::json;

use super::*;
use crate::cluster::config::{Layered, environment};

fn mistakes(value: Value) -> Vec<String> {
    let error = CoordinatorConfig::from_value(value).unwrap_err();
    error.mistakes().iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_configuration_has_the_defaults_and_is_read_as_it_is_written() {
    let config = CoordinatorConfig::from_value(json!({})).unwrap();
    assert_eq!(config, CoordinatorConfig::default());
    let config = CoordinatorConfig {
        coordinator_id: Some("c".into()),
        capacity: 7,
        lease_ttl: Duration::from_millis(90_500),
        outbox_retry: OutboxRetry {
            max: 3,
            backoff_min: Duration::from_millis(4),
            backoff_max: Duration::from_millis(5),
        },
        retention: Retention {
            runs: Some(Duration::from_secs(6)),
            events: None,
            ..Retention::default()
        },
        block_sensitive: true,
        ..CoordinatorConfig::default()
    };
    assert_eq!(
        CoordinatorConfig::from_value(config.to_value()).unwrap(),
        config
    );
}

#[test]
fn all_mistakes_are_reported_with_what_was_probably_meant() {
    assert_eq!(
        mistakes(json!({
            "capacity": 0,
            "scheduler_tick_sec": 0,
            "keep_runs_sec": "ever",
            "outbox_backoff_min_ms": 100_000,
            "lease_ttl_secs": 3,
        })),
        [
            "capacity: expected a whole number from 1 to 4294967295, found `0`",
            "keep_runs_sec: expected a number of seconds, or `forever`, found \"ever\"",
            "lease_ttl_secs: unknown key, did you mean `lease_ttl_sec`",
            "scheduler_tick_sec: 0 would never rest: write a time above it",
            "outbox_backoff_max_ms: less than `outbox_backoff_min_ms`, from which the pause grows",
        ]
    );
}

#[test]
fn later_layers_win_key_by_key() {
    let variables = [("ANTFLOW_COORDINATOR_CAPACITY".into(), "9".into())];
    let config = config::layered::<CoordinatorConfig>([
        (
            "file".to_owned(),
            json!({ "capacity": 3, "coordinator_id": "a" }),
        ),
        (
            "environment".to_owned(),
            environment(&CoordinatorConfig::KEYS, variables),
        ),
        ("overrides".to_owned(), json!({ "coordinator_id": "b" })),
    ])
    .unwrap();
    assert_eq!(config.capacity, 9);
    assert_eq!(config.coordinator_id, Some("b".into()));
}
