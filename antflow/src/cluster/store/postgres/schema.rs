//! The tables, and how a schema of an older version gets those of this one.

use deadpool_postgres::{Object, Pool, PoolError};
use tokio_postgres::error::SqlState;

use super::fault::Fault;
use crate::cluster::postgres::explain;
use crate::cluster::store::StoreError;

/// What makes each version of the one before. The table `versions` says which were made.
const MIGRATIONS: [&str; 1] = [include_str!("schema/v1.sql")];

/// Checks that a name needs no quotes.
pub(super) fn check_name(schema: &str) -> Result<(), StoreError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_name = schema.len() <= 63
        && schema.bytes().all(is_plain)
        && !schema.starts_with(|first: char| first.is_ascii_digit())
        && !schema.is_empty();
    if is_name && !schema.starts_with("pg_") {
        return Ok(());
    }
    Err(StoreError::Invalid(format!(
        "`{schema}` is no name for the schema of a store: take up to 63 small letters, digits and `_`, and neither a \
         digit nor `pg_` in front"
    )))
}

/// Makes the tables, or brings them to this version, or checks that they are.
pub(super) async fn migrate(pool: &Pool, schema: &str, may: bool) -> Result<(), StoreError> {
    let connection = match pool.get().await {
        Ok(connection) => connection,
        Err(PoolError::Backend(error)) if error.code().is_some_and(is_final) => {
            return Err(refused(error));
        }
        Err(PoolError::Backend(error)) if is_of_tls(&error) => return Err(refused(error)),
        Err(error) => return Err(Fault::from(error).into()),
    };
    if version(&connection, schema).await? == MIGRATIONS.len() {
        return Ok(());
    }
    if !may {
        return Err(StoreError::Refused {
            reason: format!(
                "the schema `{schema}` has not the tables of this version: let its owner connect once with migrations"
            ),
            source: None,
        });
    }
    // What is dropped in the middle takes the connection with it.
    let connection = Object::take(connection);
    let made = make(&connection, schema).await;
    made.map_err(|error| match error.code() {
        Some(code)
            if *code == SqlState::DUPLICATE_TABLE || *code == SqlState::DUPLICATE_FUNCTION =>
        {
            StoreError::Corrupt {
                what: format!("the schema `{schema}`"),
                reason: "it has tables of another program: choose another schema".into(),
            }
        }
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => StoreError::Refused {
            reason: format!(
                "{}; its owner has to make the tables of the schema `{schema}`, or `GRANT CREATE ON DATABASE` lets \
                 this user own them",
                said(&error)
            ),
            source: Some(Box::new(error)),
        },
        _ => Fault::from(error).into(),
    })
}

/// What the server says, without what to do.
fn said(error: &tokio_postgres::Error) -> String {
    let db = error.as_db_error();
    db.map_or_else(|| error.to_string(), |db| db.message().to_owned())
}

async fn make(
    connection: &tokio_postgres::Client,
    schema: &str,
) -> Result<(), tokio_postgres::Error> {
    // One process after the other; those that come later find nothing left to do.
    connection
        .batch_execute(&format!(
            "BEGIN; SET LOCAL statement_timeout TO 0; SET LOCAL lock_timeout TO 0;
             SELECT pg_advisory_xact_lock((x'616e7400000000'::bigint << 8) | hashtext('{schema}')::bit(32)::bigint)"
        ))
        .await?;
    let is_there = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
    if connection.query(is_there, &[&schema]).await?.is_empty() {
        let text = format!("CREATE SCHEMA {schema}");
        connection.batch_execute(&text).await?;
    }
    connection
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS versions (version bigint PRIMARY KEY, made_at timestamptz NOT NULL)",
        )
        .await?;
    let found = connection
        .query_one("SELECT coalesce(max(version), 0) FROM versions", &[])
        .await?;
    let found = usize::try_from(found.try_get::<_, i64>(0)?).unwrap_or(usize::MAX);
    for (version, migration) in (1_i64..).zip(MIGRATIONS).skip(found) {
        connection.batch_execute(migration).await?;
        let text = "INSERT INTO versions (version, made_at) VALUES ($1, now())";
        connection.execute(text, &[&version]).await?;
    }
    connection.batch_execute("COMMIT").await
}

/// The version of the tables that are there; 0: there are none.
async fn version(connection: &Object, schema: &str) -> Result<usize, StoreError> {
    let known = MIGRATIONS.len();
    let sql = |error| StoreError::from(Fault::Sql(error));
    let row = connection
        .query_one(
            "SELECT current_setting('server_encoding'), current_setting('server_version_num')::bigint,
                 to_regclass($1) IS NOT NULL",
            &[&format!("{schema}.versions")],
        )
        .await
        .map_err(sql)?;
    let encoding: String = row.try_get(0).map_err(sql)?;
    let server: i64 = row.try_get(1).map_err(sql)?;
    if encoding != "UTF8" || server < 120_000 {
        return Err(StoreError::Refused {
            reason: format!(
                "the database is of encoding {encoding} on version {} of PostgreSQL: it takes one with `ENCODING \
                 'UTF8'`, on version 12 or newer",
                server / 10_000
            ),
            source: None,
        });
    }
    if !row.try_get::<_, bool>(2).map_err(sql)? {
        return Ok(0);
    }
    let row = connection
        .query_one("SELECT coalesce(max(version), 0) FROM versions", &[])
        .await
        .map_err(sql)?;
    let found = usize::try_from(row.try_get::<_, i64>(0).map_err(sql)?).unwrap_or(usize::MAX);
    if found > known {
        return Err(StoreError::Newer {
            found: found as u64,
            known: known as u64,
        });
    }
    Ok(found)
}

/// Does who connects have to change something before it works?
fn is_final(code: &SqlState) -> bool {
    // Who may log in, and the names of databases.
    let class = code.code().get(..2);
    class == Some("28") || class == Some("3D") || *code == SqlState::INSUFFICIENT_PRIVILEGE
}

/// Did the two not agree on TLS?
fn is_of_tls(error: &tokio_postgres::Error) -> bool {
    error.code().is_none() && error.to_string().contains("TLS")
}

fn refused(error: tokio_postgres::Error) -> StoreError {
    StoreError::Refused {
        reason: explain(&error),
        source: Some(Box::new(error)),
    }
}
