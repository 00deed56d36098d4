//! The embedded engine: a store in a file of SQLite, for one machine and any number of processes.
//!
//! ```
//! use antflow::cluster::graph::{Catalog, Graph, Node};
//! use antflow::cluster::store::{NewRun, QueryStore, SqliteOptions, SqliteStore, SteerStore};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = std::env::temp_dir();
//! let store = SqliteStore::open(directory.join("cluster.db"), SqliteOptions::default()).await?;
//! let graph = Graph::new([Node::new("fetch", "fetcher")], &Catalog::any())?;
//! let submitted = store.submit(NewRun::new(graph)).await?;
//! let run = store.run(submitted.run).await?;
//! assert!(!run.state.is_terminal());
//! # Ok(())
//! # }
//! ```
//!
//! # What is safe
//! A commit is on the disk before anybody is told of it (`journal_mode=WAL`, `synchronous=FULL`). Processes that end at
//! any point leave the file consistent. The file and the two beside it, `-wal` and `-shm`, belong together, and have to
//! be on a disk of this machine: not on one that is shared over a network.
//!
//! # What blocks
//! SQLite blocks, so it works on threads of its own: where there is a tokio runtime, on those for `spawn_blocking`.
//! One writes, up to four read. What waits to be written while the disk is busy is written together, in one
//! transaction. The last clone of a store closes the file when it is dropped, which may wait for the disk as well. A
//! store in memory never waits for a disk, and works at once on the thread that asks.

mod batches;
mod blocking;
mod claim;
mod connection;
mod end;
mod fault;
mod job;
mod lease;
mod letters;
mod nodes;
mod options;
mod outbox;
mod query;
mod read;
mod readers;
mod reap;
mod runs;
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
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::oneshot;

pub use options::SqliteOptions;

use self::fault::{Done, gone};
use self::readers::Readers;
use self::shared::Shared;
use self::tx::Tx;
use self::writer::Writer;
use super::{StoreError, StoreFuture};
use crate::cluster::Clock;

/// A store in a file of SQLite, or in memory; see the [module](self).
///
/// Clones are the same store.
#[derive(Clone)]
pub struct SqliteStore {
    shared: Arc<Shared>,
    writer: Arc<Writer>,
    /// Whoever reads beside the writer; `None`: the database is in memory, and has one connection.
    readers: Option<Arc<Readers>>,
    path: Option<PathBuf>,
}

impl SqliteStore {
    /// Opens a file, and makes it if it is not there; its directory has to be.
    ///
    /// A file of an older version of antflow is brought to this one. Other processes may have it open.
    ///
    /// # Errors
    /// - [`Unavailable`](StoreError::Unavailable): the file cannot be opened or written, or others keep it locked.
    /// - [`Newer`](StoreError::Newer): a newer version of antflow has written it.
    /// - [`Corrupt`](StoreError::Corrupt): it is no database, or that of another program.
    pub async fn open(
        path: impl Into<PathBuf>,
        options: SqliteOptions,
    ) -> Result<Self, StoreError> {
        let path = path.into();
        let file = path.clone();
        let (opened, is_open) = oneshot::channel();
        blocking::run(move || {
            let connection = connection::for_writing(&file, &options)
                .and_then(|mut connection| schema::migrate(&mut connection).map(|()| connection));
            // Whoever asked may have gone away.
            drop(opened.send((connection, options)));
        });
        let (connection, options) = is_open.await.map_err(|_| gone())?;
        let shared = Arc::new(Shared::new(options.clock, options.max_payload));
        Ok(Self {
            writer: Arc::new(Writer::new(connection?, shared.clone())),
            readers: Some(Arc::new(Readers::new(
                path.clone(),
                options.patience,
                shared.clone(),
            ))),
            shared,
            path: Some(path),
        })
    }

    /// Makes a store in memory, which is gone with its last clone: for tests.
    ///
    /// Its operations are done when they are first polled, and never wait: a runtime with a paused clock does not go on
    /// meanwhile.
    ///
    /// # Errors
    /// [`Unavailable`](StoreError::Unavailable): there is no memory.
    pub fn in_memory(options: SqliteOptions) -> Result<Self, StoreError> {
        let mut connection = connection::in_memory()?;
        schema::migrate(&mut connection)?;
        let shared = Arc::new(Shared::new(options.clock, options.max_payload));
        Ok(Self {
            writer: Arc::new(Writer::new(connection, shared.clone())),
            readers: None,
            shared,
            path: None,
        })
    }

    /// The file; `None` if it is in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    fn max_payload(&self) -> usize {
        self.shared.max_payload
    }

    /// Carries out an operation that writes, in a transaction.
    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Done<T> + Send + 'static,
    ) -> StoreFuture<'_, T> {
        Box::pin(async move {
            let answer = if self.readers.is_some() {
                self.writer.enqueue(work)
            } else {
                self.writer.at_once(work)
            };
            answer.get().await
        })
    }

    /// Carries out an operation that writes, unless it was refused before.
    fn write_checked<T: Send + 'static>(
        &self,
        checked: Result<(), StoreError>,
        work: impl FnOnce(&Tx<'_>) -> Done<T> + Send + 'static,
    ) -> StoreFuture<'_, T> {
        match checked {
            Ok(()) => self.write(work),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// Answers a question, of one snapshot.
    fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Tx<'_>) -> Done<T> + Send + 'static,
    ) -> StoreFuture<'_, T> {
        match &self.readers {
            Some(readers) => Box::pin(readers.ask(question)),
            None => self.write(question),
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
