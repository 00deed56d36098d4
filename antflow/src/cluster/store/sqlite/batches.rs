//! How the effects of batches become true.

use super::fault::Done;
use super::nodes::NodeRow;
use super::tx::Tx;
use crate::cluster::store::stored::{check_source, int, taken, to_json};
use crate::cluster::store::{
    BatchCommit, CommitRequest, Committed, Cursor, Lease, NewArtifact, Payload,
};
use crate::cluster::{BatchUid, NodeId, RunKey};

pub(super) fn commit(tx: &Tx<'_>, request: &CommitRequest) -> Done<Committed> {
    let mut node = tx.held(&request.lease)?;
    let had_artifacts = node.record.totals.artifacts > 0;
    let mut committed = Committed::default();
    for batch in &request.batches {
        if !tx.add_batch(&mut node, batch)? {
            committed.duplicates.push(batch.uid.clone());
            continue;
        }
        committed.new += 1;
        for artifact in &batch.artifacts {
            if !tx.add_artifact(&mut node, artifact)? {
                return Err(taken(artifact).into());
            }
        }
        let event = node
            .about(Some(&request.lease.worker), tx.now)
            .batch_ok(batch);
        tx.say(&event, node.run, Some(node.key))?;
    }
    for cursor in &request.cursors {
        tx.move_cursor(&node, cursor)?;
    }
    if let Some(data) = &request.checkpoint {
        tx.write_checkpoint(&node, data)?;
    }
    if committed.new > 0 || request.checkpoint.is_some() {
        node.record.made_progress();
        tx.save_progress(&node)?;
    }
    committed.last_seq = node.record.totals.artifacts;
    if !had_artifacts && committed.last_seq > 0 {
        tx.settle_of(&node, &mut committed.effects)?;
    }
    committed.cancelling = node.record.cancel_notice(tx.now);
    Ok(committed)
}

pub(super) fn save_checkpoint(tx: &Tx<'_>, lease: &Lease, data: &Payload) -> Done<()> {
    let mut node = tx.held(lease)?;
    tx.write_checkpoint(&node, data)?;
    node.record.made_progress();
    tx.save_progress(&node)
}

pub(super) fn committed(
    tx: &Tx<'_>,
    run: &RunKey,
    node: &NodeId,
    uids: Vec<BatchUid>,
) -> Done<Vec<BatchUid>> {
    let node = tx.node_key(run, node)?;
    let mut there = Vec::new();
    for uid in uids {
        let sql = "SELECT 1 FROM batches WHERE node = ?1 AND uid = ?2";
        if tx.one(sql, (node, uid.as_str()), |_| Ok(()))?.is_some() {
            there.push(uid);
        }
    }
    Ok(there)
}

impl Tx<'_> {
    /// Records a batch and counts it. False: it was there already.
    fn add_batch(&self, node: &mut NodeRow, batch: &BatchCommit) -> Done<bool> {
        let totals = &mut node.record.totals;
        let added = self.write(
            "INSERT INTO batches (node, place, uid, epoch, committed_at, metrics) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (node, uid) DO NOTHING",
            (
                node.key,
                int(totals.batches + 1),
                batch.uid.as_str(),
                int(node.record.epoch),
                self.now.as_millis(),
                to_json(&batch.metrics)?,
            ),
        )?;
        if added == 0 {
            return Ok(false);
        }
        totals.batches += 1;
        totals.add_metrics(&batch.metrics);
        Ok(true)
    }

    /// Stores an artifact behind all others of its node. False: there is one with its id.
    pub(super) fn add_artifact(&self, node: &mut NodeRow, artifact: &NewArtifact) -> Done<bool> {
        let seq = node.record.totals.artifacts + 1;
        let added = self.write(
            "INSERT INTO artifacts (node, seq, uid, epoch, created_at, payload, meta)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (node, uid) DO NOTHING",
            (
                node.key,
                int(seq),
                artifact.uid.as_str(),
                int(node.record.epoch),
                self.now.as_millis(),
                artifact.payload.as_str(),
                to_json(&artifact.meta)?,
            ),
        )?;
        if added > 0 {
            node.record.totals.artifacts = seq;
        }
        Ok(added > 0)
    }

    fn move_cursor(&self, node: &NodeRow, cursor: &Cursor) -> Done<()> {
        let plan = self.plan(node.run)?;
        let reader = plan.node(&node.record)?;
        let source = &cursor.source;
        check_source(reader, &node.record, source)?;
        self.write(
            "INSERT INTO cursors (node, source, seq, offset) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (node, source) DO UPDATE SET seq = excluded.seq, offset = excluded.offset
             WHERE (excluded.seq, excluded.offset) > (seq, offset)",
            (
                node.key,
                source.as_str(),
                int(cursor.seq),
                int(cursor.offset),
            ),
        )?;
        Ok(())
    }

    fn write_checkpoint(&self, node: &NodeRow, data: &Payload) -> Done<()> {
        self.write(
            "INSERT INTO checkpoints (node, data, epoch, saved_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (node) DO UPDATE
             SET data = excluded.data, epoch = excluded.epoch, saved_at = excluded.saved_at",
            (
                node.key,
                data.as_str(),
                int(node.record.epoch),
                self.now.as_millis(),
            ),
        )?;
        Ok(())
    }
}
