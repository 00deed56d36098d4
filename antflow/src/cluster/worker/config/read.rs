use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{ENV_PREFIX, WorkerConfig};
use crate::cluster::config::{Keys, Layered, millis, put};
use crate::cluster::graph::error::Mistakes;
use crate::cluster::graph::fields::Fields;

impl Layered for WorkerConfig {
    const KEYS: Keys = Keys {
        prefix: ENV_PREFIX,
        texts: &["kafka_bootstrap", "worker_id", "worker_version"],
        lists: &["roles"],
    };

    fn put(&mut self, fields: &mut Fields<'_>) {
        if let Some(text) = fields.text("kafka_bootstrap") {
            self.kafka_bootstrap = Some(text);
        }
        if let Some(roles) = fields.texts("roles") {
            self.roles = roles.into_iter().map(Into::into).collect();
        }
        if let Some(id) = fields.text("worker_id") {
            self.worker_id = Some(id.into());
        }
        put(&mut self.worker_version, fields.text("worker_version"));
        put(&mut self.capacity, fields.count("capacity", 1));
        put(&mut self.lease_ttl, fields.seconds("lease_ttl_sec"));
        put(&mut self.hb_interval, fields.seconds("hb_interval_sec"));
        put(
            &mut self.announce_interval,
            fields.seconds("announce_interval_sec"),
        );
        let size = fields.count("dedup_cache_size", 1);
        put(
            &mut self.dedup_cache_size,
            size.and_then(|size| usize::try_from(size).ok()),
        );
        put(&mut self.dedup_ttl, fields.millis("dedup_ttl_ms"));
        put(&mut self.pull_poll, fields.millis("pull_poll_ms_default"));
        put(
            &mut self.pull_backoff_max,
            fields.millis("pull_empty_backoff_ms_max"),
        );
        put(&mut self.cancel_poll, fields.millis("db_cancel_poll_ms"));
        put(&mut self.claim_poll, fields.millis("claim_poll_ms"));
        put(&mut self.cancel_grace, fields.seconds("cancel_grace_sec"));
        put(&mut self.drain, fields.seconds("drain_sec"));
        put(
            &mut self.strict_input_adapters,
            fields.flag("strict_input_adapters"),
        );
    }

    fn find_mistakes(&self, mistakes: &mut Mistakes) {
        let times = [
            ("lease_ttl_sec", self.lease_ttl),
            ("hb_interval_sec", self.hb_interval),
            ("announce_interval_sec", self.announce_interval),
            ("pull_poll_ms_default", self.pull_poll),
            ("db_cancel_poll_ms", self.cancel_poll),
            ("claim_poll_ms", self.claim_poll),
        ];
        for (key, time) in times {
            if time.is_zero() {
                mistakes.add(key, "0 would never rest: write a time above it");
            }
        }
        if self.lease_ttl <= self.hb_interval {
            mistakes.add(
            "lease_ttl_sec",
            format!(
                "a lease of {:?} is over before the next heartbeat: make it longer than `hb_interval_sec`, which is \
                 {:?}, three times as long to outlive two that are lost",
                self.lease_ttl, self.hb_interval
            ),
        );
        }
        if self.pull_backoff_max < self.pull_poll {
            mistakes.add(
                "pull_empty_backoff_ms_max",
                "less than `pull_poll_ms_default`, from which the wait grows",
            );
        }
        if self.capacity == 0 {
            mistakes.add("capacity", "0: a worker runs one node at least");
        }
        if self.dedup_cache_size == 0 {
            mistakes.add("dedup_cache_size", "0: remember one message at least");
        }
        let mut seen = BTreeSet::new();
        for role in &self.roles {
            if !seen.insert(role) {
                mistakes.add("roles", format!("`{role}` is there twice"));
            }
        }
    }

    fn write(&self, object: &mut Map<String, Value>) {
        let mut put = |key: &str, value: Value| {
            object.insert(key.to_owned(), value);
        };
        if let Some(bootstrap) = &self.kafka_bootstrap {
            put("kafka_bootstrap", json!(bootstrap));
        }
        put("roles", json!(self.roles));
        if let Some(id) = &self.worker_id {
            put("worker_id", json!(id));
        }
        put("worker_version", json!(self.worker_version));
        put("capacity", json!(self.capacity));
        put("lease_ttl_sec", json!(self.lease_ttl.as_secs_f64()));
        put("hb_interval_sec", json!(self.hb_interval.as_secs_f64()));
        put(
            "announce_interval_sec",
            json!(self.announce_interval.as_secs_f64()),
        );
        put("dedup_cache_size", json!(self.dedup_cache_size));
        put("dedup_ttl_ms", millis(self.dedup_ttl));
        put("pull_poll_ms_default", millis(self.pull_poll));
        put("pull_empty_backoff_ms_max", millis(self.pull_backoff_max));
        put("db_cancel_poll_ms", millis(self.cancel_poll));
        put("claim_poll_ms", millis(self.claim_poll));
        put("cancel_grace_sec", json!(self.cancel_grace.as_secs_f64()));
        put("drain_sec", json!(self.drain.as_secs_f64()));
        put("strict_input_adapters", json!(self.strict_input_adapters));
    }
}
