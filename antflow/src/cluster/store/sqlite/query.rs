use std::collections::BTreeMap;

use super::fault::Done;
use super::tx::{Tx, maybe_moment, moment, name, number};
use super::{SqliteStore, runs, workers};
use crate::cluster::state::RunState;
use crate::cluster::store::stored::{not_found, page, read_json};
use crate::cluster::store::{
    ActiveRun, BatchRecord, NodeRecord, QueryStore, RunFilter, RunRecord, RunSummary, Starving,
    StoreCounts, StoreFuture,
};
use crate::cluster::{BatchUid, NodeId, Role, RunKey, Timestamp, WorkerKey};

impl QueryStore for SqliteStore {
    fn now(&self) -> StoreFuture<'_, Timestamp> {
        Box::pin(std::future::ready(Ok(self.clock().now())))
    }

    fn run(&self, run: RunKey) -> StoreFuture<'_, RunRecord> {
        self.read(move |tx| {
            let run = tx.run(tx.run_key(&run)?)?;
            let vars = tx.vars(run.key)?;
            Ok(run.into_record(vars))
        })
    }

    fn runs(&self, filter: RunFilter) -> StoreFuture<'_, Vec<RunSummary>> {
        self.read(move |tx| list_runs(tx, &filter))
    }

    fn nodes(&self, run: RunKey) -> StoreFuture<'_, Vec<NodeRecord>> {
        self.read(move |tx| {
            let nodes = tx.nodes(tx.run_key(&run)?)?;
            Ok(nodes.into_iter().map(|node| node.record).collect())
        })
    }

    fn node(&self, run: RunKey, node: NodeId) -> StoreFuture<'_, NodeRecord> {
        self.read(move |tx| Ok(tx.node(&run, &node)?.record))
    }

    fn batches(
        &self,
        run: RunKey,
        node: NodeId,
        after: Option<BatchUid>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<BatchRecord>> {
        self.read(move |tx| list_batches(tx, &run, &node, after.as_ref(), limit))
    }

    fn active_runs(&self, worker: Option<WorkerKey>) -> StoreFuture<'_, Vec<ActiveRun>> {
        self.read(move |tx| active_runs(tx, worker.as_ref()))
    }

    fn starving(&self) -> StoreFuture<'_, Vec<Starving>> {
        self.read(workers::starving)
    }

    fn next_due(&self) -> StoreFuture<'_, Option<Timestamp>> {
        self.read(next_due)
    }

    fn counts(&self) -> StoreFuture<'_, StoreCounts> {
        self.read(counts)
    }
}

fn list_runs(tx: &Tx<'_>, filter: &RunFilter) -> Done<Vec<RunSummary>> {
    let before = match &filter.after {
        None => i64::MAX,
        Some(run) => tx.run_key(run)?,
    };
    let states: &[RunState] = if filter.states.is_empty() {
        &RunState::ALL
    } else {
        &filter.states
    };
    let page = page(filter.limit);
    // Of each state its newest ones, by its index: of all of them the newest are among these.
    let mut keys = Vec::new();
    for state in states {
        keys.extend(tx.all(
            "SELECT key FROM runs WHERE state = ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3",
            (state.as_str(), before, page),
            |row| row.get::<_, i64>(0),
        )?);
    }
    keys.sort_unstable();
    keys.dedup();
    let newest = keys.into_iter().rev();
    let newest = newest.take(usize::try_from(page).unwrap_or(usize::MAX));
    newest.map(|key| summary(tx, key)).collect()
}

fn summary(tx: &Tx<'_>, key: i64) -> Done<RunSummary> {
    let nodes = tx.all(
        "SELECT state, count(*) FROM nodes WHERE run = ?1 GROUP BY state",
        [key],
        |row| Ok((row.get::<_, String>(0)?, number(row, 1)?)),
    )?;
    let found = tx.one(
        "SELECT id, state, created_at, ended_at, reason FROM runs WHERE key = ?1",
        [key],
        |row| {
            let state = runs::run_state(row, 1);
            let summary = RunSummary {
                id: name(row, 0)?,
                state: RunState::Running,
                created_at: moment(row, 2)?,
                ended_at: maybe_moment(row, 3)?,
                reason: row.get(4)?,
                nodes: nodes.into_iter().collect(),
            };
            Ok(state.map(|state| RunSummary { state, ..summary }))
        },
    )?;
    found.unwrap_or_else(|| Err(not_found("run", &key).into()))
}

