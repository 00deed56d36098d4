use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use super::{CoordinatorConfig, CoordinatorStats};
use crate::cluster::WorkerKey;
use crate::cluster::store::Store;

/// Hears what coordinators do, for metrics and the like.
///
/// Given to coordinators by [`CoordinatorBuilder::observe`](super::CoordinatorBuilder::observe). It is called where the
/// work is done, so it must not block. A panic of it is caught and counted in
/// [`observer_panics`](super::CoordinatorStats::observer_panics), and harms nothing else.
pub trait CoordinatorObserver: Send + Sync + 'static {
    /// A coordinator starts, on the runtime that is running here. The view says how it is, also after its end.
    fn begin(&self, coordinator: &CoordinatorView) {
        let _ = coordinator;
    }

    /// It gave a warning, with one of the codes in the [module's](super) table.
    fn warned(&self, code: &str, text: &str) {
        let _ = (code, text);
    }
}

/// A look at a coordinator, for those who are not to touch it. Cheap to clone; good also after its end.
#[derive(Clone)]
pub struct CoordinatorView {
    pub(super) shared: Arc<Shared>,
    pub(super) ended: CancellationToken,
}

impl CoordinatorView {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &WorkerKey {
        &self.shared.key
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &CoordinatorConfig {
        &self.shared.config
    }

    /// What it has done since its start.
    #[must_use]
    pub fn stats(&self) -> CoordinatorStats {
        self.shared.stats()
    }

    /// Its store, to ask how much of what there is.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// Has it ended, or was it dropped?
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

impl fmt::Debug for CoordinatorView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}

impl Shared {
    pub(super) fn tell_observers(&self, tell: impl Fn(&dyn CoordinatorObserver)) {
        for observer in &self.observers {
            // What an observer left half done is its own.
            if catch_unwind(AssertUnwindSafe(|| tell(&**observer))).is_err() {
                self.counters.observer_panics.one();
            }
        }
    }
}
