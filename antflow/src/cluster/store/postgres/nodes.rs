//! Rows of nodes, as they are read and locked.

use tokio_postgres::Row;

use super::fault::Done;
use super::row::{maybe_moment, maybe_text, name, number, small};
use super::settling::Scene;
use super::tx::{CLOCK, Sql, Tx, sql};
use crate::cluster::state::NodeState;
use crate::cluster::store::events::About;
use crate::cluster::store::stored::{corrupt, not_found, read_json};
use crate::cluster::store::{HeldLease, Lease, NodeRecord, Payload, ReadyNode, Standing, Totals};
use crate::cluster::{LeaseId, NodeId, RunKey, Timestamp, WorkerKey};

/// A node with what only the tables know of it.
#[derive(Debug)]
pub(super) struct NodeRow {
    pub(super) key: i64,
    /// The key of its run.
    pub(super) run: i64,
    pub(super) record: NodeRecord,
    /// What its lease was when it was read: what has to be written is what differs from it.
    pub(super) had: Option<Had>,
}

/// A lease, as far as the table of leases has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Had {
    pub(super) id: LeaseId,
    pub(super) deadline: Timestamp,
    pub(super) cancel_deadline: Option<Timestamp>,
}

impl Had {
    pub(super) fn of(record: &NodeRecord) -> Option<Self> {
        let held = record.lease.as_ref()?;
        Some(Self {
            id: held.id.clone(),
            deadline: held.deadline,
            cancel_deadline: record.cancel_deadline,
        })
    }
}

/// Rows of nodes. What is locked while others change it has its own columns as they are now; the deadline of its lease
/// may be older, and counts only where nobody else had the node locked.
macro_rules! select_nodes {
    ($($rest:literal),+) => {
        concat!(
            "SELECT n.key, n.run, n.run_id, n.id, n.place, n.role, n.state, n.epoch, n.worker, n.lease_id, l.deadline,
             n.ended_lease, n.failures, n.interruptions, n.retry_at, n.last_failure, n.cancel_reason,
             n.cancel_deadline, n.batches, n.artifacts, n.metrics, n.result, n.ready_at, n.started_at, n.claimed_at,
             n.ended_at FROM nodes n LEFT JOIN leases l ON l.node = n.key ",
            $($rest),+
        )
    };
}
pub(super) use select_nodes;

/// Locks the run of this name, and with it all of its nodes for whoever settles.
pub(super) const LOCK_RUN: &str = "SELECT key FROM runs WHERE id = $1 FOR UPDATE";

/// The run of this name and its nodes, for who settles it in the end.
const RUN_OF_ID: &str =
    "SELECT key, id, state, priority, cancel_grace, created_at, ended_at, reason, failed_node
     FROM runs WHERE id = $1";
const VIEWS_OF_ID: &str = "SELECT state, artifacts FROM nodes
    WHERE run = (SELECT key FROM runs WHERE id = $1) ORDER BY place";

/// Locks the node of these names, and reads it.
pub(super) fn lock_node(run: &RunKey, node: &NodeId) -> Sql {
    sql!(
        select_nodes!("WHERE n.run_id = $1 AND n.id = $2 FOR UPDATE OF n"),
        run.to_string(),
        node.to_string()
    )
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

    /// The node, for those who may claim it.
    pub(super) fn ready(&self) -> ReadyNode {
        ReadyNode {
            run: self.record.run.clone(),
            node: self.record.id.clone(),
            role: self.record.role.clone(),
        }
    }
}

