use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::fault::Done;
use super::shared::Shared;
use crate::cluster::Timestamp;
use crate::cluster::store::events::Event;
use crate::cluster::store::plan::Plan;
use crate::cluster::store::stored::corrupt;

/// A transaction that is under way, at one moment of the store's clock.
pub(super) struct Tx<'c> {
    connection: &'c Connection,
    shared: &'c Shared,
    pub(super) now: Timestamp,
}

impl<'c> Tx<'c> {
    pub(super) fn new(connection: &'c Connection, shared: &'c Shared) -> Self {
        Self {
            connection,
            shared,
            now: shared.clock.now(),
        }
    }

    /// How many bytes a payload may have.
    pub(super) fn max_payload(&self) -> usize {
        self.shared.max_payload
    }

    /// The first row, if there is one.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Done<Option<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row(params, read).optional()?)
    }

    /// All rows.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Done<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Rows one after the other, until `take` says false.
    pub(super) fn each(
        &self,
        sql: &str,
        params: impl Params,
        mut take: impl FnMut(&Row<'_>) -> Done<bool>,
    ) -> Done<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            if !take(row)? {
                break;
            }
        }
        Ok(())
    }

    /// Writes, and gives how many rows it changed.
    pub(super) fn write(&self, sql: &str, params: impl Params) -> Done<usize> {
        Ok(self.connection.prepare_cached(sql)?.execute(params)?)
    }

    /// Writes a row, and gives its number.
    pub(super) fn insert(&self, sql: &str, params: impl Params) -> Done<i64> {
        self.write(sql, params)?;
        Ok(self.connection.last_insert_rowid())
    }

    /// The plan of a run that is stored.
    pub(super) fn plan(&self, run: i64) -> Done<Arc<Plan>> {
        if let Some(plan) = self.shared.plans.get(run) {
            return Ok(plan);
        }
        let texts = self.one(
            "SELECT id, graph, params FROM runs WHERE key = ?1",
            [run],
            |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                ))
            },
        )?;
        let (id, graph, params) =
            texts.ok_or_else(|| corrupt("a node", "its run is not there any more"))?;
        let plan = Arc::new(Plan::read(&id, &graph, &params)?);
        self.shared.plans.keep(run, &plan);
        Ok(plan)
    }

    /// Puts an event of a run into the outbox; `node` is the key of the node that it is about. It is due unless others
    /// of that node wait before it.
    pub(super) fn say(&self, event: &Event, run: i64, node: Option<i64>) -> Done<()> {
        let envelope = event.envelope.encode();
        self.write(
            "INSERT INTO outbox (run, subject, topic, envelope, at, attempts, due_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, CASE
                WHEN EXISTS (SELECT 1 FROM outbox WHERE subject = ?2 AND due_at IS NOT NULL) THEN ?6
                ELSE ?5 END)",
            (
                run,
                node.unwrap_or(-run),
                event.topic.to_string(),
                String::from_utf8_lossy(&envelope),
                event.envelope.at.as_millis(),
                BEHIND,
            ),
        )?;
        Ok(())
    }
}

/// `due_at` of an event that waits for an earlier one.
pub(super) const BEHIND: i64 = i64::MAX;

/// A number that is never negative, from a row.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let stored: i64 = row.get(column)?;
    u64::try_from(stored).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, stored))
}

/// A moment, from a row.
pub(super) fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

/// A moment that may be missing, from a row.
pub(super) fn maybe_moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let stored: Option<i64> = row.get(column)?;
    Ok(stored.map(Timestamp::from_millis))
}

/// A name, from a row.
pub(super) fn name<T: From<String>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    row.get::<_, String>(column).map(T::from)
}
