//! How workers end nodes, or give them back.

use super::fault::Done;
use super::nodes::NodeRow;
use super::tx::Tx;
use crate::cluster::WorkerKey;
use crate::cluster::protocol::Failure;
use crate::cluster::state::NodeState;
use crate::cluster::store::stored::taken;
use crate::cluster::store::{Effects, Failed, Finish, Lease, Standing, StoreError};
use crate::cluster::vars;

pub(super) fn finish(tx: &Tx<'_>, lease: &Lease, finish: Finish) -> Done<Effects> {
    let mut effects = Effects::default();
    let (mut node, standing) = tx.fenced(lease)?;
    if standing == Standing::Ended {
        return Ok(effects);
    }
    for artifact in &finish.artifacts {
        if !tx.add_artifact(&mut node, artifact)? {
            return Err(taken(artifact).into());
        }
    }
    if !finish.vars.is_empty() {
        let mut values = tx.vars(node.run)?;
        vars::apply(&mut values, &finish.vars)
            .map_err(|error| StoreError::Invalid(error.to_string()))?;
        tx.save_vars(node.run, &values)?;
    }
    node.record.totals.add_metrics(&finish.metrics);
    node.record.finish(finish.result, tx.now);
    tx.save_node(&node)?;
    let about = node.about(Some(&lease.worker), tx.now);
    let event = about.done(&node.record.totals.metrics);
    tx.say(&event, node.run, Some(node.key))?;
    tx.settle_of(&node, &mut effects)?;
    Ok(effects)
}

pub(super) fn fail(tx: &Tx<'_>, lease: &Lease, failure: Failure) -> Done<Failed> {
    let (mut node, standing) = tx.fenced(lease)?;
    let mut effects = Effects::default();
    if standing == Standing::Held {
        let plan = tx.plan(node.run)?;
        let policy = &plan.node(&node.record)?.retry;
        node.record.fail(failure.clone(), policy, tx.now);
        tx.save_node(&node)?;
        match (node.record.state, node.record.retry_at) {
            (NodeState::Deferred, Some(retry_at)) => {
                let about = node.about(Some(&lease.worker), tx.now);
                let event = about.deferred(failure, retry_at);
                tx.say(&event, node.run, Some(node.key))?;
            }
            (NodeState::Cancelled, _) => tx.say_cancelled(&node, Some(&lease.worker))?,
            _ => tx.say_failed(&node, Some(&lease.worker))?,
        }
        tx.settle_of(&node, &mut effects)?;
    }
    Ok(Failed {
        state: node.record.state,
        retry_at: node.record.retry_at,
        effects,
    })
}

pub(super) fn cancelled(tx: &Tx<'_>, lease: &Lease) -> Done<Effects> {
    let mut effects = Effects::default();
    let (mut node, standing) = tx.fenced(lease)?;
    if standing == Standing::Held {
        node.record.cancelled(tx.now)?;
        tx.save_node(&node)?;
        tx.say_cancelled(&node, Some(&lease.worker))?;
        tx.settle_of(&node, &mut effects)?;
    }
    Ok(effects)
}

pub(super) fn release(tx: &Tx<'_>, lease: &Lease, reason: String) -> Done<Effects> {
    let mut effects = Effects::default();
    let (mut node, standing) = tx.fenced(lease)?;
    if standing == Standing::Held {
        node.record.release(tx.now);
        tx.save_node(&node)?;
        if node.record.state == NodeState::Cancelled {
            tx.say_cancelled(&node, Some(&lease.worker))?;
        } else {
            let about = node.about(Some(&lease.worker), tx.now);
            let event = about.released(&lease.id, reason);
            tx.say(&event, node.run, Some(node.key))?;
            effects.ready.push(node.ready());
        }
        tx.settle_of(&node, &mut effects)?;
    }
    Ok(effects)
}

impl Tx<'_> {
    /// Says that a node has failed; `worker` had its lease.
    pub(super) fn say_failed(&self, node: &NodeRow, worker: Option<&WorkerKey>) -> Done<()> {
        // Who fails has a failure.
        let failure = node.record.last_failure.clone();
        let failure = failure.unwrap_or_else(|| Failure::permanent("unknown", "it failed"));
        let event = node.about(worker, self.now).failed(failure);
        self.say(&event, node.run, Some(node.key))
    }
}
