use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cluster::graph::Graph;
use crate::cluster::protocol::{Failure, Metrics};
use crate::cluster::state::{NodeState, RunState};
use crate::cluster::vars::VarsOp;
use crate::cluster::{LeaseId, NodeId, Role, RunKey, Timestamp, WorkerKey};

use super::{CancelNotice, Lease, NewArtifact, Payload, millis};

/// A run that is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Its id. Submitting the same graph and parameters under the same id again does nothing.
    pub id: RunKey,
    /// What is to be done.
    pub graph: Graph,
    /// Parameters, which every handler can read.
    pub params: Map<String, Value>,
    /// Whose nodes are claimed first: lower ones; default 100.
    pub priority: i32,
    /// How long workers may take to end their nodes when the run is cancelled or fails elsewhere; then their leases are
    /// reaped. Default 30 s.
    pub cancel_grace: Duration,
}

impl NewRun {
    /// The priority of a run of which nothing else is said.
    pub const PRIORITY: i32 = 100;

    /// A run under a new id.
    #[must_use]
    pub fn new(graph: Graph) -> Self {
        Self {
            id: RunKey::random(),
            graph,
            params: Map::new(),
            priority: Self::PRIORITY,
            cancel_grace: Duration::from_secs(30),
        }
    }
}

/// A run as it is stored. States are those of [`state`](crate::cluster::state).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its id.
    pub id: RunKey,
    /// Its state.
    pub state: RunState,
    /// What is done.
    pub graph: Graph,
    /// Its parameters.
    pub params: Map<String, Value>,
    /// Its priority.
    pub priority: i32,
    /// How long workers may take to end their nodes.
    #[serde(rename = "cancel_grace_ms", with = "millis")]
    pub cancel_grace: Duration,
    /// Variables that coordinator functions have set. They survive the end of the run.
    pub vars: Map<String, Value>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it ended; there exactly if the state is terminal.
    pub ended_at: Option<Timestamp>,
    /// Why it is being cancelled or fails, or was or did; the first cause.
    pub reason: Option<String>,
    /// The node whose failure ends it, if one does.
    pub failed_node: Option<NodeId>,
}

/// A node as it is stored. States are those of [`state`](crate::cluster::state).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Its run.
    pub run: RunKey,
    /// Its id.
    pub id: NodeId,
    /// Its place in the graph.
    pub place: usize,
    /// Its role.
    pub role: Role,
    /// Its state.
    pub state: NodeState,
    /// How often it was claimed. 0: never.
    pub epoch: u64,
    /// Who has it; there exactly if the state is running or cancelling.
    pub lease: Option<HeldLease>,
    /// The holding that its worker ended last, so that ending again by it is known. Not one that was reaped.
    pub ended_lease: Option<LeaseId>,
    /// Failures since the last progress: a batch that was committed or a checkpoint that was saved.
    pub failures: u32,
    /// Leases that expired or were resumed since the last progress.
    pub interruptions: u32,
    /// From when on it may be claimed; there exactly if it is deferred.
    pub retry_at: Option<Timestamp>,
    /// What went wrong last.
    pub last_failure: Option<Failure>,
    /// Why it is being cancelled, or was.
    pub cancel_reason: Option<String>,
    /// Until when it has to be ended; there exactly if it is cancelling.
    pub cancel_deadline: Option<Timestamp>,
    /// What its batches have come to, over all epochs.
    pub totals: Totals,
    /// The complete artifact: what its end said. There only if it is finished.
    pub result: Option<Payload>,
    /// When it became ready, or ready again.
    pub ready_at: Option<Timestamp>,
    /// When it was claimed for the first time.
    pub started_at: Option<Timestamp>,
    /// When it was claimed last.
    pub claimed_at: Option<Timestamp>,
    /// When it ended; there exactly if the state is terminal.
    pub ended_at: Option<Timestamp>,
}

/// Who has a node, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldLease {
    /// Who.
    pub worker: WorkerKey,
    /// Which holding.
    pub id: LeaseId,
    /// From when on others may reap it. Never goes back while it is held.
    pub deadline: Timestamp,
}

/// What the batches of a node have come to: kept up to date with each commit, so that nobody has to add them up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Batches that were committed.
    pub batches: u64,
    /// Artifacts that were written: the sequence number of the last one.
    pub artifacts: u64,
    /// Sums of what the batches reported, and what was reported at the end.
    pub metrics: Metrics,
}

impl Totals {
    /// Adds what a batch, or the end, reported.
    pub fn add_metrics(&mut self, metrics: &Metrics) {
        for (name, value) in metrics {
            *self.metrics.entry(name.clone()).or_default() += value;
        }
    }
}

/// How a node ends well.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Finish {
    /// What the handler reports at the end, added to the sums of its batches.
    pub metrics: Metrics,
    /// Artifacts of the node as a whole, behind those of its batches.
    pub artifacts: Vec<NewArtifact>,
    /// The complete artifact.
    pub result: Option<Payload>,
    /// Changes of the run's variables, made once, with the end.
    pub vars: Vec<VarsOp>,
}

/// What came of a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// Deferred, failed, or cancelled.
    pub state: NodeState,
    /// From when on the node may be claimed again, if it may.
    pub retry_at: Option<Timestamp>,
    /// What follows for others.
    pub effects: Effects,
}

/// What came of submitting.
#[derive(Debug, Clone, PartialEq)]
pub struct Submitted {
    /// Its id.
    pub run: RunKey,
    /// False: it was there already.
    pub is_new: bool,
    /// What follows for others.
    pub effects: Effects,
}

/// What came of input that was appended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Appended {
    /// How many artifacts were new.
    pub new: u64,
    /// How many were there already.
    pub duplicates: u64,
    /// The sequence number of the last artifact of the node.
    pub last_seq: u64,
    /// What follows for others.
    pub effects: Effects,
}

/// What follows for others from an operation, for hints on the bus. All of it is stored: hints may be lost.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "publish it, so that others need not look for it"]
pub struct Effects {
    /// Nodes that may be claimed now.
    pub ready: Vec<ReadyNode>,
    /// Workers that have to end a node.
    pub cancelling: Vec<CancelNotice>,
    /// Runs that have ended.
    pub ended: BTreeMap<RunKey, RunState>,
}

/// A node that may be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyNode {
    /// Its run.
    pub run: RunKey,
    /// Its id.
    pub node: NodeId,
    /// Its role.
    pub role: Role,
}

impl Effects {
    /// Adds those of another operation.
    pub fn extend(&mut self, other: Self) {
        self.ready.extend(other.ready);
        self.cancelling.extend(other.cancelling);
        self.ended.extend(other.ended);
    }

    /// Does nothing follow?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.cancelling.is_empty() && self.ended.is_empty()
    }
}

/// A lease that was reaped.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaped {
    /// The lease that ended.
    pub lease: Lease,
    /// What the node became: ready, failed or cancelled.
    pub state: NodeState,
}

/// Asks for a run to be cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRequest {
    /// Which run.
    pub run: RunKey,
    /// Why: handlers can read it.
    pub reason: String,
    /// How long workers may take before their leases are reaped. `None`: as the run says.
    pub grace: Option<Duration>,
}
