use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CancelNotice, Effects, Lease, NodeRecord, Payload};
use crate::cluster::graph::{Node, Partition};
use crate::cluster::protocol::Metrics;
use crate::cluster::state::NodeState;
use crate::cluster::{BatchUid, NodeId, RunKey, Timestamp};

/// A node that a worker has, with all it needs to begin or to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Its holding of the node.
    pub lease: Lease,
    /// Until when it holds unless it is extended.
    pub deadline: Timestamp,
    /// What the graph says of the node.
    pub node: Node,
    /// The parameters of the run.
    pub params: Map<String, Value>,
    /// The variables of the run, as they were when the node was claimed or resumed.
    pub vars: Map<String, Value>,
    /// What was stored of the node, with the claim made: totals and failures so far.
    pub record: NodeRecord,
    /// Where reading goes on, for each source that was read before.
    pub cursors: Vec<Cursor>,
    /// What the handler saved last, in whatever epoch.
    pub checkpoint: Option<Checkpoint>,
    /// It has to be ended at once; only after a resumption.
    pub cancelling: Option<CancelNotice>,
}

/// How far a node has read another one's artifacts: what lies before is done, committed with what came of it.
///
/// Cursors belong to the reading node and outlive epochs. They never go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The node whose artifacts are read.
    pub source: NodeId,
    /// Artifacts up to this sequence number are done. 0: none.
    pub seq: u64,
    /// So many items of the next artifact are done, where an artifact is cut into several batches.
    pub offset: u64,
}

/// What a handler saved to go on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// What it saved.
    pub data: Payload,
    /// In which epoch.
    pub epoch: u64,
    /// When.
    pub saved_at: Timestamp,
}

/// An artifact that is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewArtifact {
    /// Its id, unique in its node: as a rule that of the batch it comes from.
    pub uid: BatchUid,
    /// The data, for who reads the node.
    pub payload: Payload,
    /// What is said about the data, and lists that rechunk cuts up; an object.
    pub meta: Map<String, Value>,
}

/// An artifact as it is stored: `partial` in the guide's words. The complete one is [`NodeRecord::result`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its run.
    pub run: RunKey,
    /// The node that wrote it.
    pub node: NodeId,
    /// Its id.
    pub uid: BatchUid,
    /// Its place among the artifacts of its node: 1, 2, 3, without gaps.
    pub seq: u64,
    /// The epoch in which it was written.
    pub epoch: u64,
    /// When.
    pub created_at: Timestamp,
    /// The data.
    pub payload: Payload,
    /// What is said about the data.
    pub meta: Map<String, Value>,
}

/// Where an artifact is: what `upsert_partial` gives.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArtifactRef {
    /// Its run.
    pub run: RunKey,
    /// The node that writes it.
    pub node: NodeId,
    /// Its id.
    pub uid: BatchUid,
}

/// Batches whose effects become true together.
#[derive(Debug, Clone, PartialEq)]
pub struct CommitRequest {
    /// By which lease.
    pub lease: Lease,
    /// The batches, in the order in which their artifacts are numbered.
    pub batches: Vec<BatchCommit>,
    /// How far the sources have been read. Behind any batch that is not committed, cursors stay.
    pub cursors: Vec<Cursor>,
    /// What the handler saves with them.
    pub checkpoint: Option<Payload>,
}

/// One batch that was processed.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchCommit {
    /// Its id, unique in its node.
    pub uid: BatchUid,
    /// What came of it: as a rule one artifact, none or several if the handler says so.
    pub artifacts: Vec<NewArtifact>,
    /// What the handler reports of it. All numbers are finite.
    pub metrics: Metrics,
}

/// What came of a commit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Committed {
    /// How many batches were new.
    pub new: u64,
    /// Batches that had been committed before: of them nothing was written again.
    pub duplicates: Vec<BatchUid>,
    /// The sequence number of the node's last artifact.
    pub last_seq: u64,
    /// The node has to be ended.
    pub cancelling: Option<CancelNotice>,
    /// What follows for others.
    pub effects: Effects,
}

/// Asks for artifacts of a node, from some point on.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRequest {
    /// The run.
    pub run: RunKey,
    /// The node whose artifacts are read.
    pub source: NodeId,
    /// Those with a sequence number above this one.
    pub after_seq: u64,
    /// Of those, this share; `None`: all.
    pub partition: Option<Partition>,
    /// So many at most; at least 1.
    pub limit: u32,
    /// So many bytes of payload and meta at most; the first one is given whatever its size.
    pub max_bytes: usize,
}

/// Artifacts of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct ArtifactPage {
    /// The artifacts, by sequence number.
    pub artifacts: Vec<Artifact>,
    /// Where to go on: every artifact of the share up to this sequence number was given, now or before.
    pub next_after: u64,
    /// The state of the source, in the same snapshot.
    pub state: NodeState,
    /// The source has ended, and there is nothing behind `next_after`.
    pub is_end: bool,
}

/// A batch as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchRecord {
    /// Its id.
    pub uid: BatchUid,
    /// The epoch in which it was committed.
    pub epoch: u64,
    /// When.
    pub committed_at: Timestamp,
    /// What the handler reported of it.
    pub metrics: Metrics,
}
