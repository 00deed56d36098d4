//! How a worker that starts again gets the nodes that it had.

use super::fault::Done;
use super::nodes::{NodeRow, read_all, select_nodes};
use super::tx::{CLOCK, Tx, sql};
use crate::cluster::state::{AfterLoss, NodeState};
use crate::cluster::store::{Assignment, Effects, Offer, ResumeRequest};

pub(super) async fn resume(
    tx: &mut Tx<'_>,
    request: &ResumeRequest,
) -> Done<(Vec<Assignment>, Effects)> {
    let mut effects = Effects::default();
    let worker = request.worker.to_string();
    // Runs first, then nodes. What the worker claims in between, if there are two of it, stays as it is.
    let [_, locked, clock] = tx
        .ask([
            sql!(
                "SELECT key FROM runs WHERE key = ANY(ARRAY(SELECT run FROM nodes WHERE worker = $1))
                 ORDER BY key FOR UPDATE",
                worker.clone()
            ),
            sql!(
                "SELECT key FROM nodes WHERE worker = $1 ORDER BY key FOR UPDATE",
                worker
            ),
            sql!(CLOCK),
        ])
        .await?;
    tx.read_clock(&clock)?;
    let mut kept = Vec::new();
    for row in &locked {
        // What was done for the nodes before may have changed this one.
        let key: i64 = row.try_get(0)?;
        let rows = tx.all(sql!(select_nodes!("WHERE n.key = $1"), key)).await?;
        for mut node in read_all(&rows)? {
            if again(tx, request, &mut node).await? {
                kept.push(node);
            } else {
                if node.record.state == NodeState::Ready {
                    effects.ready.push(node.ready());
                }
                tx.settle_of(&node, &mut effects).await?;
            }
        }
    }
    // Those that were kept may have to end since, as others failed.
    let keys: Vec<i64> = kept.iter().map(|node| node.key).collect();
    let text = select_nodes!("WHERE n.key = ANY($1) ORDER BY n.key");
    let rows = tx.all(sql!(text, keys)).await?;
    let given = tx.assignments(read_all(&rows)?).await?;
    Ok((given, effects))
}

/// Gives a node to its worker again. False: it was taken from it.
async fn again(tx: &mut Tx<'_>, request: &ResumeRequest, node: &mut NodeRow) -> Done<bool> {
    let plan = tx.plan(node.run).await?;
    let asked = plan.node(&node.record)?;
    let after = node.record.resume(request.ttl, &asked.retry, tx.now);
    let lease = node.record.lease.as_ref().map(|held| held.id.clone());
    let fits = |offer: &Offer| offer.fits(&node.record.role, asked.fingerprint.as_deref());
    if after == AfterLoss::GoOn && !request.offers.iter().any(fits) {
        node.record.release(tx.now);
    }
    tx.save_node(node)?;
    let about = node.about(Some(&request.worker), tx.now);
    match (node.record.state, lease) {
        (NodeState::Running | NodeState::Cancelling, Some(lease)) => {
            tx.say(&about.resumed(&lease), node.run, Some(node.key));
            return Ok(true);
        }
        (NodeState::Ready, Some(lease)) => {
            let reason = format!(
                "worker `{}` does no `{}` any more",
                request.worker, node.record.role
            );
            tx.say(&about.released(&lease, reason), node.run, Some(node.key));
        }
        (NodeState::Cancelled, _) => tx.say_cancelled(node, Some(&request.worker)),
        _ => tx.say_failed(node, Some(&request.worker)),
    }
    Ok(false)
}
