//! How nodes are stored that have changed.

use super::fault::Done;
use super::nodes::{Had, NodeRow};
use super::tx::{Tx, sql};
use crate::cluster::graph::Node;
use crate::cluster::store::stored::{int, to_json};
use crate::cluster::store::{NewRun, NodeRecord, Payload};
use crate::cluster::{LeaseId, Timestamp};

impl Tx<'_> {
    /// Stores the nodes of a new run.
    pub(super) fn add_nodes(&mut self, run: i64, new: &NewRun, records: &[NodeRecord]) {
        let nodes: &[Node] = new.graph.nodes();
        let texts = |of: &dyn Fn(&NodeRecord) -> String| -> Vec<String> {
            records.iter().map(of).collect()
        };
        let asked: Vec<Option<String>> =
            nodes.iter().map(|node| node.fingerprint.clone()).collect();
        // In their order, so that keys sort as places do.
        self.write(sql!(
            "INSERT INTO nodes (run, run_id, id, place, role, fingerprint, priority, state, is_claimable, epoch,
                 failures, interruptions, batches, artifacts, metrics)
             SELECT $1, $2, v.id, v.ord - 1, v.role, v.fingerprint, $3, v.state, false, 0, 0, 0, 0, 0, '{}'
             FROM unnest($4::text[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY
                 AS v (id, role, fingerprint, state, ord)
             ORDER BY v.ord",
            run,
            new.id.to_string(),
            new.priority,
            texts(&|record| record.id.to_string()),
            texts(&|record| record.role.to_string()),
            asked,
            texts(&|record| record.state.as_str().to_owned()),
        ));
    }

    /// Stores a node whose state has changed.
    pub(super) fn save_node(&mut self, node: &mut NodeRow) -> Done<()> {
        self.save_nodes(std::slice::from_mut(node))
    }

    /// Stores nodes whose states have changed, each of them once. Whoever is terminal needs no checkpoint any more.
    pub(super) fn save_nodes(&mut self, nodes: &mut [NodeRow]) -> Done<()> {
        if nodes.is_empty() {
            return Ok(());
        }
        let now = self.now;
        let mut columns = Columns::default();
        for node in &*nodes {
            columns.push(node, now)?;
        }
        self.write(sql!(
            "UPDATE nodes n SET state = v.state, is_claimable = v.is_claimable, epoch = v.epoch, worker = v.worker,
                 lease_id = v.lease_id, ended_lease = v.ended_lease, failures = v.failures,
                 interruptions = v.interruptions, retry_at = v.retry_at, last_failure = v.last_failure,
                 cancel_reason = v.cancel_reason, cancel_deadline = v.cancel_deadline, batches = v.batches,
                 artifacts = v.artifacts, metrics = v.metrics, result = v.result, ready_at = v.ready_at,
                 started_at = v.started_at, claimed_at = v.claimed_at, ended_at = v.ended_at
             FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                 $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::bigint[], $14::bigint[],
                 $15::bigint[], $16::text[], $17::text[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[])
                 AS v (key, state, is_claimable, epoch, worker, lease_id, ended_lease, failures, interruptions,
                     retry_at, last_failure, cancel_reason, cancel_deadline, batches, artifacts, metrics, result,
                     ready_at, started_at, claimed_at, ended_at)
             WHERE n.key = v.key",
            columns.key,
            columns.state,
            columns.is_claimable,
            columns.epoch,
            columns.worker,
            columns.lease_id,
            columns.ended_lease,
            columns.failures,
            columns.interruptions,
            columns.retry_at,
            columns.last_failure,
            columns.cancel_reason,
            columns.cancel_deadline,
            columns.batches,
            columns.artifacts,
            columns.metrics,
            columns.result,
            columns.ready_at,
            columns.started_at,
            columns.claimed_at,
            columns.ended_at,
        ));
        self.save_leases(nodes);
        let is_terminal = |node: &&NodeRow| node.record.state.is_terminal();
        let ended: Vec<i64> = nodes
            .iter()
            .filter(is_terminal)
            .map(|node| node.key)
            .collect();
        if !ended.is_empty() {
            self.write(sql!("DELETE FROM checkpoints WHERE node = ANY($1)", ended));
        }
        Ok(())
    }

    /// Stores what became of leases. A deadline never goes back: it may have been moved on since it was read.
    fn save_leases(&mut self, nodes: &mut [NodeRow]) {
        let mut ended = Vec::new();
        let mut keys = Vec::new();
        let mut ids = Vec::new();
        let mut deadlines = Vec::new();
        let mut ends = Vec::new();
        for node in nodes {
            let has = Had::of(&node.record);
            if has == node.had {
                continue;
            }
            match &has {
                None => ended.push(node.key),
                Some(has) => {
                    keys.push(node.key);
                    ids.push(has.id.to_string());
                    deadlines.push(has.deadline.as_millis());
                    ends.push(millis(has.cancel_deadline));
                }
            }
            node.had = has;
        }
        if !ended.is_empty() {
            self.write(sql!("DELETE FROM leases WHERE node = ANY($1)", ended));
        }
        if !keys.is_empty() {
            self.write(sql!(
                "INSERT INTO leases AS l (node, id, deadline, cancel_deadline)
                 SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])
                 ON CONFLICT (node) DO UPDATE SET id = excluded.id, cancel_deadline = excluded.cancel_deadline,
                     deadline = greatest(l.deadline, excluded.deadline)",
                keys,
                ids,
                deadlines,
                ends,
            ));
        }
    }

    /// Stores what progress changes, and leaves all indexes alone.
    pub(super) fn save_progress(&mut self, node: &NodeRow) -> Done<()> {
        let record = &node.record;
        self.write(sql!(
            "UPDATE nodes SET failures = $2, interruptions = $3, batches = $4, artifacts = $5, metrics = $6
             WHERE key = $1",
            node.key,
            i64::from(record.failures),
            i64::from(record.interruptions),
            int(record.totals.batches),
            int(record.totals.artifacts),
            to_json(&record.totals.metrics)?,
        ));
        Ok(())
    }
}

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}

