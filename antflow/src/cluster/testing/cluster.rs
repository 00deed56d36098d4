use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::crash::{Fate, MortalBus, MortalStore};
use super::{CrashPoint, Difference, Doomed, FaultyBus, FaultyStore, TokioClock};
use crate::cluster::bus::{Bus, InProcessBus};
use crate::cluster::coordinator::{
    BuildError as NoCoordinator, CoordinatorBuilder, CoordinatorConfig,
};
use crate::cluster::state::NodeState;
use crate::cluster::store::{Artifact, NodeRecord, SqliteOptions, SqliteStore, Store, StoreError};
use crate::cluster::worker::{StartError, WorkerBuilder, WorkerConfig};
use crate::cluster::{Cluster, ClusterError, NodeId, RunKey, RunStatus};
use crate::item::BoxError;

/// A cluster in memory whose store and bus fail when they should, and whose time is tokio's.
///
/// It is a [`Cluster`] with all that one can do, and more: workers and coordinators that [die](Self::doomed_worker), and
/// comforts to wait and to compare. All of its methods that wait for something panic when it does not come within
/// [`patience`](Self::with_patience), and say how the run is.
///
/// ```
/// use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
/// use antflow::cluster::testing::{CrashPoint, TestCluster, numbers};
/// use antflow::stage;
///
/// #[stage]
/// async fn double(number: u32) -> u32 {
///     number * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::BoxError> {
/// # tokio::time::pause();
/// let cluster = TestCluster::new()?;
/// let doubles = Node::new("doubles", "Double").pull(Pull::from_nodes(["numbers"]));
/// let graph = Graph::new([Node::input("numbers"), doubles], &Catalog::any())?;
/// let run = cluster.submit_graph(graph).await?;
/// cluster.append_input(&run, "numbers", numbers(0..100)).await?;
/// cluster.close_input(&run, "numbers").await?;
///
/// let first = cluster.worker("w").role::<double>();
/// let first = cluster.doomed_worker(first, CrashPoint::AfterCommit, 1).await?;
/// first.crashed().await;
/// // Another one, under the same id: it goes on where the first one died.
/// let second = cluster.worker("w").role::<double>().build()?.start().await?;
///
/// cluster.ended(&run).await;
/// cluster.assert_outputs(&run, "doubles", (0..100).map(|n| n * 2)).await;
/// second.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TestCluster {
    cluster: Cluster,
    store: Arc<FaultyStore>,
    bus: FaultyBus,
    patience: Duration,
}

/// How long it waits for something by default: beyond any pause that a test asks for, and over at once if the time is
/// paused.
const PATIENCE: Duration = Duration::from_secs(2 * 3600);
/// How long it waits from one look to the next.
const LOOK: Duration = Duration::from_millis(10);

impl TestCluster {
    /// An empty cluster, whose faults come from the seed 0.
    ///
    /// # Errors
    /// There is no memory.
    pub fn new() -> Result<Self, StoreError> {
        Self::seeded(0)
    }

    /// An empty cluster, whose faults come from this seed. There are none before they are asked for.
    ///
    /// # Errors
    /// There is no memory.
    pub fn seeded(seed: u64) -> Result<Self, StoreError> {
        let options = SqliteOptions::default().clock(Arc::new(TokioClock::start()));
        let store = SqliteStore::in_memory(options)?;
        Ok(Self::over(
            Arc::new(store),
            Arc::new(InProcessBus::new()),
            seed,
        ))
    }

    /// A cluster of another store and bus, with faults in front of them. The store keeps its own clock.
    #[must_use]
    pub fn over(store: Arc<dyn Store>, bus: Arc<dyn Bus>, seed: u64) -> Self {
        let store = Arc::new(FaultyStore::over(store, seed));
        let bus = FaultyBus::over(bus, seed);
        Self {
            cluster: Cluster::of(Arc::clone(&store) as Arc<dyn Store>, Arc::new(bus.clone())),
            store,
            bus,
            patience: PATIENCE,
        }
    }

    /// Sets how long it waits for something before it panics, in tokio's time. Default: two hours, which are over at
    /// once if the time is paused.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The store, to plan its faults.
    #[must_use]
    pub fn faulty_store(&self) -> &Arc<FaultyStore> {
        &self.store
    }

    /// The bus, to plan its faults.
    #[must_use]
    pub fn faulty_bus(&self) -> &FaultyBus {
        &self.bus
    }

    /// Begins to configure a worker with this id, and the defaults otherwise.
    pub fn worker(&self, id: &str) -> WorkerBuilder {
        self.cluster.worker().config(WorkerConfig {
            worker_id: Some(id.into()),
            ..WorkerConfig::default()
        })
    }

    /// Begins to configure a coordinator with this id, and the defaults otherwise.
    pub fn coordinator(&self, id: &str) -> CoordinatorBuilder {
        self.cluster.coordinator().config(CoordinatorConfig {
            coordinator_id: Some(id.into()),
            ..CoordinatorConfig::default()
        })
    }

    /// Starts a worker that dies when it comes to this point for the `time`th time, counted from 1.
    ///
    /// # Errors
    /// It is not complete, or does not start.
    pub async fn doomed_worker(
        &self,
        worker: WorkerBuilder,
        point: CrashPoint,
        time: u64,
    ) -> Result<Doomed, BoxError> {
        let fate = Fate::new(point, time);
        let (store, bus) = self.mortal(&fate);
        let weak = Arc::downgrade(&store);
        let worker = worker.store(store).bus(bus).build()?;
        let starting = worker.start();
        let running: Option<Result<_, StartError>> = tokio::select! {
            biased;
            // It may die while it takes up what it had.
            () = fate.dead.cancelled() => None,
            running = starting => Some(running),
        };
        Ok(Doomed::watch(running.transpose()?, fate, weak))
    }

