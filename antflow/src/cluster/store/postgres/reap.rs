//! How leases end that nobody extends.

use super::fault::Done;
use super::nodes::{read_all, select_nodes};
use super::tx::{CLOCK, Mode, Tx, sql};
use super::{PostgresStore, transact};
use crate::cluster::state::NodeState;
use crate::cluster::store::{Effects, Reaped, StoreError, StoreFuture};

/// Leases that may be reaped, those that are over for the longest time first.
pub(super) const EXPIRED: &str = "SELECT l.node, n.run FROM leases l JOIN nodes n ON n.key = l.node
    WHERE l.expires_at < (SELECT clock_ms()) ORDER BY l.expires_at, l.node LIMIT $1";

impl PostgresStore {
    /// Reaps leases one after the other, each in a transaction of its own: who has many waits for no other.
    pub(super) async fn reap_some(&self, limit: u32) -> Result<(Vec<Reaped>, Effects), StoreError> {
        let mut effects = Effects::default();
        let mut reaped = Vec::new();
        for (node, run) in self.expired(limit).await? {
            let one: StoreFuture<'_, Option<(Reaped, Effects)>> =
                transact!(self, Mode::Write, |tx| reap(tx, node, run));
            match one.await {
                Ok(None) => {}
                Ok(Some((one, follows))) => {
                    reaped.push(one);
                    effects.extend(follows);
                }
                // What was reaped before has to be told; the error comes back with the next call.
                Err(_) if !reaped.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok((reaped, effects))
    }

    fn expired(&self, limit: u32) -> StoreFuture<'_, Vec<(i64, i64)>> {
        transact!(self, Mode::Single, |tx| async {
            let rows = tx.all(sql!(EXPIRED, i64::from(limit))).await?;
            let pair = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
            rows.iter().map(pair).collect()
        })
    }
}

/// Reaps the lease of a node, unless somebody else is at work on it or extends it.
async fn reap(tx: &mut Tx<'_>, key: i64, run: i64) -> Done<Option<(Reaped, Effects)>> {
    let [run, node, lease, rows, clock] = tx
        .ask([
            sql!(
                "SELECT key FROM runs WHERE key = $1 FOR UPDATE SKIP LOCKED",
                run
            ),
            sql!(
                "SELECT key FROM nodes WHERE key = $1 FOR UPDATE SKIP LOCKED",
                key
            ),
            sql!(
                "SELECT node FROM leases WHERE node = $1 FOR UPDATE SKIP LOCKED",
                key
            ),
            sql!(select_nodes!("WHERE n.key = $1"), key),
            sql!(CLOCK),
        ])
        .await?;
    tx.read_clock(&clock)?;
    if run.is_empty() || node.is_empty() || lease.is_empty() {
        return Ok(None);
    }
    let Some(mut node) = read_all(&rows)?.pop() else {
        return Ok(None);
    };
    let Some(lease) = node.record.held_lease() else {
        return Ok(None);
    };
    if !node.record.is_expired(tx.now) {
        return Ok(None);
    }
    let mut effects = Effects::default();
    let plan = tx.plan(node.run).await?;
    let policy = &plan.node(&node.record)?.retry;
    node.record.reap(policy, tx.now);
    tx.save_node(&mut node)?;
    if node.record.state == NodeState::Cancelled {
        tx.say_cancelled(&node, Some(&lease.worker));
    } else {
        let about = node.about(Some(&lease.worker), tx.now);
        tx.say(&about.lease_expired(&lease.id), node.run, Some(key));
    }
    match node.record.state {
        NodeState::Ready => effects.ready.push(node.ready()),
        NodeState::Failed => tx.say_failed(&node, Some(&lease.worker)),
        _ => {}
    }
    tx.settle_of(&node, &mut effects).await?;
    let state = node.record.state;
    Ok(Some((Reaped { lease, state }, effects)))
}
