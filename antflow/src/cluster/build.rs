//! What the builders of workers and coordinators share: where they belong, and what is wrong with them.

use std::fmt;
use std::sync::Arc;

use super::bus::Bus;
use super::config::ConfigError;
use super::store::Store;

/// Everything that is wrong with a worker or a coordinator that was to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError {
    mistakes: Vec<String>,
}

impl BuildError {
    /// All mistakes.
    #[must_use]
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistakes.join("; "))
    }
}

impl std::error::Error for BuildError {}

impl From<ConfigError> for BuildError {
    fn from(error: ConfigError) -> Self {
        Self {
            mistakes: vec![error.to_string()],
        }
    }
}

/// Where somebody belongs: a store and a bus, or the address of both.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) store: Option<Arc<dyn Store>>,
    pub(super) bus: Option<Arc<dyn Bus>>,
    /// The addresses, for who connects.
    pub(super) urls: Urls,
}

/// Where a cluster is.
#[derive(Clone, Default)]
pub(super) struct Urls {
    pub(super) cluster: Option<String>,
    /// That of its bus, if it is not the one of its store.
    pub(super) bus: Option<String>,
}

impl fmt::Debug for Urls {
    /// Without the URLs, which may hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Urls")
            .field("cluster", &self.cluster.is_some())
            .field("bus", &self.bus.is_some())
            .finish()
    }
}

/// What a worker or a coordinator works with.
type Engines = (Arc<dyn Store>, Arc<dyn Bus>);

/// What is wrong with a configuration, as texts.
pub(super) fn said_of(checked: Result<(), ConfigError>) -> Vec<String> {
    checked.err().map_or_else(Vec::new, |error| {
        error.mistakes().iter().map(ToString::to_string).collect()
    })
}

impl Place {
    /// The store and the bus, if they are there and nothing else is wrong.
    pub(super) fn engines(self, mut mistakes: Vec<String>) -> Result<Engines, BuildError> {
        for (name, is_missing) in [("store", self.store.is_none()), ("bus", self.bus.is_none())] {
            if is_missing {
                mistakes.push(self.missing(name));
            }
        }
        match (self.store, self.bus) {
            (Some(store), Some(bus)) if mistakes.is_empty() => Ok((store, bus)),
            _ => Err(BuildError { mistakes }),
        }
    }

    fn missing(&self, name: &str) -> String {
        if self.urls.cluster.is_some() {
            return format!("there is no {name} yet: `start` or `run` connects to the cluster");
        }
        format!("there is no {name}: call `{name}`")
    }
}
