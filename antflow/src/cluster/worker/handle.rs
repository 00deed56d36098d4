use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::shared::{Phase, Shared};
use super::{WorkerStats, WorkerView};
use crate::cluster::WorkerKey;
use crate::cluster::protocol::{Announcement, Health};

/// A worker that runs.
///
/// Dropped, it ends as if its process had died: handlers are dropped at their next `.await` without cleanup, and its
/// leases hold until their deadlines. A worker that is started under the same id goes on with its nodes; others get
/// them when the leases have expired. [`shutdown`](Self::shutdown) and [`drain`](Self::drain) end it well.
#[must_use = "dropped, the worker ends as if its process had died"]
pub struct WorkerHandle {
    pub(super) shared: Arc<Shared>,
    pub(super) ended: CancellationToken,
    pub(super) _task: AbortOnDropHandle<()>,
}

impl WorkerHandle {
    /// Its id: that of the configuration, or the one that was drawn.
    #[must_use]
    pub fn id(&self) -> &WorkerKey {
        &self.shared.key
    }

    /// How it is: the guide's fields.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// What it has done since its start, and how it is.
    #[must_use]
    pub fn stats(&self) -> WorkerStats {
        self.shared.stats()
    }

    /// A look at it, for those who are not to touch it.
    #[must_use]
    pub fn view(&self) -> WorkerView {
        WorkerView {
            shared: Arc::clone(&self.shared),
            ended: self.ended.clone(),
        }
    }

    /// What it says of itself.
    #[must_use]
    pub fn announcement(&self) -> Announcement {
        self.shared.announcement(self.shared.status())
    }

    /// Takes nothing more, ends what it has begun, and says goodbye. Nodes that have not ended by `deadline` are given
    /// back, as by [`shutdown`](Self::shutdown).
    ///
    /// # Cancel safety
    /// Dropped, it goes on draining; call it or [`shutdown`](Self::shutdown) again to wait.
    pub async fn drain(&self, deadline: Duration) {
        self.shared.advance(Phase::Draining);
        if tokio::time::timeout(deadline, self.join()).await.is_err() {
            self.shutdown().await;
        }
    }

    /// Cancels what it runs with the cause `shutdown`, gives it back, and says goodbye.
    ///
    /// Handlers have the configuration's `cancel_grace` to end what they do; batches that end well within it are
    /// committed. Then they are dropped. Calling it again does no harm.
    ///
    /// # Cancel safety
    /// Dropped, it goes on shutting down; call it again to wait.
    pub async fn shutdown(&self) {
        self.shared.advance(Phase::Stopping);
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

impl fmt::Debug for WorkerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
