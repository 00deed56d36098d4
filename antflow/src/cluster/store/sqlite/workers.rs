//! The registry of workers, and who waits for one.

use std::time::Duration;

use rusqlite::Row;

use super::fault::Done;
use super::tx::{Tx, moment, name, number};
use crate::cluster::WorkerKey;
use crate::cluster::graph::COORDINATOR_FN;
use crate::cluster::protocol::Announcement;
use crate::cluster::store::stored::{self, OFFLINE, Waiting};
use crate::cluster::store::stored::{int, read_json, to_json};
use crate::cluster::store::{Starving, WorkerRecord};

pub(super) fn announce(tx: &Tx<'_>, announcement: &Announcement) -> Done<()> {
    tx.write(
        "INSERT INTO workers (id, announcement, status, first_seen, last_seen) VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT (id) DO UPDATE
         SET announcement = excluded.announcement, status = excluded.status, last_seen = excluded.last_seen",
        (
            announcement.worker.as_str(),
            to_json(announcement)?,
            &announcement.status,
            tx.now.as_millis(),
        ),
    )?;
    Ok(())
}

pub(super) fn goodbye(tx: &Tx<'_>, worker: &WorkerKey) -> Done<()> {
    tx.write(
        "UPDATE workers SET status = ?2, last_seen = ?3 WHERE id = ?1",
        (worker.as_str(), OFFLINE, tx.now.as_millis()),
    )?;
    Ok(())
}

pub(super) fn mark_silent(tx: &Tx<'_>, silence: Duration) -> Done<Vec<WorkerKey>> {
    let before = tx.now.as_millis().saturating_sub(int(silence.as_millis()));
    let silent: Vec<WorkerKey> = tx.all(
        "SELECT id FROM workers WHERE status <> ?1 AND last_seen < ?2 ORDER BY id",
        (OFFLINE, before),
        |row| name(row, 0),
    )?;
    for worker in &silent {
        tx.write(
            "UPDATE workers SET status = ?2 WHERE id = ?1",
            (worker.as_str(), OFFLINE),
        )?;
    }
    Ok(silent)
}

pub(super) fn list(tx: &Tx<'_>) -> Done<Vec<WorkerRecord>> {
    let sql = "SELECT announcement, status, first_seen, last_seen FROM workers ORDER BY id";
    tx.all(sql, [], |row| Ok(read(row)))?.into_iter().collect()
}

fn read(row: &Row<'_>) -> Done<WorkerRecord> {
    let announcement: String = row.get(0)?;
    let mut announcement: Announcement = read_json(&announcement, || "a worker".into())?;
    announcement.status = row.get(1)?;
    Ok(WorkerRecord {
        announcement,
        first_seen: moment(row, 2)?,
        last_seen: moment(row, 3)?,
    })
}

pub(super) fn starving(tx: &Tx<'_>) -> Done<Vec<Starving>> {
    let workers = list(tx)?;
    Ok(stored::starving(&workers, waiting(tx)?))
}

/// How many nodes wait to be claimed, and since when, by what they ask for.
fn waiting(tx: &Tx<'_>) -> Done<Vec<Waiting>> {
    tx.all(
        "SELECT role, fingerprint, count(*), min(since) FROM (
             SELECT role, fingerprint, coalesce(retry_at, ready_at) AS since FROM nodes WHERE is_claimable = 1
             UNION ALL
             SELECT role, fingerprint, retry_at FROM nodes
             WHERE retry_at IS NOT NULL AND is_claimable = 0 AND retry_at <= ?1)
         WHERE role <> ?2 GROUP BY role, fingerprint ORDER BY role, fingerprint",
        (tx.now.as_millis(), COORDINATOR_FN),
        |row| {
            Ok(Waiting {
                role: name(row, 0)?,
                fingerprint: row.get(1)?,
                nodes: number(row, 2)?,
                since: moment(row, 3)?,
            })
        },
    )
}