fn list_batches(
    tx: &Tx<'_>,
    run: &RunKey,
    node: &NodeId,
    after: Option<&BatchUid>,
    limit: u32,
) -> Done<Vec<BatchRecord>> {
    let node = tx.node_key(run, node)?;
    let after: i64 = match after {
        None => 0,
        Some(uid) => tx
            .one(
                "SELECT place FROM batches WHERE node = ?1 AND uid = ?2",
                (node, uid.as_str()),
                |row| row.get(0),
            )?
            .ok_or_else(|| not_found("batch", uid))?,
    };
    let rows = tx.all(
        "SELECT uid, epoch, committed_at, metrics FROM batches
         WHERE node = ?1 AND place > ?2 ORDER BY place LIMIT ?3",
        (node, after, page(limit)),
        |row| {
            let metrics: String = row.get(3)?;
            Ok((name(row, 0)?, number(row, 1)?, moment(row, 2)?, metrics))
        },
    )?;
    let record = |(uid, epoch, committed_at, metrics): (BatchUid, u64, Timestamp, String)| {
        Ok(BatchRecord {
            metrics: read_json(&metrics, || format!("metrics of batch `{uid}`"))?,
            uid,
            epoch,
            committed_at,
        })
    };
    rows.into_iter().map(record).collect()
}

fn active_runs(tx: &Tx<'_>, worker: Option<&WorkerKey>) -> Done<Vec<ActiveRun>> {
    let mut active = Vec::new();
    for node in tx.leased(worker)? {
        let checkpoint = tx.checkpoint(node.key)?;
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
                checkpoint,
            });
        }
    }
    Ok(active)
}

fn next_due(tx: &Tx<'_>) -> Done<Option<Timestamp>> {
    let retry = tx.one(
        "SELECT min(retry_at) FROM nodes WHERE retry_at IS NOT NULL AND is_claimable = 0 AND retry_at > ?1",
        [tx.now.as_millis()],
        |row| maybe_moment(row, 0),
    )?;
    let expiry = tx.one(
        "SELECT min(expires_at) FROM nodes WHERE expires_at IS NOT NULL",
        [],
        |row| maybe_moment(row, 0),
    )?;
    // A lease may be reaped once its deadline is past.
    let expiry = expiry
        .flatten()
        .map(|at| Timestamp::from_millis(at.as_millis().saturating_add(1)));
    Ok(retry.flatten().into_iter().chain(expiry).min())
}

fn counts(tx: &Tx<'_>) -> Done<StoreCounts> {
    let count = |sql| {
        tx.one(sql, [], |row| number(row, 0))
            .map(Option::unwrap_or_default)
    };
    let runs = tx.all(
        "SELECT state, count(*) FROM runs GROUP BY state",
        [],
        |row| Ok((row.get(0)?, number(row, 1)?)),
    )?;
    let mut nodes: BTreeMap<Role, BTreeMap<String, u64>> = BTreeMap::new();
    for state in RunState::ALL
        .into_iter()
        .filter(|state| !state.is_terminal())
    {
        let found = tx.all(
            "SELECT nodes.role, nodes.state, count(*) FROM runs JOIN nodes ON nodes.run = runs.key
             WHERE runs.state = ?1 GROUP BY nodes.role, nodes.state",
            [state.as_str()],
            |row| Ok((name(row, 0)?, row.get(1)?, number(row, 2)?)),
        )?;
        for (role, state, number) in found {
            *nodes.entry(role).or_default().entry(state).or_default() += number;
        }
    }
    Ok(StoreCounts {
        runs: runs.into_iter().collect(),
        nodes,
        outbox: count("SELECT count(*) FROM outbox WHERE due_at IS NOT NULL")?,
        outbox_since: tx
            .one(
                "SELECT min(at) FROM outbox WHERE due_at IS NOT NULL",
                [],
                |row| maybe_moment(row, 0),
            )?
            .flatten(),
        dead_letters: count("SELECT count(*) FROM dead_letters WHERE retried_at IS NULL")?,
        workers: count("SELECT count(*) FROM workers WHERE status <> 'offline'")?,
    })
}
