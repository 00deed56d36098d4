//! Rows of nodes.

use rusqlite::Row;

use super::fault::Done;
use super::tx::{Tx, maybe_moment, name, number};
use crate::cluster::graph::Node;
use crate::cluster::state::NodeState;
use crate::cluster::store::events::About;
use crate::cluster::store::stored::{corrupt, expires_at, int, not_found, read_json, to_json};
use crate::cluster::store::{HeldLease, Lease, NodeRecord, Payload, Standing, Totals};
use crate::cluster::{NodeId, RunKey, Timestamp, WorkerKey};

/// A node with what only the tables know of it.
#[derive(Debug)]
pub(super) struct NodeRow {
    pub(super) key: i64,
    /// The key of its run.
    pub(super) run: i64,
    pub(super) record: NodeRecord,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT key, run, run_id, id, place, role, state, epoch, worker, lease_id, deadline, ended_lease, failures,
             interruptions, retry_at, last_failure, cancel_reason, cancel_deadline, batches, artifacts, metrics, result,
             ready_at, started_at, claimed_at, ended_at FROM nodes ",
            $rest
        )
    };
}

impl NodeRow {
    /// What events of the node say, as it is now; `worker` had its lease.
    pub(super) fn about<'a>(&'a self, worker: Option<&'a WorkerKey>, at: Timestamp) -> About<'a> {
        About {
            run: &self.record.run,
            node: &self.record.id,
            role: &self.record.role,
            epoch: self.record.epoch,
            worker,
            at,
        }
    }
}

