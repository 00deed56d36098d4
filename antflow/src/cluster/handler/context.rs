use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::{ArtifactWriter, CancelCause, CancelReason, Cancellation, RunInfo, Written};
use crate::cluster::store::{Lease, Payload, Store, StoreError};
use crate::item::Cancelled;

/// What a handler can do while it runs: see whether it is cancelled, write artifacts, save checkpoints, wait.
///
/// Cheap to clone. A clone that outlives its batch writes no artifacts any more.
#[derive(Clone)]
pub struct RunContext {
    scope: Arc<Scope>,
    written: Written,
    ordinal: Option<u64>,
    turn: u64,
}

/// What all batches of an attempt share.
pub(crate) struct Scope {
    pub(crate) info: RunInfo,
    pub(crate) lease: Lease,
    pub(crate) cancellation: Arc<Cancellation>,
    pub(crate) store: Arc<dyn Store>,
    /// What was saved last.
    pub(crate) checkpoint: Mutex<Option<Payload>>,
    /// How far commits have come.
    pub(crate) committed: watch::Sender<CommittedTo>,
}

/// How far the commits of an attempt have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CommittedTo {
    /// All batches with a lower number are committed.
    pub(crate) ordinal: u64,
    /// So many batches are committed, over all attempts.
    pub(crate) processed: u64,
}

/// Why a checkpoint was not saved or not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It has no JSON, or is no value of the type that was asked for.
    #[error("the checkpoint cannot be written or read as this type: {0}")]
    Json(#[from] serde_json::Error),
    /// The run is cancelled, and was so before all batches in front of this one were committed.
    #[error("the checkpoint was not saved: the run is cancelled")]
    Cancelled(#[from] Cancelled),
    /// The store did not take it.
    #[error("the checkpoint was not saved: {0}")]
    Store(#[from] StoreError),
}

/// The pause after the first time that a store is not available; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Pauses between tries, each twice as long as the one before.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_PAUSE), |pause| {
        Some((*pause * 2).min(LONGEST_PAUSE))
    })
}

impl RunContext {
    pub(crate) fn new(scope: Arc<Scope>, written: Written, ordinal: Option<u64>) -> Self {
        Self {
            scope,
            written,
            ordinal,
            turn: 0,
        }
    }

    /// As the batch that comes behind so many others of the attempt.
    pub(crate) fn behind(mut self, others: u64) -> Self {
        self.turn = others;
        self
    }

    /// How many batches of the attempt were begun before this one.
    pub(crate) fn turn(&self) -> u64 {
        self.turn
    }

    /// What is run.
    #[must_use]
    pub fn info(&self) -> &RunInfo {
        &self.scope.info
    }

    /// Is the run cancelled? From then on the handler has a grace to end; then it is dropped.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.scope.cancellation.is_cancelled()
    }

    /// Gives the batch up if the run is cancelled: for `?` between two steps.
    ///
    /// # Errors
    /// The run is cancelled.
    pub fn check_cancelled(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }

    /// Why the run is cancelled; `None` while it is not.
    #[must_use]
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        self.scope.cancellation.reason()
    }

    /// How long is left until the handler is dropped; `None` while the run is not cancelled.
    #[must_use]
    pub fn cancel_remaining(&self) -> Option<Duration> {
        self.scope.cancellation.remaining()
    }

    /// Waits until the run is cancelled.
    ///
    /// # Cancel safety
    /// Safe to drop.
    pub async fn cancelled(&self) {
        self.scope.cancellation.cancelled().await;
    }

    /// Waits for something, but not longer than until the run is cancelled.
    ///
    /// # Errors
    /// The run is cancelled. What was waited for is dropped.
    pub async fn until_cancelled<T>(
        &self,
        future: impl Future<Output = T>,
    ) -> Result<T, Cancelled> {
        tokio::select! {
            biased;
            () = self.cancelled() => Err(Cancelled),
            value = future => Ok(value),
        }
    }

    /// Waits for some time, but not longer than until the run is cancelled.
    ///
    /// # Errors
    /// The run is cancelled.
    pub async fn sleep(&self, time: Duration) -> Result<(), Cancelled> {
        self.until_cancelled(tokio::time::sleep(time)).await
    }

    /// Writes artifacts of the batch, or of the node in [`finalize`](super::Handler::finalize).
    #[must_use]
    pub fn artifacts(&self) -> ArtifactWriter {
        ArtifactWriter {
            lease: self.scope.lease.clone(),
            written: self.written.clone(),
        }
    }

    /// How many batches of the node are committed, over all attempts.
    #[must_use]
    pub fn total_processed(&self) -> u64 {
        self.scope.committed.borrow().processed
    }

    /// What was saved last, by this attempt or one before it; `None` if nothing was.
    ///
    /// # Errors
    /// It is no value of this type.
    pub fn checkpoint<T: DeserializeOwned>(&self) -> Result<Option<T>, CheckpointError> {
        let saved = lock(&self.scope.checkpoint).clone();
        Ok(saved.map(|saved| saved.read()).transpose()?)
    }

    /// Saves something to go on from: durable once this returns, in place of what was saved before.
    ///
    /// It first waits until all batches in front of this one are committed. The batch that calls it is not committed
    /// then: whoever goes on from the checkpoint gets this batch again.
    /// [`BatchResult::checkpoint`](super::BatchResult::checkpoint) saves together with the batch, and costs less.
    ///
    /// # Errors
    /// The run is cancelled or the lease is lost, the value has no JSON, or the store does not take it.
    ///
    /// # Cancel safety
    /// Dropped, it may or may not have been saved.
    pub async fn save_checkpoint(
        &self,
        data: &(impl Serialize + ?Sized),
    ) -> Result<(), CheckpointError> {
        let data = Payload::of(data)?;
        if let Some(ordinal) = self.ordinal {
            let mut committed = self.scope.committed.subscribe();
            // The sender is in the scope, so it is there as long as this waits.
            let before = async { committed.wait_for(|to| to.ordinal >= ordinal).await.is_ok() };
            tokio::select! {
                biased;
                _ = before => {}
                () = self.cancelled() => return Err(Cancelled.into()),
            }
        }
        for pause in pauses() {
            if self.scope.cancellation.is_lost() {
                return Err(Cancelled.into());
            }
            let lease = self.scope.lease.clone();
            match self.scope.store.save_checkpoint(lease, data.clone()).await {
                Ok(()) => break,
                Err(error) if error.is_transient() => self.sleep(pause).await?,
                Err(StoreError::Fenced { .. }) => {
                    let reason = CancelReason::new(CancelCause::LeaseLost, "the lease is lost");
                    self.scope.cancellation.cancel(reason, Duration::ZERO);
                    return Err(Cancelled.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        *lock(&self.scope.checkpoint) = Some(data);
        Ok(())
    }

    /// How many bytes an output may have as JSON.
    pub(crate) fn max_payload(&self) -> usize {
        self.scope.store.max_payload()
    }

    pub(super) fn cancellation(&self) -> &Cancellation {
        &self.scope.cancellation
    }
}

impl Scope {
    /// A checkpoint was stored with a commit.
    pub(crate) fn set_checkpoint(&self, data: Payload) {
        *lock(&self.checkpoint) = Some(data);
    }
}

/// A value under this lock is always whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for RunContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunContext")
            .field("lease", &self.scope.lease)
            .field("cancelled", &self.cancel_reason())
            .finish_non_exhaustive()
    }
}
