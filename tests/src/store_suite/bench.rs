//! What cases share: a store whose clock they move, graphs, requests and what to expect of them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use antflow::cluster::graph::{Catalog, Graph, Node};
use antflow::cluster::protocol::Metrics;
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{
    Assignment, BatchCommit, ClaimRequest, CommitRequest, Committed, Cursor, Effects, Finish,
    Lease, NewArtifact, NewRun, NodeRecord, Offer, Payload, ReadRequest, Store, StoreError,
};
use antflow::cluster::{NodeId, RunKey};
use serde_json::{Map, json};

/// How long leases hold in the cases.
pub const TTL: Duration = Duration::from_secs(60);

/// What an engine gives to the suite beside its store.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Moves the store's clock.
    fn advance(&self, by: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// Opens the same store once more, as another process does.
    fn another(&self) -> Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send + '_>>;
}

/// An empty store, and what cases do with it.
#[derive(Debug)]
pub struct Bench {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its engine.
    pub engine: Box<dyn Engine>,
}

/// A graph of these nodes.
///
/// # Panics
/// If it is no graph.
pub fn graph(nodes: impl IntoIterator<Item = Node>) -> Graph {
    Graph::new(nodes, &Catalog::any()).expect("this is a graph")
}

/// A request of a worker that has these roles and room for ten nodes.
pub fn request<const N: usize>(worker: &str, roles: [&str; N]) -> ClaimRequest {
    ClaimRequest {
        worker: worker.into(),
        offers: offers(roles),
        run: None,
        slots: 10,
        ttl: TTL,
    }
}

/// Offers of these roles, for any fingerprint.
pub fn offers<const N: usize>(roles: [&str; N]) -> Vec<Offer> {
    let offer = |role: &str| Offer {
        role: role.into(),
        fingerprint: None,
    };
    roles.map(offer).into()
}

/// An artifact with its id as its payload.
pub fn artifact(uid: &str) -> NewArtifact {
    NewArtifact {
        uid: uid.into(),
        payload: Payload::from(&json!({ "from": uid })),
        meta: Map::new(),
    }
}

/// A batch with one artifact and the metric `items`.
pub fn batch(uid: &str) -> BatchCommit {
    BatchCommit {
        uid: uid.into(),
        artifacts: vec![artifact(uid)],
        metrics: Metrics::from([("items".into(), 2.0)]),
    }
}

/// A commit of these batches, and of nothing else.
pub fn commit_of<const N: usize>(lease: &Lease, uids: [&str; N]) -> CommitRequest {
    CommitRequest {
        lease: lease.clone(),
        batches: uids.map(batch).into(),
        cursors: Vec::new(),
        checkpoint: None,
    }
}

/// A cursor.
pub fn cursor(source: &str, seq: u64, offset: u64) -> Cursor {
    Cursor {
        source: source.into(),
        seq,
        offset,
    }
}

/// A question for all artifacts of a node behind this one.
pub fn behind(run: &RunKey, source: &str, after_seq: u64) -> ReadRequest {
    ReadRequest {
        run: run.clone(),
        source: source.into(),
        after_seq,
        partition: None,
        limit: 100,
        max_bytes: usize::MAX,
    }
}

/// Is this a refusal, because the lease is held no more?
pub fn is_fenced<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Fenced { .. }))
}

impl Bench {
    /// Lets so much time pass.
    pub async fn advance(&self, by: Duration) {
        self.engine.advance(by).await;
    }

    /// Submits a run of these nodes.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn submit(&self, nodes: impl IntoIterator<Item = Node>) -> RunKey {
        let submitted = self.store.submit(NewRun::new(graph(nodes))).await;
        submitted.expect("it is submitted").run
    }

    /// Claims for a worker with these roles.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn claim<const N: usize>(&self, worker: &str, roles: [&str; N]) -> Vec<Assignment> {
        let given = self.store.claim(request(worker, roles)).await;
        given.expect("it may claim")
    }

    /// Claims the one node that there is for a worker with the role `r`.
    ///
    /// # Panics
    /// If there is none, or more than one.
    pub async fn claim_one(&self, worker: &str) -> Assignment {
        let [given] = self
            .claim(worker, ["r"])
            .await
            .try_into()
            .expect("one node");
        given
    }

    /// Commits batches of one artifact each.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn commit<const N: usize>(&self, lease: &Lease, uids: [&str; N]) -> Committed {
        let committed = self.store.commit(commit_of(lease, uids)).await;
        committed.expect("it is committed")
    }

    /// Finishes a node with nothing.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn finish(&self, lease: &Lease) -> Effects {
        let finished = self.store.finish(lease.clone(), Finish::default()).await;
        finished.expect("it is finished")
    }

    /// A node as it is stored.
    ///
    /// # Panics
    /// If it is not there.
    pub async fn node(&self, run: &RunKey, node: &str) -> NodeRecord {
        let node = self.store.node(run.clone(), NodeId::from(node)).await;
        node.expect("it is there")
    }

    /// The state of a node.
    pub async fn state(&self, run: &RunKey, node: &str) -> NodeState {
        self.node(run, node).await.state
    }

    /// The state of a run, and its reason.
    ///
    /// # Panics
    /// If it is not there.
    pub async fn ended(&self, run: &RunKey) -> (RunState, Option<String>) {
        let run = self.store.run(run.clone()).await.expect("it is there");
        assert_eq!(run.state.is_terminal(), run.ended_at.is_some());
        (run.state, run.reason)
    }

    /// The kinds of the events of a node, or with `None` of the run alone, in their order.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn said(&self, run: &RunKey, node: Option<&str>) -> Vec<&'static str> {
        let events = self.store.events(run.clone(), 0, 1_000).await;
        let events = events.expect("it has events");
        assert!(events.is_sorted_by_key(|event| event.id));
        let of_node = events.iter().map(|event| &event.envelope);
        let of_node = of_node.filter(|said| said.node.as_ref().map(NodeId::as_str) == node);
        of_node.map(|said| said.message.kind()).collect()
    }
}
