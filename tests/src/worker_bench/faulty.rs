use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use antflow::cluster::protocol::{Announcement, Failure};
use antflow::cluster::state::RunState;
use antflow::cluster::store::*;
use antflow::cluster::{BatchUid, NodeId, RunKey, Timestamp, WorkerKey};

/// A store that can be told to fail, and counts what it is asked.
#[derive(Debug)]
pub struct Faulty {
    inner: SqliteStore,
    faults: Mutex<BTreeMap<&'static str, Fault>>,
    asked: Mutex<BTreeMap<&'static str, u64>>,
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It is not carried out, so often.
    Refused(u64),
    /// It is carried out, and nobody hears of it, so often.
    Unheard(u64),
}

impl Faulty {
    pub(super) fn new(inner: SqliteStore) -> Self {
        Self {
            inner,
            faults: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    /// Lets the next calls of an operation fail before anything is done.
    pub fn refuse(&self, operation: &'static str, times: u64) {
        lock(&self.faults).insert(operation, Fault::Refused(times));
    }

    /// Lets the next calls of an operation fail after all is done.
    pub fn lose_answers(&self, operation: &'static str, times: u64) {
        lock(&self.faults).insert(operation, Fault::Unheard(times));
    }

    /// Lets an operation work again.
    pub fn heal(&self, operation: &'static str) {
        lock(&self.faults).remove(operation);
    }

    /// How often an operation was asked for.
    #[must_use]
    pub fn asked(&self, operation: &'static str) -> u64 {
        lock(&self.asked)
            .get(operation)
            .copied()
            .unwrap_or_default()
    }

    fn fault(&self, operation: &'static str) -> Option<Fault> {
        *lock(&self.asked).entry(operation).or_default() += 1;
        let mut faults = lock(&self.faults);
        let fault = faults.get_mut(operation)?;
        let now = *fault;
        let (Fault::Refused(left) | Fault::Unheard(left)) = fault;
        if *left == 0 {
            faults.remove(operation);
            return None;
        }
        *left -= 1;
        Some(now)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn away() -> StoreError {
    StoreError::Unavailable {
        reason: "as planned".to_owned(),
        source: None,
    }
}

/// Passes operations on, unless they have to fail.
macro_rules! passes_on {
    ($($store:ident {
        $(fn $name:ident($($arg:ident: $of:ty),*) -> $out:ty;)*
    })*) => {
        $(impl $store for Faulty {
            $(fn $name(&self, $($arg: $of),*) -> StoreFuture<'_, $out> {
                let fault = self.fault(stringify!($name));
                if let Some(Fault::Refused(_)) = fault {
                    return Box::pin(std::future::ready(Err(away())));
                }
                let done = self.inner.$name($($arg),*);
                if fault.is_none() {
                    return done;
                }
                Box::pin(async move { done.await.and(Err(away())) })
            })*
        })*
    };
}

passes_on! {
    WorkStore {
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
    }
}
