//! How what need not be kept goes, so many rows at a time.

use std::time::Duration;

use super::fault::Done;
use super::tx::{CLOCK, Sql, Tx, sql};
use crate::cluster::store::stored::int;
use crate::cluster::store::{Purged, Retention};

pub(super) async fn purge(tx: &mut Tx<'_>, retention: Retention, limit: u32) -> Done<Purged> {
    let mut purged = Purged::default();
    let limit = limit.max(1);
    let clock = tx.all(sql!(CLOCK)).await?;
    tx.read_clock(&clock)?;
    let now = tx.now.as_millis();
    let before =
        |kept: Option<Duration>| kept.map(|kept| now.saturating_sub(int(kept.as_millis())));
    let most = i64::from(limit);
    if let Some(before) = before(retention.runs) {
        (purged.runs, purged.is_more) = purge_runs(tx, before, limit).await?;
    }
    if let Some(before) = before(retention.events) {
        purged.events = gone(tx, sql!(OLD_EVENTS, before, most)).await?;
    }
    if let Some(before) = before(retention.dead_letters) {
        purged.dead_letters = gone(tx, sql!(OLD_LETTERS, before, most)).await?;
    }
    if let Some(before) = before(retention.workers) {
        purged.workers = gone(tx, sql!(OLD_WORKERS, before, most)).await?;
    }
    let is_clean = clear_remains(tx, limit).await?;
    let full = u64::from(limit);
    let all = [
        purged.runs,
        purged.events,
        purged.dead_letters,
        purged.workers,
    ];
    purged.is_more |= !is_clean || all.contains(&full);
    Ok(purged)
}

const OLD_EVENTS: &str = "DELETE FROM outbox WHERE id = ANY(ARRAY(
        SELECT id FROM outbox WHERE sent_at < $1 ORDER BY sent_at LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1";
const OLD_LETTERS: &str = "DELETE FROM dead_letters WHERE id = ANY(ARRAY(
        SELECT o.id FROM (SELECT id, at FROM dead_letters ORDER BY id LIMIT $2) AS o WHERE o.at < $1)) RETURNING 1";
const OLD_WORKERS: &str = "DELETE FROM workers WHERE id = ANY(ARRAY(
        SELECT id FROM workers WHERE status = 'offline' AND last_seen < $1 ORDER BY id LIMIT $2
        FOR UPDATE SKIP LOCKED)) RETURNING 1";

async fn gone(tx: &mut Tx<'_>, deletion: Sql) -> Done<u64> {
    Ok(tx.all(deletion).await?.len() as u64)
}

/// Runs that may go: the oldest first, with all that was said of them, and nobody at work on them.
const OLD_RUNS: &str = "SELECT key FROM runs WHERE ended_at < $1 AND NOT EXISTS (
        SELECT 1 FROM outbox WHERE due_at IS NOT NULL AND subject = -runs.key)
    AND NOT EXISTS (
        SELECT 1 FROM nodes CROSS JOIN LATERAL (
            SELECT 1 FROM outbox WHERE subject = nodes.key AND due_at IS NOT NULL LIMIT 1) AS waits
        WHERE nodes.run = runs.key)
    ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED";

/// Removes runs with their nodes at once, and leaves the rest of them to [`clear_remains`]. True: there may be more.
async fn purge_runs(tx: &mut Tx<'_>, before: i64, limit: u32) -> Done<(u64, bool)> {
    let ended = tx.all(sql!(OLD_RUNS, before, i64::from(limit))).await?;
    let mut purged = 0;
    let mut nodes = 0;
    for row in ended {
        // A run goes whole, and the last one may have more nodes than there is room for.
        if nodes >= limit as usize {
            break;
        }
        let run: i64 = row.try_get(0)?;
        let removed = sql!(
            "WITH gone AS (DELETE FROM nodes WHERE run = $1 RETURNING key)
             INSERT INTO remains (kind, key) SELECT 'node', key FROM gone
             ON CONFLICT DO NOTHING RETURNING 1",
            run
        );
        nodes += tx.all(removed).await?.len();
        tx.write(sql!(
            "INSERT INTO remains (kind, key) VALUES ('run', $1) ON CONFLICT DO NOTHING",
            run
        ));
        tx.write(sql!("DELETE FROM runs WHERE key = $1", run));
        purged += 1;
    }
    Ok((purged, nodes >= limit as usize))
}

/// What is left of a run, and of a node.
const OF_RUN: [&str; 1] = ["DELETE FROM outbox WHERE id = ANY(ARRAY(
        SELECT id FROM outbox WHERE run = $1 LIMIT $2)) RETURNING 1"];
const OF_NODE: [&str; 3] = [
    "DELETE FROM artifacts WHERE node = $1 AND seq = ANY(ARRAY(
        SELECT seq FROM artifacts WHERE node = $1 LIMIT $2)) RETURNING 1",
    "DELETE FROM batches WHERE node = $1 AND place = ANY(ARRAY(
        SELECT place FROM batches WHERE node = $1 LIMIT $2)) RETURNING 1",
    "DELETE FROM cursors WHERE node = $1 AND source = ANY(ARRAY(
        SELECT source FROM cursors WHERE node = $1 LIMIT $2)) RETURNING 1",
];

/// Removes what is left of runs that were removed, so many rows at most. False: there is more.
async fn clear_remains(tx: &mut Tx<'_>, limit: u32) -> Done<bool> {
    let mut left = u64::from(limit);
    loop {
        let next = "SELECT kind, key FROM remains LIMIT 1 FOR UPDATE SKIP LOCKED";
        let Some(row) = tx.one(sql!(next)).await? else {
            return Ok(true);
        };
        let (kind, key): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let deletions: &[&'static str] = if kind == "run" { &OF_RUN } else { &OF_NODE };
        for deletion in deletions {
            left -= gone(tx, sql!(deletion, key, int(left))).await?.min(left);
            if left == 0 {
                return Ok(false);
            }
        }
        tx.write(sql!(
            "DELETE FROM remains WHERE kind = $1 AND key = $2",
            kind,
            key
        ));
    }
}
