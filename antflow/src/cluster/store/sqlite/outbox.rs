//! Events that wait to be said.
//!
//! An event is due at `due_at`: at once when it happened, after the hold when somebody took it, after a pause when
//! saying it failed, and never while an event of the same subject is before it. The end of that one makes it due, so
//! of each subject one event is due as a rule, however many wait, and whoever takes it may take those behind it too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rusqlite::Row;

use super::fault::Done;
use super::letters;
use super::tx::{BEHIND, Tx, maybe_moment};
use crate::cluster::RunKey;
use crate::cluster::protocol::Topic;
use crate::cluster::store::stored::{corrupt, int, page, read_json};
use crate::cluster::store::{DeadLetterSource, NewDeadLetter, OutboxRecord, OutboxRetry};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, topic, envelope, attempts, sent_at FROM outbox ",
            $rest
        )
    };
}

pub(super) fn take(tx: &Tx<'_>, limit: u32, hold: Duration) -> Done<Vec<OutboxRecord>> {
    // What is taken is due no more, however short the hold is.
    let held = tx.now.after(hold.max(Duration::from_millis(1)));
    let most = i64::from(limit);
    let mut taken = BTreeSet::new();
    // So many rows are looked at and no more, that nobody waits for long: the rest is for the next call.
    let mut looks = most.saturating_mul(4).saturating_add(64);
    while looks > 0 && int(taken.len()) < most {
        let room = (most - int(taken.len())).min(looks);
        let due = tx.all(
            "SELECT id, subject FROM outbox WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2",
            (tx.now.as_millis(), room),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let mut due: BTreeMap<i64, i64> = due.into_iter().collect();
        if due.is_empty() {
            break;
        }
        while int(taken.len()) < most
            && let Some((id, subject)) = due.pop_first()
        {
            looks -= 1;
            let is_next = is_next(tx, id, subject, &taken)?;
            let due_at = if is_next { held.as_millis() } else { BEHIND };
            tx.write("UPDATE outbox SET due_at = ?2 WHERE id = ?1", (id, due_at))?;
            if is_next {
                taken.insert(id);
                let free = behind(tx, id, subject)?.filter(|(_, due_at)| is_free(tx, *due_at));
                due.extend(free.map(|(id, _)| (id, subject)));
            }
        }
    }
    let mut given = Vec::new();
    for id in taken {
        let event = tx.one(select!("WHERE id = ?1"), [id], |row| Ok(read(row)))?;
        given.extend(event.transpose()?);
    }
    Ok(given)
}

/// Is the event before it said, or with the same taker?
fn is_next(tx: &Tx<'_>, id: i64, subject: i64, taken: &BTreeSet<i64>) -> Done<bool> {
    let before: Option<i64> = tx.one(
        "SELECT id FROM outbox WHERE subject = ?1 AND due_at IS NOT NULL AND id < ?2 ORDER BY id DESC LIMIT 1",
        (subject, id),
        |row| row.get(0),
    )?;
    Ok(before.is_none_or(|before| taken.contains(&before)))
}

pub(super) fn sent(tx: &Tx<'_>, ids: &[i64]) -> Done<()> {
    for id in ids {
        tx.write(
            "UPDATE outbox SET sent_at = ?2, due_at = NULL WHERE id = ?1 AND sent_at IS NULL",
            (id, tx.now.as_millis()),
        )?;
        call_next(tx, *id)?;
    }
    Ok(())
}

/// The event that waits behind this one, whether it is over or not, and when it is due.
fn behind(tx: &Tx<'_>, id: i64, subject: i64) -> Done<Option<(i64, i64)>> {
    tx.one(
        "SELECT id, due_at FROM outbox WHERE subject = ?1 AND due_at IS NOT NULL AND id > ?2 ORDER BY id LIMIT 1",
        (subject, id),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// May it be taken once the one before it is?
fn is_free(tx: &Tx<'_>, due_at: i64) -> bool {
    due_at == BEHIND || due_at <= tx.now.as_millis()
}

/// Makes due what waited behind this event, which is over: as old as it is, so that the oldest are said first.
fn call_next(tx: &Tx<'_>, id: i64) -> Done<()> {
    let subject = tx.one("SELECT subject FROM outbox WHERE id = ?1", [id], |row| {
        row.get(0)
    })?;
    let Some(subject) = subject else {
        return Ok(());
    };
    if let Some((next, BEHIND)) = behind(tx, id, subject)? {
        tx.write(
            "UPDATE outbox SET due_at = min(at, ?2) WHERE id = ?1",
            (next, tx.now.as_millis()),
        )?;
    }
    Ok(())
}

pub(super) fn failed(tx: &Tx<'_>, id: i64, error: &str, retry: OutboxRetry) -> Done<()> {
    let row = tx.one(
        "SELECT attempts, envelope FROM outbox WHERE id = ?1 AND due_at IS NOT NULL",
        [id],
        |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?)),
    )?;
    // It was said meanwhile, or is a dead letter.
    let Some((before, envelope)) = row else {
        return Ok(());
    };
    let attempts = before.saturating_add(1);
    if attempts < retry.max {
        let doubled = retry.backoff_min.saturating_mul(1 << before.min(31));
        let due_at = tx.now.after(doubled.min(retry.backoff_max));
        tx.write(
            "UPDATE outbox SET attempts = ?2, due_at = ?3 WHERE id = ?1",
            (id, attempts, due_at.as_millis()),
        )?;
        return Ok(());
    }
    tx.write(
        "UPDATE outbox SET attempts = ?2, due_at = NULL WHERE id = ?1",
        (id, attempts),
    )?;
    call_next(tx, id)?;
    let letter = NewDeadLetter {
        source: DeadLetterSource::Outbox(id),
        code: "outbox_exhausted".into(),
        reason: format!("it could not be said in {attempts} tries: {error}"),
        raw: envelope.into_bytes(),
    };
    letters::bury(tx, &letter)?;
    Ok(())
}

/// Makes an event due that was given up. False: it is not there any more.
pub(super) fn again(tx: &Tx<'_>, id: i64) -> Done<bool> {
    let there = tx.one("SELECT 1 FROM outbox WHERE id = ?1", [id], |_| Ok(()))?;
    tx.write(
        "UPDATE outbox SET attempts = 0, due_at = ?2 WHERE id = ?1 AND due_at IS NULL AND sent_at IS NULL",
        (id, tx.now.as_millis()),
    )?;
    Ok(there.is_some())
}

pub(super) fn events(tx: &Tx<'_>, run: &RunKey, after: i64, limit: u32) -> Done<Vec<OutboxRecord>> {
    let run = tx.run_key(run)?;
    let sql = select!("WHERE run = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
    tx.all(sql, (run, after, page(limit)), |row| Ok(read(row)))?
        .into_iter()
        .collect()
}

fn read(row: &Row<'_>) -> Done<OutboxRecord> {
    let id = row.get(0)?;
    let topic: String = row.get(1)?;
    let envelope: String = row.get(2)?;
    let what = || format!("event {id}");
    Ok(OutboxRecord {
        id,
        topic: Topic::from_name(&topic)
            .ok_or_else(|| corrupt(what(), &format!("there is no topic `{topic}`")))?,
        envelope: read_json(&envelope, what)?,
        attempts: row.get(3)?,
        sent_at: maybe_moment(row, 4)?,
    })
}
