//! How configurations are read, whoever they are for: files, the environment, overrides, and all mistakes at once.

mod error;
mod layers;
mod read;

pub use error::ConfigError;

pub(in crate::cluster) use layers::{Keys, environment};
pub(in crate::cluster) use read::{Layered, check, from_env, layered, load, millis, put, to_value};

use layers::file;
