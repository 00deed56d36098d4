//! Workers and coordinators from the environment, as processes of their own.

use std::io;

use super::engine::{BusEngine, StoreEngine};
use super::signals::StopSignals;
use super::{ClusterError, UrlError, opening};
use crate::cluster::build::{BuildError, Place, Urls};
use crate::cluster::config::ConfigError;
use crate::cluster::coordinator::{
    Coordinator, CoordinatorBuilder, CoordinatorConfig, CoordinatorHandle,
};
use crate::cluster::graph::error::Mistakes;
use crate::cluster::worker::{StartError, Worker, WorkerBuilder, WorkerConfig, WorkerHandle};

/// The variable of the environment that has the URL of the cluster.
pub const CLUSTER_VARIABLE: &str = "ANTFLOW_CLUSTER";

/// The variable of the environment that has the URL of the cluster's bus, if it is not the one of its store.
pub const BUS_VARIABLE: &str = "ANTFLOW_BUS";

/// Why a worker or a coordinator did not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It has neither a store nor a URL.
    #[error(
        "there is no cluster: set `{CLUSTER_VARIABLE}`, such as to `sqlite:///path/to/file.db` or \
         `postgres://user@host/database`, or call `url`"
    )]
    NoCluster,
    /// The cluster cannot be reached.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// It is not configured well.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The signals of the process cannot be listened to.
    #[error("the signals of the process cannot be listened to: {0}")]
    Signals(#[source] io::Error),
}

impl Worker {
    /// Begins to configure a worker by the environment: the configuration as by [`WorkerConfig::from_env`], the URL
    /// of the cluster from `ANTFLOW_CLUSTER` and that of another bus from `ANTFLOW_BUS`, if they are there.
    ///
    /// With handlers and [`run`](WorkerBuilder::run) this is a whole program:
    ///
    /// ```no_run
    /// use antflow::cluster::worker::Worker;
    /// use antflow::{BoxError, stage};
    ///
    /// #[stage(workers = 4)]
    /// async fn fetch(url: String) -> Result<String, BoxError> {
    ///     Ok(format!("the page at {url}"))
    /// }
    ///
    /// #[stage]
    /// async fn count_words(page: String) -> usize {
    ///     page.split_whitespace().count()
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), BoxError> {
    ///     Worker::from_env()?.role::<fetch>().role::<count_words>().run().await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// The file of the configuration cannot be read; or everything that is wrong in it, in the variables and in the
    /// URLs, at once.
    pub fn from_env() -> Result<WorkerBuilder, ConfigError> {
        let (config, urls) = with_urls(WorkerConfig::from_env())?;
        let mut builder = Self::builder().config(config);
        builder.place.urls = urls;
        Ok(builder)
    }
}

impl WorkerBuilder {
    /// Sets the URL of the cluster, which [`start`](Self::start) and [`run`](Self::run) connect to unless they have a
    /// store: see [`Cluster::connect`](super::Cluster::connect).
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.place.urls.cluster = Some(url.into());
        self
    }

    /// Sets the URL of the cluster's bus, if it is not the one of its store: see [`Connect::bus`](super::Connect::bus).
    /// A bus that was given is used all the same.
    pub fn bus_url(mut self, url: impl Into<String>) -> Self {
        self.place.urls.bus = Some(url.into());
        self
    }

    /// Connects to the cluster, makes the worker and starts it.
    ///
    /// # Errors
    /// The cluster cannot be reached, something is wrong with the worker, or it does not start.
    ///
    /// # Cancel safety
    /// As [`Worker::start`].
    pub async fn start(mut self) -> Result<WorkerHandle, RunError> {
        connect(&mut self.place).await?;
        Ok(self.build()?.start().await?)
    }

    /// Connects, makes the worker, and runs it as what this process does: until SIGINT or SIGTERM, or Ctrl-C.
    ///
    /// At the signal the worker takes nothing more and ends the nodes that it has. Those that have not ended after the
    /// configuration's [`drain`](WorkerConfig::drain) are given back, for which handlers have its
    /// [`cancel_grace`](WorkerConfig::cancel_grace). A second signal ends the process at once, as if it had died, with
    /// 128 and the number of the signal: the store stays whole, and others get the nodes when the leases expire.
    ///
    /// # Errors
    /// As [`start`](Self::start), or the signals cannot be listened to.
    ///
    /// # Cancel safety
    /// Dropped, it ends as a [`WorkerHandle`] that is dropped. The signals end nothing by themselves from then on.
    pub async fn run(self) -> Result<(), RunError> {
        let drain = self.config.drain;
        let mut signals = StopSignals::take().map_err(RunError::Signals)?;
        let worker = tokio::select! {
            worker = self.start() => worker?,
            () = signals.next() => return Ok(()),
        };
        tokio::select! {
            () = signals.next() => signals.unless_another(worker.drain(drain)).await,
            () = worker.join() => {}
        }
        Ok(())
    }
}

