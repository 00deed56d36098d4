use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::fault::Done;
use super::row::{maybe_moment, maybe_text, moment, name, number};
use super::tx::{CLOCK, Mode, Tx, sql};
use super::{PostgresStore, examine, nodes, runs, transact, workers};
use crate::cluster::state::RunState;
use crate::cluster::store::stored::{not_found, page, read_json};
use crate::cluster::store::{
    ActiveRun, BatchRecord, NodeRecord, QueryStore, RunFilter, RunRecord, RunSummary, Starving,
    StoreCounts, StoreFuture,
};
use crate::cluster::{BatchUid, Finding, NodeId, Role, RunKey, Timestamp, WorkerKey};

impl QueryStore for PostgresStore {
    fn now(&self) -> StoreFuture<'_, Timestamp> {
        transact!(self, Mode::Single, |tx| async {
            let clock = tx.all(sql!(CLOCK)).await?;
            tx.read_clock(&clock)?;
            Ok(tx.now)
        })
    }

    fn run(&self, run: RunKey) -> StoreFuture<'_, RunRecord> {
        transact!(self, Mode::Snapshot, |tx| async {
            let key = tx.run_key(&run).await?;
            let run = tx.run(key).await?;
            let vars = tx.vars(key).await?;
            Ok(run.into_record(vars))
        })
    }

    fn runs(&self, filter: RunFilter) -> StoreFuture<'_, Vec<RunSummary>> {
        transact!(self, Mode::Snapshot, |tx| list_runs(tx, &filter))
    }

    fn nodes(&self, run: RunKey) -> StoreFuture<'_, Vec<NodeRecord>> {
        transact!(self, Mode::Snapshot, |tx| async {
            let key = tx.run_key(&run).await?;
            let text = nodes::select_nodes!("WHERE n.run = $1 ORDER BY n.place");
            let nodes = nodes::read_all(&tx.all(sql!(text, key)).await?)?;
            Ok(nodes.into_iter().map(|node| node.record).collect())
        })
    }

    fn node(&self, run: RunKey, node: NodeId) -> StoreFuture<'_, NodeRecord> {
        transact!(self, Mode::Snapshot, |tx| async {
            Ok(tx.node(&run, &node).await?.record)
        })
    }

    fn batches(
        &self,
        run: RunKey,
        node: NodeId,
        after: Option<BatchUid>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<BatchRecord>> {
        transact!(self, Mode::Snapshot, |tx| list_batches(
            tx,
            &run,
            &node,
            after.as_ref(),
            limit
        ))
    }

    fn active_runs(&self, worker: Option<WorkerKey>) -> StoreFuture<'_, Vec<ActiveRun>> {
        transact!(self, Mode::Snapshot, |tx| active_runs(tx, worker.as_ref()))
    }

    fn starving(&self) -> StoreFuture<'_, Vec<Starving>> {
        transact!(self, Mode::Snapshot, |tx| workers::starving(tx))
    }

    fn next_due(&self) -> StoreFuture<'_, Option<Timestamp>> {
        transact!(self, Mode::Single, |tx| next_due(tx))
    }

    fn counts(&self) -> StoreFuture<'_, StoreCounts> {
        transact!(self, Mode::Snapshot, |tx| counts(tx))
    }

    fn examine(&self) -> StoreFuture<'_, Vec<Finding>> {
        transact!(self, Mode::Single, |tx| examine::examine(tx))
    }
}

async fn list_runs(tx: &mut Tx<'_>, filter: &RunFilter) -> Done<Vec<RunSummary>> {
    let before = match &filter.after {
        None => i64::MAX,
        Some(run) => tx.run_key(run).await?,
    };
    let states: &[RunState] = if filter.states.is_empty() {
        &RunState::ALL
    } else {
        &filter.states
    };
    let mut states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    states.sort_unstable();
    states.dedup();
    // Of each state its newest ones, by its index: of all of them the newest are among these.
    let rows = tx
        .all(sql!(
            "SELECT r.key, r.id, r.state, r.created_at, r.ended_at, r.reason
             FROM unnest($1::text[]) AS s (state) CROSS JOIN LATERAL (
                 SELECT * FROM runs WHERE state = s.state AND key < $2 ORDER BY key DESC LIMIT $3) AS r
             ORDER BY r.key DESC LIMIT $3",
            states.into_iter().map(ToOwned::to_owned).collect::<Vec<String>>(),
            before,
            page(filter.limit),
        ))
        .await?;
    let keys: Vec<i64> = rows
        .iter()
        .map(|row| Ok(row.try_get(0)?))
        .collect::<Done<_>>()?;
    let text = "SELECT run, state, count(*) FROM nodes WHERE run = ANY($1) GROUP BY run, state";
    let mut nodes: BTreeMap<i64, BTreeMap<String, u64>> = BTreeMap::new();
    for row in tx.all(sql!(text, keys)).await? {
        let of_run = nodes.entry(row.try_get(0)?).or_default();
        of_run.insert(row.try_get(1)?, number(&row, 2)?);
    }
    let mut summary = |row: &Row| {
        Ok(RunSummary {
            id: name(row, 1)?,
            state: runs::run_state(row, 2)?,
            created_at: moment(row, 3)?,
            ended_at: maybe_moment(row, 4)?,
            reason: maybe_text(row, 5)?.map(Into::into),
            nodes: nodes.remove(&row.try_get(0)?).unwrap_or_default(),
        })
    };
    rows.iter().map(&mut summary).collect()
}

