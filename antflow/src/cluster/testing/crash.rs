use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use super::intercept::Around;
use crate::cluster::bus::{Audience, Bus, BusError, BusFuture, Inbox, Post};
use crate::cluster::protocol::Topic;
use crate::cluster::store::{Assignment, Effects, OutboxRecord, Reaped, Store, StoreFuture};

/// Where a process dies: before an operation of the store is asked for, or after it took effect and before anybody hears
/// of it.
///
/// Operations that give nothing, such as a claim when there is no work, do not count as passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CrashPoint {
    /// It has nodes, and does not know it.
    AfterClaim,
    /// It has read input that it has not processed.
    AfterRead,
    /// Batches are processed, and nothing of them is stored.
    BeforeCommit,
    /// Batches are stored, and it does not know it.
    AfterCommit,
    /// A checkpoint is to be saved by [`save_checkpoint`](crate::cluster::handler::RunContext::save_checkpoint).
    BeforeCheckpoint,
    /// The checkpoint is saved.
    AfterCheckpoint,
    /// All is done but the end.
    BeforeFinish,
    /// The node has ended, and nobody was told.
    AfterFinish,
    /// An attempt has failed.
    BeforeFail,
    /// The failure is stored.
    AfterFail,
    /// Events are taken from the outbox, and none is said. Of coordinators.
    AfterOutboxTake,
    /// Events are said, and it is not noted. Of coordinators.
    BeforeOutboxSent,
    /// Leases have ended, and nobody was told. Of coordinators.
    AfterReap,
}

impl CrashPoint {
    /// Where workers may die, all of it.
    pub const OF_WORKERS: [Self; 10] = [
        Self::AfterClaim,
        Self::AfterRead,
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::BeforeCheckpoint,
        Self::AfterCheckpoint,
        Self::BeforeFinish,
        Self::AfterFinish,
        Self::BeforeFail,
        Self::AfterFail,
    ];

    /// The operation, and whether it takes effect.
    fn place(self) -> (&'static str, bool) {
        match self {
            Self::AfterClaim => ("claim", true),
            Self::AfterRead => ("read_artifacts", true),
            Self::BeforeCommit => ("commit", false),
            Self::AfterCommit => ("commit", true),
            Self::BeforeCheckpoint => ("save_checkpoint", false),
            Self::AfterCheckpoint => ("save_checkpoint", true),
            Self::BeforeFinish => ("finish", false),
            Self::AfterFinish => ("finish", true),
            Self::BeforeFail => ("fail", false),
            Self::AfterFail => ("fail", true),
            Self::AfterOutboxTake => ("outbox_take", true),
            Self::BeforeOutboxSent => ("outbox_sent", false),
            Self::AfterReap => ("reap", true),
        }
    }
}

/// When a process dies, and whether it has.
pub(super) struct Fate {
    point: CrashPoint,
    left: AtomicU64,
    pub(super) dead: CancellationToken,
}

impl Fate {
    pub(super) fn new(point: CrashPoint, time: u64) -> Arc<Self> {
        Arc::new(Self {
            point,
            left: AtomicU64::new(time.max(1)),
            dead: CancellationToken::new(),
        })
    }

    /// Goes on, unless the process dies here or is dead: nothing that it still asks for is answered.
    async fn pass(&self, operation: &'static str, is_done: bool) {
        if self.point.place() == (operation, is_done)
            && self.left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            self.dead.cancel();
        }
        self.live().await;
    }

    /// Waits for ever if the process is dead.
    async fn live(&self) {
        if self.dead.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }
}

/// The store of a process that is going to die.
pub(super) struct MortalStore {
    pub(super) inner: Arc<dyn Store>,
    pub(super) fate: Arc<Fate>,
}

impl Around for MortalStore {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn around<'s, T: Send + 'static>(
        &'s self,
        operation: &'static str,
        call: impl FnOnce() -> StoreFuture<'s, T> + Send + 's,
    ) -> StoreFuture<'s, T> {
        Box::pin(async move {
            self.fate.pass(operation, false).await;
            let answer = call().await;
            if answer.as_ref().is_ok_and(has_effect) {
                self.fate.pass(operation, true).await;
            }
            self.fate.live().await;
            answer
        })
    }
}

/// Was anything given?
fn has_effect<T: 'static>(answer: &T) -> bool {
    let answer: &dyn Any = answer;
    if let Some(claimed) = answer.downcast_ref::<Vec<Assignment>>() {
        return !claimed.is_empty();
    }
    if let Some((reaped, _)) = answer.downcast_ref::<(Vec<Reaped>, Effects)>() {
        return !reaped.is_empty();
    }
    let events = answer.downcast_ref::<Vec<OutboxRecord>>();
    events.is_none_or(|events| !events.is_empty())
}

impl fmt::Debug for MortalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MortalStore")
            .field("dies", &self.fate.point)
            .field("is_dead", &self.fate.dead.is_cancelled())
            .finish_non_exhaustive()
    }
}

/// The bus of a process that is going to die.
pub(super) struct MortalBus {
    pub(super) inner: Arc<dyn Bus>,
    pub(super) fate: Arc<Fate>,
}

impl Bus for MortalBus {
    fn publish(&self, post: Post) -> BusFuture<'_, Result<(), BusError>> {
        Box::pin(async move {
            self.fate.live().await;
            self.inner.publish(post).await
        })
    }

    fn subscribe(
        &self,
        topics: Vec<Topic>,
        audience: Audience,
    ) -> BusFuture<'_, Result<Box<dyn Inbox>, BusError>> {
        Box::pin(async move {
            self.fate.live().await;
            self.inner.subscribe(topics, audience).await
        })
    }
}

impl fmt::Debug for MortalBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
