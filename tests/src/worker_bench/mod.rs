//! What tests of workers share: the store of a test cluster and a bus in memory, and handlers that do what they are told.

mod scripted;

use std::sync::Arc;
use std::time::Duration;

use antflow::cluster::bus::{Bus, InProcessBus, Post};
use antflow::cluster::graph::{Node, RetryPolicy};
use antflow::cluster::handler::Handler;
use antflow::cluster::protocol::{Envelope, Topic};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{Artifact, NodeRecord, RunRecord, Store};
use antflow::cluster::testing::{FaultyStore, TestCluster};
use antflow::cluster::worker::{Worker, WorkerBuilder, WorkerConfig, WorkerHandle};
use antflow::cluster::{Role, RunKey};

use crate::View;

pub use scripted::{Planned, Scripted};

/// A store and a bus, for workers to work with.
#[derive(Debug, Clone)]
pub struct WorkerBench {
    /// The store, which may be told to fail.
    pub store: Arc<FaultyStore>,
    /// The bus.
    pub bus: InProcessBus,
}

/// The role of [`WorkerBench::worker`]s with one handler.
pub const ROLE: &str = "role";

impl Default for WorkerBench {
    fn default() -> Self {
        Self::new()
    }
}

impl WorkerBench {
    /// An empty store in memory, and a bus that nobody speaks on.
    ///
    /// # Panics
    /// If there is no memory.
    #[must_use]
    pub fn new() -> Self {
        let cluster = TestCluster::new().expect("there is memory");
        Self {
            store: Arc::clone(cluster.faulty_store()),
            bus: InProcessBus::new(),
        }
    }

    /// A worker to be configured, with this id and the times of the guide, for two nodes at once.
    pub fn builder(&self, id: &str) -> WorkerBuilder {
        Worker::builder()
            .store(Arc::clone(&self.store) as Arc<dyn Store>)
            .bus(Arc::new(self.bus.clone()))
            .config(config(id))
    }

    /// Starts a worker with this id and this handler for [`ROLE`].
    ///
    /// # Panics
    /// If it does not start.
    pub async fn worker<H: Handler + Clone>(&self, id: &str, handler: &H) -> WorkerHandle {
        let handler = handler.clone();
        start(self.builder(id).handler(ROLE, move || handler.clone())).await
    }

    /// What else tests do with the store.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View(&*self.store)
    }

    /// Submits a run of these nodes.
    pub async fn submit(&self, nodes: impl IntoIterator<Item = Node>) -> RunKey {
        self.view().submit(nodes).await
    }

    /// The run.
    pub async fn run(&self, run: &RunKey) -> RunRecord {
        self.view().run(run).await
    }

    /// The node.
    pub async fn node(&self, run: &RunKey, node: &str) -> NodeRecord {
        self.view().node(run, node).await
    }

    /// Waits until the run has ended, and gives how.
    pub async fn ended(&self, run: &RunKey) -> RunState {
        self.view().ended(run).await
    }

    /// Waits until the node is in this state.
    pub async fn reaches(&self, run: &RunKey, node: &str, state: NodeState) {
        self.view().reaches(run, node, state).await;
    }

    /// Waits until the node is as it should be.
    pub async fn wait_for(&self, run: &RunKey, node: &str, is: impl Fn(&NodeRecord) -> bool) {
        self.view().wait_for(run, node, is).await;
    }

    /// All artifacts of a node.
    pub async fn artifacts(&self, run: &RunKey, node: &str) -> Vec<Artifact> {
        self.view().artifacts(run, node).await
    }

    /// The payloads of a node's artifacts, as text.
    pub async fn outputs(&self, run: &RunKey, node: &str) -> Vec<String> {
        self.view().outputs(run, node).await
    }

    /// Appends artifacts to an input node, whose payloads are their numbers.
    pub async fn append(&self, run: &RunKey, node: &str, numbers: std::ops::Range<u64>) {
        self.view().append(run, node, numbers).await;
    }

    /// Closes an input node.
    pub async fn close(&self, run: &RunKey, node: &str) {
        self.view().close(run, node).await;
    }

    /// Says something on the bus.
    ///
    /// # Panics
    /// If the bus is closed.
    pub async fn say(&self, topic: Topic, envelope: &Envelope) {
        let said = self.bus.publish(Post::new(topic, envelope)).await;
        said.expect("the bus is open");
    }
}

/// The configuration of [`WorkerBench::builder`].
#[must_use]
pub fn config(id: &str) -> WorkerConfig {
    WorkerConfig {
        worker_id: Some(id.into()),
        capacity: 2,
        ..WorkerConfig::default()
    }
}

/// Starts a worker.
///
/// # Panics
/// If it cannot be made, or does not start.
pub async fn start(builder: WorkerBuilder) -> WorkerHandle {
    let worker = builder.build().expect("the worker is complete");
    worker.start().await.expect("the worker starts")
}

/// A node of [`ROLE`] that is tried again after a second.
pub fn node(id: &str) -> Node {
    Node::new(id, Role::from(ROLE)).retry(RetryPolicy::default().backoff(Duration::from_secs(1)))
}
