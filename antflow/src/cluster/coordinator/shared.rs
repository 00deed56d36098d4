use std::fmt;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::function::Functions;
use super::function::control::Active;
use super::say::{Mouth, Waiting};
use super::stats::Counters;
use super::{CoordinatorConfig, CoordinatorObserver, CoordinatorStats};
use crate::cluster::WorkerKey;
use crate::cluster::bus::Bus;
use crate::cluster::store::{Store, StoreError};
use crate::cluster::vars::{Sensitive, VarsLimits};

/// What all parts of a coordinator share.
pub(super) struct Shared {
    pub(super) key: WorkerKey,
    pub(super) config: CoordinatorConfig,
    pub(super) store: Arc<dyn Store>,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) functions: Functions,
    pub(super) vars_limits: VarsLimits,
    pub(super) detector: Arc<dyn Sensitive>,
    pub(super) observers: Vec<Arc<dyn CoordinatorObserver>>,
    pub(super) active: Active,
    pub(super) counters: Counters,
    pub(super) mouth: Mouth,
    pub(super) waiting: Waiting,
    /// There may be a function to run.
    pub(super) work: Notify,
    /// A worker came or went.
    pub(super) workers: Notify,
    /// The coordinator ends.
    pub(super) stop: CancellationToken,
}

impl Shared {
    pub(super) fn stats(&self) -> CoordinatorStats {
        self.counters.snapshot(self.active.all().len())
    }

    /// Something went wrong with the store that its caller can only count.
    pub(super) fn store_error(&self, doing: &str, error: &StoreError) {
        self.counters.store_errors.one();
        self.log(doing, error);
    }

    #[cfg_attr(
        not(feature = "tracing"),
        expect(clippy::unused_self, reason = "it is said by a feature")
    )]
    pub(super) fn log(&self, doing: &str, what: &dyn fmt::Display) {
        #[cfg(feature = "tracing")]
        tracing::warn!(coordinator = %self.key, %what, "{doing}");
        #[cfg(not(feature = "tracing"))]
        let _ = (doing, what);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinator")
            .field("id", &self.key)
            .field("functions", &self.functions.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