/// Nodes by columns, as the server takes many rows at once.
#[derive(Default)]
struct Columns {
    key: Vec<i64>,
    state: Vec<&'static str>,
    is_claimable: Vec<bool>,
    epoch: Vec<i64>,
    worker: Vec<Option<String>>,
    lease_id: Vec<Option<String>>,
    ended_lease: Vec<Option<String>>,
    failures: Vec<i64>,
    interruptions: Vec<i64>,
    retry_at: Vec<Option<i64>>,
    last_failure: Vec<Option<String>>,
    cancel_reason: Vec<Option<String>>,
    cancel_deadline: Vec<Option<i64>>,
    batches: Vec<i64>,
    artifacts: Vec<i64>,
    metrics: Vec<String>,
    result: Vec<Option<String>>,
    ready_at: Vec<Option<i64>>,
    started_at: Vec<Option<i64>>,
    claimed_at: Vec<Option<i64>>,
    ended_at: Vec<Option<i64>>,
}

impl Columns {
    fn push(&mut self, node: &NodeRow, now: Timestamp) -> Done<()> {
        let record = &node.record;
        let lease = record.lease.as_ref();
        let failure = record.last_failure.as_ref().map(to_json).transpose()?;
        let result = record.result.as_ref().map(Payload::as_str);
        self.key.push(node.key);
        self.state.push(record.state.as_str());
        self.is_claimable.push(record.is_claimable(now));
        self.epoch.push(int(record.epoch));
        self.worker.push(lease.map(|held| held.worker.to_string()));
        self.lease_id.push(lease.map(|held| held.id.to_string()));
        let ended_lease = record.ended_lease.as_ref();
        self.ended_lease.push(ended_lease.map(LeaseId::to_string));
        self.failures.push(i64::from(record.failures));
        self.interruptions.push(i64::from(record.interruptions));
        self.retry_at.push(millis(record.retry_at));
        self.last_failure.push(failure);
        self.cancel_reason.push(record.cancel_reason.clone());
        self.cancel_deadline.push(millis(record.cancel_deadline));
        self.batches.push(int(record.totals.batches));
        self.artifacts.push(int(record.totals.artifacts));
        self.metrics.push(to_json(&record.totals.metrics)?);
        self.result.push(result.map(ToOwned::to_owned));
        self.ready_at.push(millis(record.ready_at));
        self.started_at.push(millis(record.started_at));
        self.claimed_at.push(millis(record.claimed_at));
        self.ended_at.push(millis(record.ended_at));
        Ok(())
    }
}
