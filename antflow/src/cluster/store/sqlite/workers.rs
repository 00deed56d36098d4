//! The registry of workers, and who waits for one.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::Row;

use super::fault::Done;
use super::tx::{Tx, int, moment, name, number, read_json, to_json};
use crate::cluster::graph::COORDINATOR_FN;
use crate::cluster::protocol::Announcement;
use crate::cluster::store::{Offer, Starving, WorkerRecord};
use crate::cluster::{Timestamp, WorkerKey};

const OFFLINE: &str = "offline";

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

/// What nodes ask for: a role, and perhaps a fingerprint.
type Kind = (String, Option<String>);

pub(super) fn starving(tx: &Tx<'_>) -> Done<Vec<Starving>> {
    let workers = list(tx)?;
    let live = workers
        .iter()
        .filter(|worker| worker.announcement.status != OFFLINE);
    let offers: Vec<Offer> = live
        .flat_map(|worker| {
            let able = &worker.announcement.capabilities;
            able.roles.iter().map(|role| Offer {
                role: role.clone(),
                fingerprint: able.fingerprints.get(role).cloned(),
            })
        })
        .collect();
    let mut starving = Vec::new();
    for ((role, fingerprint), (nodes, since)) in waiting(tx)? {
        let role = role.into();
        if offers
            .iter()
            .any(|offer| offer.fits(&role, fingerprint.as_deref()))
        {
            continue;
        }
        let same_role = offers.iter().filter(|offer| offer.role == role);
        let mut offered: Vec<_> = same_role
            .filter_map(|offer| offer.fingerprint.clone())
            .collect();
        offered.sort_unstable();
        offered.dedup();
        starving.push(Starving {
            role,
            fingerprint,
            nodes,
            since,
            offered,
        });
    }
    Ok(starving)
}

/// How many nodes wait to be claimed, and since when, by what they ask for.
fn waiting(tx: &Tx<'_>) -> Done<BTreeMap<Kind, (u64, Timestamp)>> {
    let mut all: BTreeMap<Kind, (u64, Timestamp)> = BTreeMap::new();
    let groups = tx.all(
        "SELECT role, fingerprint, count(*), min(coalesce(retry_at, ready_at)) FROM nodes
         WHERE is_claimable = 1 AND role <> ?2 GROUP BY role, fingerprint
         UNION ALL
         SELECT role, fingerprint, count(*), min(retry_at) FROM nodes
         WHERE retry_at IS NOT NULL AND is_claimable = 0 AND retry_at <= ?1 AND role <> ?2
         GROUP BY role, fingerprint",
        (tx.now.as_millis(), COORDINATOR_FN),
        |row| Ok(((row.get(0)?, row.get(1)?), number(row, 2)?, moment(row, 3)?)),
    )?;
    for (kind, nodes, since) in groups {
        let (count, oldest) = all.entry(kind).or_insert((0, since));
        *count += nodes;
        *oldest = since.min(*oldest);
    }
    Ok(all)
}
