//! Keeping the rows: one table in SQLite, written in batches.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use thiserror::Error;

use super::Measures;

/// How many rows [`Store`] writes in one transaction.
pub const BATCH: usize = 500;

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY,
    crate TEXT NOT NULL,
    lines INTEGER NOT NULL,
    functions INTEGER NOT NULL,
    unsafe_uses INTEGER NOT NULL,
    public_items INTEGER NOT NULL,
    documented INTEGER NOT NULL,
    longest_name TEXT,
    longest_lines INTEGER
) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS files_by_crate ON files (crate);";

const INSERT: &str = "INSERT OR REPLACE INTO files VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

/// The table of files, one row for each path.
///
/// A file that is counted again replaces its row, so two runs over the same files
/// leave the same table. Rows of files that are gone stay.
///
/// Rows are gathered and written [`BATCH`] at a time. Call [`Store::finish`] at
/// the end: it writes the rest and says whether that worked. A store that is
/// dropped instead writes the rest too, but its errors are lost.
pub struct Store {
    connection: Connection,
    waiting: Vec<Measures>,
    stored: u64,
}

impl Store {
    /// Opens the database at `path` and creates it if there is none.
    ///
    /// The database is switched to a write-ahead log, so that it can be read while
    /// a census runs.
    ///
    /// # Errors
    ///
    /// [`StoreError::Open`] if the file can be neither opened nor created, or holds
    /// something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        Connection::open(path)
            .and_then(|connection| {
                connection.pragma_update(None, "journal_mode", "wal")?;
                connection.pragma_update(None, "synchronous", "normal")?;
                Self::over(connection)
            })
            .map_err(|source| StoreError::Open {
                path: path.to_path_buf(),
                source,
            })
    }

    /// Makes a database that ends with the store.
    ///
    /// It lives in memory up to a few megabytes, and beyond that in a temporary
    /// file.
    ///
    /// # Errors
    ///
    /// [`StoreError::Open`] if there is no room for it.
    pub fn temporary() -> Result<Self, StoreError> {
        // This is what SQLite understands by an empty name.
        Connection::open("")
            .and_then(Self::over)
            .map_err(|source| StoreError::Open {
                path: PathBuf::new(),
                source,
            })
    }

    fn over(connection: Connection) -> rusqlite::Result<Self> {
        connection.execute_batch(SCHEMA)?;
        Ok(Self {
            connection,
            waiting: Vec::with_capacity(BATCH),
            stored: 0,
        })
    }

    /// Takes one row, and writes the rows gathered so far if they are a full batch.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if a full batch could not be written. Then `row` was
    /// not taken, and the rows of the batch are kept: the next call tries again.
    pub fn insert(&mut self, row: Measures) -> Result<(), StoreError> {
        if self.waiting.len() >= BATCH {
            self.flush()?;
        }
        self.waiting.push(row);
        Ok(())
    }

    /// Writes one row at once, and does not wait for others.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if it could not be written. It is not kept.
    pub fn write(&mut self, row: Measures) -> Result<(), StoreError> {
        write(&mut self.connection, &[row])
            .map_err(|source| StoreError::Write { rows: 1, source })?;
        self.stored += 1;
        Ok(())
    }

    /// Writes the rows gathered so far, all or none of them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if they could not be written. They are kept.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        if !self.waiting.is_empty() {
            let rows = self.waiting.len();
            write(&mut self.connection, &self.waiting)
                .map_err(|source| StoreError::Write { rows, source })?;
            self.stored += rows as u64;
            self.waiting.clear();
        }
        Ok(())
    }

    /// Writes the rest and says how many rows this store has written altogether.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the rest could not be written.
    pub fn finish(&mut self) -> Result<u64, StoreError> {
        self.flush()?;
        Ok(self.stored)
    }

    /// How many rows are safely in the database, not counting those that wait.
    #[must_use]
    pub fn stored(&self) -> u64 {
        self.stored
    }

    /// The rows that wait to be written.
    #[must_use]
    pub fn waiting(&self) -> &[Measures] {
        &self.waiting
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }
}

