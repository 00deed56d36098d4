//! All operations of a store, once, for wrappers that do something around each of them.

use std::time::Duration;

use super::crash::MortalStore;
use super::store::FaultyStore;
use crate::cluster::protocol::{Announcement, Failure};
use crate::cluster::state::RunState;
use crate::cluster::store::*;
use crate::cluster::{BatchUid, Finding, NodeId, RunKey, Timestamp, WorkerKey};

/// Something that stands in front of a store.
pub(super) trait Around: Send + Sync {
    /// The store behind it.
    fn inner(&self) -> &dyn Store;

    /// Calls an operation, or does not.
    fn around<'s, T: Send + 'static>(
        &'s self,
        operation: &'static str,
        call: impl FnOnce() -> StoreFuture<'s, T> + Send + 's,
    ) -> StoreFuture<'s, T>;
}

/// Implements the traits of stores for those that are [`Around`] one, and names their operations.
macro_rules! operations {
    ($($trait:ident {
        $(as it is: fn $plain:ident() -> $plain_out:ty;)?
        $(fn $name:ident($($arg:ident: $of:ty),*) -> $out:ty;)*
    })*) => {
        /// The names of all operations.
        pub(super) const OPERATIONS: &[&str] = &[$($(stringify!($name)),*),*];

        $(
            impl $trait for FaultyStore {
                $(fn $plain(&self) -> $plain_out {
                    self.inner().$plain()
                })?

                $(fn $name(&self, $($arg: $of),*) -> StoreFuture<'_, $out> {
                    self.around(stringify!($name), move || self.inner().$name($($arg),*))
                })*
            }

            impl $trait for MortalStore {
                $(fn $plain(&self) -> $plain_out {
                    self.inner().$plain()
                })?

                $(fn $name(&self, $($arg: $of),*) -> StoreFuture<'_, $out> {
                    self.around(stringify!($name), move || self.inner().$name($($arg),*))
                })*
            }
        )*
    };
}

operations! {
    WorkStore {
        as it is: fn max_payload() -> usize;
        fn claim(request: ClaimRequest) -> Vec<Assignment>;
        fn resume(request: ResumeRequest) -> (Vec<Assignment>, Effects);
        fn extend(request: ExtendRequest) -> Extended;
        fn cancel_notices(worker: WorkerKey) -> Vec<CancelNotice>;
        fn read_artifacts(request: ReadRequest) -> ArtifactPage;
        fn committed(run: RunKey, node: NodeId, uids: Vec<BatchUid>) -> Vec<BatchUid>;
        fn commit(request: CommitRequest) -> Committed;
        fn save_checkpoint(lease: Lease, data: Payload) -> ();
        fn finish(lease: Lease, finish: Finish) -> Effects;
        fn fail(lease: Lease, failure: Failure) -> Failed;
        fn cancelled(lease: Lease) -> Effects;
        fn release(lease: Lease, reason: String) -> Effects;
    }
    TellStore {
        fn announce(announcement: Announcement) -> ();
        fn goodbye(worker: WorkerKey) -> ();
        fn mark_silent(silence: Duration) -> Vec<WorkerKey>;
        fn workers() -> Vec<WorkerRecord>;
        fn outbox_take(limit: u32, hold: Duration) -> Vec<OutboxRecord>;
        fn outbox_sent(ids: Vec<i64>) -> ();
        fn outbox_failed(id: i64, error: String, retry: OutboxRetry) -> ();
        fn events(run: RunKey, after: i64, limit: u32) -> Vec<OutboxRecord>;
        fn bury(letter: NewDeadLetter) -> i64;
        fn dead_letters(after: i64, limit: u32) -> Vec<DeadLetter>;
        fn retry_dead_letter(id: i64) -> DeadLetter;
    }
    SteerStore {
        fn submit(run: NewRun) -> Submitted;
        fn append_input(run: RunKey, node: NodeId, artifacts: Vec<NewArtifact>) -> Appended;
        fn close_input(run: RunKey, node: NodeId) -> Effects;
        fn cancel(request: CancelRequest) -> (RunState, Effects);
        fn reap(limit: u32) -> (Vec<Reaped>, Effects);
        fn set_limits(limits: Limits) -> ();
        fn limits() -> Limits;
        fn purge(retention: Retention, limit: u32) -> Purged;
    }
    QueryStore {
        fn now() -> Timestamp;
        fn run(run: RunKey) -> RunRecord;
        fn runs(filter: RunFilter) -> Vec<RunSummary>;
        fn nodes(run: RunKey) -> Vec<NodeRecord>;
        fn node(run: RunKey, node: NodeId) -> NodeRecord;
        fn batches(run: RunKey, node: NodeId, after: Option<BatchUid>, limit: u32) -> Vec<BatchRecord>;
        fn active_runs(worker: Option<WorkerKey>) -> Vec<ActiveRun>;
        fn starving() -> Vec<Starving>;
        fn next_due() -> Option<Timestamp>;
        fn counts() -> StoreCounts;
        fn examine() -> Vec<Finding>;
    }
}
