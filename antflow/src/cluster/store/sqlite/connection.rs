//! Connections to the file, or to a database in memory.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::SqliteOptions;
use super::fault::Done;

/// So many statements stay prepared.
const STATEMENTS: usize = 160;

/// Opens a connection that writes.
pub(super) fn for_writing(path: &Path, options: &SqliteOptions) -> Done<Connection> {
    let mut connection = Connection::open(path)?;
    prepare(&mut connection, options.patience)?;
    // Several processes may change the mode at once, and SQLite does not wait then.
    patiently(options.patience, || {
        connection.pragma_update(None, "journal_mode", "WAL")
    })?;
    let level = if options.is_synced { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", level)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    Ok(connection)
}

/// Opens a connection that reads, beside whoever writes.
pub(super) fn for_reading(path: &Path, patience: Duration) -> Done<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    prepare(&mut connection, patience)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Makes a database in memory.
pub(super) fn in_memory() -> Done<Connection> {
    let mut connection = Connection::open_in_memory()?;
    prepare(&mut connection, Duration::ZERO)?;
    Ok(connection)
}

fn prepare(connection: &mut Connection, patience: Duration) -> Done<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let mut since = Instant::now();
    connection.busy_handler(Some(move |tries: i32| {
        if tries == 0 {
            since = Instant::now();
        }
        // Short and uneven: SQLite keeps no queue, so who asks more often is not left behind by who never stops.
        thread::sleep(Duration::from_micros(fastrand::u64(200..1_200)));
        since.elapsed() < patience
    }))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Tries again while another connection is in the way.
fn patiently<T>(
    patience: Duration,
    mut what: impl FnMut() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let since = Instant::now();
    loop {
        match what() {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && since.elapsed() < patience =>
            {
                thread::sleep(Duration::from_millis(1));
            }
            other => return other,
        }
    }
}
