//! How workers end nodes, or give them back.

use super::fault::Done;
use super::nodes::NodeRow;
use super::tx::Tx;
use crate::cluster::WorkerKey;
use crate::cluster::protocol::Failure;
use crate::cluster::state::NodeState;
use crate::cluster::store::stored::taken;
use crate::cluster::store::{Effects, Failed, Finish, Lease, NewArtifact, Standing, StoreError};
use crate::cluster::vars;

pub(super) async fn finish(tx: &mut Tx<'_>, lease: &Lease, finish: &Finish) -> Done<Effects> {
    let mut effects = Effects::default();
    let (mut node, standing) = tx.fenced(lease).await?;
    if standing == Standing::Ended {
        return Ok(effects);
    }
    let mut there = tx.artifacts_there(&node, &finish.artifacts).await?;
    for artifact in &finish.artifacts {
        if !there.insert(artifact.uid.to_string()) {
            return Err(taken(artifact).into());
        }
    }
    let artifacts: Vec<&NewArtifact> = finish.artifacts.iter().collect();
    tx.add_artifacts(&mut node, &artifacts)?;
    if !finish.vars.is_empty() {
        let mut values = tx.vars(node.run).await?;
        vars::apply(&mut values, &finish.vars)
            .map_err(|error| StoreError::Invalid(error.to_string()))?;
        tx.save_vars(node.run, &values)?;
    }
    node.record.totals.add_metrics(&finish.metrics);
    node.record.finish(finish.result.clone(), tx.now);
    tx.save_node(&mut node)?;
    let about = node.about(Some(&lease.worker), tx.now);
    let event = about.done(&node.record.totals.metrics);
    tx.say(&event, node.run, Some(node.key));
    tx.settle_of(&node, &mut effects).await?;
    Ok(effects)
}

pub(super) async fn fail(tx: &mut Tx<'_>, lease: &Lease, failure: &Failure) -> Done<Failed> {
    let (mut node, standing) = tx.fenced(lease).await?;
    let mut effects = Effects::default();
    if standing == Standing::Held {
        let plan = tx.plan(node.run).await?;
        let policy = &plan.node(&node.record)?.retry;
        node.record.fail(failure.clone(), policy, tx.now);
        tx.save_node(&mut node)?;
        match (node.record.state, node.record.retry_at) {
            (NodeState::Deferred, Some(retry_at)) => {
                let about = node.about(Some(&lease.worker), tx.now);
                let event = about.deferred(failure.clone(), retry_at);
                tx.say(&event, node.run, Some(node.key));
            }
            (NodeState::Cancelled, _) => tx.say_cancelled(&node, Some(&lease.worker)),
            _ => tx.say_failed(&node, Some(&lease.worker)),
        }
        tx.settle_of(&node, &mut effects).await?;
    }
    Ok(Failed {
        state: node.record.state,
        retry_at: node.record.retry_at,
        effects,
    })
}

pub(super) async fn cancelled(tx: &mut Tx<'_>, lease: &Lease) -> Done<Effects> {
    let mut effects = Effects::default();
    let (mut node, standing) = tx.fenced(lease).await?;
    if standing == Standing::Held {
        node.record.cancelled(tx.now)?;
        tx.save_node(&mut node)?;
        tx.say_cancelled(&node, Some(&lease.worker));
        tx.settle_of(&node, &mut effects).await?;
    }
    Ok(effects)
}

pub(super) async fn release(tx: &mut Tx<'_>, lease: &Lease, reason: &str) -> Done<Effects> {
    let mut effects = Effects::default();
    let (mut node, standing) = tx.fenced(lease).await?;
    if standing == Standing::Held {
        node.record.release(tx.now);
        tx.save_node(&mut node)?;
        if node.record.state == NodeState::Cancelled {
            tx.say_cancelled(&node, Some(&lease.worker));
        } else {
            let about = node.about(Some(&lease.worker), tx.now);
            let event = about.released(&lease.id, reason.to_owned());
            tx.say(&event, node.run, Some(node.key));
            effects.ready.push(node.ready());
        }
        tx.settle_of(&node, &mut effects).await?;
    }
    Ok(effects)
}

impl Tx<'_> {
    /// Says that a node has failed; `worker` had its lease.
    pub(super) fn say_failed(&mut self, node: &NodeRow, worker: Option<&WorkerKey>) {
        // Who fails has a failure.
        let failure = node.record.last_failure.clone();
        let failure = failure.unwrap_or_else(|| Failure::permanent("unknown", "it failed"));
        let event = node.about(worker, self.now).failed(failure);
        self.say(&event, node.run, Some(node.key));
    }
}