impl Coordinator {
    /// Begins to configure a coordinator by the environment: the configuration as by [`CoordinatorConfig::from_env`],
    /// the URL of the cluster from `ANTFLOW_CLUSTER` and that of another bus from `ANTFLOW_BUS`, if they are there.
    ///
    /// ```no_run
    /// use antflow::BoxError;
    /// use antflow::cluster::coordinator::Coordinator;
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), BoxError> {
    ///     Coordinator::from_env()?.run().await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// The file of the configuration cannot be read; or everything that is wrong in it, in the variables and in the
    /// URLs, at once.
    pub fn from_env() -> Result<CoordinatorBuilder, ConfigError> {
        let (config, urls) = with_urls(CoordinatorConfig::from_env())?;
        let mut builder = Self::builder().config(config);
        builder.place.urls = urls;
        Ok(builder)
    }
}

impl CoordinatorBuilder {
    /// Sets the URL of the cluster, which [`start`](Self::start) and [`run`](Self::run) connect to unless they have a
    /// store: see [`Cluster::connect`](super::Cluster::connect).
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.place.urls.cluster = Some(url.into());
        self
    }

    /// Sets the URL of the cluster's bus, if it is not the one of its store: see [`Connect::bus`](super::Connect::bus).
    /// A bus that was given is used all the same.
    pub fn bus_url(mut self, url: impl Into<String>) -> Self {
        self.place.urls.bus = Some(url.into());
        self
    }

    /// Connects to the cluster, makes the coordinator and starts it.
    ///
    /// # Errors
    /// The cluster cannot be reached, or something is wrong with the coordinator.
    ///
    /// # Cancel safety
    /// Dropped, nothing has started.
    pub async fn start(mut self) -> Result<CoordinatorHandle, RunError> {
        connect(&mut self.place).await?;
        Ok(self.build()?.start())
    }

    /// Connects, makes the coordinator, and runs it as what this process does: until SIGINT or SIGTERM, or Ctrl-C.
    ///
    /// At the signal it [shuts down](CoordinatorHandle::shutdown). A second one ends the process at once, as if it had
    /// died, with 128 and the number of the signal: the store stays whole.
    ///
    /// # Errors
    /// As [`start`](Self::start), or the signals cannot be listened to.
    ///
    /// # Cancel safety
    /// Dropped, it ends as a [`CoordinatorHandle`] that is dropped. The signals end nothing by themselves from then on.
    pub async fn run(self) -> Result<(), RunError> {
        let mut signals = StopSignals::take().map_err(RunError::Signals)?;
        let coordinator = tokio::select! {
            coordinator = self.start() => coordinator?,
            () = signals.next() => return Ok(()),
        };
        tokio::select! {
            () = signals.next() => signals.unless_another(coordinator.shutdown()).await,
            () = coordinator.join() => {}
        }
        Ok(())
    }
}

/// A configuration, and the URLs beside it. What is wrong with any of them is said at once.
fn with_urls<C>(config: Result<C, ConfigError>) -> Result<(C, Urls), ConfigError> {
    let urls = Urls {
        cluster: variable(CLUSTER_VARIABLE),
        bus: variable(BUS_VARIABLE),
    };
    let mut mistakes = Mistakes::default();
    let mut check = |name, wrong: Option<UrlError>| {
        if let Some(wrong) = wrong {
            mistakes.add(name, wrong.to_string());
        }
    };
    let cluster = urls.cluster.as_deref();
    check(
        CLUSTER_VARIABLE,
        cluster.and_then(|url| StoreEngine::of(url).err()),
    );
    let bus = urls.bus.as_deref();
    check(BUS_VARIABLE, bus.and_then(|url| BusEngine::of(url).err()));
    let mut mistakes = mistakes.into_list();
    if mistakes.is_empty() {
        return Ok((config?, urls));
    }
    match config {
        Ok(_) => {}
        Err(ConfigError::Values(others)) => mistakes.extend(others),
        Err(other) => return Err(other),
    }
    Err(ConfigError::Values(mistakes))
}

/// A variable that is there and not empty.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
    Some(value.to_string_lossy().into_owned())
}

/// Connects to what it has no store and no bus of.
async fn connect(place: &mut Place) -> Result<(), RunError> {
    let wrong = |error: UrlError| RunError::Cluster(error.into());
    let named = place.urls.bus.as_deref().map(BusEngine::of);
    let mut bus = named.transpose().map_err(wrong)?;
    if place.store.is_none() {
        let url = place.urls.cluster.as_deref().ok_or(RunError::NoCluster)?;
        let store = StoreEngine::of(url).map_err(wrong)?;
        bus = bus.or_else(|| store.bus());
        place.store = Some(store.open(false).await?);
    } else if bus.is_none() {
        // Whoever gives a store gives a bus as well; building says what is missing.
        return Ok(());
    }
    if place.bus.is_none() {
        place.bus = Some(opening::bus(bus).await?);
    }
    Ok(())
}