fn write(connection: &mut Connection, rows: &[Measures]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare_cached(INSERT)?;
        for row in rows {
            let longest = row.longest_function.as_ref();
            insert.execute((
                row.path.to_string_lossy(),
                &row.crate_name,
                row.lines,
                row.functions,
                row.unsafe_uses,
                row.public_items,
                row.documented,
                longest.map(|function| &function.name),
                longest.map(|function| function.lines),
            ))?;
        }
    }
    transaction.commit()
}

impl Drop for Store {
    fn drop(&mut self) {
        // There is nobody to tell: whoever wants to know calls `finish`.
        let _ = self.flush();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.connection.path())
            .field("waiting", &self.waiting.len())
            .field("stored", &self.stored)
            .finish_non_exhaustive()
    }
}

/// Why the database could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database could not be opened.
    #[error(
        "cannot open the database `{}`; name a writable file that is new or from an earlier census",
        path.display()
    )]
    Open {
        /// The file of the database.
        path: PathBuf,
        /// Why, in the words of SQLite.
        source: rusqlite::Error,
    },
    /// A batch could not be written.
    #[error("cannot write {rows} rows to the database; check the free space and who else writes")]
    Write {
        /// How many rows wait to be written.
        rows: usize,
        /// Why, in the words of SQLite.
        source: rusqlite::Error,
    },
    /// A query failed.
    #[error("cannot query the database; check that it is from a census of this version")]
    Query {
        /// Why, in the words of SQLite.
        #[from]
        source: rusqlite::Error,
    },
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs;

    use super::*;

    fn row(number: usize) -> Measures {
        Measures {
            path: PathBuf::from(format!("src/{number}.rs")),
            crate_name: "one".to_owned(),
            lines: number,
            functions: 0,
            unsafe_uses: 0,
            public_items: 0,
            documented: 0,
            longest_function: None,
        }
    }

    fn count(store: &Store) -> u64 {
        let query = "SELECT count(*) FROM files";
        store
            .connection
            .query_row(query, [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn rows_are_written_in_batches_and_at_the_end() {
        let mut store = Store::temporary().unwrap();
        for number in 0..BATCH {
            store.insert(row(number)).unwrap();
        }
        assert_eq!((store.stored(), count(&store)), (0, 0));
        store.insert(row(BATCH)).unwrap();
        assert_eq!((store.stored(), count(&store)), (500, 500));
        assert_eq!(store.finish().unwrap(), 501);
        assert_eq!(count(&store), 501);
    }

    #[test]
    fn a_second_run_replaces_the_rows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("census.db");
        for _ in 0..2 {
            let mut store = Store::open(&path).unwrap();
            for number in 0..10 {
                store.insert(row(number)).unwrap();
            }
            assert_eq!(store.finish().unwrap(), 10);
        }
        assert_eq!(count(&Store::open(&path).unwrap()), 10);
    }

    #[test]
    fn a_dropped_store_writes_what_waits() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("census.db");
        Store::open(&path).unwrap().insert(row(1)).unwrap();
        assert_eq!(count(&Store::open(&path).unwrap()), 1);
    }

    #[test]
    fn a_batch_that_fails_is_kept_and_tried_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("census.db");
        let mut store = Store::open(&path).unwrap();
        store
            .connection
            .busy_timeout(std::time::Duration::ZERO)
            .unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        store.insert(row(1)).unwrap();
        let error = store.flush().unwrap_err();
        assert!(
            matches!(error, StoreError::Write { rows: 1, .. }),
            "{error:?}"
        );
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(store.finish().unwrap(), 1);
    }

    #[test]
    fn a_file_that_is_no_database_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.txt");
        fs::write(&path, "not a database, but long enough to have a header").unwrap();
        let error = Store::open(&path).unwrap_err();
        assert!(error.to_string().contains("notes.txt"), "{error}");
        assert!(error.source().is_some());
        assert!(Store::open(directory.path()).is_err());
    }
}
