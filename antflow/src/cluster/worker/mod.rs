//! The worker: takes nodes of its roles, runs them in batches by handlers, and keeps their leases.

mod config;

pub use config::{ConfigError, ENV_PREFIX, WorkerConfig};