async fn list_batches(
    tx: &mut Tx<'_>,
    run: &RunKey,
    node: &NodeId,
    after: Option<&BatchUid>,
    limit: u32,
) -> Done<Vec<BatchRecord>> {
    let node = tx.node_key(run, node).await?;
    let after: i64 = match after {
        None => 0,
        Some(uid) => {
            let text = "SELECT place FROM batches WHERE node = $1 AND uid = $2";
            let row = tx.one(sql!(text, node, uid.to_string())).await?;
            row.ok_or_else(|| not_found("batch", uid))?.try_get(0)?
        }
    };
    let rows = tx
        .all(sql!(
            "SELECT uid, epoch, committed_at, metrics FROM batches
             WHERE node = $1 AND place > $2 ORDER BY place LIMIT $3",
            node,
            after,
            page(limit),
        ))
        .await?;
    let record = |row: &Row| {
        let uid: BatchUid = name(row, 0)?;
        Ok(BatchRecord {
            metrics: read_json(row.try_get(3)?, || format!("metrics of batch `{uid}`"))?,
            uid,
            epoch: number(row, 1)?,
            committed_at: moment(row, 2)?,
        })
    };
    rows.iter().map(record).collect()
}

async fn active_runs(tx: &mut Tx<'_>, worker: Option<&WorkerKey>) -> Done<Vec<ActiveRun>> {
    let nodes = tx.leased(worker).await?;
    let mut checkpoints = tx.checkpoints(&nodes).await?;
    let mut active = Vec::with_capacity(nodes.len());
    for node in nodes {
        let record = node.record;
        if let Some(held) = record.lease {
            active.push(ActiveRun {
                run: record.run,
                node: record.id,
                role: record.role,
                worker: held.worker,
                epoch: record.epoch,
                started_at: record.claimed_at.unwrap_or_default(),
                deadline: held.deadline,
                state: record.state,
                checkpoint: checkpoints.remove(&node.key),
            });
        }
    }
    Ok(active)
}

/// When the next deferred node is due, and when the next lease may be reaped: once its deadline is past.
const NEXT_DUE: &str = "SELECT least(
        (SELECT min(retry_at) FROM nodes
         WHERE retry_at IS NOT NULL AND NOT is_claimable AND retry_at > (SELECT clock_ms())),
        (SELECT min(expires_at) + 1 FROM leases))";

async fn next_due(tx: &mut Tx<'_>) -> Done<Option<Timestamp>> {
    let row = tx.one(sql!(NEXT_DUE)).await?;
    row.map_or(Ok(None), |row| maybe_moment(&row, 0))
}

async fn counts(tx: &mut Tx<'_>) -> Done<StoreCounts> {
    let [runs, nodes, others] = tx
        .ask([
            sql!("SELECT state, count(*) FROM runs GROUP BY state"),
            sql!(
                "SELECT n.role, n.state, count(*) FROM runs r JOIN nodes n ON n.run = r.key
                 WHERE r.state = ANY($1) GROUP BY n.role, n.state",
                RunState::ALL
                    .into_iter()
                    .filter(|state| !state.is_terminal())
                    .map(RunState::as_str)
                    .collect::<Vec<_>>()
            ),
            sql!(
                "SELECT count(*), min(at), (SELECT count(*) FROM dead_letters WHERE retried_at IS NULL),
                     (SELECT count(*) FROM workers WHERE status <> 'offline')
                 FROM outbox WHERE due_at IS NOT NULL"
            ),
        ])
        .await?;
    let mut counts = StoreCounts::default();
    for row in &runs {
        counts.runs.insert(row.try_get(0)?, number(row, 1)?);
    }
    for row in &nodes {
        let role: Role = name(row, 0)?;
        let of_role = counts.nodes.entry(role).or_default();
        of_role.insert(row.try_get(1)?, number(row, 2)?);
    }
    for row in &others {
        counts.outbox = number(row, 0)?;
        counts.outbox_since = maybe_moment(row, 1)?;
        counts.dead_letters = number(row, 2)?;
        counts.workers = number(row, 3)?;
    }
    Ok(counts)
}
