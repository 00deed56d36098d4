//! How the effects of batches become true.

use std::collections::HashSet;

use tokio_postgres::Row;

use super::fault::Done;
use super::nodes::{LOCK_RUN, NodeRow, lock_node};
use super::tx::{CLOCK, Tx, sql};
use crate::cluster::store::stored::{check_source, int, taken, to_json};
use crate::cluster::store::{
    BatchCommit, CommitRequest, Committed, Cursor, Lease, NewArtifact, Payload,
};
use crate::cluster::{BatchUid, NodeId, RunKey};

/// Which of these ids the batches of a node have; the names of the node, as it may not have been read yet.
const BATCHES_OF: &str = "SELECT uid FROM batches
    WHERE node = (SELECT key FROM nodes WHERE run_id = $1 AND id = $2) AND uid = ANY($3)";
const ARTIFACTS_OF: &str = "SELECT uid FROM artifacts
    WHERE node = (SELECT key FROM nodes WHERE run_id = $1 AND id = $2) AND uid = ANY($3)";

pub(super) async fn commit(tx: &mut Tx<'_>, request: &CommitRequest) -> Done<Committed> {
    let has_artifacts = request
        .batches
        .iter()
        .any(|batch| !batch.artifacts.is_empty());
    let (mut node, [batches, artifacts]) = tx.lock_for(request, false).await?;
    let mut there = (batches, artifacts);
    node.record.check_held(&request.lease)?;
    if node.record.totals.artifacts == 0 && has_artifacts {
        // It settles, and whoever settles locks the run first.
        tx.start_over().await?;
        let (locked, [batches, artifacts]) = tx.lock_for(request, true).await?;
        node = locked;
        there = (batches, artifacts);
        node.record.check_held(&request.lease)?;
    }
    let (mut batches, mut artifacts) = (uids(&there.0)?, uids(&there.1)?);
    let had_artifacts = node.record.totals.artifacts > 0;
    let mut committed = Committed::default();
    let mut new = Vec::with_capacity(request.batches.len());
    for batch in &request.batches {
        if batches.insert(batch.uid.to_string()) {
            new.push(batch);
        } else {
            committed.duplicates.push(batch.uid.clone());
        }
    }
    for artifact in new.iter().flat_map(|batch| &batch.artifacts) {
        if !artifacts.insert(artifact.uid.to_string()) {
            return Err(taken(artifact).into());
        }
    }
    committed.new = new.len() as u64;
    tx.add_batches(&mut node, &new)?;
    let written: Vec<&NewArtifact> = new.iter().flat_map(|batch| &batch.artifacts).collect();
    tx.add_artifacts(&mut node, &written)?;
    for batch in &new {
        let about = node.about(Some(&request.lease.worker), tx.now);
        tx.say(&about.batch_ok(batch), node.run, Some(node.key));
    }
    for cursor in &request.cursors {
        tx.move_cursor(&node, cursor).await?;
    }
    if let Some(data) = &request.checkpoint {
        tx.write_checkpoint(&node, data);
    }
    if committed.new > 0 || request.checkpoint.is_some() {
        node.record.made_progress();
        tx.save_progress(&node)?;
    }
    committed.last_seq = node.record.totals.artifacts;
    if !had_artifacts && committed.last_seq > 0 {
        tx.settle_of(&node, &mut committed.effects).await?;
    }
    committed.cancelling = node.record.cancel_notice(tx.now);
    Ok(committed)
}

pub(super) async fn save_checkpoint(tx: &mut Tx<'_>, lease: &Lease, data: &Payload) -> Done<()> {
    let mut node = tx.held(lease).await?;
    tx.write_checkpoint(&node, data);
    node.record.made_progress();
    tx.save_progress(&node)
}

pub(super) async fn committed(
    tx: &mut Tx<'_>,
    run: &RunKey,
    node: &NodeId,
    asked: &[BatchUid],
) -> Done<Vec<BatchUid>> {
    let key = tx.node_key(run, node).await?;
    let text = "SELECT uid FROM batches WHERE node = $1 AND uid = ANY($2)";
    let names: Vec<String> = asked.iter().map(BatchUid::to_string).collect();
    let there = uids(&tx.all(sql!(text, key, names)).await?)?;
    let is_there = |uid: &&BatchUid| there.contains(uid.as_str());
    Ok(asked.iter().filter(is_there).cloned().collect())
}

/// The ids of rows.
pub(super) fn uids(rows: &[Row]) -> Done<HashSet<String>> {
    let uid = |row: &Row| Ok(row.try_get(0)?);
    rows.iter().map(uid).collect()
}

