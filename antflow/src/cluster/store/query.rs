use super::{
    ActiveRun, BatchRecord, NodeRecord, RunFilter, RunRecord, RunSummary, Starving, StoreCounts,
    StoreFuture,
};
use crate::cluster::{BatchUid, Finding, NodeId, RunKey, Timestamp, WorkerKey};

/// Questions to a store. None of them changes anything.
///
/// What one call gives is of one snapshot. What is asked for by id and is not there is
/// [`NotFound`](super::StoreError::NotFound).
pub trait QueryStore: Send + Sync {
    /// The time by the store's clock.
    fn now(&self) -> StoreFuture<'_, Timestamp>;

    /// A run.
    fn run(&self, run: RunKey) -> StoreFuture<'_, RunRecord>;

    /// Runs, the newest first.
    fn runs(&self, filter: RunFilter) -> StoreFuture<'_, Vec<RunSummary>>;

    /// The nodes of a run, by place.
    fn nodes(&self, run: RunKey) -> StoreFuture<'_, Vec<NodeRecord>>;

    /// A node.
    fn node(&self, run: RunKey, node: NodeId) -> StoreFuture<'_, NodeRecord>;

    /// Batches of a node in the order in which they were committed, behind the one that is named; `limit` at most, and
    /// 0 counts as 100.
    fn batches(
        &self,
        run: RunKey,
        node: NodeId,
        after: Option<BatchUid>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<BatchRecord>>;

    /// What a worker is at work on, or with `None` what all of them are.
    fn active_runs(&self, worker: Option<WorkerKey>) -> StoreFuture<'_, Vec<ActiveRun>>;

    /// Ready nodes, and deferred ones whose time has come, that no worker which is not offline can take. Coordinator
    /// functions are left out.
    fn starving(&self) -> StoreFuture<'_, Vec<Starving>>;

    /// When the next deferred node may be claimed or the next lease may be reaped, whichever is first: until then a
    /// coordinator has nothing to do unless something happens. `None`: never.
    ///
    /// Deferred nodes that may be claimed already do not count; leases that may be reaped already do. A lease may be
    /// reaped from the first millisecond behind its deadline on.
    fn next_due(&self) -> StoreFuture<'_, Option<Timestamp>>;

    /// How much of what there is.
    fn counts(&self) -> StoreFuture<'_, StoreCounts>;

    /// Looks at what the store stands on: its version, its permissions, and settings that make it slow or unsafe. For
    /// [`Cluster::diagnose`](crate::cluster::Cluster::diagnose); nothing unless the engine says something.
    fn examine(&self) -> StoreFuture<'_, Vec<Finding>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}
