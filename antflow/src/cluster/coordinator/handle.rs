use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::shared::Shared;
use super::{CoordinatorStats, CoordinatorView};
use crate::cluster::WorkerKey;

/// A coordinator that runs.
///
/// Dropped, it ends as if its process had died: nothing is lost, as what it does is in the store. Its functions are run
/// by others when their leases have expired. [`shutdown`](Self::shutdown) ends it well.
#[must_use = "dropped, the coordinator ends as if its process had died"]
pub struct CoordinatorHandle {
    pub(super) shared: Arc<Shared>,
    pub(super) ended: CancellationToken,
    pub(super) _task: AbortOnDropHandle<()>,
}

impl CoordinatorHandle {
    /// Its id: that of the configuration, or the one that was drawn.
    #[must_use]
    pub fn id(&self) -> &WorkerKey {
        &self.shared.key
    }

    /// What it has done since its start.
    #[must_use]
    pub fn stats(&self) -> CoordinatorStats {
        self.shared.stats()
    }

    /// A look at it, for those who are not to touch it.
    #[must_use]
    pub fn view(&self) -> CoordinatorView {
        CoordinatorView {
            shared: Arc::clone(&self.shared),
            ended: self.ended.clone(),
        }
    }

    /// Ends it: functions have the configuration's `cancel_grace` to end, and are given back then; events that wait are
    /// said. Calling it again does no harm.
    ///
    /// # Cancel safety
    /// Dropped, it goes on shutting down; call it again to wait.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.join().await;
    }

    /// Waits until it has ended.
    ///
    /// # Cancel safety
    /// Safe to drop.
    pub async fn join(&self) {
        self.ended.cancelled().await;
    }
}

impl fmt::Debug for CoordinatorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
