use serde_json::json;

use super::*;
use crate::cluster::config::{Layered, environment};

fn mistakes(value: Value) -> Vec<String> {
    let error = WorkerConfig::from_value(value).unwrap_err();
    error.mistakes().iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_configuration_has_the_defaults_and_is_read_as_it_is_written() {
    let config = WorkerConfig::from_value(json!({})).unwrap();
    assert_eq!(config, WorkerConfig::default());
    let config = WorkerConfig {
        kafka_bootstrap: Some("localhost:9092".into()),
        roles: vec!["a".into(), "b".into()],
        worker_id: Some("w".into()),
        worker_version: "3".into(),
        capacity: 7,
        lease_ttl: Duration::from_millis(90_500),
        hb_interval: Duration::from_secs(1),
        announce_interval: Duration::from_secs(2),
        dedup_cache_size: 3,
        dedup_ttl: Duration::from_millis(4),
        pull_poll: Duration::from_millis(5),
        pull_backoff_max: Duration::from_millis(6),
        cancel_poll: Duration::from_millis(7),
        claim_poll: Duration::from_millis(8),
        cancel_grace: Duration::from_secs(9),
        drain: Duration::from_secs(10),
        strict_input_adapters: true,
    };
    assert_eq!(WorkerConfig::from_value(config.to_value()).unwrap(), config);
}

#[test]
fn all_mistakes_are_reported_with_what_was_probably_meant() {
    assert_eq!(
        mistakes(json!({
            "lease_ttl_sec": 20,
            "capacity": 0,
            "hb_interval": 1,
            "pull_poll_ms_default": 0,
            "roles": ["a", "a"],
        })),
        [
            "capacity: expected a whole number from 1 to 4294967295, found `0`",
            "hb_interval: unknown key, did you mean `hb_interval_sec`",
            "pull_poll_ms_default: 0 would never rest: write a time above it",
            "lease_ttl_sec: a lease of 20s is over before the next heartbeat: make it longer than `hb_interval_sec`, \
             which is 20s, three times as long to outlive two that are lost",
            "roles: `a` is there twice",
        ]
    );
}

#[test]
fn later_layers_win_key_by_key() {
    let variables = [
        ("ANTFLOW_WORKER_ROLES", "a, b"),
        ("ANTFLOW_WORKER_CAPACITY", "3"),
        ("ANTFLOW_WORKER_WORKER_ID", "17"),
        ("ANTFLOW_WORKER_CONFIG", "names a file, and is no value"),
        ("HOME", "/root"),
    ];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let file = json!({ "capacity": 2, "lease_ttl_sec": 300, "worker_version": "9" });
    let config = config::layered::<WorkerConfig>([
        ("file".to_owned(), file),
        (
            "environment".to_owned(),
            environment(&WorkerConfig::KEYS, variables),
        ),
        ("overrides".to_owned(), json!({ "roles": ["c"] })),
    ])
    .unwrap();
    assert_eq!(config.roles, ["c"]);
    assert_eq!(config.capacity, 3);
    assert_eq!(config.worker_id, Some("17".into()));
    assert_eq!(config.worker_version, "9");
    assert_eq!(config.lease_ttl, Duration::from_secs(300));

    let variables = [("ANTFLOW_WORKER_CAPACITYY".into(), "many".into())];
    let error = config::layered::<WorkerConfig>([(
        "environment".to_owned(),
        environment(&WorkerConfig::KEYS, variables),
    )])
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "environment.capacityy: unknown key, did you mean `capacity`"
    );
}
