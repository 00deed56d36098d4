use std::fmt;
use std::sync::{Arc, Weak};

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::crash::{Fate, MortalStore};

/// A worker or a coordinator that dies at its [point](super::CrashPoint), as by `kill -9`.
///
/// From then on it says and stores nothing, its tasks are gone, and its leases hold until their deadlines. Dropped, it
/// dies too. See [`TestCluster::doomed_worker`](super::TestCluster::doomed_worker).
#[must_use = "dropped, it dies"]
pub struct Doomed {
    fate: Arc<Fate>,
    gone: CancellationToken,
    _task: AbortOnDropHandle<()>,
}

/// So often it is looked whether all of a process has gone.
const LOOKS: usize = 1000;

impl Doomed {
    /// Watches over what runs, and drops it when its time has come.
    pub(super) fn watch<H: Send + 'static>(
        running: H,
        fate: Arc<Fate>,
        store: Weak<MortalStore>,
    ) -> Self {
        let gone = CancellationToken::new();
        let (dead, left) = (fate.dead.clone(), gone.clone());
        let task = tokio::spawn(async move {
            dead.cancelled().await;
            drop(running);
            // Its tasks hold the store. What never waits for anything cannot be ended, and nothing of it is stored.
            for _ in 0..LOOKS {
                if store.strong_count() == 0 {
                    break;
                }
                tokio::task::yield_now().await;
            }
            left.cancel();
        });
        Self {
            fate,
            gone,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Waits until it has died and nothing of it runs any more; for ever if it never comes to its point.
    ///
    /// # Cancel safety
    /// Safe to drop.
    pub async fn crashed(&self) {
        self.gone.cancelled().await;
    }

    /// Has it come to its point?
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        self.fate.dead.is_cancelled()
    }

    /// Kills it now, wherever it is, and waits as [`crashed`](Self::crashed).
    ///
    /// # Cancel safety
    /// Dropped, it dies all the same.
    pub async fn kill(&self) {
        self.fate.dead.cancel();
        self.crashed().await;
    }
}

impl fmt::Debug for Doomed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doomed")
            .field("has_crashed", &self.has_crashed())
            .finish_non_exhaustive()
    }
}
