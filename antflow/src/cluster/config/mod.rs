//! How configurations are read, whoever they are for: files, the environment, overrides, and all mistakes at once.

mod error;
mod layers;

pub use error::ConfigError;
pub(in crate::cluster) use layers::{Keys, environment, file};
