use crate::cluster::graph::GraphError;
use crate::cluster::open::ClusterError;
use crate::cluster::store::StoreError;
use crate::cluster::worker::{BuildError, StartError as WorkerStartError};
use crate::cluster::{NodeId, RunKey};
use crate::pipeline::StartError;

/// Why a pipeline that was submitted has no results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The pipeline cannot be run, here or elsewhere.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The pipeline makes no graph, such as where the name of a stage is no name of a node.
    #[error("the pipeline makes no graph: {0}")]
    Graph(#[from] GraphError),
    /// The store or the bus did not do it.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The worker or the coordinator of this process could not be made.
    #[error("what works on the stages here cannot be made: {0}")]
    Build(#[from] BuildError),
    /// The worker of this process did not start.
    #[error("the worker for the stages did not start: {0}")]
    Worker(#[from] WorkerStartError),
    /// A node of the run failed: not an item, but what works on items.
    #[error("run `{run}` failed: {reason}")]
    Failed {
        /// Which run.
        run: RunKey,
        /// The node whose failure ended it.
        node: Option<NodeId>,
        /// What went wrong.
        reason: String,
    },
    /// The run was submitted before, with other items.
    #[error(
        "run `{run}` was submitted with {there} items and now with {given}: submit the same items in the same order, \
         or choose another id"
    )]
    OtherItems {
        /// Which run.
        run: RunKey,
        /// How many items it has.
        there: u64,
        /// How many items were given now, as far as they were taken.
        given: u64,
    },
    /// The run was submitted before, with another item in this place.
    #[error(
        "run `{run}` was submitted with another item {number}: submit the same items in the same order, or choose another id"
    )]
    AnotherItem {
        /// Which run.
        run: RunKey,
        /// The sequence number of the first item that is another one.
        number: u64,
    },
    /// What is stored of an item cannot be understood.
    #[error(
        "artifact `{artifact}` of node `{node}` is no item of this version of antflow: {source}"
    )]
    Unreadable {
        /// The node that wrote it.
        node: NodeId,
        /// Its id.
        artifact: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        Self::Cluster(error.into())
    }
}
