//! How leases are kept.

use std::collections::HashSet;

use super::fault::Done;
use super::nodes::{read_all, select_nodes};
use super::row::moment;
use super::tx::{CLOCK, Tx, sql};
use crate::cluster::WorkerKey;
use crate::cluster::store::stored::{corrupt, int};
use crate::cluster::store::{CancelNotice, ExtendRequest, Extended, Lease};

/// Extends all leases of a worker, and says that it lives. A deadline never goes back. In the order of the nodes, as
/// whoever settles takes them.
pub(super) const EXTEND: &str = "WITH clock AS MATERIALIZED (SELECT clock_ms() AS now),
    held AS MATERIALIZED (
        SELECT n.key, v.lease, v.ord
        FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) WITH ORDINALITY AS v (run, node, lease, epoch, ord)
        JOIN nodes n ON n.run_id = v.run AND n.id = v.node
        WHERE n.worker = $1 AND n.lease_id = v.lease AND n.epoch = v.epoch
        ORDER BY n.key),
    extended AS (
        UPDATE leases l SET deadline = greatest(l.deadline, (SELECT now FROM clock) + $6)
        FROM held h WHERE l.node = h.key AND l.id = h.lease
        RETURNING h.ord, h.key, l.cancel_deadline),
    seen AS (UPDATE workers SET last_seen = (SELECT now FROM clock) WHERE id = $1)
    SELECT (SELECT now FROM clock), ARRAY(SELECT ord FROM extended),
        ARRAY(SELECT key FROM extended WHERE cancel_deadline IS NOT NULL ORDER BY ord)";

pub(super) async fn extend(tx: &mut Tx<'_>, request: &ExtendRequest) -> Done<Extended> {
    // Those of other workers are none of its own.
    let own = |lease: &&Lease| lease.worker == request.worker;
    let asked: Vec<&Lease> = request.leases.iter().filter(own).collect();
    let texts = |of: &dyn Fn(&Lease) -> String| -> Vec<String> {
        asked.iter().map(|lease| of(lease)).collect()
    };
    let row = tx
        .one(sql!(
            EXTEND,
            request.worker.to_string(),
            texts(&|lease| lease.run.to_string()),
            texts(&|lease| lease.node.to_string()),
            texts(&|lease| lease.id.to_string()),
            asked
                .iter()
                .map(|lease| int(lease.epoch))
                .collect::<Vec<_>>(),
            millis_of(request.ttl),
        ))
        .await?
        .ok_or_else(|| corrupt("the clock", "it says nothing"))?;
    tx.now = moment(&row, 0)?;
    let held: Vec<i64> = row.try_get(1)?;
    let cancelling: Vec<i64> = row.try_get(2)?;
    let held: HashSet<i64> = held.into_iter().collect();
    let mut place = 0;
    let mut lost = Vec::new();
    for lease in &request.leases {
        let is_own = lease.worker == request.worker;
        place += i64::from(is_own);
        if !is_own || !held.contains(&place) {
            lost.push(lease.clone());
        }
    }
    Ok(Extended {
        deadline: tx.now.after(request.ttl),
        lost,
        cancelling: notices(tx, cancelling).await?,
    })
}

/// A duration in milliseconds, as [`Timestamp::after`](crate::cluster::Timestamp::after) counts it.
fn millis_of(ttl: std::time::Duration) -> i64 {
    crate::cluster::Timestamp::default().after(ttl).as_millis()
}

/// What the worker of these nodes has to be told.
async fn notices(tx: &mut Tx<'_>, nodes: Vec<i64>) -> Done<Vec<CancelNotice>> {
    if nodes.is_empty() {
        return Ok(Vec::new());
    }
    let text = select_nodes!("WHERE n.key = ANY($1) ORDER BY array_position($1, n.key)");
    let nodes = read_all(&tx.all(sql!(text, nodes)).await?)?;
    let notice = nodes.iter().map(|node| node.record.cancel_notice(tx.now));
    Ok(notice.flatten().collect())
}

pub(super) async fn cancel_notices(tx: &mut Tx<'_>, worker: &WorkerKey) -> Done<Vec<CancelNotice>> {
    let text =
        select_nodes!("WHERE n.worker = $1 AND n.cancel_deadline IS NOT NULL ORDER BY n.key");
    let [clock, rows] = tx
        .ask([sql!(CLOCK), sql!(text, worker.to_string())])
        .await?;
    tx.read_clock(&clock)?;
    let nodes = read_all(&rows)?;
    let notice = nodes.iter().map(|node| node.record.cancel_notice(tx.now));
    Ok(notice.flatten().collect())
}
