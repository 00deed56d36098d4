//! The entry: a store and a bus, and what users do with them.

mod connect;
mod diagnose;
mod engine;
mod environment;
mod error;
mod look;
mod opening;
mod signals;
mod steer;

use std::path::Path;
use std::sync::Arc;

pub use connect::Connect;
pub use diagnose::{Diagnosis, Examination};
pub use engine::UrlError;
pub use environment::{BUS_VARIABLE, CLUSTER_VARIABLE, RunError};
pub use error::ClusterError;
pub use look::RunStatus;
pub use signals::StopSignals;

use super::bus::{Bus, InProcessBus};
use super::coordinator::{Coordinator, CoordinatorBuilder};
use super::store::{SqliteOptions, SqliteStore, Store};
use super::worker::{Worker, WorkerBuilder};

/// A cluster: a store and a bus, from whatever engines.
///
/// [`connect`](Self::connect) opens one by its URL. Cheap to clone; clones are the same cluster. It runs nothing itself:
/// [`coordinator`](Self::coordinator) and [`worker`](Self::worker) make what does, in this process or in others.
///
/// ```
/// use antflow::cluster::Cluster;
/// use antflow::cluster::graph::{Catalog, Graph, Node};
/// use antflow::cluster::handler::{Batch, BatchResult, Handler, RunContext};
/// use antflow::{BoxError, cluster::state::RunState};
/// use futures_util::stream::{self, Stream};
///
/// /// Doubles numbers.
/// #[derive(Default)]
/// struct Doubles;
///
/// impl Handler for Doubles {
///     type Input = ();
///     type Batch = u64;
///     type Output = u64;
///     type Error = BoxError;
///
///     fn batches(
///         &self,
///         (): (),
///         _: &RunContext,
///     ) -> impl Stream<Item = Result<Batch<u64>, BoxError>> + Send {
///         stream::iter((0..3).map(|n| Ok(Batch::new(format!("batch_{n}"), n))))
///     }
///
///     async fn process_batch(
///         &self,
///         batch: Batch<u64>,
///         _: &RunContext,
///     ) -> Result<BatchResult<u64>, BoxError> {
///         Ok(BatchResult::new(batch.payload * 2))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = std::env::temp_dir().join(format!("antflow-doc-{}", std::process::id()));
/// let cluster = Cluster::embedded(directory.join("cluster.db")).await?;
/// let coordinator = cluster.coordinator().build()?.start();
/// let worker = cluster.worker().handler("doubler", Doubles::default).build()?.start().await?;
///
/// let catalog = Catalog::any().with_roles(["doubler"]);
/// let graph = Graph::new([Node::new("double", "doubler")], &catalog)?;
/// let run = cluster.submit_graph(graph).await?;
/// let ended = cluster.wait(&run).await?;
/// assert_eq!(ended.run.state, RunState::Finished);
/// let artifacts = cluster.artifacts(&run, "double", 0).await?;
/// assert_eq!(artifacts.artifacts[2].payload.read::<u64>()?, 4);
///
/// worker.shutdown().await;
/// coordinator.shutdown().await;
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Cluster {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
}

impl Cluster {
    /// Opens a cluster on this machine, without a server: a file of SQLite, and a bus inside this process.
    ///
    /// The file and its directory are made if they are not there. Other processes may open the same file: they find
    /// their work in the store, as hints stay inside each process.
    ///
    /// # Errors
    /// The directory cannot be made, or the file cannot be opened: see [`SqliteStore::open`].
    pub async fn embedded(path: impl AsRef<Path>) -> Result<Self, ClusterError> {
        let store = opening::file(path.as_ref()).await?;
        Ok(Self::of(Arc::new(store), Arc::new(InProcessBus::new())))
    }

    /// A cluster that is gone with this process: for tests.
    ///
    /// # Errors
    /// There is no memory.
    pub fn in_memory() -> Result<Self, ClusterError> {
        let store = SqliteStore::in_memory(SqliteOptions::default())?;
        Ok(Self::of(Arc::new(store), Arc::new(InProcessBus::new())))
    }

    /// A cluster of this store and this bus.
    #[must_use]
    pub fn of(store: Arc<dyn Store>, bus: Arc<dyn Bus>) -> Self {
        Self { store, bus }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The bus.
    #[must_use]
    pub fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    /// Begins to configure a coordinator for this cluster.
    pub fn coordinator(&self) -> CoordinatorBuilder {
        Coordinator::builder()
            .store(Arc::clone(&self.store))
            .bus(Arc::clone(&self.bus))
    }

    /// Begins to configure a worker for this cluster.
    pub fn worker(&self) -> WorkerBuilder {
        Worker::builder()
            .store(Arc::clone(&self.store))
            .bus(Arc::clone(&self.bus))
    }
}
