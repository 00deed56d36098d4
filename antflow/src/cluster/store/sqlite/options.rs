use std::sync::Arc;
use std::time::Duration;

use crate::cluster::{Clock, SystemClock};

/// How a [`SqliteStore`](super::SqliteStore) is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct SqliteOptions {
    /// Where the time comes from. Processes that share a file have to have the same. Default: the machine's clock.
    pub clock: Arc<dyn Clock>,
    /// How many bytes a payload, meta or checkpoint may have. Default 8 MiB.
    pub max_payload: usize,
    /// Is a commit on the disk before it is said to be done? If not, the last ones may be lost when the machine loses
    /// its power, and nothing else changes: the end of a process loses nothing in any case. Default: yes.
    pub is_synced: bool,
    /// How long an operation waits while other processes write; then it is
    /// [`Unavailable`](crate::cluster::store::StoreError::Unavailable). Default 10 s.
    pub patience: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            max_payload: 8 * 1024 * 1024,
            is_synced: true,
            patience: Duration::from_secs(10),
        }
    }
}

impl SqliteOptions {
    /// Takes the time from another clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how many bytes a payload, meta or checkpoint may have.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Lets the system choose when commits go to the disk, which saves a wait for each.
    pub fn unsynced(mut self) -> Self {
        self.is_synced = false;
        self
    }

    /// Sets how long an operation waits while other processes write.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}
