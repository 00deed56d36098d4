use crate::cluster::store::plan::Plans;

/// What all transactions of a store use.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) max_payload: usize,
    pub(super) plans: Plans,
}