impl Tx<'_> {
    /// Locks the node of a commit, behind its run if it is asked for, and reads which ids are there already.
    async fn lock_for(
        &mut self,
        request: &CommitRequest,
        with_run: bool,
    ) -> Done<(NodeRow, [Vec<Row>; 2])> {
        let lease = &request.lease;
        if with_run {
            self.write(sql!(LOCK_RUN, lease.run.to_string()));
        }
        let batches: Vec<String> = request
            .batches
            .iter()
            .map(|batch| batch.uid.to_string())
            .collect();
        let artifacts = request.batches.iter().flat_map(|batch| &batch.artifacts);
        let artifacts: Vec<String> = artifacts.map(|one| one.uid.to_string()).collect();
        let (run, id) = (lease.run.to_string(), lease.node.to_string());
        let [rows, clock, batches, artifacts] = self
            .ask([
                lock_node(&lease.run, &lease.node),
                sql!(CLOCK),
                sql!(BATCHES_OF, run.clone(), id.clone(), batches),
                sql!(ARTIFACTS_OF, run, id, artifacts),
            ])
            .await?;
        self.read_clock(&clock)?;
        let node = self.found(&rows, &lease.run, &lease.node).await?;
        Ok((node, [batches, artifacts]))
    }

    /// Records batches and counts them.
    fn add_batches(&mut self, node: &mut NodeRow, batches: &[&BatchCommit]) -> Done<()> {
        if batches.is_empty() {
            return Ok(());
        }
        let totals = &mut node.record.totals;
        let before = int(totals.batches);
        let mut uids = Vec::with_capacity(batches.len());
        let mut metrics = Vec::with_capacity(batches.len());
        for batch in batches {
            uids.push(batch.uid.to_string());
            metrics.push(to_json(&batch.metrics)?);
            totals.batches += 1;
            totals.add_metrics(&batch.metrics);
        }
        self.write(sql!(
            "INSERT INTO batches (node, place, uid, epoch, committed_at, metrics)
             SELECT $1, $2 + v.ord, v.uid, $3, $4, v.metrics
             FROM unnest($5::text[], $6::text[]) WITH ORDINALITY AS v (uid, metrics, ord)",
            node.key,
            before,
            int(node.record.epoch),
            self.now.as_millis(),
            uids,
            metrics,
        ));
        Ok(())
    }

    /// Stores artifacts behind all others of their node. None of their ids is there.
    pub(super) fn add_artifacts(
        &mut self,
        node: &mut NodeRow,
        artifacts: &[&NewArtifact],
    ) -> Done<()> {
        if artifacts.is_empty() {
            return Ok(());
        }
        let before = int(node.record.totals.artifacts);
        node.record.totals.artifacts += artifacts.len() as u64;
        let mut uids = Vec::with_capacity(artifacts.len());
        let mut payloads = Vec::with_capacity(artifacts.len());
        let mut metas = Vec::with_capacity(artifacts.len());
        for artifact in artifacts {
            uids.push(artifact.uid.to_string());
            payloads.push(artifact.payload.as_str().to_owned());
            metas.push(to_json(&artifact.meta)?);
        }
        self.write(sql!(
            "INSERT INTO artifacts (node, seq, uid, epoch, created_at, payload, meta)
             SELECT $1, $2 + v.ord, v.uid, $3, $4, v.payload, v.meta
             FROM unnest($5::text[], $6::text[], $7::text[]) WITH ORDINALITY AS v (uid, payload, meta, ord)",
            node.key,
            before,
            int(node.record.epoch),
            self.now.as_millis(),
            uids,
            payloads,
            metas,
        ));
        Ok(())
    }

    /// Which of these ids the artifacts of a node have.
    pub(super) async fn artifacts_there(
        &mut self,
        node: &NodeRow,
        artifacts: &[NewArtifact],
    ) -> Done<HashSet<String>> {
        if artifacts.is_empty() {
            return Ok(HashSet::new());
        }
        let asked: Vec<String> = artifacts.iter().map(|one| one.uid.to_string()).collect();
        let text = "SELECT uid FROM artifacts WHERE node = $1 AND uid = ANY($2)";
        uids(&self.all(sql!(text, node.key, asked)).await?)
    }

    async fn move_cursor(&mut self, node: &NodeRow, cursor: &Cursor) -> Done<()> {
        let plan = self.plan(node.run).await?;
        check_source(plan.node(&node.record)?, &node.record, &cursor.source)?;
        self.write(sql!(
            r#"INSERT INTO cursors AS c (node, source, seq, "offset") VALUES ($1, $2, $3, $4)
             ON CONFLICT (node, source) DO UPDATE SET seq = excluded.seq, "offset" = excluded."offset"
             WHERE (excluded.seq, excluded."offset") > (c.seq, c."offset")"#,
            node.key,
            cursor.source.to_string(),
            int(cursor.seq),
            int(cursor.offset),
        ));
        Ok(())
    }

    fn write_checkpoint(&mut self, node: &NodeRow, data: &Payload) {
        self.write(sql!(
            "INSERT INTO checkpoints (node, data, epoch, saved_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (node) DO UPDATE
             SET data = excluded.data, epoch = excluded.epoch, saved_at = excluded.saved_at",
            node.key,
            data.as_str().to_owned(),
            int(node.record.epoch),
            self.now.as_millis(),
        ));
    }
}
