//! What tests of workers share: the store of a test cluster and a bus in memory, and handlers that do what they are told.

mod scripted;

use std::sync::Arc;
use std::time::Duration;

use antflow::cluster::bus::{Bus, InProcessBus, Post};
use antflow::cluster::graph::{Catalog, Graph, Node, RetryPolicy};
use antflow::cluster::handler::Handler;
use antflow::cluster::protocol::{Envelope, Topic};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{
    Artifact, NewArtifact, NewRun, NodeRecord, Payload, QueryStore, ReadRequest, RunRecord,
    SteerStore, Store, WorkStore,
};
use antflow::cluster::testing::{FaultyStore, TestCluster};
use antflow::cluster::worker::{Worker, WorkerBuilder, WorkerConfig, WorkerHandle};
use antflow::cluster::{NodeId, Role, RunKey};
use serde_json::{Map, json};

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

    /// Submits a run of these nodes.
    ///
    /// # Panics
    /// If it is no graph, or the store fails.
    pub async fn submit(&self, nodes: impl IntoIterator<Item = Node>) -> RunKey {
        let graph = Graph::new(nodes, &Catalog::any()).expect("this is a graph");
        let run = NewRun::new(graph);
        let submitted = self.store.submit(run).await.expect("the run is stored");
        submitted.run
    }

    /// The run.
    ///
    /// # Panics
    /// If it is not there.
    pub async fn run(&self, run: &RunKey) -> RunRecord {
        self.store.run(run.clone()).await.expect("the run is there")
    }

    /// The node.
    ///
    /// # Panics
    /// If it is not there.
    pub async fn node(&self, run: &RunKey, node: &str) -> NodeRecord {
        let node = self.store.node(run.clone(), node.into()).await;
        node.expect("the node is there")
    }

    /// Waits until the run has ended, and gives how.
    pub async fn ended(&self, run: &RunKey) -> RunState {
        crate::within(async {
            loop {
                let state = self.run(run).await.state;
                if state.is_terminal() {
                    return state;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
    }

    /// Waits until the node is in this state.
    pub async fn reaches(&self, run: &RunKey, node: &str, state: NodeState) {
        self.wait_for(run, node, |node| node.state == state).await;
    }

    /// Waits until the node is as it should be.
    pub async fn wait_for(&self, run: &RunKey, node: &str, is: impl Fn(&NodeRecord) -> bool) {
        crate::within(async {
            while !is(&self.node(run, node).await) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }

    /// All artifacts of a node.
    ///
    /// # Panics
    /// If the store fails.
    pub async fn artifacts(&self, run: &RunKey, node: &str) -> Vec<Artifact> {
        let mut all = Vec::new();
        loop {
            let request = ReadRequest {
                run: run.clone(),
                source: node.into(),
                after_seq: all.len() as u64,
                partition: None,
                limit: 1000,
                max_bytes: usize::MAX,
            };
            let page = self.store.read_artifacts(request).await.expect("a page");
            if page.artifacts.is_empty() {
                return all;
            }
            all.extend(page.artifacts);
        }
    }

    /// The payloads of a node's artifacts, as text.
    pub async fn outputs(&self, run: &RunKey, node: &str) -> Vec<String> {
        let artifacts = self.artifacts(run, node).await;
        let payload = |artifact: Artifact| artifact.payload.as_str().to_owned();
        artifacts.into_iter().map(payload).collect()
    }

    /// Appends artifacts to an input node, whose payloads are their numbers.
    ///
    /// # Panics
    /// If the store fails.
    pub async fn append(&self, run: &RunKey, node: &str, numbers: std::ops::Range<u64>) {
        let artifact = |n: u64| NewArtifact {
            uid: format!("i{n}").into(),
            payload: Payload::from(&json!(n)),
            meta: Map::new(),
        };
        let node = NodeId::from(node);
        let artifacts = numbers.map(artifact).collect();
        let appended = self.store.append_input(run.clone(), node, artifacts).await;
        drop(appended.expect("the input is stored"));
    }

    /// Closes an input node.
    ///
    /// # Panics
    /// If the store fails.
    pub async fn close(&self, run: &RunKey, node: &str) {
        let closed = self.store.close_input(run.clone(), node.into()).await;
        drop(closed.expect("the input is closed"));
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
