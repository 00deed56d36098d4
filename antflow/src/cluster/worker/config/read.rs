use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::WorkerConfig;
use crate::cluster::config::{millis, put};
use crate::cluster::graph::error::Mistakes;
use crate::cluster::graph::fields::Fields;

/// Puts what a layer says over what there is.
pub(super) fn over(config: &mut WorkerConfig, fields: &mut Fields<'_>) {
    if let Some(text) = fields.text("kafka_bootstrap") {
        config.kafka_bootstrap = Some(text);
    }
    if let Some(roles) = fields.texts("roles") {
        config.roles = roles.into_iter().map(Into::into).collect();
    }
    if let Some(id) = fields.text("worker_id") {
        config.worker_id = Some(id.into());
    }
    put(&mut config.worker_version, fields.text("worker_version"));
    put(&mut config.capacity, fields.count("capacity", 1));
    put(&mut config.lease_ttl, fields.seconds("lease_ttl_sec"));
    put(&mut config.hb_interval, fields.seconds("hb_interval_sec"));
    put(
        &mut config.announce_interval,
        fields.seconds("announce_interval_sec"),
    );
    let size = fields.count("dedup_cache_size", 1);
    put(
        &mut config.dedup_cache_size,
        size.and_then(|size| usize::try_from(size).ok()),
    );
    put(&mut config.dedup_ttl, fields.millis("dedup_ttl_ms"));
    put(&mut config.pull_poll, fields.millis("pull_poll_ms_default"));
    put(
        &mut config.pull_backoff_max,
        fields.millis("pull_empty_backoff_ms_max"),
    );
    put(&mut config.cancel_poll, fields.millis("db_cancel_poll_ms"));
    put(&mut config.claim_poll, fields.millis("claim_poll_ms"));
    put(&mut config.cancel_grace, fields.seconds("cancel_grace_sec"));
    put(&mut config.drain, fields.seconds("drain_sec"));
    put(
        &mut config.strict_input_adapters,
        fields.flag("strict_input_adapters"),
    );
}

/// Writes what [`over`] reads.
pub(super) fn write(config: &WorkerConfig, object: &mut Map<String, Value>) {
    let mut put = |key: &str, value: Value| {
        object.insert(key.to_owned(), value);
    };
    if let Some(bootstrap) = &config.kafka_bootstrap {
        put("kafka_bootstrap", json!(bootstrap));
    }
    put("roles", json!(config.roles));
    if let Some(id) = &config.worker_id {
        put("worker_id", json!(id));
    }
    put("worker_version", json!(config.worker_version));
    put("capacity", json!(config.capacity));
    put("lease_ttl_sec", json!(config.lease_ttl.as_secs_f64()));
    put("hb_interval_sec", json!(config.hb_interval.as_secs_f64()));
    put(
        "announce_interval_sec",
        json!(config.announce_interval.as_secs_f64()),
    );
    put("dedup_cache_size", json!(config.dedup_cache_size));
    put("dedup_ttl_ms", millis(config.dedup_ttl));
    put("pull_poll_ms_default", millis(config.pull_poll));
    put("pull_empty_backoff_ms_max", millis(config.pull_backoff_max));
    put("db_cancel_poll_ms", millis(config.cancel_poll));
    put("claim_poll_ms", millis(config.claim_poll));
    put("cancel_grace_sec", json!(config.cancel_grace.as_secs_f64()));
    put("drain_sec", json!(config.drain.as_secs_f64()));
    put("strict_input_adapters", json!(config.strict_input_adapters));
}

/// Finds values that are wrong, or do not go together.
pub(super) fn check(config: &WorkerConfig, mistakes: &mut Mistakes) {
    let times = [
        ("lease_ttl_sec", config.lease_ttl),
        ("hb_interval_sec", config.hb_interval),
        ("announce_interval_sec", config.announce_interval),
        ("pull_poll_ms_default", config.pull_poll),
        ("db_cancel_poll_ms", config.cancel_poll),
        ("claim_poll_ms", config.claim_poll),
    ];
    for (key, time) in times {
        if time.is_zero() {
            mistakes.add(key, "0 would never rest: write a time above it");
        }
    }
    if config.lease_ttl <= config.hb_interval {
        mistakes.add(
            "lease_ttl_sec",
            format!(
                "a lease of {:?} is over before the next heartbeat: make it longer than `hb_interval_sec`, which is \
                 {:?}, three times as long to outlive two that are lost",
                config.lease_ttl, config.hb_interval
            ),
        );
    }
    if config.pull_backoff_max < config.pull_poll {
        mistakes.add(
            "pull_empty_backoff_ms_max",
            "less than `pull_poll_ms_default`, from which the wait grows",
        );
    }
    if config.capacity == 0 {
        mistakes.add("capacity", "0: a worker runs one node at least");
    }
    if config.dedup_cache_size == 0 {
        mistakes.add("dedup_cache_size", "0: remember one message at least");
    }
    let mut seen = BTreeSet::new();
    for role in &config.roles {
        if !seen.insert(role) {
            mistakes.add("roles", format!("`{role}` is there twice"));
        }
    }
}
