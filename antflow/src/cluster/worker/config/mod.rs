//! How a worker is configured.

mod read;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::cluster::config;
pub use crate::cluster::config::ConfigError;
use crate::cluster::{Role, WorkerKey};

/// What the variables of the environment begin with.
pub const ENV_PREFIX: &str = "ANTFLOW_WORKER_";

/// How a worker behaves: the guide's options, with its defaults.
///
/// ```
/// use std::time::Duration;
/// use antflow::cluster::worker::WorkerConfig;
///
/// let config = WorkerConfig {
///     roles: vec!["processor".into(), "analyzer".into()],
///     capacity: 4,
///     ..WorkerConfig::default()
/// };
/// assert_eq!(config.lease_ttl, Duration::from_secs(60));
/// config.check()?;
/// # Ok::<(), antflow::cluster::worker::ConfigError>(())
/// ```
///
/// # Keys
/// In files, in `overrides`, and behind `ANTFLOW_WORKER_` in capitals as variables of the environment:
///
/// | key | field | default |
/// |---|---|---|
/// | `kafka_bootstrap` | [`kafka_bootstrap`](Self::kafka_bootstrap) | none |
/// | `roles` | [`roles`](Self::roles): a list; in the environment, with commas between them | those of the handlers |
/// | `worker_id` | [`worker_id`](Self::worker_id) | drawn at the start |
/// | `worker_version` | [`worker_version`](Self::worker_version) | `2.0.0` |
/// | `capacity` | [`capacity`](Self::capacity) | 1 |
/// | `lease_ttl_sec` | [`lease_ttl`](Self::lease_ttl) | 60 |
/// | `hb_interval_sec` | [`hb_interval`](Self::hb_interval) | 20 |
/// | `announce_interval_sec` | [`announce_interval`](Self::announce_interval) | 60 |
/// | `dedup_cache_size` | [`dedup_cache_size`](Self::dedup_cache_size) | 10,000 |
/// | `dedup_ttl_ms` | [`dedup_ttl`](Self::dedup_ttl) | 3,600,000 |
/// | `pull_poll_ms_default` | [`pull_poll`](Self::pull_poll) | 300 |
/// | `pull_empty_backoff_ms_max` | [`pull_backoff_max`](Self::pull_backoff_max) | 4000 |
/// | `db_cancel_poll_ms` | [`cancel_poll`](Self::cancel_poll) | 500 |
/// | `claim_poll_ms` | [`claim_poll`](Self::claim_poll) | 1000 |
/// | `cancel_grace_sec` | [`cancel_grace`](Self::cancel_grace) | 30 |
/// | `drain_sec` | [`drain`](Self::drain) | 20 |
/// | `strict_input_adapters` | [`strict_input_adapters`](Self::strict_input_adapters) | false |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerConfig {
    /// Where the Kafka brokers are. For who connects to them: the embedded engine has none.
    pub kafka_bootstrap: Option<String>,
    /// The roles that the worker takes on, each of which needs a handler. Empty: all that have one.
    pub roles: Vec<Role>,
    /// The id of the worker. A worker that starts again under the same id goes on with what it had; two that run under
    /// one id at the same time take each other's nodes away. `None`: drawn at the start.
    pub worker_id: Option<WorkerKey>,
    /// What the worker announces as its version.
    pub worker_version: String,
    /// How many nodes it runs at once.
    pub capacity: u32,
    /// How long a lease holds without a heartbeat: as long as it takes until a worker that died is replaced.
    pub lease_ttl: Duration,
    /// How long to wait from one heartbeat to the next. Shorter than `lease_ttl`; with a third of it, two may be
    /// lost.
    pub hb_interval: Duration,
    /// How long to wait from one announcement to the next.
    pub announce_interval: Duration,
    /// How many messages are remembered, so that repetitions are known. The oldest is forgotten first.
    pub dedup_cache_size: usize,
    /// How long a message is remembered.
    pub dedup_ttl: Duration,
    /// How long a pull waits after a look that found nothing, where the graph does not say it.
    pub pull_poll: Duration,
    /// To how long that wait grows while nothing comes, where the graph does not say it.
    pub pull_backoff_max: Duration,
    /// How long to wait from one look for cancellations in the store to the next, while something runs.
    pub cancel_poll: Duration,
    /// How long an idle worker waits from one look for work to the next, if no hint comes before.
    pub claim_poll: Duration,
    /// How long handlers have to end when the worker shuts down, and for their cleanup.
    pub cancel_grace: Duration,
    /// How long a worker that is [run](super::WorkerBuilder::run) as a process may go on with its nodes when it is told
    /// to end. Then they are given back, and `cancel_grace` begins. Both together should be less than what the system
    /// allows before it kills.
    pub drain: Duration,
    /// Are nodes refused that leave out arguments of adapters which have a default: `meta_list_key` of rechunk?
    pub strict_input_adapters: bool,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            kafka_bootstrap: None,
            roles: Vec::new(),
            worker_id: None,
            worker_version: "2.0.0".to_owned(),
            capacity: 1,
            lease_ttl: Duration::from_secs(60),
            hb_interval: Duration::from_secs(20),
            announce_interval: Duration::from_secs(60),
            dedup_cache_size: 10_000,
            dedup_ttl: Duration::from_secs(3600),
            pull_poll: Duration::from_millis(300),
            pull_backoff_max: Duration::from_secs(4),
            cancel_poll: Duration::from_millis(500),
            claim_poll: Duration::from_secs(1),
            cancel_grace: Duration::from_secs(30),
            drain: Duration::from_secs(20),
            strict_input_adapters: false,
        }
    }
}

impl WorkerConfig {
    /// Reads a file, over it the variables of the environment, and over both `overrides`, key by key.
    ///
    /// The file is TOML if its name ends in `.toml`, and JSON otherwise.
    ///
    /// ```no_run
    /// use antflow::cluster::worker::WorkerConfig;
    /// use serde_json::json;
    ///
    /// let config = WorkerConfig::load("configs/worker.json", json!({ "roles": ["processor"] }))?;
    /// # Ok::<(), antflow::cluster::worker::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// The file cannot be read; or everything that is wrong in any of the three, at once.
    pub fn load(path: impl AsRef<Path>, overrides: Value) -> Result<Self, ConfigError> {
        config::load(path.as_ref(), overrides)
    }

    /// Reads the variables of the environment, over the file that `ANTFLOW_WORKER_CONFIG` names, if it names one;
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
    /// Everything that is wrong, at once: a lease that would not outlive its heartbeats, a capacity of 0, a time of 0.
    pub fn check(&self) -> Result<(), ConfigError> {
        config::check(self)
    }

    /// The configuration as an object, as it is read.
    #[must_use]
    pub fn to_value(&self) -> Value {
        config::to_value(self)
    }
}
