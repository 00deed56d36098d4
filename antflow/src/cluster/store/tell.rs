use std::time::Duration;

use super::{DeadLetter, NewDeadLetter, OutboxRecord, OutboxRetry, StoreFuture, WorkerRecord};
use crate::cluster::protocol::Announcement;
use crate::cluster::{RunKey, WorkerKey};

/// The registry of workers, the outbox and the dead letters.
pub trait TellStore: Send + Sync {
    /// Registers a worker, or hears of it again. Sets `last_seen`.
    fn announce(&self, announcement: Announcement) -> StoreFuture<'_, ()>;

    /// Says that a worker has gone away. One that nobody knows is no error.
    fn goodbye(&self, worker: WorkerKey) -> StoreFuture<'_, ()>;

    /// Marks workers as offline that were not heard of for so long, and names those that were not offline before.
    fn mark_silent(&self, silence: Duration) -> StoreFuture<'_, Vec<WorkerKey>>;

    /// All workers, by id.
    fn workers(&self) -> StoreFuture<'_, Vec<WorkerRecord>>;

    /// Takes events that have to be said: those not said, due, and not taken by another in the last `hold`; the oldest
    /// first, `limit` at most.
    ///
    /// Whoever takes them says them, in their order, and then calls [`outbox_sent`](Self::outbox_sent); if it ends
    /// before, others take them again after `hold`, and they are said twice. While an event of a node is not said,
    /// later ones of that node are not given to another.
    fn outbox_take(&self, limit: u32, hold: Duration) -> StoreFuture<'_, Vec<OutboxRecord>>;

    /// Says that events were said. What waited behind them is due from now on. Numbers that nobody knows are no error.
    fn outbox_sent(&self, ids: Vec<i64>) -> StoreFuture<'_, ()>;

    /// Says that an event could not be said: due again after a pause by `retry`, which doubles with each attempt; or,
    /// after the last one, a dead letter with the code `outbox_exhausted`, in the same transaction. What waited behind
    /// it is due then. One that was said meanwhile, or is a dead letter, stays as it is.
    fn outbox_failed(&self, id: i64, error: String, retry: OutboxRetry) -> StoreFuture<'_, ()>;

    /// Events of a run, said or not, with numbers above `after`, by number: its history. `limit` at most, and 0 counts
    /// as 100.
    fn events(&self, run: RunKey, after: i64, limit: u32) -> StoreFuture<'_, Vec<OutboxRecord>>;

    /// Stores a dead letter, and gives its number.
    fn bury(&self, letter: NewDeadLetter) -> StoreFuture<'_, i64>;

    /// Dead letters with numbers above `after`, by number; `limit` at most, and 0 counts as 100.
    fn dead_letters(&self, after: i64, limit: u32) -> StoreFuture<'_, Vec<DeadLetter>>;

    /// Marks a dead letter as tried again, and gives it. One of the outbox becomes due again in the same transaction,
    /// as if it had never been tried; one of the bus is for the caller to publish.
    /// [`NotFound`](super::StoreError::NotFound) if there is none, or if the event is not kept any more.
    fn retry_dead_letter(&self, id: i64) -> StoreFuture<'_, DeadLetter>;
}
