//! What time asks for: leases that nobody extends, and what need not be kept.

use std::time::Duration;

use super::fault::Done;
use super::tx::Tx;
use crate::cluster::state::NodeState;
use crate::cluster::store::stored::int;
use crate::cluster::store::{Effects, Purged, Reaped, Retention};

pub(super) fn reap(tx: &Tx<'_>, limit: u32) -> Done<(Vec<Reaped>, Effects)> {
    let mut effects = Effects::default();
    let mut reaped = Vec::new();
    let expired: Vec<i64> = tx.all(
        "SELECT key FROM nodes WHERE expires_at < ?1 ORDER BY expires_at, key LIMIT ?2",
        (tx.now.as_millis(), limit),
        |row| row.get(0),
    )?;
    for key in expired {
        // What was done for the nodes before may have changed this one.
        let mut node = tx.node_by_key(key)?;
        let Some(lease) = node.record.held_lease() else {
            continue;
        };
        if !node.record.is_expired(tx.now) {
            continue;
        }
        let plan = tx.plan(node.run)?;
        let policy = &plan.node(&node.record)?.retry;
        node.record.reap(policy, tx.now);
        tx.save_node(&node)?;
        if node.record.state == NodeState::Cancelled {
            tx.say_cancelled(&node, Some(&lease.worker))?;
        } else {
            let about = node.about(Some(&lease.worker), tx.now);
            tx.say(&about.lease_expired(&lease.id), node.run, Some(key))?;
        }
        match node.record.state {
            NodeState::Ready => effects.ready.push(node.ready()),
            NodeState::Failed => tx.say_failed(&node, Some(&lease.worker))?,
            _ => {}
        }
        reaped.push(Reaped {
            lease,
            state: node.record.state,
        });
        tx.settle_of(&node, &mut effects)?;
    }
    Ok((reaped, effects))
}

pub(super) fn purge(tx: &Tx<'_>, retention: Retention, limit: u32) -> Done<Purged> {
    let mut purged = Purged::default();
    let limit = limit.max(1);
    let before = |kept: Option<Duration>| {
        kept.map(|kept| tx.now.as_millis().saturating_sub(int(kept.as_millis())))
    };
    if let Some(before) = before(retention.runs) {
        (purged.runs, purged.is_more) = purge_runs(tx, before, limit)?;
    }
    if let Some(before) = before(retention.events) {
        purged.events = purge_events(tx, before, limit)?;
    }
    if let Some(before) = before(retention.dead_letters) {
        purged.dead_letters = purge_letters(tx, before, limit)?;
    }
    if let Some(before) = before(retention.workers) {
        purged.workers = tx.write(
            "DELETE FROM workers WHERE id IN (
                 SELECT id FROM workers WHERE status = 'offline' AND last_seen < ?1 ORDER BY id LIMIT ?2)",
            (before, limit),
        )? as u64;
    }
    let is_clean = clear_remains(tx, limit)?;
    let most = [
        purged.runs,
        purged.events,
        purged.dead_letters,
        purged.workers,
    ];
    purged.is_more |= !is_clean || most.contains(&u64::from(limit));
    Ok(purged)
}

/// Removes runs with their nodes at once, and leaves the rest of them to [`clear_remains`]. True: there may be more.
fn purge_runs(tx: &Tx<'_>, before: i64, limit: u32) -> Done<(u64, bool)> {
    let ended: Vec<i64> = tx.all(
        "SELECT key FROM runs WHERE ended_at < ?1 AND NOT EXISTS (
             SELECT 1 FROM outbox INDEXED BY outbox_by_subject WHERE due_at IS NOT NULL AND subject = -runs.key)
         AND NOT EXISTS (
             SELECT 1 FROM nodes JOIN outbox INDEXED BY outbox_by_subject ON subject = nodes.key AND due_at IS NOT NULL
             WHERE nodes.run = runs.key)
         ORDER BY ended_at LIMIT ?2",
        (before, limit),
        |row| row.get(0),
    )?;
    let mut purged = 0;
    let mut nodes = 0;
    for run in ended {
        // A run goes whole, and the last one may have more nodes than there is room for.
        if nodes >= limit as usize {
            break;
        }
        tx.write(
            "INSERT INTO remains (kind, key) SELECT 'node', key FROM nodes WHERE run = ?1",
            [run],
        )?;
        tx.write("INSERT INTO remains (kind, key) VALUES ('run', ?1)", [run])?;
        nodes += tx.write("DELETE FROM nodes WHERE run = ?1", [run])?;
        tx.write("DELETE FROM runs WHERE key = ?1", [run])?;
        purged += 1;
    }
    Ok((purged, nodes >= limit as usize))
}

/// Removes what is left of runs that were removed, so many rows at most. False: there is more.
fn clear_remains(tx: &Tx<'_>, limit: u32) -> Done<bool> {
    let mut left = usize::try_from(limit).unwrap_or(usize::MAX);
    loop {
        let next: Option<(String, i64)> =
            tx.one("SELECT kind, key FROM remains LIMIT 1", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let Some((kind, key)) = next else {
            return Ok(true);
        };
        let deletions: &[&str] = if kind == "run" {
            &["DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE run = ?1 LIMIT ?2)"]
        } else {
            &[
                "DELETE FROM artifacts WHERE rowid IN (SELECT rowid FROM artifacts WHERE node = ?1 LIMIT ?2)",
                "DELETE FROM batches WHERE node = ?1 AND place IN (
                     SELECT place FROM batches WHERE node = ?1 LIMIT ?2)",
                "DELETE FROM cursors WHERE node = ?1 AND source IN (
                     SELECT source FROM cursors WHERE node = ?1 LIMIT ?2)",
            ]
        };
        for deletion in deletions {
            left -= tx.write(deletion, (key, int(left)))?;
            if left == 0 {
                return Ok(false);
            }
        }
        tx.write(
            "DELETE FROM remains WHERE kind = ?1 AND key = ?2",
            (kind, key),
        )?;
    }
}

/// Removes events that were said, the oldest first. The newest event stays, so that no number is given twice.
fn purge_events(tx: &Tx<'_>, before: i64, limit: u32) -> Done<u64> {
    let mut old = Vec::new();
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    // What was said before that moment came into the outbox before it: nothing behind is looked at.
    tx.each(
        "SELECT id, at, sent_at FROM outbox WHERE id < (SELECT max(id) FROM outbox) ORDER BY id",
        [],
        |row| {
            let sent_at: Option<i64> = row.get(2)?;
            if sent_at.is_some_and(|at| at < before) {
                old.push(row.get::<_, i64>(0)?);
            }
            Ok(row.get::<_, i64>(1)? < before && old.len() < most)
        },
    )?;
    for id in &old {
        tx.write("DELETE FROM outbox WHERE id = ?1", [id])?;
    }
    Ok(old.len() as u64)
}

/// Removes dead letters, the oldest first.
fn purge_letters(tx: &Tx<'_>, before: i64, limit: u32) -> Done<u64> {
    let mut old = Vec::new();
    // Their numbers grow with time: nothing behind the first younger one is looked at.
    tx.each(
        "SELECT id, at FROM dead_letters ORDER BY id LIMIT ?1",
        [limit],
        |row| {
            let is_old = row.get::<_, i64>(1)? < before;
            if is_old {
                old.push(row.get::<_, i64>(0)?);
            }
            Ok(is_old)
        },
    )?;
    for id in &old {
        tx.write("DELETE FROM dead_letters WHERE id = ?1", [id])?;
    }
    Ok(old.len() as u64)
}