impl Tx<'_> {
    /// The node of this name.
    pub(super) async fn node(&mut self, run: &RunKey, node: &NodeId) -> Done<NodeRow> {
        let rows = self
            .all(sql!(
                select_nodes!("WHERE n.run_id = $1 AND n.id = $2"),
                run.to_string(),
                node.to_string()
            ))
            .await?;
        self.found(&rows, run, node).await
    }

    /// The node that was looked for by this name.
    pub(super) async fn found(
        &mut self,
        rows: &[Row],
        run: &RunKey,
        node: &NodeId,
    ) -> Done<NodeRow> {
        match rows.first() {
            Some(row) => read(row),
            None => Err(self.missing(run, node).await?.into()),
        }
    }

    /// What is missing: the node of this name, or its run.
    pub(super) async fn missing(
        &mut self,
        run: &RunKey,
        node: &NodeId,
    ) -> Done<crate::cluster::store::StoreError> {
        self.run_key(run).await?;
        Ok(not_found("node", node))
    }

    /// The key of the node of this name.
    pub(super) async fn node_key(&mut self, run: &RunKey, node: &NodeId) -> Done<i64> {
        let text = "SELECT key FROM nodes WHERE run_id = $1 AND id = $2";
        match self
            .one(sql!(text, run.to_string(), node.to_string()))
            .await?
        {
            Some(row) => Ok(row.try_get(0)?),
            None => Err(self.missing(run, node).await?.into()),
        }
    }

    /// The nodes that a worker has, or that all of them have, by the order in which they came into the store.
    pub(super) async fn leased(&mut self, worker: Option<&WorkerKey>) -> Done<Vec<NodeRow>> {
        let rows = match worker {
            Some(worker) => {
                let text = select_nodes!("WHERE n.worker = $1 ORDER BY n.key");
                self.all(sql!(text, worker.to_string())).await?
            }
            None => {
                let text = select_nodes!("WHERE n.worker IS NOT NULL ORDER BY n.key");
                self.all(sql!(text)).await?
            }
        };
        read_all(&rows)
    }

    /// The node of a lease, locked, and what the lease is to it.
    pub(super) async fn fenced(&mut self, lease: &Lease) -> Done<(NodeRow, Standing)> {
        let node = self.lock_with_run(&lease.run, &lease.node).await?;
        let standing = node.record.standing(lease)?;
        Ok((node, standing))
    }

    /// Locks a run and then one of its nodes, and reads the clock, and what settling will ask for: the run is locked
    /// for a way to the server and back less.
    pub(super) async fn lock_with_run(&mut self, run: &RunKey, node: &NodeId) -> Done<NodeRow> {
        let [_, rows, clock, its_run, views] = self
            .ask([
                sql!(LOCK_RUN, run.to_string()),
                lock_node(run, node),
                sql!(CLOCK),
                sql!(RUN_OF_ID, run.to_string()),
                sql!(VIEWS_OF_ID, run.to_string()),
            ])
            .await?;
        self.read_clock(&clock)?;
        self.scene = Some(Scene {
            run: its_run,
            views,
        });
        self.found(&rows, run, node).await
    }

    /// The node of a lease that is held, locked.
    pub(super) async fn held(&mut self, lease: &Lease) -> Done<NodeRow> {
        let questions = [lock_node(&lease.run, &lease.node), sql!(CLOCK)];
        let [rows, clock] = self.ask(questions).await?;
        self.read_clock(&clock)?;
        let node = self.found(&rows, &lease.run, &lease.node).await?;
        node.record.check_held(lease)?;
        Ok(node)
    }
}

pub(super) fn read_all(rows: &[Row]) -> Done<Vec<NodeRow>> {
    rows.iter().map(read).collect()
}

/// A row of [`select_nodes!`].
pub(super) fn read(row: &Row) -> Done<NodeRow> {
    let id: NodeId = name(row, 3)?;
    let what = |part: &str| format!("{part} of node `{id}`");
    let state: &str = row.try_get(6)?;
    let state = NodeState::from_name(state)
        .ok_or_else(|| corrupt(what("state"), &format!("`{state}` is unknown")))?;
    let lease = match (maybe_text(row, 8)?, maybe_text(row, 9)?) {
        (Some(worker), Some(id)) => Some(HeldLease {
            worker: worker.into(),
            id: id.into(),
            deadline: maybe_moment(row, 10)?.unwrap_or_default(),
        }),
        _ => None,
    };
    let failure = maybe_text(row, 15)?
        .map(|text| read_json(text, || what("failure")))
        .transpose()?;
    let metrics: &str = row.try_get(20)?;
    let record = NodeRecord {
        run: name(row, 2)?,
        place: usize::try_from(number(row, 4)?).unwrap_or(usize::MAX),
        role: name(row, 5)?,
        state,
        epoch: number(row, 7)?,
        lease,
        ended_lease: maybe_text(row, 11)?.map(Into::into),
        failures: small(row, 12)?,
        interruptions: small(row, 13)?,
        retry_at: maybe_moment(row, 14)?,
        last_failure: failure,
        cancel_reason: maybe_text(row, 16)?.map(Into::into),
        cancel_deadline: maybe_moment(row, 17)?,
        totals: Totals {
            batches: number(row, 18)?,
            artifacts: number(row, 19)?,
            metrics: read_json(metrics, || what("metrics"))?,
        },
        result: maybe_text(row, 21)?.map(Payload::from_stored),
        ready_at: maybe_moment(row, 22)?,
        started_at: maybe_moment(row, 23)?,
        claimed_at: maybe_moment(row, 24)?,
        ended_at: maybe_moment(row, 25)?,
        id,
    };
    Ok(NodeRow {
        key: row.try_get(0)?,
        run: row.try_get(1)?,
        had: Had::of(&record),
        record,
    })
}

/// How far a node has come: its state, and how many artifacts it has.
pub(super) fn read_progress(row: &Row) -> Done<(NodeState, u64)> {
    let state: &str = row.try_get(0)?;
    let state = NodeState::from_name(state)
        .ok_or_else(|| corrupt("state of a node", &format!("`{state}` is unknown")))?;
    Ok((state, number(row, 1)?))
}
