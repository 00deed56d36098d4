//! The registry of workers, and who waits for one.

use std::time::Duration;

use tokio_postgres::Row;

use super::fault::Done;
use super::row::{maybe_text, moment, name, number};
use super::tx::{CLOCK, Tx, sql};
use crate::cluster::WorkerKey;
use crate::cluster::graph::COORDINATOR_FN;
use crate::cluster::protocol::Announcement;
use crate::cluster::store::stored::{self, OFFLINE, Waiting, int, read_json, to_json};
use crate::cluster::store::{Starving, WorkerRecord};

pub(super) fn announce(tx: &mut Tx<'_>, announcement: &Announcement) -> Done<()> {
    tx.write(sql!(
        "INSERT INTO workers (id, announcement, status, first_seen, last_seen)
         SELECT $1, $2, $3, now, now FROM clock_ms() AS clock (now)
         ON CONFLICT (id) DO UPDATE
         SET announcement = excluded.announcement, status = excluded.status, last_seen = excluded.last_seen",
        announcement.worker.to_string(),
        to_json(announcement)?,
        announcement.status.clone(),
    ));
    Ok(())
}

pub(super) fn goodbye(tx: &mut Tx<'_>, worker: &WorkerKey) {
    tx.write(sql!(
        "UPDATE workers SET status = $2, last_seen = clock_ms() WHERE id = $1",
        worker.to_string(),
        OFFLINE,
    ));
}

pub(super) async fn mark_silent(tx: &mut Tx<'_>, silence: Duration) -> Done<Vec<WorkerKey>> {
    let rows = tx
        .all(sql!(
            "WITH silent AS (
                 UPDATE workers SET status = $1
                 WHERE status <> $1 AND last_seen < (SELECT clock_ms()) - $2 RETURNING id)
             SELECT id FROM silent ORDER BY id",
            OFFLINE,
            int(silence.as_millis()),
        ))
        .await?;
    rows.iter().map(|row| name(row, 0)).collect()
}

const ALL: &str = "SELECT announcement, status, first_seen, last_seen FROM workers ORDER BY id";

pub(super) async fn list(tx: &mut Tx<'_>) -> Done<Vec<WorkerRecord>> {
    let rows = tx.all(sql!(ALL)).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Done<WorkerRecord> {
    let mut announcement: Announcement = read_json(row.try_get(0)?, || "a worker".into())?;
    announcement.status = row.try_get(1)?;
    Ok(WorkerRecord {
        announcement,
        first_seen: moment(row, 2)?,
        last_seen: moment(row, 3)?,
    })
}

/// How many nodes wait to be claimed, and since when, by what they ask for.
pub(super) const WAITING: &str = "SELECT role, fingerprint, count(*), min(since) FROM (
        SELECT role, fingerprint, coalesce(retry_at, ready_at) AS since FROM nodes WHERE is_claimable
        UNION ALL
        SELECT role, fingerprint, retry_at FROM nodes
        WHERE retry_at IS NOT NULL AND NOT is_claimable AND retry_at <= $1) AS waiting
    WHERE role <> $2 GROUP BY role, fingerprint ORDER BY role, fingerprint NULLS FIRST";

pub(super) async fn starving(tx: &mut Tx<'_>) -> Done<Vec<Starving>> {
    let [workers, clock] = tx.ask([sql!(ALL), sql!(CLOCK)]).await?;
    tx.read_clock(&clock)?;
    let workers: Vec<WorkerRecord> = workers.iter().map(read).collect::<Done<_>>()?;
    let waiting = sql!(WAITING, tx.now.as_millis(), COORDINATOR_FN);
    let rows = tx.all(waiting).await?;
    let kind = |row: &Row| {
        Ok(Waiting {
            role: name(row, 0)?,
            fingerprint: maybe_text(row, 1)?.map(Into::into),
            nodes: number(row, 2)?,
            since: moment(row, 3)?,
        })
    };
    let waiting = rows.iter().map(kind).collect::<Done<_>>()?;
    Ok(stored::starving(&workers, waiting))
}