    /// Starts a coordinator that dies when it comes to this point for the `time`th time, counted from 1.
    ///
    /// # Errors
    /// It is not complete.
    pub fn doomed_coordinator(
        &self,
        coordinator: CoordinatorBuilder,
        point: CrashPoint,
        time: u64,
    ) -> Result<Doomed, NoCoordinator> {
        let fate = Fate::new(point, time);
        let (store, bus) = self.mortal(&fate);
        let weak = Arc::downgrade(&store);
        let running = coordinator.store(store).bus(bus).build()?.start();
        Ok(Doomed::watch(running, fate, weak))
    }

    /// What a process that dies has of the cluster.
    fn mortal(&self, fate: &Arc<Fate>) -> (Arc<MortalStore>, Arc<MortalBus>) {
        let store = MortalStore {
            inner: Arc::clone(self.cluster.store()),
            fate: Arc::clone(fate),
        };
        let bus = MortalBus {
            inner: Arc::clone(self.cluster.bus()),
            fate: Arc::clone(fate),
        };
        (Arc::new(store), Arc::new(bus))
    }

    /// Waits until a node is in this state.
    ///
    /// # Panics
    /// It does not come there in time.
    pub async fn reaches(&self, run: &RunKey, node: &str, state: NodeState) {
        self.wait_for(run, node, |node| node.state == state).await;
    }

    /// Waits until a node is as it should be, and gives it.
    ///
    /// # Panics
    /// It does not come there in time.
    pub async fn wait_for(
        &self,
        run: &RunKey,
        node: &str,
        mut is: impl FnMut(&NodeRecord) -> bool,
    ) -> NodeRecord {
        let found = self.wait(run, move |status| {
            let node = status.node(node)?;
            is(node).then(|| node.clone())
        });
        found.await
    }

    /// Waits until a run has ended, and says how it is then.
    ///
    /// # Panics
    /// It does not end in time.
    pub async fn ended(&self, run: &RunKey) -> RunStatus {
        self.wait(run, |status| {
            status.run.state.is_terminal().then(|| status.clone())
        })
        .await
    }

    async fn wait<T>(&self, run: &RunKey, mut find: impl FnMut(&RunStatus) -> Option<T>) -> T {
        let mut last = None;
        let found = async {
            loop {
                // A store that fails as planned is asked again.
                if let Ok(status) = self.cluster.status(run).await {
                    if let Some(found) = find(&status) {
                        return found;
                    }
                    last = Some(status);
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let patience = self.patience;
        if let Ok(found) = tokio::time::timeout(patience, found).await {
            return found;
        }
        let told = last.map_or_else(
            || "nobody knows how it is".to_owned(),
            |status| tell(&status),
        );
        panic!("run `{run}` does not get there within {patience:?}: {told}");
    }

    /// All artifacts of a node, in their order.
    ///
    /// # Errors
    /// There is no such run or node, or the store does not answer.
    pub async fn all_artifacts(
        &self,
        run: &RunKey,
        node: impl Into<NodeId>,
    ) -> Result<Vec<Artifact>, ClusterError> {
        let node = node.into();
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let page = self.cluster.artifacts(run, node.clone(), after).await?;
            if page.artifacts.is_empty() {
                return Ok(all);
            }
            all.extend(page.artifacts);
            after = page.next_after;
        }
    }

    /// Asserts that the payloads of a node's artifacts are these, each as often as it is named here, in whatever order.
    ///
    /// # Panics
    /// They are not, or the store does not answer.
    pub async fn assert_outputs<T: serde::Serialize>(
        &self,
        run: &RunKey,
        node: &str,
        expected: impl IntoIterator<Item = T>,
    ) {
        let artifacts = self.all_artifacts(run, node).await;
        let artifacts = artifacts.unwrap_or_else(|error| panic!("node `{node}`: {error}"));
        let expected = expected.into_iter().map(|one| {
            serde_json::to_string(&one).unwrap_or_else(|error| panic!("what is expected: {error}"))
        });
        let found = artifacts.iter().map(|artifact| artifact.payload.as_str());
        let difference = Difference::between(expected, found);
        assert!(
            difference.is_none(),
            "the outputs of node `{node}`: {difference}"
        );
    }

    /// Asserts that a node has committed the batches of these ids, each once, and no others.
    ///
    /// # Panics
    /// It has not, or the store does not answer.
    pub async fn assert_each_batch_once(
        &self,
        run: &RunKey,
        node: &str,
        expected: impl IntoIterator<Item = impl Into<String>>,
    ) {
        let mut found: Vec<String> = Vec::new();
        loop {
            let after = found.last().map(|uid| uid.as_str().into());
            let store = self.cluster.store();
            let page = store.batches(run.clone(), node.into(), after, 1000).await;
            let page = page.unwrap_or_else(|error| panic!("node `{node}`: {error}"));
            if page.is_empty() {
                break;
            }
            found.extend(page.into_iter().map(|batch| batch.uid.to_string()));
        }
        let difference = Difference::between(expected, found);
        assert!(
            difference.is_none(),
            "the batches of node `{node}`: {difference}"
        );
    }
}

/// How a run is, in one line.
fn tell(status: &RunStatus) -> String {
    let node = |node: &NodeRecord| {
        let failure = node
            .last_failure
            .as_ref()
            .map(|failure| format!(" after `{}`", failure.code));
        format!(
            "`{}` is {}{}",
            node.id,
            node.state.as_str(),
            failure.unwrap_or_default()
        )
    };
    let nodes: Vec<_> = status.nodes.iter().map(node).collect();
    format!("it is {}, {}", status.run.state.as_str(), nodes.join(", "))
}

impl Deref for TestCluster {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}
