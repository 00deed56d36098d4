use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use super::{WorkerConfig, WorkerStats};
use crate::cluster::protocol::{Failure, Health};
use crate::cluster::store::{BatchCommit, StoreError};
use crate::cluster::{BatchUid, Role, WorkerKey};

/// Hears what workers do, for metrics and the like: once for each batch, commit, attempt and heartbeat.
///
/// Given to workers by [`WorkerBuilder::observe`](super::WorkerBuilder::observe). It is called where the work is done, so
/// it must not block. A panic of it is caught and counted in
/// [`observer_panics`](super::WorkerStats::observer_panics), and harms nothing else.
pub trait WorkerObserver: Send + Sync + 'static {
    /// A worker starts. Called before anything is taken; the view says how it is, also after its end.
    fn begin(&self, worker: &WorkerView) {
        let _ = worker;
    }

    /// Something happened.
    fn event(&self, event: &WorkerEvent<'_>) {
        let _ = event;
    }
}

/// What a worker did.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum WorkerEvent<'a> {
    /// It took a node.
    Claimed {
        /// The role of the node.
        role: &'a Role,
        /// It had the node before its process was started again.
        is_resumed: bool,
    },
    /// A handler is done with a batch, for better or worse; it is not committed yet.
    Batch {
        /// The role of the node.
        role: &'a Role,
        /// How it ended.
        outcome: BatchOutcome,
        /// How long the handler took; `None`: it was cut off or panicked.
        took: Option<Duration>,
    },
    /// The store took batches.
    Commit {
        /// The role of the node.
        role: &'a Role,
        /// All batches that were given to it. Those that it had before are among [`WorkerEvent::Commit::duplicates`].
        batches: &'a [BatchCommit],
        /// Those that it had before: of them nothing was written again.
        duplicates: &'a [BatchUid],
        /// How long it took, with all tries.
        took: Duration,
    },
    /// Batches were left out because earlier attempts had committed them.
    Skipped {
        /// The role of the node.
        role: &'a Role,
        /// How many.
        batches: u64,
    },
    /// An attempt of a node ended.
    Attempt {
        /// The role of the node.
        role: &'a Role,
        /// How it ended.
        outcome: AttemptOutcome,
        /// What went wrong, if it failed.
        failure: Option<&'a Failure>,
    },
    /// A heartbeat extended a lease.
    Extended {
        /// The role of the node.
        role: &'a Role,
        /// What had been left of the lease.
        left: Duration,
    },
    /// The store did not do what it was asked.
    StoreError {
        /// What it said.
        error: &'a StoreError,
    },
}

/// How a handler ended a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BatchOutcome {
    /// It is processed, and is committed next.
    Processed,
    /// It failed, panicked or took too long.
    Failed,
    /// It was given up or cut off because its attempt was cancelled.
    Cancelled,
}

/// How an attempt of a node ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttemptOutcome {
    /// The node is finished.
    Finished,
    /// It failed, with a retry to come or not.
    Failed,
    /// The run was cancelled.
    Cancelled,
    /// The node was given back, to be run by others or later.
    Released,
    /// The lease was lost, or the store could not be told.
    Lost,
}

/// A look at a worker, for those who are not to touch it. Cheap to clone; good also after the end of the worker.
#[derive(Clone)]
pub struct WorkerView {
    pub(super) shared: Arc<Shared>,
    pub(super) ended: CancellationToken,
}

impl WorkerView {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &WorkerKey {
        &self.shared.key
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &WorkerConfig {
        &self.shared.config
    }

    /// The guide's fields.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// What it has done since its start, and how it is.
    #[must_use]
    pub fn stats(&self) -> WorkerStats {
        self.shared.stats()
    }

    /// How many nodes of each of its roles it runs now.
    #[must_use]
    pub fn running(&self) -> BTreeMap<Role, u64> {
        let roles = self.shared.roles.keys();
        let mut running: BTreeMap<_, _> = roles.map(|role| (role.clone(), 0)).collect();
        for control in self.shared.active.all() {
            *running.entry(control.role.clone()).or_default() += 1;
        }
        running
    }

    /// Has the worker ended, or was it dropped?
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Waits until it has ended.
    ///
    /// # Cancel safety
    /// Safe to drop.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

impl fmt::Debug for WorkerView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}

impl Shared {
    /// Tells the observers that the worker starts.
    pub(super) fn tell_begin(&self, view: &WorkerView) {
        self.tell_observers(|observer| observer.begin(view));
    }

    /// Tells the observers what happened.
    pub(super) fn notify(&self, event: &WorkerEvent<'_>) {
        self.tell_observers(|observer| observer.event(event));
    }

    fn tell_observers(&self, tell: impl Fn(&dyn WorkerObserver)) {
        for observer in &self.observers {
            // What an observer left half done is its own.
            if catch_unwind(AssertUnwindSafe(|| tell(&**observer))).is_err() {
                self.counters.observer_panics.one();
            }
        }
    }
}
