use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cluster::{LeaseId, NodeId, Role, RunKey, Timestamp, WorkerKey};

/// One holding of one node by one worker: shown with every write, and refused once it is held no more.
///
/// A lease is held while its node is running or cancelling with this epoch and this lease id. Its deadline does not
/// end it: being past the deadline only allows others to reap it. So a worker that was away for long and that nobody
/// replaced goes on without harm.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lease {
    /// The run.
    pub run: RunKey,
    /// The node.
    pub node: NodeId,
    /// The worker that holds it.
    pub worker: WorkerKey,
    /// How often the node had been claimed, this time included: grows with each claim and with nothing else.
    pub epoch: u64,
    /// The id of this holding; a worker that resumes gets a new one in the same epoch.
    pub id: LeaseId,
}

/// Asks for nodes to work on.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimRequest {
    /// Who asks.
    pub worker: WorkerKey,
    /// What it can do.
    pub offers: Vec<Offer>,
    /// The run whose nodes it works on. `None`: those of all.
    pub run: Option<RunKey>,
    /// How many nodes it has room for: no more are given.
    pub slots: u32,
    /// How long the leases hold without being extended.
    pub ttl: Duration,
}

/// A role that a worker has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The role.
    pub role: Role,
    /// The fingerprint of its types. A node that asks for one is given to this one only.
    pub fingerprint: Option<String>,
}

impl Offer {
    /// May this worker have a node with this role and fingerprint?
    #[must_use]
    pub fn fits(&self, role: &Role, fingerprint: Option<&str>) -> bool {
        self.role == *role
            && fingerprint.is_none_or(|asked| self.fingerprint.as_deref() == Some(asked))
    }
}

/// Asks for the nodes that a worker of this id had when it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ResumeRequest {
    /// Who starts again.
    pub worker: WorkerKey,
    /// What it can do. Nodes that it can do no more are given back.
    pub offers: Vec<Offer>,
    /// How long the leases hold without being extended.
    pub ttl: Duration,
}

/// Extends the leases of one worker.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtendRequest {
    /// Whose leases.
    pub worker: WorkerKey,
    /// Those that it believes to hold. May be empty: then it only says that it lives.
    pub leases: Vec<Lease>,
    /// How long they hold from now on, by the store's clock.
    pub ttl: Duration,
}

/// What became of the leases that were to be extended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extended {
    /// Until when those that are held do hold, at least.
    pub deadline: Timestamp,
    /// Those that are held no more: work on them stops at once.
    pub lost: Vec<Lease>,
    /// Those whose nodes have to be ended.
    pub cancelling: Vec<CancelNotice>,
}

/// A worker has to end a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelNotice {
    /// The lease by which it holds the node.
    pub lease: Lease,
    /// Why.
    pub reason: String,
    /// How long it has left; then the lease is reaped.
    pub grace: Duration,
}
