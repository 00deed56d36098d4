//! How a coordinator is configured.

mod read;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::cluster::WorkerKey;
use crate::cluster::config::{self, ConfigError};
use crate::cluster::store::{OutboxRetry, Retention};

/// What the variables of the environment begin with.
pub const ENV_PREFIX: &str = "ANTFLOW_COORDINATOR_";

/// How a coordinator behaves.
///
/// ```
/// use std::time::Duration;
/// use antflow::cluster::coordinator::CoordinatorConfig;
///
/// let config = CoordinatorConfig {
///     heartbeat_soft: Duration::from_secs(90),
///     ..CoordinatorConfig::default()
/// };
/// assert_eq!(config.outbox_retry.max, 12);
/// config.check()?;
/// # Ok::<(), antflow::cluster::coordinator::ConfigError>(())
/// ```
///
/// Concurrency limits are not here: they are the same for all coordinators, and are kept in the
/// [store](crate::cluster::store::SteerStore::set_limits).
///
/// # Keys
/// In files, in `overrides`, and behind `ANTFLOW_COORDINATOR_` in capitals as variables of the environment:
///
/// | key | field | default |
/// |---|---|---|
/// | `coordinator_id` | [`coordinator_id`](Self::coordinator_id) | drawn at the start |
/// | `capacity` | [`capacity`](Self::capacity) | 4 |
/// | `lease_ttl_sec` | [`lease_ttl`](Self::lease_ttl) | 45 |
/// | `cancel_grace_sec` | [`cancel_grace`](Self::cancel_grace) | 30 |
/// | `scheduler_tick_sec` | [`scheduler_tick`](Self::scheduler_tick) | 1 |
/// | `hb_monitor_tick_sec` | [`monitor_tick`](Self::monitor_tick) | 10 |
/// | `heartbeat_soft_sec` | [`heartbeat_soft`](Self::heartbeat_soft) | 300 |
/// | `no_worker_after_sec` | [`no_worker_after`](Self::no_worker_after) | 10 |
/// | `outbox_dispatch_tick_sec` | [`outbox_tick`](Self::outbox_tick) | 0.25 |
/// | `outbox_hold_sec` | [`outbox_hold`](Self::outbox_hold) | 10 |
/// | `outbox_max_retry` | [`outbox_retry`](Self::outbox_retry)`.max` | 12 |
/// | `outbox_backoff_min_ms` | [`outbox_retry`](Self::outbox_retry)`.backoff_min` | 250 |
/// | `outbox_backoff_max_ms` | [`outbox_retry`](Self::outbox_retry)`.backoff_max` | 60,000 |
/// | `purge_tick_sec` | [`purge_tick`](Self::purge_tick) | 60 |
/// | `keep_runs_sec` | [`retention`](Self::retention)`.runs` | for ever |
/// | `keep_events_sec` | [`retention`](Self::retention)`.events` | 14 days |
/// | `keep_dead_letters_sec` | [`retention`](Self::retention)`.dead_letters` | 30 days |
/// | `keep_workers_sec` | [`retention`](Self::retention)`.workers` | 7 days |
/// | `block_sensitive` | [`block_sensitive`](Self::block_sensitive) | false |
///
/// `keep_..` take `"forever"` too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoordinatorConfig {
    /// The id under which it runs coordinator functions. One that starts again under the same id goes on with the
    /// functions that it had; two at once under one id take them away from each other. `None`: drawn at the start.
    pub coordinator_id: Option<WorkerKey>,
    /// How many coordinator functions it runs at once.
    pub capacity: u32,
    /// How long the leases of its functions hold without being extended, which is done three times in that time.
    pub lease_ttl: Duration,
    /// How long its functions have to end when it shuts down.
    pub cancel_grace: Duration,
    /// How long it waits at most from one look for what is due, and for functions to run, to the next.
    pub scheduler_tick: Duration,
    /// How long to wait from one look at the workers, and at who waits for one, to the next.
    pub monitor_tick: Duration,
    /// After how long without a heartbeat or an announcement a worker counts as offline. Its leases end by their own
    /// deadlines, as a rule long before.
    pub heartbeat_soft: Duration,
    /// After how long a node that no live worker can take is warned of.
    pub no_worker_after: Duration,
    /// How long to wait from one look for events to the next.
    pub outbox_tick: Duration,
    /// How long it may take to say the events that it took; then other coordinators may say them.
    pub outbox_hold: Duration,
    /// How events are tried again that could not be said.
    pub outbox_retry: OutboxRetry,
    /// How long to wait from one removal of what need not be kept to the next.
    pub purge_tick: Duration,
    /// What is kept, and for how long.
    pub retention: Retention,
    /// Do functions fail that would set a variable to what looks like a secret? If not, it is counted in their results.
    pub block_sensitive: bool,
}

impl Default for CoordinatorConfig {
    fn default() -> Self {
        Self {
            coordinator_id: None,
            capacity: 4,
            lease_ttl: Duration::from_secs(45),
            cancel_grace: Duration::from_secs(30),
            scheduler_tick: Duration::from_secs(1),
            monitor_tick: Duration::from_secs(10),
            heartbeat_soft: Duration::from_secs(300),
            no_worker_after: Duration::from_secs(10),
            outbox_tick: Duration::from_millis(250),
            outbox_hold: Duration::from_secs(10),
            outbox_retry: OutboxRetry::default(),
            purge_tick: Duration::from_secs(60),
            retention: Retention::default(),
            block_sensitive: false,
        }
    }
}

impl CoordinatorConfig {
    /// Reads a file, over it the variables of the environment, and over both `overrides`, key by key.
    ///
    /// The file is TOML if its name ends in `.toml`, and JSON otherwise.
    ///
    /// # Errors
    /// The file cannot be read; or everything that is wrong in any of the three, at once.
    pub fn load(path: impl AsRef<Path>, overrides: Value) -> Result<Self, ConfigError> {
        config::load(path.as_ref(), overrides)
    }

    /// Reads the variables of the environment, over the file that `ANTFLOW_COORDINATOR_CONFIG` names, if it names one;
    /// the rest has its defaults.
    ///
    /// # Errors
    /// The file cannot be read; or everything that is wrong, at once.
    pub fn from_env() -> Result<Self, ConfigError> {
        config::from_env()
    }

    /// Reads an object; the rest has its defaults.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn from_value(value: Value) -> Result<Self, ConfigError> {
        config::layered([(String::new(), value)])
    }

    /// Looks whether the values go together.
    ///
    /// # Errors
    /// Everything that is wrong, at once: times of 0, a capacity of 0, a pause that is longer than the longest.
    pub fn check(&self) -> Result<(), ConfigError> {
        config::check(self)
    }

    /// The configuration as an object, as it is read.
    #[must_use]
    pub fn to_value(&self) -> Value {
        config::to_value(self)
    }
}