impl Tx<'_> {
    /// The node of this name.
    pub(super) fn node(&self, run: &RunKey, node: &NodeId) -> Done<NodeRow> {
        let sql = select!("WHERE run_id = ?1 AND id = ?2");
        let row = self.one(sql, (run.as_str(), node.as_str()), |row| Ok(read(row)))?;
        if let Some(row) = row {
            return row;
        }
        self.run_key(run)?;
        Err(not_found("node", node).into())
    }

    /// The key of the node of this name.
    pub(super) fn node_key(&self, run: &RunKey, node: &NodeId) -> Done<i64> {
        let sql = "SELECT key FROM nodes WHERE run_id = ?1 AND id = ?2";
        let key = self.one(sql, (run.as_str(), node.as_str()), |row| row.get(0))?;
        if let Some(key) = key {
            return Ok(key);
        }
        self.run_key(run)?;
        Err(not_found("node", node).into())
    }

    /// The node with this key, which is there.
    pub(super) fn node_by_key(&self, key: i64) -> Done<NodeRow> {
        self.one(select!("WHERE key = ?1"), [key], |row| Ok(read(row)))?
            .unwrap_or_else(|| Err(corrupt("a node", "it is not there any more").into()))
    }

    /// The node at this place of a run.
    pub(super) fn node_at(&self, run: i64, place: usize) -> Done<NodeRow> {
        let sql = select!("WHERE run = ?1 AND place = ?2");
        self.one(sql, (run, int(place)), |row| Ok(read(row)))?
            .unwrap_or_else(|| Err(corrupt("a run", &format!("it has no node {place}")).into()))
    }

    /// All nodes of a run, by place.
    pub(super) fn nodes(&self, run: i64) -> Done<Vec<NodeRow>> {
        let sql = select!("WHERE run = ?1 ORDER BY place");
        self.all(sql, [run], |row| Ok(read(row)))?
            .into_iter()
            .collect()
    }

    /// The nodes that a worker has, or that all of them have, by the order in which they came into the store.
    pub(super) fn leased(&self, worker: Option<&WorkerKey>) -> Done<Vec<NodeRow>> {
        let rows = match worker {
            Some(worker) => self.all(select!("WHERE worker = ?1"), [worker.as_str()], |row| {
                Ok(read(row))
            }),
            None => self.all(
                select!("INDEXED BY nodes_by_worker WHERE worker IS NOT NULL"),
                [],
                |row| Ok(read(row)),
            ),
        };
        let mut nodes: Vec<NodeRow> = rows?.into_iter().collect::<Done<_>>()?;
        nodes.sort_unstable_by_key(|node| node.key);
        Ok(nodes)
    }

    /// The node of a lease, and what the lease is to it.
    pub(super) fn fenced(&self, lease: &Lease) -> Done<(NodeRow, Standing)> {
        let node = self.node(&lease.run, &lease.node)?;
        let standing = node.record.standing(lease)?;
        Ok((node, standing))
    }

    /// The node of a lease that is held.
    pub(super) fn held(&self, lease: &Lease) -> Done<NodeRow> {
        let node = self.node(&lease.run, &lease.node)?;
        node.record.check_held(lease)?;
        Ok(node)
    }

    /// Stores a node of a new run.
    pub(super) fn add_node(
        &self,
        run: i64,
        priority: i32,
        node: &Node,
        record: &NodeRecord,
    ) -> Done<()> {
        self.write(
            "INSERT INTO nodes (run, run_id, id, place, role, fingerprint, priority, state, is_claimable, epoch,
                 failures, interruptions, batches, artifacts, metrics)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, 0, 0, 0, 0, '{}')",
            (
                run,
                record.run.as_str(),
                record.id.as_str(),
                int(record.place),
                record.role.as_str(),
                node.fingerprint.as_deref(),
                priority,
                record.state.as_str(),
            ),
        )?;
        Ok(())
    }

    /// Stores a node whose state has changed. Whoever is terminal needs no checkpoint any more.
    pub(super) fn save_node(&self, node: &NodeRow) -> Done<()> {
        let record = &node.record;
        let lease = record.lease.as_ref();
        let failure = record.last_failure.as_ref().map(to_json).transpose()?;
        let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millis);
        self.write(
            "UPDATE nodes SET state = ?2, is_claimable = ?3, epoch = ?4, worker = ?5, lease_id = ?6, deadline = ?7,
                 expires_at = ?8, ended_lease = ?9, failures = ?10, interruptions = ?11, retry_at = ?12,
                 last_failure = ?13, cancel_reason = ?14, cancel_deadline = ?15, batches = ?16, artifacts = ?17,
                 metrics = ?18, result = ?19, ready_at = ?20, started_at = ?21, claimed_at = ?22, ended_at = ?23
             WHERE key = ?1",
            rusqlite::params![
                node.key,
                record.state.as_str(),
                record.is_claimable(self.now),
                int(record.epoch),
                lease.map(|held| held.worker.as_str()),
                lease.map(|held| held.id.as_str()),
                lease.map(|held| held.deadline.as_millis()),
                expires_at(record).map(Timestamp::as_millis),
                record.ended_lease.as_ref().map(crate::cluster::LeaseId::as_str),
                record.failures,
                record.interruptions,
                millis(record.retry_at),
                failure,
                record.cancel_reason,
                millis(record.cancel_deadline),
                int(record.totals.batches),
                int(record.totals.artifacts),
                to_json(&record.totals.metrics)?,
                record.result.as_ref().map(Payload::as_str),
                millis(record.ready_at),
                millis(record.started_at),
                millis(record.claimed_at),
                millis(record.ended_at),
            ],
        )?;
        if record.state.is_terminal() {
            self.write("DELETE FROM checkpoints WHERE node = ?1", [node.key])?;
        }
        Ok(())
    }

    /// Stores what progress changes, and leaves all indexes alone.
    pub(super) fn save_progress(&self, node: &NodeRow) -> Done<()> {
        let record = &node.record;
        self.write(
            "UPDATE nodes SET failures = ?2, interruptions = ?3, batches = ?4, artifacts = ?5, metrics = ?6
             WHERE key = ?1",
            (
                node.key,
                record.failures,
                record.interruptions,
                int(record.totals.batches),
                int(record.totals.artifacts),
                to_json(&record.totals.metrics)?,
            ),
        )?;
        Ok(())
    }

    /// Stores until when a lease holds.
    pub(super) fn save_deadline(&self, node: &NodeRow) -> Done<()> {
        let deadline = node.record.lease.as_ref().map(|held| held.deadline);
        self.write(
            "UPDATE nodes SET deadline = ?2, expires_at = ?3 WHERE key = ?1",
            (
                node.key,
                deadline.map(Timestamp::as_millis),
                expires_at(&node.record).map(Timestamp::as_millis),
            ),
        )?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Done<NodeRow> {
    let id: NodeId = name(row, 3)?;
    let what = |part: &str| format!("{part} of node `{id}`");
    let state: String = row.get(6)?;
    let state = NodeState::from_name(&state)
        .ok_or_else(|| corrupt(what("state"), &format!("`{state}` is unknown")))?;
    let worker: Option<String> = row.get(8)?;
    let lease = match worker {
        None => None,
        Some(worker) => Some(HeldLease {
            worker: worker.into(),
            id: name(row, 9)?,
            deadline: Timestamp::from_millis(row.get(10)?),
        }),
    };
    let failure: Option<String> = row.get(15)?;
    let failure = failure
        .map(|text| read_json(&text, || what("failure")))
        .transpose()?;
    let metrics: String = row.get(20)?;
    let result: Option<String> = row.get(21)?;
    Ok(NodeRow {
        key: row.get(0)?,
        run: row.get(1)?,
        record: NodeRecord {
            run: name(row, 2)?,
            place: usize::try_from(number(row, 4)?).unwrap_or(usize::MAX),
            role: name(row, 5)?,
            state,
            epoch: number(row, 7)?,
            lease,
            ended_lease: row.get::<_, Option<String>>(11)?.map(Into::into),
            failures: row.get(12)?,
            interruptions: row.get(13)?,
            retry_at: maybe_moment(row, 14)?,
            last_failure: failure,
            cancel_reason: row.get(16)?,
            cancel_deadline: maybe_moment(row, 17)?,
            totals: Totals {
                batches: number(row, 18)?,
                artifacts: number(row, 19)?,
                metrics: read_json(&metrics, || what("metrics"))?,
            },
            result: result.map(Payload::from_stored),
            ready_at: maybe_moment(row, 22)?,
            started_at: maybe_moment(row, 23)?,
            claimed_at: maybe_moment(row, 24)?,
            ended_at: maybe_moment(row, 25)?,
            id,
        },
    })
}
