use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{CoordinatorConfig, ENV_PREFIX};
use crate::cluster::config::{Keys, Layered, millis, put};
use crate::cluster::graph::error::Mistakes;
use crate::cluster::graph::fields::Fields;

/// What is written for what is kept for ever.
const FOREVER: &str = "forever";

impl Layered for CoordinatorConfig {
    const KEYS: Keys = Keys {
        prefix: ENV_PREFIX,
        texts: &["coordinator_id"],
        lists: &[],
    };

    fn put(&mut self, fields: &mut Fields<'_>) {
        if let Some(id) = fields.text("coordinator_id") {
            self.coordinator_id = Some(id.into());
        }
        put(&mut self.capacity, fields.count("capacity", 1));
        for (key, time) in seconds_of(self) {
            put(time, fields.seconds(key));
        }
        put(
            &mut self.outbox_retry.max,
            fields.count("outbox_max_retry", 1),
        );
        let min = fields.millis("outbox_backoff_min_ms");
        put(&mut self.outbox_retry.backoff_min, min);
        let max = fields.millis("outbox_backoff_max_ms");
        put(&mut self.outbox_retry.backoff_max, max);
        for (key, kept) in kept_of(self) {
            keep(kept, fields, key);
        }
        put(&mut self.block_sensitive, fields.flag("block_sensitive"));
    }

    fn find_mistakes(&self, mistakes: &mut Mistakes) {
        let mut copy = self.clone();
        for (key, time) in seconds_of(&mut copy) {
            // Functions may be dropped at once, and warnings may come at once.
            let may_be_zero = matches!(key, "cancel_grace_sec" | "no_worker_after_sec");
            if time.is_zero() && !may_be_zero {
                mistakes.add(key, "0 would never rest: write a time above it");
            }
        }
        if self.capacity == 0 {
            mistakes.add("capacity", "0: a coordinator runs one function at least");
        }
        if self.outbox_retry.max == 0 {
            mistakes.add("outbox_max_retry", "0: an event is tried once at least");
        }
        if self.outbox_retry.backoff_max < self.outbox_retry.backoff_min {
            mistakes.add(
                "outbox_backoff_max_ms",
                "less than `outbox_backoff_min_ms`, from which the pause grows",
            );
        }
    }

    fn write(&self, object: &mut Map<String, Value>) {
        let mut copy = self.clone();
        let mut put = |key: &str, value: Value| {
            object.insert(key.to_owned(), value);
        };
        if let Some(id) = &self.coordinator_id {
            put("coordinator_id", json!(id));
        }
        put("capacity", json!(self.capacity));
        for (key, time) in seconds_of(&mut copy) {
            put(key, json!(time.as_secs_f64()));
        }
        let retry = self.outbox_retry;
        put("outbox_max_retry", json!(retry.max));
        put("outbox_backoff_min_ms", millis(retry.backoff_min));
        put("outbox_backoff_max_ms", millis(retry.backoff_max));
        for (key, kept) in kept_of(&mut copy) {
            put(
                key,
                kept.map_or_else(|| json!(FOREVER), |time| json!(time.as_secs_f64())),
            );
        }
        put("block_sensitive", json!(self.block_sensitive));
    }
}

/// The times that are written in seconds, by their keys.
fn seconds_of(config: &mut CoordinatorConfig) -> [(&'static str, &mut Duration); 9] {
    [
        ("lease_ttl_sec", &mut config.lease_ttl),
        ("cancel_grace_sec", &mut config.cancel_grace),
        ("scheduler_tick_sec", &mut config.scheduler_tick),
        ("hb_monitor_tick_sec", &mut config.monitor_tick),
        ("heartbeat_soft_sec", &mut config.heartbeat_soft),
        ("no_worker_after_sec", &mut config.no_worker_after),
        ("outbox_dispatch_tick_sec", &mut config.outbox_tick),
        ("outbox_hold_sec", &mut config.outbox_hold),
        ("purge_tick_sec", &mut config.purge_tick),
    ]
}

/// How long things are kept, by their keys.
fn kept_of(config: &mut CoordinatorConfig) -> [(&'static str, &mut Option<Duration>); 4] {
    let retention = &mut config.retention;
    [
        ("keep_runs_sec", &mut retention.runs),
        ("keep_events_sec", &mut retention.events),
        ("keep_dead_letters_sec", &mut retention.dead_letters),
        ("keep_workers_sec", &mut retention.workers),
    ]
}

fn keep(kept: &mut Option<Duration>, fields: &mut Fields<'_>, key: &'static str) {
    let Some(value) = fields.take(key) else {
        return;
    };
    let seconds = value.as_f64().map(Duration::try_from_secs_f64);
    match seconds {
        _ if value == FOREVER => *kept = None,
        Some(Ok(time)) => *kept = Some(time),
        Some(Err(_)) | None => {
            let what = format!("expected a number of seconds, or `{FOREVER}`, found {value}");
            fields.wrong(key, what);
        }
    }
}
