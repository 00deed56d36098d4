//! Workers and coordinators from the environment, as processes of their own.

use std::io;
use std::sync::Arc;

use super::engine::Engine;
use super::signals::StopSignals;
use super::{Cluster, ClusterError};
use crate::cluster::build::{BuildError, Place};
use crate::cluster::config::ConfigError;
use crate::cluster::coordinator::{
    Coordinator, CoordinatorBuilder, CoordinatorConfig, CoordinatorHandle,
};
use crate::cluster::graph::error::Mistakes;
use crate::cluster::worker::{StartError, Worker, WorkerBuilder, WorkerConfig, WorkerHandle};

/// The variable of the environment that has the URL of the cluster.
pub const CLUSTER_VARIABLE: &str = "ANTFLOW_CLUSTER";

/// Why a worker or a coordinator did not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It has neither a store nor a URL.
    #[error(
        "there is no cluster: set `{CLUSTER_VARIABLE}`, such as to `sqlite:///path/to/file.db`, or call `url`"
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
    /// Begins to configure a worker by the environment: the configuration as by [`WorkerConfig::from_env`], and the URL
    /// of the cluster from `ANTFLOW_CLUSTER`, if it is there.
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
    /// URL, at once.
    pub fn from_env() -> Result<WorkerBuilder, ConfigError> {
        let (config, url) = with_url(WorkerConfig::from_env())?;
        let mut builder = Self::builder().config(config);
        builder.place.url = url;
        Ok(builder)
    }
}

impl WorkerBuilder {
    /// Sets the URL of the cluster, which [`start`](Self::start) and [`run`](Self::run) connect to unless they have a
    /// store: see [`Cluster::connect`].
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.place.url = Some(url.into());
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
    /// and the URL of the cluster from `ANTFLOW_CLUSTER`, if it is there.
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
    /// URL, at once.
    pub fn from_env() -> Result<CoordinatorBuilder, ConfigError> {
        let (config, url) = with_url(CoordinatorConfig::from_env())?;
        let mut builder = Self::builder().config(config);
        builder.place.url = url;
        Ok(builder)
    }
}

impl CoordinatorBuilder {
    /// Sets the URL of the cluster, which [`start`](Self::start) and [`run`](Self::run) connect to unless they have a
    /// store: see [`Cluster::connect`].
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.place.url = Some(url.into());
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

/// A configuration, and the URL beside it. What is wrong with either is said at once.
fn with_url<C>(config: Result<C, ConfigError>) -> Result<(C, Option<String>), ConfigError> {
    let url = std::env::var_os(CLUSTER_VARIABLE).filter(|url| !url.is_empty());
    let url = url.map(|url| url.to_string_lossy().into_owned());
    let Some(Err(wrong)) = url.as_deref().map(Engine::of) else {
        return Ok((config?, url));
    };
    let mut mistakes = Mistakes::default();
    mistakes.add(CLUSTER_VARIABLE, wrong.to_string());
    let mut mistakes = mistakes.into_list();
    match config {
        Ok(_) => {}
        Err(ConfigError::Values(others)) => mistakes.extend(others),
        Err(other) => return Err(other),
    }
    Err(ConfigError::Values(mistakes))
}

/// Connects, unless there is a store and a bus already.
async fn connect(place: &mut Place) -> Result<(), RunError> {
    if place.store.is_some() {
        return Ok(());
    }
    let url = place.url.clone().ok_or(RunError::NoCluster)?;
    let cluster = Cluster::connect(url).await?;
    place.store = Some(Arc::clone(cluster.store()));
    place.bus.get_or_insert_with(|| Arc::clone(cluster.bus()));
    Ok(())
}
