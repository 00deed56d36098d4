//! Dead letters.

use rusqlite::Row;

use super::fault::Done;
use super::outbox;
use super::tx::{Tx, maybe_moment, moment};
use crate::cluster::store::stored::{not_found, page, read_json, to_json};
use crate::cluster::store::{DeadLetter, DeadLetterSource, NewDeadLetter};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, source, code, reason, raw, is_cut, at, retried_at FROM dead_letters ",
            $rest
        )
    };
}

pub(super) fn bury(tx: &Tx<'_>, letter: &NewDeadLetter) -> Done<i64> {
    let most = tx.max_payload().min(letter.raw.len());
    let raw = &letter.raw[..most];
    tx.insert(
        "INSERT INTO dead_letters (source, code, reason, raw, is_cut, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            to_json(&letter.source)?,
            &letter.code,
            &letter.reason,
            raw,
            raw.len() < letter.raw.len(),
            tx.now.as_millis(),
        ),
    )
}

pub(super) fn list(tx: &Tx<'_>, after: i64, limit: u32) -> Done<Vec<DeadLetter>> {
    let sql = select!("WHERE id > ?1 ORDER BY id LIMIT ?2");
    tx.all(sql, (after, page(limit)), |row| Ok(read(row)))?
        .into_iter()
        .collect()
}

pub(super) fn retry(tx: &Tx<'_>, id: i64) -> Done<DeadLetter> {
    let letter = tx.one(select!("WHERE id = ?1"), [id], |row| Ok(read(row)))?;
    let mut letter = letter.unwrap_or_else(|| Err(not_found("dead letter", &id).into()))?;
    if let DeadLetterSource::Outbox(event) = letter.source
        && !outbox::again(tx, event)?
    {
        return Err(not_found("event", &event).into());
    }
    letter.retried_at = Some(tx.now);
    tx.write(
        "UPDATE dead_letters SET retried_at = ?2 WHERE id = ?1",
        (id, tx.now.as_millis()),
    )?;
    Ok(letter)
}

fn read(row: &Row<'_>) -> Done<DeadLetter> {
    let id = row.get(0)?;
    let source: String = row.get(1)?;
    Ok(DeadLetter {
        id,
        source: read_json(&source, || format!("dead letter {id}"))?,
        code: row.get(2)?,
        reason: row.get(3)?,
        raw: row.get(4)?,
        is_cut: row.get(5)?,
        at: moment(row, 6)?,
        retried_at: maybe_moment(row, 7)?,
    })
}
