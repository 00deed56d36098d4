//! Events that wait to be said.
//!
//! An event is due at `due_at`: at once when it happened, after the hold when somebody took it, after a pause when
//! saying it failed, and never while an event of the same subject is before it. The end of that one makes it due, so
//! of each subject one event is due as a rule, however many wait, and whoever takes it may take those behind it too.
//!
//! Whoever takes, ends or revives events does it alone, by an advisory lock. Whoever adds one waits for nobody: it
//! holds on to the last event of its subject, so that the end of that one sees what was added; where that one is just
//! being taken or ended, the new event is due at once, and whoever takes it next sees whether it has to wait.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio_postgres::Row;

use super::fault::Done;
use super::letters;
use super::row::{maybe_moment, number, small};
use super::tx::{CLOCK, Tx, sql};
use crate::cluster::RunKey;
use crate::cluster::protocol::Topic;
use crate::cluster::store::events::Event;
use crate::cluster::store::stored::{corrupt, int, page, read_json};
use crate::cluster::store::{DeadLetterSource, NewDeadLetter, OutboxRecord, OutboxRetry};

/// `due_at` of an event that waits for an earlier one.
const BEHIND: i64 = i64::MAX;

/// Held by one transaction at a time.
const ALONE: &str = "SELECT pg_advisory_xact_lock(
    (x'616e7400000000'::bigint << 8) | ('outbox'::regclass::oid::bigint << 8))";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, topic, envelope, attempts, sent_at FROM outbox ",
            $rest
        )
    };
}

/// An event that a transaction says at its end.
#[derive(Debug)]
pub(super) struct Said {
    run: i64,
    subject: i64,
    topic: String,
    envelope: String,
    at: i64,
}

pub(super) const SAY: &str = "WITH last AS MATERIALIZED (
        SELECT s.subject FROM (SELECT DISTINCT subject FROM unnest($2::bigint[]) AS d (subject)) AS s
        CROSS JOIN LATERAL (
            SELECT 1 FROM outbox o WHERE o.subject = s.subject AND o.due_at IS NOT NULL
            ORDER BY o.id DESC LIMIT 1 FOR SHARE SKIP LOCKED) AS held)
    INSERT INTO outbox (run, subject, topic, envelope, at, attempts, due_at)
    SELECT v.run, v.subject, v.topic, v.envelope, v.at, 0,
        CASE WHEN v.is_behind OR EXISTS (SELECT 1 FROM last WHERE last.subject = v.subject) THEN $7 ELSE v.at END
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::boolean[]) WITH ORDINALITY
        AS v (run, subject, topic, envelope, at, is_behind, ord)
    ORDER BY v.ord";

impl Tx<'_> {
    /// Puts an event of a run into the outbox, at the end; `node` is the key of the node that it is about.
    pub(super) fn say(&mut self, event: &Event, run: i64, node: Option<i64>) {
        let envelope = event.envelope.encode();
        self.said.push(Said {
            run,
            subject: node.unwrap_or(-run),
            topic: event.topic.to_string(),
            envelope: String::from_utf8_lossy(&envelope).into_owned(),
            at: event.envelope.at.as_millis(),
        });
    }

    /// Writes what was said, in its order.
    pub(super) fn write_said(&mut self) {
        let said = std::mem::take(&mut self.said);
        if said.is_empty() {
            return;
        }
        let mut before = BTreeSet::new();
        let is_behind: Vec<bool> = said.iter().map(|one| !before.insert(one.subject)).collect();
        let runs: Vec<i64> = said.iter().map(|one| one.run).collect();
        let subjects: Vec<i64> = said.iter().map(|one| one.subject).collect();
        let ats: Vec<i64> = said.iter().map(|one| one.at).collect();
        let (topics, envelopes): (Vec<String>, Vec<String>) = said
            .into_iter()
            .map(|one| (one.topic, one.envelope))
            .unzip();
        self.write(sql!(
            SAY, runs, subjects, topics, envelopes, ats, is_behind, BEHIND
        ));
    }
}

pub(super) const DUE: &str = "SELECT id, subject FROM outbox
    WHERE due_at <= $1 AND NOT id = ANY($2) ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED";
