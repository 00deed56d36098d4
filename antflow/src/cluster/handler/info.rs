use serde_json::{Map, Value};

use crate::cluster::store::Assignment;
use crate::cluster::{NodeId, Role, RunKey, WorkerKey};

/// What a handler may know of the node that it runs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunInfo {
    /// The run: the guide's `task_id`.
    pub run: RunKey,
    /// The node.
    pub node: NodeId,
    /// The role by which it is run.
    pub role: Role,
    /// How often the node was claimed, this time included: the guide's attempt epoch.
    pub epoch: u64,
    /// The worker that runs it.
    pub worker: WorkerKey,
    /// The parameters of the run.
    pub params: Map<String, Value>,
    /// The variables of the run, as they were when the node was claimed.
    pub vars: Map<String, Value>,
    /// `io.input_inline` of the node, beside the adapter.
    pub input_inline: Map<String, Value>,
    /// How many batches were committed before, in whatever epoch.
    pub batches_done: u64,
}

impl RunInfo {
    pub(crate) fn of(assignment: &Assignment) -> Self {
        Self {
            run: assignment.lease.run.clone(),
            node: assignment.lease.node.clone(),
            role: assignment.node.role.clone(),
            epoch: assignment.lease.epoch,
            worker: assignment.lease.worker.clone(),
            params: assignment.params.clone(),
            vars: assignment.vars.clone(),
            input_inline: assignment.node.input_inline.clone(),
            batches_done: assignment.record.totals.batches,
        }
    }
}
