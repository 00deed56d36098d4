//! The engine for many machines: a store in a database of PostgreSQL, version 12 or newer.
//!
//! ```no_run
//! use antflow::cluster::graph::{Catalog, Graph, Node};
//! use antflow::cluster::store::{NewRun, PostgresOptions, PostgresStore, QueryStore, SteerStore};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let url = "postgres://antflow:secret@db.example/work?sslmode=verify-full";
//! let store = PostgresStore::connect(url, PostgresOptions::default()).await?;
//! let graph = Graph::new([Node::new("fetch", "fetcher")], &Catalog::any())?;
//! let submitted = store.submit(NewRun::new(graph)).await?;
//! assert!(!store.run(submitted.run).await?.state.is_terminal());
//! # Ok(())
//! # }
//! ```
//!
//! # The URL
//! That of `libpq`: `postgres://user:password@host:5432/database`, and behind a `?`, joined by `&`:
//!
//! | option | |
//! |---|---|
//! | `schema=antflow` | the schema that has the tables; goes before [`PostgresOptions::schema`] |
//! | `prefix=..` | is for a bus on the same server: the store passes it over |
//! | `sslmode=disable` | no TLS |
//! | `sslmode=prefer` | the default: TLS if the server has it; nobody is checked, so whoever sits in between can read |
//! | `sslmode=require` | TLS or nothing; nobody is checked, unless there is an `sslrootcert` |
//! | `sslmode=verify-full` | TLS, with a certificate for this host by an authority that is trusted: take this one |
//! | `sslrootcert=/etc/ca.pem` | trusts the authorities of this file, in place of the machine's, and checks the host |
//! | others | as for `libpq`: `application_name`, `target_session_attrs=read-write` with several hosts, .. |
//!
//! Errors and logs never show the password.
//!
//! # Who may what
//! Whoever makes the schema owns it; others need no more than to read and write rows: see
//! [`PostgresOptions::migrate`]. A pooler between has to keep sessions apart (`pool_mode=session`).
//!
//! # What is safe
//! A commit is as safe as the server makes it: with its defaults (`fsync=on`, `synchronous_commit=on`) it is on the
//! disk before anybody is told of it. A server that goes away fails what is under way with
//! [`Unavailable`](StoreError::Unavailable), and is found again by the next operation, with pauses that grow.
//!
//! # The clock
//! The time is that of the server, by the function `clock_ms()` of the schema. Whoever replaces it, in a test for
//! instance, moves the clock of all that use the store.
//!
//! # Runtimes
//! Connections are polled by the tokio runtime in which they are made, and time out by its clock: operations need a
//! runtime with I/O and time, and a paused clock runs out while they wait for the server.

mod assign;
mod batches;
mod claim;
mod end;
mod examine;
mod fault;
mod lease;
mod letters;
mod nodes;
mod options;
mod outbox;
mod pool;
mod purge;
mod query;
mod read;
mod reap;
mod resume;
mod row;
mod runs;
mod save;
mod schema;
mod settling;
mod shared;
mod steer;
mod submit;
mod tell;
#[cfg(test)]
mod tests;
mod tx;
mod work;
mod workers;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;

pub use options::PostgresOptions;

use self::fault::{Done, unavailable_now};
use self::shared::Shared;
use self::tx::{Mode, Tx};
use super::StoreError;
use crate::cluster::postgres::Target;

/// A store in a database of PostgreSQL; see the [module](self).
///
/// Clones are the same store.
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    shared: Arc<Shared>,
    schema: Arc<str>,
    timeout: Duration,
}

impl PostgresStore {
    /// Connects to a database, and makes the tables if they are not there; the database has to be.
    ///
    /// Tables of an older version of antflow are brought to this one, unless
    /// [`migrate`](PostgresOptions::migrate) says no. Any number of processes may do this at once.
    ///
    /// # Errors
    /// - [`Invalid`](StoreError::Invalid): the URL or the name of the schema is not understood.
    /// - [`Unavailable`](StoreError::Unavailable): the server cannot be reached, or has no connection left.
    /// - [`Refused`](StoreError::Refused): user, password, database or TLS are not what the server takes, or who asks
    ///   may not make the tables; or they are missing and are not to be made.
    /// - [`Newer`](StoreError::Newer): a newer version of antflow has made the tables.
    /// - [`Corrupt`](StoreError::Corrupt): the schema has tables of another program.
    ///
    /// # Cancel safety
    /// Dropped, it leaves all tables made or none.
    pub async fn connect(url: &str, options: PostgresOptions) -> Result<Self, StoreError> {
        // A bus on the same server may have the same URL.
        let own = Target::of(url, &["schema", "prefix"]);
        let (target, own) = own.map_err(StoreError::Invalid)?;
        let schema = own.into_iter().rfind(|(name, _)| name == "schema");
        let schema = schema.map_or_else(|| options.schema.clone(), |(_, schema)| schema);
        schema::check_name(&schema)?;
        let store = Self {
            pool: pool::make(&target, &schema, &options)?,
            shared: Arc::new(Shared {
                max_payload: options.max_payload,
                plans: Default::default(),
            }),
            schema: schema.into(),
            timeout: options.timeout,
        };
        let migrated = schema::migrate(&store.pool, &store.schema, options.migrate);
        store.in_time(migrated).await?;
        Ok(store)
    }

    /// The schema that has the tables.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    async fn begin(&self, mode: Mode) -> Done<Tx<'_>> {
        Tx::new(&self.pool, &self.shared, mode).await
    }

    /// Ends what takes too long.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(given) => given,
            Err(_) => Err(unavailable_now(format!(
                "there was no answer in {} ms",
                self.timeout.as_millis()
            ))),
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// Carries out an operation in a transaction of its own, again if others get in its way: `work` is what it does with
/// the transaction, and may do it several times.
macro_rules! transact {
    ($store:expr, $mode:expr, |$tx:ident| $work:expr) => {{
        let store = $store;
        Box::pin(store.in_time(async move {
            let mut tries = $crate::cluster::store::postgres::fault::Tries::default();
            loop {
                let mut transaction = store.begin($mode).await?;
                let $tx = &mut transaction;
                let done = $work.await;
                match transaction.end(done).await {
                    Ok(given) => return Ok(given),
                    Err(fault) => tries.again(fault).await?,
                }
            }
        }))
    }};
}
use transact;