/// Of each subject the first events that were not said, and whether they are free to be taken with the one before.
const FIRST_OF: &str = "SELECT o.id, s.subject, o.due_at <= $2 OR o.due_at = $3
    FROM unnest($1::bigint[]) AS s (subject) CROSS JOIN LATERAL (
        SELECT id, due_at FROM outbox WHERE subject = s.subject AND due_at IS NOT NULL ORDER BY id LIMIT $4) AS o
    ORDER BY o.id";
/// Sets when events are due. Those that are to wait are held on to what they wait for: if that is just being changed,
/// they stay due, and the next taker sees.
const MOVE: &str = "UPDATE outbox SET due_at = $2 WHERE id = ANY($1)";
const HOLD_BEFORE: &str = "SELECT v.id FROM unnest($1::bigint[], $2::bigint[]) AS v (id, subject)
    CROSS JOIN LATERAL (
        SELECT 1 FROM outbox o WHERE o.subject = v.subject AND o.due_at IS NOT NULL AND o.id < v.id
        ORDER BY o.id DESC LIMIT 1 FOR SHARE SKIP LOCKED) AS held";

pub(super) async fn take(tx: &mut Tx<'_>, limit: u32, hold: Duration) -> Done<Vec<OutboxRecord>> {
    let [_, clock] = tx.ask([sql!(ALONE), sql!(CLOCK)]).await?;
    tx.read_clock(&clock)?;
    // What is taken is due no more, however short the hold is.
    let held = tx.now.after(hold.max(Duration::from_millis(1)));
    let most = limit as usize;
    let mut taken = BTreeSet::new();
    let mut seen: BTreeMap<i64, i64> = BTreeMap::new();
    // So many rows are looked at and no more, that nobody waits for long: the rest is for the next call.
    let mut looks = most.saturating_mul(4).saturating_add(64);
    while looks > 0 && taken.len() < most {
        let room = (most - taken.len()).min(looks);
        let known: Vec<i64> = seen.keys().copied().collect();
        let due = tx
            .all(sql!(DUE, tx.now.as_millis(), known, int(room)))
            .await?;
        if due.is_empty() {
            break;
        }
        looks = looks.saturating_sub(due.len());
        let mut subjects = BTreeSet::new();
        for row in &due {
            let subject = row.try_get(1)?;
            seen.insert(row.try_get(0)?, subject);
            subjects.insert(subject);
        }
        let subjects: Vec<i64> = subjects.into_iter().collect();
        let first = tx
            .all(sql!(
                FIRST_OF,
                subjects,
                tx.now.as_millis(),
                BEHIND,
                int(most)
            ))
            .await?;
        take_in_order(&first, most, &mut taken)?;
    }
    let (mut ids, mut of) = (Vec::new(), Vec::new());
    for (id, subject) in seen.iter().filter(|(id, _)| !taken.contains(id)) {
        ids.push(*id);
        of.push(*subject);
    }
    if !ids.is_empty() {
        let rows = tx.all(sql!(HOLD_BEFORE, ids, of)).await?;
        let behind: Vec<i64> = rows
            .iter()
            .map(|row| Ok(row.try_get(0)?))
            .collect::<Done<_>>()?;
        tx.write(sql!(MOVE, behind, BEHIND));
    }
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    let taken: Vec<i64> = taken.into_iter().collect();
    tx.write(sql!(MOVE, taken.clone(), held.as_millis()));
    let rows = tx
        .all(sql!(select!("WHERE id = ANY($1) ORDER BY id"), taken))
        .await?;
    rows.iter().map(read).collect()
}

/// Takes events, the oldest first, unless one before them is with somebody else or has to wait.
fn take_in_order(rows: &[Row], most: usize, taken: &mut BTreeSet<i64>) -> Done<()> {
    let mut stuck = BTreeSet::new();
    for row in rows {
        let (id, subject): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if taken.contains(&id) || stuck.contains(&subject) {
            continue;
        }
        if taken.len() < most && row.try_get(2)? {
            taken.insert(id);
        } else {
            stuck.insert(subject);
        }
    }
    Ok(())
}

