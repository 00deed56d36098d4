//! Connections that read, each for one question at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use super::fault::{Done, Fault, gone};
use super::shared::Shared;
use super::tx::Tx;
use super::{blocking, connection};
use crate::cluster::store::StoreError;

/// So many questions are answered at once.
const READERS: usize = 4;

pub(super) struct Readers {
    path: PathBuf,
    patience: Duration,
    shared: Arc<Shared>,
    idle: Mutex<Vec<Connection>>,
    seats: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, patience: Duration, shared: Arc<Shared>) -> Self {
        Self {
            path,
            patience,
            shared,
            idle: Mutex::default(),
            seats: Arc::new(Semaphore::new(READERS)),
        }
    }

    /// Answers a question on a thread that may block, of one snapshot.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Tx<'_>) -> Done<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let seat = self.seats.clone().acquire_owned().await;
        let readers = self.clone();
        let (answer, answered) = oneshot::channel();
        blocking::run(move || {
            let given = readers.read(question).map_err(StoreError::from);
            drop(seat);
            // Whoever asked may have gone away.
            drop(answer.send(given));
        });
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    fn read<T>(&self, question: impl FnOnce(&Tx<'_>) -> Done<T>) -> Done<T> {
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connection::for_reading(&self.path, self.patience)?,
        };
        let snapshot = connection.transaction().map_err(Fault::from)?;
        let given = question(&Tx::new(&snapshot, &self.shared));
        snapshot.finish()?;
        self.idle().push(connection);
        given
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // Nothing panics while it is locked.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
