use std::sync::Arc;

use crate::cluster::Clock;
use crate::cluster::store::plan::Plans;

/// What all connections of a store use.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) max_payload: usize,
    pub(super) plans: Plans,
}

impl Shared {
    pub(super) fn new(clock: Arc<dyn Clock>, max_payload: usize) -> Self {
        Self {
            clock,
            max_payload,
            plans: Plans::default(),
        }
    }

    /// Forgets all plans: keys that a transaction has given, and that failed, are given again.
    pub(super) fn forget_plans(&self) {
        self.plans.forget();
    }
}