/// Makes due what waits behind events that are over: as old as it is, so that the oldest are said first.
const CALL_NEXT: &str = "UPDATE outbox SET due_at = at WHERE due_at = $2 AND id = ANY(ARRAY(
        SELECT n.id FROM outbox e CROSS JOIN LATERAL (
            SELECT id FROM outbox o WHERE o.subject = e.subject AND o.due_at IS NOT NULL AND o.id > e.id
            ORDER BY o.id LIMIT 1) AS n
        WHERE e.id = ANY($1)))";

pub(super) async fn sent(tx: &mut Tx<'_>, ids: &[i64]) -> Done<()> {
    let [_, clock] = tx.ask([sql!(ALONE), sql!(CLOCK)]).await?;
    tx.read_clock(&clock)?;
    // Behind the update of an event stands whoever holds on to it, to add others behind it.
    tx.write(sql!(
        "UPDATE outbox SET sent_at = $2, due_at = NULL WHERE id = ANY($1) AND sent_at IS NULL",
        ids.to_vec(),
        tx.now.as_millis(),
    ));
    tx.write(sql!(CALL_NEXT, ids.to_vec(), BEHIND));
    Ok(())
}

pub(super) async fn failed(tx: &mut Tx<'_>, id: i64, error: &str, retry: OutboxRetry) -> Done<()> {
    let [_, rows, clock] = tx
        .ask([
            sql!(ALONE),
            sql!(
                "SELECT attempts, envelope FROM outbox WHERE id = $1 AND due_at IS NOT NULL FOR UPDATE",
                id
            ),
            sql!(CLOCK),
        ])
        .await?;
    tx.read_clock(&clock)?;
    // It was said meanwhile, or is a dead letter.
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let before = number(row, 0)?;
    let attempts = before.saturating_add(1);
    if attempts < u64::from(retry.max) {
        let doubled = retry.backoff_min.saturating_mul(1 << before.min(31));
        let due_at = tx.now.after(doubled.min(retry.backoff_max));
        tx.write(sql!(
            "UPDATE outbox SET attempts = $2, due_at = $3 WHERE id = $1",
            id,
            int(attempts),
            due_at.as_millis(),
        ));
        return Ok(());
    }
    tx.write(sql!(
        "UPDATE outbox SET attempts = $2, due_at = NULL WHERE id = $1",
        id,
        int(attempts),
    ));
    tx.write(sql!(CALL_NEXT, vec![id], BEHIND));
    let envelope: &str = row.try_get(1)?;
    let letter = NewDeadLetter {
        source: DeadLetterSource::Outbox(id),
        code: "outbox_exhausted".into(),
        reason: format!("it could not be said in {attempts} tries: {error}"),
        raw: envelope.as_bytes().to_vec(),
    };
    letters::bury(tx, &letter).await?;
    Ok(())
}

/// Makes an event due that was given up. False: it is not there any more.
pub(super) async fn again(tx: &mut Tx<'_>, id: i64) -> Done<bool> {
    let [_, there] = tx
        .ask([sql!(ALONE), sql!("SELECT 1 FROM outbox WHERE id = $1", id)])
        .await?;
    tx.write(sql!(
        "UPDATE outbox SET attempts = 0, due_at = $2 WHERE id = $1 AND due_at IS NULL AND sent_at IS NULL",
        id,
        tx.now.as_millis(),
    ));
    Ok(!there.is_empty())
}

pub(super) async fn events(
    tx: &mut Tx<'_>,
    run: &RunKey,
    after: i64,
    limit: u32,
) -> Done<Vec<OutboxRecord>> {
    let run = tx.run_key(run).await?;
    let text = select!("WHERE run = $1 AND id > $2 ORDER BY id LIMIT $3");
    let rows = tx.all(sql!(text, run, after, page(limit))).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Done<OutboxRecord> {
    let id: i64 = row.try_get(0)?;
    let topic: &str = row.try_get(1)?;
    let what = || format!("event {id}");
    Ok(OutboxRecord {
        id,
        topic: Topic::from_name(topic)
            .ok_or_else(|| corrupt(what(), &format!("there is no topic `{topic}`")))?,
        envelope: read_json(row.try_get(2)?, what)?,
        attempts: small(row, 3)?,
        sent_at: maybe_moment(row, 4)?,
    })
}
