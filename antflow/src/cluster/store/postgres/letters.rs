//! Dead letters.

use tokio_postgres::Row;

use super::fault::Done;
use super::outbox;
use super::row::{maybe_moment, moment};
use super::tx::{CLOCK, Tx, sql};
use crate::cluster::store::stored::{corrupt, not_found, page, read_json, to_json};
use crate::cluster::store::{DeadLetter, DeadLetterSource, NewDeadLetter};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, source, code, reason, raw, is_cut, at, retried_at FROM dead_letters ",
            $rest
        )
    };
}

/// Stores a letter. The clock has been read, or is the server's.
pub(super) async fn bury(tx: &mut Tx<'_>, letter: &NewDeadLetter) -> Done<i64> {
    let most = tx.shared.max_payload.min(letter.raw.len());
    let raw = &letter.raw[..most];
    let row = tx
        .one(sql!(
            "INSERT INTO dead_letters (source, code, reason, raw, is_cut, at)
             VALUES ($1, $2, $3, $4, $5, clock_ms()) RETURNING id",
            to_json(&letter.source)?,
            letter.code.clone(),
            letter.reason.clone(),
            raw.to_vec(),
            raw.len() < letter.raw.len(),
        ))
        .await?;
    let row = row.ok_or_else(|| corrupt("a dead letter", "it has no number"))?;
    Ok(row.try_get(0)?)
}

pub(super) async fn list(tx: &mut Tx<'_>, after: i64, limit: u32) -> Done<Vec<DeadLetter>> {
    let text = select!("WHERE id > $1 ORDER BY id LIMIT $2");
    let rows = tx.all(sql!(text, after, page(limit))).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn retry(tx: &mut Tx<'_>, id: i64) -> Done<DeadLetter> {
    let [rows, clock] = tx
        .ask([sql!(select!("WHERE id = $1 FOR UPDATE"), id), sql!(CLOCK)])
        .await?;
    tx.read_clock(&clock)?;
    let row = rows.first().ok_or_else(|| not_found("dead letter", &id))?;
    let mut letter = read(row)?;
    if let DeadLetterSource::Outbox(event) = letter.source
        && !outbox::again(tx, event).await?
    {
        return Err(not_found("event", &event).into());
    }
    letter.retried_at = Some(tx.now);
    tx.write(sql!(
        "UPDATE dead_letters SET retried_at = $2 WHERE id = $1",
        id,
        tx.now.as_millis(),
    ));
    Ok(letter)
}

fn read(row: &Row) -> Done<DeadLetter> {
    let id: i64 = row.try_get(0)?;
    Ok(DeadLetter {
        id,
        source: read_json(row.try_get(1)?, || format!("dead letter {id}"))?,
        code: row.try_get(2)?,
        reason: row.try_get(3)?,
        raw: row.try_get(4)?,
        is_cut: row.try_get(5)?,
        at: moment(row, 6)?,
        retried_at: maybe_moment(row, 7)?,
    })
}
