//! The tables, and how a file of an older version gets those of this one.

use rusqlite::{Connection, TransactionBehavior};

use super::fault::{Done, Fault};
use crate::cluster::store::StoreError;

/// What makes each version of the one before. `user_version` says how many were made.
const MIGRATIONS: [&str; 1] = [include_str!("schema/v1.sql")];

/// Marks a file as one of ours: `antf` in ASCII.
const APPLICATION_ID: i64 = 0x616e_7466;

/// Makes the tables, or brings them to this version.
pub(super) fn migrate(connection: &mut Connection) -> Done<()> {
    let known = MIGRATIONS.len();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let found = usize::try_from(version).unwrap_or(usize::MAX);
    let owner: i64 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if owner != APPLICATION_ID && (tables > 0 || found > 0) {
        return Err(Fault::from(StoreError::Corrupt {
            what: "the file".into(),
            reason: "it is the database of another program: choose another path".into(),
        }));
    }
    if found > known {
        return Err(Fault::from(StoreError::Newer {
            found: u64::try_from(version).unwrap_or_default(),
            known: known as u64,
        }));
    }
    for migration in &MIGRATIONS[found..] {
        transaction.execute_batch(migration)?;
    }
    if found < known {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", known as i64)?;
    }
    transaction.commit()?;
    Ok(())
}
